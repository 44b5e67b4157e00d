"""Who may look after jobs."""

from portal.core.i18n import _l
from portal.core.permissions import Role, capability

JOB_READ = capability(
    "job:read", Role.ADMINISTRATOR, Role.AUDITOR, says=_l("Read the jobs of the portal")
)
JOB_MANAGE = capability("job:manage", Role.ADMINISTRATOR, says=_l("Try jobs again, or drop them"))
