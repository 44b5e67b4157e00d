"""Who may see and move money (P1, L7)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability
from portal.ledger.models import Account, Reservation, Transfer

READ = capability(
    "ledger:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read a dealer's account and statements"),
)
OWN = capability("ledger:own", Role.CLERK, Role.MANAGER, says=_l("Open the own company's account"))
ACCOUNTS = capability(
    "ledger:accounts",
    Role.DESK,
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read the list of all accounts"),
)
REPORTS = capability(
    "ledger:reports",
    Role.FINANCE,
    Role.AUDITOR,
    says=_l("Read figures of money, what dealers owe, and the postings"),
)
DEPOSIT = capability("ledger:deposit", Role.FINANCE, says=_l("Book deposits"))
REVERSE = capability(
    "ledger:reverse", Role.FINANCE, says=_l("Reverse entries that were booked by hand")
)
LIMIT = capability("ledger:limit", Role.FINANCE, says=_l("Set credit limits"))


def visible_accounts(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own account; headquarters the accounts of all dealers."""
    if actor.is_dealer:
        return Account.dealer_id == actor.dealer_id
    return Account.dealer_id.is_not(None) if actor.can(READ) else false()


def visible_transfers(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees the entries of its own account; headquarters every one."""
    if actor.is_dealer:
        return Transfer.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()


def visible_reservations(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees what is set aside on its own account; headquarters everything."""
    if actor.is_dealer:
        return Reservation.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()
