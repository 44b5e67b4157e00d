"""Reads of the ledger, each within what the actor may see (P1). Rows, not objects."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, select
from sqlalchemy.orm import aliased

from portal.core.db import AnyRow, AnySelect, session
from portal.core.documents import Document
from portal.core.errors import NotFound
from portal.core.events import Event
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import matches
from portal.ledger import policy
from portal.ledger.models import DEALER, Account, Reservation, ReservationEnd, Transfer
from portal.ledger.services import bank_cause
from portal.people.models import Dealer
from portal.web import timeline
from portal.web.lists import Tab, capped

AVAILABLE = Account.posted + Account.credit_limit - Account.reserved
"""What a dealer can still spend, in minor units (L5)."""

ACCOUNT_TABS = (
    Tab("all", _l("All")),
    Tab("reserved", _l("With reservations"), Account.reserved > 0),
    Tab("spent", _l("Nothing available"), AVAILABLE <= 0),
)

_FIGURES = (
    Account.posted,
    Account.credit_limit,
    Account.reserved,
    AVAILABLE.label("available"),
    Dealer.public_id,
    Dealer.code,
    Dealer.name,
)
_ORIGINAL, _REVERSAL = aliased(Transfer), aliased(Transfer)
"""Made once: an alias costs as much as all that it is asked for."""
_OPEN = ~select(1).where(ReservationEnd.reservation_id == Reservation.id).exists()


def account(actor: Actor, name: str | None = None) -> AnyRow:
    """A dealer's account: its figures, and how many entries and open reservations it has.

    The dealer is given by its public id, or is the actor's own. NotFound if there is none for
    this actor (P1).
    """
    dealer_id: Any = actor.dealer_id
    if name is not None:
        dealer_id = select(Dealer.id).where(Dealer.public_id == name).scalar_subquery()
    statement = (
        select(
            Account.id,
            Account.dealer_id,
            Account.event_count,
            *_FIGURES,
            capped(Transfer, Transfer.dealer_id == dealer_id).label("entries"),
            capped(Reservation, Reservation.dealer_id == dealer_id, _OPEN).label("open"),
        )
        .join(Dealer, Dealer.id == Account.dealer_id)
        .where(Account.dealer_id == dealer_id, policy.visible_accounts(actor))
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound()
    return row


def entries(
    actor: Actor,
    of: AnyRow,
    kind: str | None = None,
    booked: tuple[datetime | None, datetime | None] = (None, None),
) -> AnySelect:
    """The entries of an account; the amount has the account's sign.

    Perhaps of one kind only, or ``booked`` from a moment on, or before another.
    """
    statement = (
        select(
            Transfer.id,
            Transfer.at.label("created_at"),
            Transfer.public_id,
            Transfer.kind,
            case((Transfer.to_account_id == of.id, Transfer.amount), else_=-Transfer.amount).label(
                "amount"
            ),
            Transfer.document_kind,
            Transfer.document_name,
            Transfer.document_title,
            Transfer.actor_name,
            Transfer.values.label("details"),
            _ORIGINAL.public_id.label("original_name"),
            _ORIGINAL.kind.label("original_kind"),
            _REVERSAL.public_id.label("reversal_name"),
        )
        .outerjoin(_ORIGINAL, _ORIGINAL.id == Transfer.reverses_id)
        .outerjoin(_REVERSAL, _REVERSAL.reverses_id == Transfer.id)
        .where(Transfer.dealer_id == of.dealer_id, policy.visible_transfers(actor))
    )
    first, end = booked
    if kind is not None:
        statement = statement.where(Transfer.kind == kind)
    if first is not None:
        statement = statement.where(Transfer.at >= first)
    return statement if end is None else statement.where(Transfer.at < end)


def history(of: AnyRow) -> AnySelect:
    """The events of an account: what finance did with it by hand."""
    mine = Event.document_kind == Account.kind, Event.document_id == of.id
    return select(Event.id, Event.at.label("created_at"), *timeline.COLUMNS).where(*mine)


def caused_by(document: Document, actor: Actor) -> Sequence[AnyRow]:
    """The entries that a document caused, oldest first, as the dealer's account has them."""
    statement = (
        select(
            Transfer.public_id,
            Transfer.kind,
            Transfer.at,
            case((Account.purpose == DEALER, Transfer.amount), else_=-Transfer.amount).label(
                "amount"
            ),
        )
        .join(Account, Account.id == Transfer.to_account_id)
        .where(
            Transfer.document_kind == document.kind,
            Transfer.document_id == document.id,
            policy.visible_transfers(actor),
        )
        .order_by(Transfer.at, Transfer.id)
    )
    return session.execute(statement).all()


def open_reservations(actor: Actor, of: AnyRow) -> AnySelect:
    """What is set aside on an account and neither posted nor voided yet (L6)."""
    return select(
        Reservation.id,
        Reservation.at.label("created_at"),
        Reservation.amount,
        Reservation.document_kind,
        Reservation.document_name,
        Reservation.document_title,
    ).where(Reservation.dealer_id == of.dealer_id, _OPEN, policy.visible_reservations(actor))


def accounts_scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """The accounts that an actor sees, of the dealers that a text names."""
    scope = [policy.visible_accounts(actor)]
    if text:
        scope.append(Account.dealer_id.in_(select(Dealer.id).where(matches(Dealer, text))))
    return scope


def accounts(actor: Actor, text: str, tab: Tab | None = None) -> AnySelect:
    """The accounts of dealers, with their figures."""
    statement = (
        select(*_FIGURES)
        .join(Dealer, Dealer.id == Account.dealer_id)
        .where(*accounts_scope(actor, text))
    )
    return statement if tab is None or tab.where is None else statement.where(tab.where)


def entry(actor: Actor, name: str) -> AnyRow:
    """Everything about one entry; NotFound if there is none for this actor (P1)."""
    source, target = aliased(Account), aliased(Account)
    original, reversal = aliased(Transfer), aliased(Transfer)
    statement = (
        select(
            Transfer,
            source.purpose.label("source"),
            target.purpose.label("target"),
            (target.posted + target.credit_limit - target.reserved).label("available"),
            Dealer.public_id.label("dealer_name"),
            Dealer.code,
            Dealer.name,
            original.public_id.label("original_name"),
            original.kind.label("original_kind"),
            original.at.label("original_at"),
            reversal.public_id.label("reversal_name"),
            reversal.at.label("reversed_at"),
            reversal.actor_name.label("reversed_by"),
            reversal.values.label("reversal_details"),
        )
        .join(source, source.id == Transfer.from_account_id)
        .join(target, target.id == Transfer.to_account_id)
        .join(Dealer, Dealer.id == Transfer.dealer_id)
        .outerjoin(original, original.id == Transfer.reverses_id)
        .outerjoin(reversal, reversal.reverses_id == Transfer.id)
        .where(Transfer.public_id == name, policy.visible_transfers(actor))
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        raise NotFound()
    return row


def deposit_of(actor: Actor, reference: str) -> AnyRow | None:
    """The deposit of a bank reference, as far as the actor may see it."""
    statement = (
        select(
            Transfer.public_id,
            Transfer.at,
            Transfer.amount,
            Transfer.actor_name,
            Transfer.values.label("details"),
            Dealer.code,
            Dealer.name,
        )
        .join(Dealer, Dealer.id == Transfer.dealer_id)
        .where(Transfer.cause == bank_cause(reference), policy.visible_transfers(actor))
    )
    return session.execute(statement).one_or_none()


def dealers(actor: Actor) -> Sequence[AnyRow]:
    """Every dealer that has an account, to choose from."""
    statement = (
        select(Dealer.id, Dealer.public_id, Dealer.code, Dealer.name)
        .join(Account, Account.dealer_id == Dealer.id)
        .where(policy.visible_accounts(actor))
        .order_by(Dealer.code)
    )
    return session.execute(statement).all()
