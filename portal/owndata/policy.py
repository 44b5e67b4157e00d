"""Who may take a dealer's data along (P1)."""

from portal.core.permissions import Role, capability

TAKE = capability("owndata:take", Role.MANAGER)
