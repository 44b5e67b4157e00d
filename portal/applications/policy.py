"""Who may see and do what with applications and shipments (P1, A6)."""

from sqlalchemy import ColumnElement, and_, false, true

from portal.applications.models import Application, Shipment
from portal.core.permissions import Actor, Role, capability

READ = capability(
    "application:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.AUDITOR,
)
WRITE = capability("application:write", Role.CLERK, Role.MANAGER)
QUOTE = capability("application:quote", Role.DESK)
CONFIRM = capability("application:confirm", Role.MANAGER)
CANCEL = capability("application:cancel", Role.DESK, Role.FINANCE)
RELEASE = capability("application:release", Role.FINANCE)
SHIP = capability("application:ship", Role.WAREHOUSE)
RECEIVE = capability("shipment:receive", Role.CLERK, Role.MANAGER)
EXPIRE = capability("application:expire")
CLOSE = capability("application:close")

RELEASED = ("released", "part_shipped", "shipped", "received", "closed")


def visible_applications(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own; HQ what was submitted; the warehouse only what was released (A6)."""
    if actor.is_dealer:
        return Application.dealer_id == actor.dealer_id
    if not actor.can(READ):
        return false()
    if actor.is_system or Role.AUDITOR in actor.roles:
        return true()
    submitted = Application.number.is_not(None)
    if actor.roles == {Role.WAREHOUSE}:
        return and_(submitted, Application.status.in_(RELEASED))
    return submitted


def visible_shipments(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own shipments; headquarters every one."""
    if actor.is_dealer:
        return Shipment.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()
