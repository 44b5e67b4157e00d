"""Who may see, write and decide on schedules of service fees (F1, P1, P2)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.i18n import _l
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
ITEM_READ = capability(
    "serviceitem:read", *_READERS, says=_l("Read the services that are charged for")
)
ITEM_MANAGE = capability(
    "serviceitem:manage", Role.ADMINISTRATOR, says=_l("Change the services that are charged for")
)
READ = capability("fee:read", *_READERS, says=_l("Read service-fee schedules"))
WRITE = capability(
    "fee:write", Role.CLERK, Role.MANAGER, files=True, says=_l("Write service-fee schedules")
)
SUBMIT = capability("fee:submit", Role.MANAGER, files=True, says=_l("Submit service-fee schedules"))
WITHDRAW = capability("fee:withdraw", Role.MANAGER, says=_l("Withdraw service-fee schedules"))
DECIDE = capability(
    "fee:decide", Role.DESK, says=_l("Approve, return and reject service-fee schedules")
)


def visible_items(actor: Actor) -> ColumnElement[bool]:
    """Services are everybody's to read who reads or decides on schedules."""
    return true() if actor.can(ITEM_READ) else false()


def visible_schedules(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own schedules; headquarters what was submitted, also if returned."""
    if actor.is_dealer:
        return FeeSchedule.dealer_id == actor.dealer_id
    return FeeSchedule.submitted_at.is_not(None) if actor.can(READ) else false()
