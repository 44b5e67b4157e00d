"""Who may see, register, review, call in, send and receive old parts (P1, O5, O7)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.permissions import Actor, Role, capability
from portal.oldparts.models import OldPart

READ = capability(
    "oldpart:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.AUDITOR,
)
REGISTER = capability("oldpart:register", Role.CLERK, Role.MANAGER)
REVIEW = capability("oldpart:review", Role.DESK)
CALL = capability("oldpart:call", Role.DESK)
SEND = capability("oldpart:send", Role.CLERK, Role.MANAGER)
RECEIVE = capability("oldpart:receive", Role.WAREHOUSE)


def visible_old_parts(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own old parts; headquarters every one."""
    if actor.is_dealer:
        return OldPart.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()
