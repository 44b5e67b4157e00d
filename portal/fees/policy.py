"""Who may see, write and decide on schedules of service fees (F1, P1, P2)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.permissions import Actor, Role, capability
from portal.fees.models import FeeSchedule

_READERS = (
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)
ITEM_READ = capability("serviceitem:read", *_READERS)
ITEM_MANAGE = capability("serviceitem:manage", Role.ADMINISTRATOR)
READ = capability("fee:read", *_READERS)
WRITE = capability("fee:write", Role.CLERK, Role.MANAGER, files=True)
SUBMIT = capability("fee:submit", Role.MANAGER, files=True)
WITHDRAW = capability("fee:withdraw", Role.MANAGER)
DECIDE = capability("fee:decide", Role.DESK)


def visible_items(actor: Actor) -> ColumnElement[bool]:
    """Services are everybody's to read who reads or decides on schedules."""
    return true() if actor.can(ITEM_READ) else false()


def visible_schedules(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own schedules; headquarters what was submitted, also if returned."""
    if actor.is_dealer:
        return FeeSchedule.dealer_id == actor.dealer_id
    return FeeSchedule.submitted_at.is_not(None) if actor.can(READ) else false()
