"""Who may see, propose and decide policy values (P2), and who sets the working calendar."""

from sqlalchemy import ColumnElement, false, true

from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability

READ = capability(
    "policy:read",
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    says=_l("Read the policy values"),
)
SET = capability("policy:set", Role.ADMINISTRATOR, says=_l("Propose and approve policy values"))
CALENDAR_READ = capability("calendar:read", *Role, says=_l("Read the working calendar"))
CALENDAR_SET = capability(
    "calendar:set", Role.ADMINISTRATOR, says=_l("Set holidays and working days")
)


def visible_changes(actor: Actor) -> ColumnElement[bool]:
    """Headquarters sees every change, dealers see none."""
    return true() if not actor.is_dealer and actor.can(READ) else false()


def visible_calendar(actor: Actor) -> ColumnElement[bool]:
    """There is one for everybody: dealers count on it as well."""
    return true() if actor.can(CALENDAR_READ) else false()
