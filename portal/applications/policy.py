"""Who may see and do what with applications and shipments (P1, A6)."""

from sqlalchemy import ColumnElement, and_, exists, false, or_, true

from portal.applications.compensation_models import Compensation
from portal.applications.models import Application, DeliveryReport, Shipment
from portal.core.events import Event
from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability, roles_with

READ = capability(
    "application:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read parts applications"),
)
WRITE = capability(
    "application:write",
    Role.CLERK,
    Role.MANAGER,
    files=True,
    says=_l("Write and submit parts applications"),
)
WITHDRAW = capability(
    "application:withdraw", Role.CLERK, Role.MANAGER, says=_l("Withdraw parts applications")
)
QUOTE = capability(
    "application:quote", Role.DESK, says=_l("Quote, return and reject parts applications")
)
CONFIRM = capability(
    "application:confirm",
    Role.MANAGER,
    files=True,
    says=_l("Confirm quotes: spend the dealer's money"),
)
CANCEL = capability(
    "application:cancel", Role.DESK, Role.FINANCE, says=_l("Cancel confirmed applications")
)
RELEASE = capability(
    "application:release", Role.FINANCE, says=_l("Release what was confirmed: book the deduction")
)
SHIP = capability(
    "application:ship", Role.WAREHOUSE, says=_l("Ship, and cancel what cannot be sent")
)
RECEIVE = capability(
    "shipment:receive",
    Role.CLERK,
    Role.MANAGER,
    says=_l("Confirm receipt, report shortage and damage"),
)
SETTLE = capability("report:settle", Role.DESK, says=_l("Settle delivery reports"))
LAPSE = capability("shipment:lapse")
EXPIRE = capability("application:expire")
CLOSE = capability("application:close")
PROPOSE_COMPENSATION = capability("compensation:propose")
BOOK_COMPENSATION = capability(
    "compensation:book", Role.FINANCE, says=_l("Book compensation for late shipments")
)
EXCUSE_DELAY = capability("compensation:excuse", Role.DESK, says=_l("Excuse late shipments"))
FOLLOW_COMPENSATION = capability(
    "compensation:follow",
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    says=_l("Read the compensations for late shipments"),
)

RELEASED = ("released", "part_shipped", "shipped", "received", "closed")


def visible_applications(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own; HQ what was submitted; the warehouse only what was released (A6)."""
    if actor.is_dealer:
        return Application.dealer_id == actor.dealer_id
    if not actor.can(READ):
        return false()
    if actor.is_system or Role.AUDITOR in actor.roles:
        return true()
    if sees_only_released(actor):
        return _was_released()
    return Application.number.is_not(None)


def sees_only_released(actor: Actor) -> bool:
    """Whether somebody of headquarters sees applications as the warehouse only (A6)."""
    return actor.roles.isdisjoint(roles_with(READ) - {Role.WAREHOUSE})


def _was_released() -> ColumnElement[bool]:
    """Released, whatever became of it: also what the warehouse then cancelled (A7)."""
    release = exists().where(
        Event.document_kind == Application.kind,
        Event.document_id == Application.id,
        Event.name == "release",
    )
    return or_(Application.status.in_(RELEASED), and_(Application.status == "cancelled", release))


def visible_shipments(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own shipments; headquarters every one."""
    if actor.is_dealer:
        return Shipment.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()


def visible_compensations(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own; headquarters every one."""
    if actor.is_dealer:
        return Compensation.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()


def visible_reports(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own reports of shortage and damage; headquarters every one."""
    if actor.is_dealer:
        return DeliveryReport.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()
