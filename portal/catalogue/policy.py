"""Who may see and change parts, prices, product models, sold units and fault codes."""

from sqlalchemy import ColumnElement, false, true

from portal.catalogue.models import SoldUnit
from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability

PART_READ = capability("part:read", *Role, says=_l("Read parts and prices"))
PART_MANAGE = capability("part:manage", Role.ADMINISTRATOR, says=_l("Add and change parts"))
PRICE_LIST_READ = capability(
    "pricelist:read", Role.ADMINISTRATOR, Role.AUDITOR, says=_l("Read the price lists")
)
PRICE_LIST_IMPORT = capability(
    "pricelist:import", Role.ADMINISTRATOR, says=_l("Import price lists")
)
PRODUCT_READ = capability("product:read", *Role, says=_l("Read product models"))
PRODUCT_MANAGE = capability(
    "product:manage", Role.ADMINISTRATOR, says=_l("Change product models and their warranty")
)
UNIT_READ = capability("unit:read", *Role, says=_l("Look sold units up"))
FAULT_CODE_READ = capability("faultcode:read", *Role, says=_l("Read the fault codes"))
FAULT_CODE_MANAGE = capability(
    "faultcode:manage", Role.ADMINISTRATOR, says=_l("Change the fault codes")
)
MASTER_DATA_READ = capability(
    "masterdata:read", Role.ADMINISTRATOR, Role.AUDITOR, says=_l("Read imports of master data")
)
MASTER_DATA_IMPORT = capability(
    "masterdata:import", Role.ADMINISTRATOR, says=_l("Import master data")
)


def visible_parts(actor: Actor) -> ColumnElement[bool]:
    """Parts are everybody's to read (C1)."""
    return true() if actor.can(PART_READ) else false()


def visible_price_lists(actor: Actor) -> ColumnElement[bool]:
    """Price lists are the administrator's; the auditor reads them."""
    return true() if actor.can(PRICE_LIST_READ) else false()


def visible_models(actor: Actor) -> ColumnElement[bool]:
    """Product models are everybody's to read (C4)."""
    return true() if actor.can(PRODUCT_READ) else false()


def visible_units(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees what it sold itself (P1), headquarters everything."""
    if not actor.can(UNIT_READ):
        return false()
    return SoldUnit.dealer_id == actor.dealer_id if actor.is_dealer else true()


def visible_fault_codes(actor: Actor) -> ColumnElement[bool]:
    """Fault codes are everybody's to read."""
    return true() if actor.can(FAULT_CODE_READ) else false()


def visible_imports(actor: Actor) -> ColumnElement[bool]:
    """Spreadsheets of master data are the administrator's; the auditor reads them."""
    return true() if actor.can(MASTER_DATA_READ) else false()
