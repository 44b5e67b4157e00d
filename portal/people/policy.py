"""Who may do what with dealers and users (P1, P5)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.i18n import _l
from portal.core.permissions import HQ_ROLES, Actor, Role, capability
from portal.people.models import Dealer, User

DEALER_READ = capability(
    "dealer:read",
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    says=_l("Read the dealers"),
)
DEALER_MANAGE = capability(
    "dealer:manage", Role.ADMINISTRATOR, says=_l("Add, change and freeze dealers")
)
DEALER_FOLLOW = capability(
    "dealer:follow", Role.MANAGER, says=_l("Be told what happens to the own company")
)
USER_READ = capability(
    "user:read",
    Role.MANAGER,
    Role.FINANCE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    says=_l("Read who signs in, on the own side"),
)
USER_LIST = capability(
    "user-access:read",
    Role.MANAGER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    says=_l("Read when and how people sign in, at the own company or everywhere"),
)
USER_WATCH = capability(
    "money-role:read",
    Role.FINANCE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    Role.AUDITOR,
    says=_l("Be told when somebody is given a role that moves money"),
)
USER_MANAGE = capability(
    "user:manage",
    Role.MANAGER,
    Role.ADMINISTRATOR,
    says=_l("Invite people, give roles, deactivate"),
)
ROLE_READ = capability("role:read", Role.MANAGER, *HQ_ROLES, says=_l("Read what each role may do"))
USER_ACCEPT = capability("user:accept", *Role, says=_l("Accept the own invitation"))
COMMENT = capability(
    "document:comment",
    Role.CLERK,
    Role.MANAGER,
    Role.DESK,
    Role.FINANCE,
    Role.WAREHOUSE,
    Role.REVIEWER,
    Role.ADMINISTRATOR,
    says=_l("Write on timelines"),
)


def visible_users(actor: Actor) -> ColumnElement[bool]:
    """A manager sees the dealer's own people; administrator and auditor see everybody.

    Who moves money at headquarters sees who else works there.
    """
    if not actor.can(USER_READ):
        return false()
    if actor.is_dealer:
        return User.dealer_id == actor.dealer_id
    return true() if actor.can(USER_LIST) else User.dealer_id.is_(None)


def visible_dealers(actor: Actor) -> ColumnElement[bool]:
    """Headquarters sees every dealer; a dealer's people see their own company only."""
    if actor.is_dealer:
        return Dealer.id == actor.dealer_id
    return true() if actor.can(DEALER_READ) else false()
