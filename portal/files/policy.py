"""Who may send files; who may see one is a matter of its document (``queries.visible``)."""

from portal.core.permissions import Role, capability

ADD = capability("file:add", *(role for role in Role if role is not Role.AUDITOR))
