"""Who may see and change parts and prices."""

from sqlalchemy import ColumnElement, false, true

from portal.core.permissions import Actor, Role, capability

PART_READ = capability("part:read", *Role)
PART_MANAGE = capability("part:manage", Role.ADMINISTRATOR)
PRICE_LIST_READ = capability("pricelist:read", Role.ADMINISTRATOR, Role.AUDITOR)
PRICE_LIST_IMPORT = capability("pricelist:import", Role.ADMINISTRATOR)


def visible_parts(actor: Actor) -> ColumnElement[bool]:
    """Parts are everybody's to read (C1)."""
    return true() if actor.can(PART_READ) else false()


def visible_price_lists(actor: Actor) -> ColumnElement[bool]:
    """Price lists are the administrator's; the auditor reads them."""
    return true() if actor.can(PRICE_LIST_READ) else false()
