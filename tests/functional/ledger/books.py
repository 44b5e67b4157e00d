"""What the ledger's tests share."""

from typing import Any

from sqlalchemy import select

from portal.core.db import session
from portal.ledger import services
from portal.ledger.models import Account, Reservation, Transfer
from portal.people.models import Dealer
from tests.support.portal import Portal


def dealer(portal: Portal, name: str = "north") -> Dealer:
    """A dealer, which is also a document that money can be reserved for."""
    return session.get_one(Dealer, portal.dealers[name])


def figures(portal: Portal, name: str = "north") -> tuple[int, int, int]:
    """Posted, reserved and available of a dealer, in minor units."""
    with portal.transaction():
        account = session.scalars(
            select(Account).where(Account.dealer_id == portal.dealers[name])
        ).one()
        return account.posted, account.reserved, account.available


def deposit(portal: Portal, reference: str, amount: int = 10_000, name: str = "north") -> Transfer:
    """A deposit that finance booked."""
    with portal.transaction():
        return services.deposit(
            dealer_id=portal.dealers[name],
            amount=amount,
            reference=reference,
            by=portal.finance,
            now=portal.now,
        )


def reserve(portal: Portal, amount: int, cause: str = "test/1", name: str = "north") -> Reservation:
    """Money set aside for a document."""
    with portal.transaction():
        return services.reserve(dealer(portal, name), amount, cause=cause, now=portal.now)


def set_limit(portal: Portal, limit: int, name: str = "north", **other: Any) -> None:
    """A credit limit that finance has set."""
    how: dict[str, Any] = {"seen": None, "reason": "Pays in time", "by": portal.finance} | other
    with portal.transaction():
        account = services.locked_account(portal.dealers[name])
        services.set_credit_limit(account, limit, now=portal.now, **how)


def again(row: Any) -> Any:
    """A row as it stands now, in the present transaction."""
    return session.get_one(type(row), row.id)
