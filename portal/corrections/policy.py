"""Who may propose, book, answer and see corrections of accounts (L8, F3, P1, P2)."""

from sqlalchemy import ColumnElement, and_, false, or_, true

from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability
from portal.corrections.models import PENALTY, Correction
from portal.corrections.workflow import BOOKED

READ = capability(
    "correction:read",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.AUDITOR,
    says=_l("Read adjustments and penalties"),
)
PROPOSE = capability(
    "correction:propose", Role.FINANCE, says=_l("Propose adjustments and penalties")
)
DECIDE = capability(
    "correction:decide", Role.FINANCE, says=_l("Book or decline what another one proposed")
)
ANSWER = capability("correction:answer", Role.MANAGER, says=_l("Answer an announced penalty"))


def visible_corrections(actor: Actor) -> ColumnElement[bool]:
    """Headquarters sees all. A dealer sees its own: penalties at once, adjustments once booked."""
    if actor.is_dealer:
        shown = or_(Correction.sort == PENALTY, Correction.status.in_(BOOKED))
        return and_(Correction.dealer_id == actor.dealer_id, shown)
    return true() if actor.can(READ) else false()
