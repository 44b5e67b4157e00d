"""Who may send files; who may see one is a matter of its document (``queries.visible``)."""

from portal.core.i18n import _l
from portal.core.permissions import Role, capability

ADD = capability(
    "file:add",
    *(role for role in Role if role is not Role.AUDITOR),
    says=_l("Add photos and files"),
)
