"""Who may look after jobs and the checks of the books, and read every event."""

from portal.core.i18n import _l
from portal.core.permissions import Role, capability

BOOKS_READ = capability(
    "books:read",
    Role.FINANCE,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    says=_l("Read what the checks of the books found"),
)
BOOKS_CHECK = capability(
    "books:check", Role.FINANCE, Role.ADMINISTRATOR, says=_l("Have the books checked at once")
)
JOB_READ = capability(
    "job:read", Role.ADMINISTRATOR, Role.AUDITOR, says=_l("Read the jobs of the portal")
)
JOB_MANAGE = capability("job:manage", Role.ADMINISTRATOR, says=_l("Try jobs again, or drop them"))
EVENT_READ = capability(
    "event:read",
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    says=_l("Search all events, and take them along"),
)
EVENT_VALUES = capability(
    "event-values:read",
    Role.AUDITOR,
    says=_l("Read the reasons and values of every event, also of documents of others"),
)
