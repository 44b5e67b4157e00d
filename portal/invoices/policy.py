"""Who may record customer invoices, decide on what is above the rates, and see them (F2, P1)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability
from portal.invoices.models import CustomerInvoice

READ = capability(
    "invoice:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.AUDITOR,
    says=_l("Read customer invoices"),
)
RECORD = capability("invoice:record", Role.CLERK, Role.MANAGER, says=_l("Record customer invoices"))
REPORT = capability("invoice:report", Role.DESK, says=_l("Report invoices that a customer showed"))
DECIDE = capability("invoice:decide", Role.DESK, says=_l("Decide on flagged invoices"))


def visible_invoices(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own; headquarters every one."""
    if actor.is_dealer:
        return CustomerInvoice.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()
