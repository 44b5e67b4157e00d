"""Every write of money: transfers, reservations and their ends, credit limits (L1–L7).

The ledger knows no feature. Who moves money hands it a cause key, an amount in minor units, and
the document that the entry leads to. The same cause cannot be booked twice (L4).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.core.db import session
from portal.core.documents import Document
from portal.core.errors import Conflict, Invalid, TooLittleMoney
from portal.core.i18n import _
from portal.core.money import LARGEST
from portal.core.permissions import Actor
from portal.ledger.models import (
    BANK,
    DEALER,
    HQ_PURPOSES,
    Account,
    Reservation,
    ReservationEnd,
    Transfer,
)


@dataclass(frozen=True)
class Posting:
    """A part of a reservation that is posted to one of headquarters' purposes."""

    kind: str
    purpose: str
    amount: int


def open_books() -> None:
    """Make headquarters' accounts, one for each purpose (L2); harmless when they exist."""
    known = set(session.scalars(select(Account.purpose).where(Account.dealer_id.is_(None))))
    session.add_all(Account(purpose=purpose) for purpose in HQ_PURPOSES if purpose not in known)
    session.flush()


def open_account(dealer_id: int, *, credit_limit: int = 0) -> Account:
    """Make a dealer's one account (L2)."""
    account = Account(purpose=DEALER, dealer_id=dealer_id, credit_limit=credit_limit)
    session.add(account)
    session.flush()
    return account


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
    reverses: Transfer | None = None,
    values: Mapping[str, Any] | None = None,
) -> Transfer:
    """Move a positive amount between a dealer's account and one of headquarters' (L2).

    ``source`` and ``target`` are purposes; one of them is ``DEALER``. Conflict if the cause was
    booked before (L4).
    """
    if not 0 < amount <= LARGEST:
        raise Invalid(_("An amount must be above zero and not larger than an account can hold."))
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
        reverses_id=reverses.id if reverses else None,
        actor_id=by.id,
        actor_name=by.name,
        at=now,
        values=dict(values or {}),
    )
    session.add(entry)
    session.flush()
    return entry


def booked(cause: str) -> Transfer | None:
    """The transfer of that cause, if there is one."""
    return session.scalar(select(Transfer).where(Transfer.cause == cause))


def deposit(*, dealer_id: int, amount: int, reference: str, by: Actor, now: datetime) -> Transfer:
    """Book money that arrived at the bank, by the reference of its statement line (L7)."""
    by.must("ledger:deposit")
    key = "".join(reference.upper().split())
    if not key:
        raise Invalid(_("Enter the bank's reference."), field="reference")
    if booked(f"bank/{key}") is not None:
        raise Invalid(
            _("The bank reference %(reference)s has already been booked.", reference=reference),
            field="reference",
        )
    return transfer(
        dealer_id=dealer_id,
        source=BANK,
        target=DEALER,
        amount=amount,
        kind="deposit",
        cause=f"bank/{key}",
        by=by,
        now=now,
        values={"reference": reference.strip()},
    )


def reverse(original: Transfer, *, by: Actor, now: datetime, reason: str) -> Transfer:
    """Put a mistake right: the same amount the other way, naming the original, once (L3)."""
    by.must("ledger:reverse")
    if not reason.strip():
        raise Invalid(_("Please say why: the other side will read it."), field="reason")
    if original.reverses_id is not None:
        raise Invalid(_("A reversal cannot be reversed."))
    purposes = dict(
        session.execute(
            select(Account.id, Account.purpose).where(
                Account.id.in_((original.from_account_id, original.to_account_id))
            )
        ).tuples()
    )
    return transfer(
        dealer_id=original.dealer_id,
        source=purposes[original.to_account_id],
        target=purposes[original.from_account_id],
        amount=original.amount,
        kind="reversal",
        cause=f"reversal/{original.public_id}",
        by=by,
        now=now,
        reverses=original,
        values={"reason": reason.strip(), "original": original.public_id},
    )


def reserve(document: Document, amount: int, *, cause: str, now: datetime) -> Reservation:
    """Set aside a dealer's money for a document (L6).

    TooLittleMoney, with what is missing, if it is more than what is available (L5): the account
    is locked here and the database refuses it once more. Conflict if the cause was used before.
    """
    dealer_id = document.tenant_id
    account = session.scalars(
        select(Account)
        .where(Account.dealer_id == dealer_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if amount > account.available:
        raise _too_little(amount - account.available)
    if reservation(cause) is not None:
        raise Conflict(_("This has already been reserved."))
    held = Reservation(
        dealer_id=dealer_id,
        account_id=account.id,
        amount=amount,
        cause=cause,
        document_kind=document.kind,
        document_id=document.id,
        at=now,
    )
    session.add(held)
    session.flush()
    session.expire(account)
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
