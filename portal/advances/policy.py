"""Who may ask for advance compensation, decide on it, and see it (P1)."""

from sqlalchemy import ColumnElement, false, true

from portal.advances.models import Advance
from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability

READ = capability(
    "advance:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.REVIEWER,
    Role.AUDITOR,
    says=_l("Read customer compensations"),
)
REQUEST = capability(
    "advance:request",
    Role.CLERK,
    Role.MANAGER,
    files=True,
    says=_l("Ask for customer compensations"),
)
WITHDRAW = capability(
    "advance:withdraw", Role.CLERK, Role.MANAGER, says=_l("Withdraw a request for compensation")
)
DECIDE = capability(
    "advance:decide", Role.DESK, says=_l("Approve, return and reject customer compensations")
)


def visible_advances(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own; headquarters every one."""
    if actor.is_dealer:
        return Advance.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()
