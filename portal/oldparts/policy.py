"""Who may see, register, review, call in, send, receive, inspect and charge old parts."""

from sqlalchemy import ColumnElement, false, true

from portal.core.i18n import _l
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
    says=_l("Read old parts and collections"),
)
# Also of a frozen dealer: what is not registered in time is charged (O6).
REGISTER = capability(
    "oldpart:register", Role.CLERK, Role.MANAGER, says=_l("Register and correct old parts")
)
REVIEW = capability("oldpart:review", Role.DESK, says=_l("Accept, return and reject old parts"))
CALL = capability("oldpart:call", Role.DESK, says=_l("Call collections, allow scrapping"))
SEND = capability(
    "oldpart:send", Role.CLERK, Role.MANAGER, says=_l("Pack and send called old parts")
)
RECEIVE = capability("oldpart:receive", Role.WAREHOUSE, says=_l("Receive collections"))
SCRAP = capability(
    "oldpart:scrap", Role.CLERK, Role.MANAGER, says=_l("Scrap old parts where that is allowed")
)
INSPECT = capability("oldpart:inspect", Role.WAREHOUSE, says=_l("Inspect what arrived"))
OBJECT = capability("oldpart:object", Role.CLERK, Role.MANAGER, says=_l("Object to an inspection"))
OWED = capability(
    "oldpart:owed",
    Role.DESK,
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read which old parts are owed"),
)
READ_CHARGES = capability(
    "oldpartcharge:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read the charges for old parts"),
)
CHARGE = capability("oldpartcharge:charge", Role.DESK, says=_l("Charge what had no price"))
WAIVE_CHARGE = capability("oldpartcharge:waive", Role.DESK, says=_l("Waive charges for old parts"))
DISPUTE_CHARGE = capability(
    "oldpartcharge:dispute", Role.CLERK, Role.MANAGER, says=_l("Dispute charges for old parts")
)
DECIDE_CHARGE = capability(
    "oldpartcharge:decide", Role.FINANCE, says=_l("Decide disputes about charges")
)


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
