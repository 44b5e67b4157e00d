"""Adjustments and penalties in steps, through the services of the portal (L8, F3)."""

from sqlalchemy import select

from portal.core.db import session
from portal.core.permissions import SYSTEM, Actor, Role
from portal.corrections import services
from portal.corrections.commands import Proposal
from portal.corrections.models import Correction
from portal.people import services as people
from portal.people.models import User
from tests.support import story
from tests.support.portal import PASSWORD, Portal


def checker(portal: Portal) -> Actor:
    """Another one of finance."""
    email = "finance2@example.com"
    with portal.transaction():
        user = session.scalars(select(User).where(User.email == email)).one_or_none()
        user = user or people.add_user(
            email=email,
            name="Finance Two",
            password=PASSWORD,
            roles=[Role.FINANCE],
            dealer=None,
            by=SYSTEM,
            now=portal.now,
        )
        session.flush()
        return user.actor


def asked(
    portal: Portal,
    dealer: str = "north",
    amount: int = -5000,
    sort: str = "adjustment",
    reason: str = "Counted twice",
    by: str = "finance",
) -> Correction:
    """A correction that one of finance asks for, with its evidence."""
    evidence = story.photo(portal, by=by)
    with portal.transaction():
        proposal = Proposal(portal.dealers[dealer], sort, amount, reason, [evidence])
        return services.propose(proposal, by=portal.cast[by], now=portal.now)


def stepped(
    portal: Portal, correction: Correction, step: str, by: Actor, reason: str = ""
) -> Correction:
    """A correction one step further."""
    with portal.transaction():
        found = session.get_one(Correction, correction.id)
        services.act(found, step, seen=None, reason=reason, by=by, now=portal.now)
        return found


def booked(portal: Portal, dealer: str = "north", amount: int = -5000) -> Correction:
    """An adjustment that another one of finance has booked."""
    return stepped(portal, asked(portal, dealer, amount), "book", checker(portal))
