"""Customer invoices in steps, through the services of the portal (F2)."""

from collections.abc import Sequence
from datetime import date

from portal.core.db import session
from portal.fees.models import ServiceItem
from portal.invoices import services
from portal.invoices.commands import Asked, Charge
from portal.invoices.models import CustomerInvoice
from tests.support import story
from tests.support.portal import START, Portal

DAY = START.date()


def own(
    amount: int = 5000, quantity: int = 100, name: str = "Drill", unit: str = "job", row: int = 0
) -> Charge:
    """A service in the dealer's own words."""
    return Charge(row, None, name, unit, quantity, amount)


def of(item: ServiceItem, amount: int, quantity: int = 100, row: int = 0) -> Charge:
    """One of headquarters' services."""
    return Charge(row, item.id, "", item.unit, quantity, amount)


def recorded(
    portal: Portal,
    *charges: Charge,
    dealer: str = "north",
    by: str = "clerk",
    paper: str = "F-1001",
    on: date = DAY,
    files: Sequence[str] | None = None,
    old_part: str = "",
    customer: str = "李秀英",
) -> CustomerInvoice:
    """An invoice with a photo; without charges it has one of the dealer's own service."""
    papers = [story.photo(portal, by)] if files is None else files
    asked = Asked(
        portal.dealers[dealer], paper, on, customer, charges or (own(),), papers, old_part
    )
    with portal.transaction():
        return services.record(asked, by=portal.cast[by], now=portal.now)


def stepped(
    portal: Portal, invoice: CustomerInvoice, step: str, by: str = "desk", reason: str = "Far away"
) -> CustomerInvoice:
    """An invoice one step further."""
    with portal.transaction():
        found = session.get_one(CustomerInvoice, invoice.id)
        facts = {"by": portal.cast[by], "now": portal.now}
        services.act(found, step, seen=None, reason=reason, **facts)
        return found
