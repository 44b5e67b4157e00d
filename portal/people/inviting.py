"""How often one may invite, so that nobody has the portal write to strangers without end."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, select

from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import Event
from portal.core.i18n import ngettext
from portal.core.permissions import Actor
from portal.people.models import User

DAY = timedelta(days=1)
MOST_OF_DEALER, MOST_OF_HQ = 50, 1000
"""Invitations a day of one person: of a dealer's, and of one who begins with 500 dealers."""
MOST_TO_PERSON, MOST_TO_ADDRESS = 5, 5
"""Invitations a day of one person's account, and letters a day to an address of whomever."""
INVITED = ("create", "invite_again")


def check_inviter(by: Actor, *, now: datetime) -> None:
    """Invalid for who has invited very many people within a day; a program may."""
    if by.id is None:
        return
    most = MOST_OF_DEALER if by.is_dealer else MOST_OF_HQ
    if _invited(Event.actor_id == by.id, now=now) >= most:
        raise Invalid(
            ngettext(
                "You have invited %(num)d person within a day. Go on tomorrow.",
                "You have invited %(num)d people within a day. Go on tomorrow.",
                most,
            )
        )


def check_again(user: User, by: Actor, *, now: datetime) -> None:
    """Invalid if a person was invited often enough within a day, or by this inviter others."""
    check_inviter(by, now=now)
    if by.id is not None and _invited(Event.document_id == user.id, now=now) >= MOST_TO_PERSON:
        raise Invalid(
            ngettext(
                "This person was invited %(num)d time within a day. Invite again tomorrow.",
                "This person was invited %(num)d times within a day. Invite again tomorrow.",
                MOST_TO_PERSON,
            )
        )


def send_at(user: User, *, now: datetime) -> datetime:
    """When the letter of an invitation that was just recorded goes out: at once, mostly.

    An address that many invite gets the next letter a day later. The inviters are not told: of
    each other they are to learn nothing (P1).
    """
    theirs = Event.document_id.in_(select(User.id).where(User.email == user.email))
    return now if _invited(theirs, now=now) <= MOST_TO_ADDRESS else now + DAY


def _invited(which: ColumnElement[bool], *, now: datetime) -> int:
    """How many invitations there were within a day."""
    invited = Event.document_kind == User.kind, Event.name.in_(INVITED), Event.at > now - DAY
    return session.scalars(select(func.count()).where(which, *invited)).one()
