"""Who may see, propose and decide policy values (P2)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.permissions import Actor, Role, capability

READ = capability(
    "policy:read",
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)
SET = capability("policy:set", Role.ADMINISTRATOR)


def visible_changes(actor: Actor) -> ColumnElement[bool]:
    """Headquarters sees every change, dealers see none."""
    return true() if not actor.is_dealer and actor.can(READ) else false()
