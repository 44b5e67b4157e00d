"""Who may find and remove the personal data of customers."""

from portal.core.i18n import _l
from portal.core.permissions import Role, capability

ANONYMISE = capability(
    "customer:anonymise",
    Role.ADMINISTRATOR,
    says=_l("Find the personal data of a customer who asks for it, and remove it"),
)
