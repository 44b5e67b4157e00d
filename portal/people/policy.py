"""Who may do what with dealers and users (P1, P5)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.permissions import Actor, Role, capability
from portal.people.models import Dealer, User

DEALER_READ = capability(
    "dealer:read",
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
)
DEALER_MANAGE = capability("dealer:manage", Role.ADMINISTRATOR)
DEALER_FOLLOW = capability("dealer:follow", Role.MANAGER)
USER_READ = capability("user:read", Role.MANAGER, Role.ADMINISTRATOR, Role.AUDITOR)
USER_MANAGE = capability("user:manage", Role.MANAGER, Role.ADMINISTRATOR)
USER_ACCEPT = capability("user:accept", *Role)
COMMENT = capability(
    "document:comment",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
)


def visible_users(actor: Actor) -> ColumnElement[bool]:
    """A manager sees the dealer's own people; administrator and auditor see everybody."""
    if not actor.can(USER_READ):
        return false()
    return User.dealer_id == actor.dealer_id if actor.is_dealer else true()


def visible_dealers(actor: Actor) -> ColumnElement[bool]:
    """Headquarters sees every dealer; a dealer's people see their own company only."""
    if actor.is_dealer:
        return Dealer.id == actor.dealer_id
    return true() if actor.can(DEALER_READ) else false()
