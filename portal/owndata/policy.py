"""Who may take a dealer's data along (P1)."""

from portal.core.i18n import _l
from portal.core.permissions import Role, capability

TAKE = capability("owndata:take", Role.MANAGER, says=_l("Take all data of the own company along"))
