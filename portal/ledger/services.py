"""Every write of money: transfers, reservations and their ends, credit limits (L1–L7).

The ledger knows no feature. Who moves money hands it a cause key, an amount in minor units, and
the document that the entry leads to. The same cause cannot be booked twice (L4).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, insert, literal, select

from portal.core import workflow
from portal.core.db import AnySelect, Key, UtcDateTime, session
from portal.core.documents import Document
from portal.core.errors import Conflict, Invalid, TooLittleMoney
from portal.core.events import Event, record, record_each, subscribe
from portal.core.i18n import _
from portal.core.money import LARGEST
from portal.core.permissions import Actor
from portal.ledger import policy
from portal.ledger.kinds import KINDS
from portal.ledger.models import (
    BANK,
    DEALER,
    Account,
    Reservation,
    ReservationEnd,
    Transfer,
)
from portal.people.models import Dealer

LONGEST_CAUSE = 200
"""The greatest length of a cause, in characters."""

BY_HAND = frozenset({"deposit"})
"""The kinds of entries that finance books, and so reverses, by hand.

Every other entry follows from a document, whose own steps put it right: a reversal beside them
would give back twice what a cancellation has refunded, or once what is claimed again.
"""


@dataclass(frozen=True)
class Posting:
    """A part of a reservation that is posted to one of headquarters' purposes."""

    kind: str
    purpose: str
    amount: int


@dataclass(frozen=True)
class Arrival:
    """Money that arrived at the bank for a dealer (minor units), and the document that says so."""

    dealer_id: int
    amount: int
    reference: str
    cause: str
    document: Document


@subscribe
def open_with_dealer(happened: Sequence[tuple[Event, Document]]) -> None:
    """Open the one account of each dealer that was just added (L2)."""
    opened = [
        Account(
            purpose=DEALER,
            status="active",
            created_at=event.at,
            dealer_id=document.id,
            code=document.code,
            public_id=document.public_id,
        )
        for event, document in happened
        if isinstance(document, Dealer) and event.name == "create"
    ]
    if opened:
        session.add_all(opened)
        session.flush()


def locked_account(dealer_id: int | None) -> Account:
    """A dealer's account as it stands, locked until the transaction ends.

    The lock lets others refer to the account meanwhile: who books first and locks afterwards
    cannot wait for whoever locked first.
    """
    return session.scalars(_locking(Account.dealer_id == dealer_id)).one()


def _locking(which: ColumnElement[bool]) -> Select[Account]:
    """In the order of accounts, so that two who lock several cannot wait for each other."""
    return (
        select(Account)
        .where(which)
        .order_by(Account.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )


def set_credit_limit(
    account: Account, limit: int, *, seen: int | None, reason: str, by: Actor, now: datetime
) -> None:
    """Set how far a dealer may spend beyond the posted balance, in minor units (L5).

    It counts from the next reservation on: what is reserved stays reserved, also where it is more
    than what the new limit leaves. Stale if ``seen`` is not the account's version; Invalid without
    a reason, and for a limit that is negative, too large, or no other than before.
    """
    account = locked_account(account.dealer_id)
    workflow.check(account, "set_limit", by=by, seen=seen, reason=reason)
    if not 0 <= limit <= LARGEST:
        raise Invalid(_("This amount is too large, or negative."), field="credit_limit")
    if limit == account.credit_limit:
        raise Invalid(_("This is the credit limit already."), field="credit_limit")
    before, account.credit_limit = account.credit_limit, limit
    workflow.apply(
        account,
        "set_limit",
        by=by,
        now=now,
        reason=reason,
        values={"credit_limit": [before, limit]},
    )
    session.flush()


def _account_id(purpose: str, dealer_id: int) -> int:
    owner = Account.dealer_id == dealer_id if purpose == DEALER else Account.dealer_id.is_(None)
    return session.execute(select(Account.id).where(Account.purpose == purpose, owner)).scalar_one()


def transfer(
    *,
    dealer_id: int,
    source: str,
    target: str,
    amount: int,
    kind: str,
    cause: str,
    by: Actor,
    now: datetime,
    document: Document | None = None,
    values: Mapping[str, Any] | None = None,
) -> Transfer:
    """Move a positive amount between a dealer's account and one of headquarters' (L2).

    ``source`` and ``target`` are purposes; one of them is ``DEALER``. ``kind`` is one of
    ``KINDS``. Invalid if the amount is not above zero; Conflict if the cause was booked before
    (L4).
    """
    if kind not in KINDS:
        raise ValueError(kind)
    if not 0 < amount <= LARGEST:
        raise Invalid(
            _("An amount must be above zero and not larger than an account can hold."),
            field="amount",
        )
    if booked(cause) is not None:
        raise Conflict(_("This has already been booked."))
    entry = Transfer(
        dealer_id=dealer_id,
        from_account_id=_account_id(source, dealer_id),
        to_account_id=_account_id(target, dealer_id),
        amount=amount,
        kind=kind,
        cause=cause,
        document_kind=document.kind if document else None,
        document_id=document.id if document else None,
        document_name=document.public_id if document else None,
        document_title=document.title if document else None,
        actor_id=by.id,
        actor_name=by.name,
        at=now,
        values=dict(values or {}),
    )
    session.add(entry)
    session.flush()
    return entry


def credit_each(
    due: AnySelect, *, source: str, kind: str, by: Actor, now: datetime, values: Mapping[str, Any]
) -> None:
    """Move to dealers' accounts, in one statement, whatever a query says is due to them.

    ``due`` selects ``public_id``, ``dealer_id``, ``amount``, ``cause``, ``document_kind``,
    ``document_id``, ``document_name`` and ``document_title``; amounts are above zero. The
    database refuses the whole of it if one of the causes was booked before (L4).
    """
    if kind not in KINDS:
        raise ValueError(kind)
    rows = due.subquery()
    columns = {
        **{column.name: column for column in rows.c},
        "from_account_id": literal(_account_id(source, 0), Key),
        "to_account_id": Account.id,
        "kind": literal(kind),
        "actor_id": literal(by.id, Key),
        "actor_name": literal(by.name),
        "at": literal(now, UtcDateTime()),
        "values": literal(dict(values), Transfer.__table__.c["values"].type),
    }
    session.execute(
        insert(Transfer).from_select(
            list(columns),
            # In the order of accounts, so that two such statements cannot wait for each other.
            select(*columns.values())
            .join_from(rows, Account, Account.dealer_id == rows.c.dealer_id)
            .order_by(Account.id),
        )
    )


def booked(cause: str) -> Transfer | None:
    """The transfer of that cause, if there is one."""
    return session.scalar(select(Transfer).where(Transfer.cause == cause))


def bank_cause(reference: str) -> str:
    """The cause of a deposit: its bank reference, however it is spaced and in whatever case."""
    return "bank/" + "".join(unicodedata.normalize("NFKC", reference).upper().split())


def deposit(
    *,
    dealer_id: int,
    amount: int,
    reference: str,
    by: Actor,
    now: datetime,
    cause: str | None = None,
    document: Document | None = None,
) -> Transfer:
    """Book money that arrived at the bank, by the reference of its statement line (L7).

    ``cause`` stands in where the bank gives no reference; ``document`` is where the line is kept.
    Invalid if the reference is missing, too long, or was booked before, for whichever dealer.
    """
    by.must(policy.DEPOSIT)
    account = locked_account(dealer_id)
    cause = cause or bank_cause(reference)
    if cause == "bank/":
        raise Invalid(_("Enter the bank's reference."), field="reference")
    if len(cause) > LONGEST_CAUSE:
        raise Invalid(_("This reference is too long."), field="reference")
    if booked(cause) is not None:
        raise Invalid(
            _("The bank reference %(reference)s has already been booked.", reference=reference),
            field="reference",
        )
    noted = _noted(reference)
    made = transfer(
        dealer_id=dealer_id,
        source=BANK,
        target=DEALER,
        amount=amount,
        kind="deposit",
        cause=cause,
        by=by,
        now=now,
        document=document,
        values=noted,
    )
    # No step of the workflow: who is about to change the credit limit need not look again.
    record(account, "deposit", by=by, now=now, values={"amount": amount, **noted})
    _renew(account)
    return made


def deposit_each(arrivals: Sequence[Arrival], *, by: Actor, now: datetime) -> None:
    """Book what arrived for many dealers, each as ``deposit`` does, in a few statements (L7).

    Conflict if one of the causes was booked before (L4): then none is.
    """
    by.must(policy.DEPOSIT)
    dealers = {one.dealer_id for one in arrivals}
    accounts = {
        account.dealer_id: account
        for account in session.scalars(_locking(Account.dealer_id.in_(dealers)))
    }
    causes = [one.cause for one in arrivals]
    if session.scalar(select(exists().where(Transfer.cause.in_(causes)))):
        raise Conflict(_("This has already been booked."))
    bank = _account_id(BANK, 0)
    booked_ = [
        (accounts[one.dealer_id], one, _noted(one.reference))
        for one in sorted(arrivals, key=lambda one: accounts[one.dealer_id].id)
    ]
    session.add_all(
        Transfer(
            dealer_id=one.dealer_id,
            from_account_id=bank,
            to_account_id=account.id,
            amount=one.amount,
            kind="deposit",
            cause=one.cause,
            document_kind=one.document.kind,
            document_id=one.document.id,
            document_name=one.document.public_id,
            document_title=one.document.title,
            actor_id=by.id,
            actor_name=by.name,
            at=now,
            values=noted,
        )
        for account, one, noted in booked_
    )
    session.flush()
    happened = [(account, {"amount": one.amount, **noted}) for account, one, noted in booked_]
    record_each(happened, "deposit", by=by, now=now)
    for account in accounts.values():
        _renew(account)


def _noted(reference: str) -> dict[str, str]:
    """The values of a deposit: the bank's reference, if there is one."""
    return {"reference": reference.strip()} if reference.strip() else {}


def _renew(account: Account) -> None:
    """Let the account be read anew: the triggers have changed its balance."""
    session.flush()
    session.expire(account)


def irreversible(original: Transfer) -> str | None:
    """Why finance cannot reverse an entry by hand, in a sentence; None if it can."""
    if original.reverses_id is not None:
        return str(_("A reversal cannot be reversed."))
    if original.kind in BY_HAND:
        return None
    if original.document_title is None:
        return str(_("Only what finance booked by hand can be reversed."))
    return str(
        _(
            "This entry follows from %(document)s. It is put right there, by that document's "
            "own steps.",
            document=original.document_title,
        )
    )


def reverse(original: Transfer, *, by: Actor, now: datetime, reason: str) -> Transfer:
    """Put a mistake right: the same amount the other way, naming the original, once (L3).

    Only what finance books by hand (``BY_HAND``); the rest is put right by its document. What was
    reserved meanwhile stays reserved (L5): available may come below zero, since the money was
    never there. Invalid without a reason, or if the entry cannot be reversed; Conflict if it was
    reversed before.
    """
    by.must(policy.REVERSE)
    account = locked_account(original.dealer_id)
    if not reason.strip():
        raise Invalid(_("Please say why: the other side will read it."), field="reason")
    refusal = irreversible(original)
    if refusal:
        raise Invalid(refusal)
    entry = _reverse(original, by=by, now=now, reason=reason)
    values = {"amount": -original.amount, **original.values}
    record(account, "reverse", by=by, now=now, reason=reason, values=values)
    _renew(account)
    return entry


def take_back(original: Transfer, *, by: Actor, now: datetime, reason: str) -> Transfer:
    """Reverse an entry by a step of the document that caused it, once (L3).

    Whether it may be is the document's to say. Conflict if it was reversed before.
    """
    account = locked_account(original.dealer_id)
    entry = _reverse(original, by=by, now=now, reason=reason)
    _renew(account)
    return entry


def _reverse(original: Transfer, *, by: Actor, now: datetime, reason: str) -> Transfer:
    """Book the reversal; the caller has locked the dealer's account."""
    cause = f"reversal/{original.public_id}"
    if booked(cause) is not None:
        raise Conflict(_("This entry has already been reversed."))
    entry = Transfer(
        dealer_id=original.dealer_id,
        from_account_id=original.to_account_id,
        to_account_id=original.from_account_id,
        amount=original.amount,
        kind="reversal",
        cause=cause,
        document_kind=original.document_kind,
        document_id=original.document_id,
        document_name=original.document_name,
        document_title=original.document_title,
        reverses_id=original.id,
        actor_id=by.id,
        actor_name=by.name,
        at=now,
        values={"reason": reason.strip()},
    )
    session.add(entry)
    session.flush()
    return entry


def reserve(document: Document, amount: int, *, cause: str, now: datetime) -> Reservation:
    """Set aside a dealer's money for a document (L6).

    TooLittleMoney, with what is missing, if it is more than what is available (L5): the account
    is locked here and the database refuses it once more. Invalid if the amount is not above zero;
    Conflict if the cause was used before.
    """
    if amount <= 0:
        raise Invalid(_("An amount must be above zero."), field="amount")
    dealer_id = document.tenant_id
    account = locked_account(dealer_id)
    if reservation(cause) is not None:
        raise Conflict(_("This has already been reserved."))
    if amount > account.available:
        raise _too_little(amount - account.available)
    held = Reservation(
        dealer_id=dealer_id,
        account_id=account.id,
        amount=amount,
        cause=cause,
        document_kind=document.kind,
        document_id=document.id,
        document_name=document.public_id,
        document_title=document.title,
        at=now,
    )
    session.add(held)
    _renew(account)
    return held


def _too_little(missing: int) -> TooLittleMoney:
    return TooLittleMoney(_("The account has too little available for this."), missing)


def reservation(cause: str) -> Reservation | None:
    """The reservation of that cause, if there is one."""
    return session.scalar(select(Reservation).where(Reservation.cause == cause))


def _end(held: Reservation, outcome: str, now: datetime) -> None:
    if session.get(ReservationEnd, held.id) is not None:
        raise Conflict(_("This reservation has already ended."))
    session.add(ReservationEnd(reservation_id=held.id, outcome=outcome, at=now))
    session.flush()


def void(held: Reservation, *, now: datetime) -> None:
    """Give the reserved money back to what is available; Conflict if it has ended (L6)."""
    _end(held, "voided", now)


def post(
    held: Reservation, postings: list[Posting], *, document: Document, by: Actor, now: datetime
) -> list[Transfer]:
    """Turn a reservation into transfers that together have its amount (L6).

    Each posting is booked under ``<the reservation's cause>/<kind>``. Conflict if it has ended.
    """
    if sum(posting.amount for posting in postings) != held.amount:
        raise ValueError("what is posted must be what was reserved")
    _end(held, "posted", now)
    return [
        transfer(
            dealer_id=held.dealer_id,
            source=DEALER,
            target=posting.purpose,
            amount=posting.amount,
            kind=posting.kind,
            cause=f"{held.cause}/{posting.kind}",
            by=by,
            now=now,
            document=document,
        )
        for posting in postings
        if posting.amount
    ]
