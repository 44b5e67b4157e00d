"""Who may record customer invoices, decide on what is above the rates, and see them (F2, P1)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.permissions import Actor, Role, capability
from portal.invoices.models import CustomerInvoice

READ = capability("invoice:read", Role.CLERK, Role.MANAGER, Role.DESK, Role.FINANCE, Role.AUDITOR)
RECORD = capability("invoice:record", Role.CLERK, Role.MANAGER)
REPORT = capability("invoice:report", Role.DESK)
DECIDE = capability("invoice:decide", Role.DESK)


def visible_invoices(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own; headquarters every one."""
    if actor.is_dealer:
        return CustomerInvoice.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()
