"""Who may see, register, review, call in, send, receive, inspect and charge old parts."""

from sqlalchemy import ColumnElement, false, true

from portal.core.permissions import Actor, Role, capability
from portal.oldparts.batch_models import OldPartBatch
from portal.oldparts.charge_models import OldPartCharge, OwedLine
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
REGISTER = capability("oldpart:register", Role.CLERK, Role.MANAGER, files=True)
REVIEW = capability("oldpart:review", Role.DESK)
CALL = capability("oldpart:call", Role.DESK)
SEND = capability("oldpart:send", Role.CLERK, Role.MANAGER)
RECEIVE = capability("oldpart:receive", Role.WAREHOUSE)
SCRAP = capability("oldpart:scrap", Role.CLERK, Role.MANAGER)
INSPECT = capability("oldpart:inspect", Role.WAREHOUSE)
OBJECT = capability("oldpart:object", Role.CLERK, Role.MANAGER)
OWED = capability("oldpart:owed", Role.DESK, Role.FINANCE, Role.REVIEWER, Role.AUDITOR)
READ_CHARGES = capability(
    "oldpartcharge:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
)
CHARGE = capability("oldpartcharge:charge", Role.DESK)
WAIVE_CHARGE = capability("oldpartcharge:waive", Role.DESK)
DISPUTE_CHARGE = capability("oldpartcharge:dispute", Role.CLERK, Role.MANAGER)
DECIDE_CHARGE = capability("oldpartcharge:decide", Role.FINANCE)


def visible_old_parts(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own old parts; headquarters every one."""
    if actor.is_dealer:
        return OldPart.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()


def visible_charges(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own charges; headquarters every one."""
    if actor.is_dealer:
        return OldPartCharge.dealer_id == actor.dealer_id
    return true() if actor.can(READ_CHARGES) else false()


def visible_owed(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees what it owes itself; headquarters what every dealer does."""
    if actor.is_dealer:
        return OwedLine.dealer_id == actor.dealer_id
    return true() if actor.can(OWED) else false()


def visible_batches(actor: Actor) -> ColumnElement[bool]:
    """What a dealer uploads is its own affair until it is registered (P1)."""
    return OldPartBatch.dealer_id == actor.dealer_id if actor.can(REGISTER) else false()
