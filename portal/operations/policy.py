"""Who may look after jobs."""

from portal.core.permissions import Role, capability

JOB_READ = capability("job:read", Role.ADMINISTRATOR, Role.AUDITOR)
JOB_MANAGE = capability("job:manage", Role.ADMINISTRATOR)
