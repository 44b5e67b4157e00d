"""Links that lead to a password of one's own: to whoever was invited, or forgot theirs.

Only the hash of a link is kept. It works once, for some time, and a newer one ends it.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, literal, select, update

from portal.core import jobs
from portal.core.db import AnyRow, session
from portal.core.documents import relock
from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.people import sign_in
from portal.people.models import AccessLink, User
from portal.people.sign_in import digest
from portal.web import mail

LIVES = {
    "invitation": timedelta(days=7),
    "renewal": timedelta(days=7),
    "forgotten": timedelta(hours=1),
}
"""How long a link lives: who was invited, whose password was taken away, who forgot theirs."""
JOB = "people.link"


def give(
    user: User,
    purpose: str,
    *,
    asked_by: str,
    now: datetime,
    by_hand: bool = False,
    send_at: datetime | None = None,
) -> str | None:
    """End a person's earlier links and give them a new one.

    Promises a letter with it, to be sent at once or at ``send_at``. Where no mail server is set up
    the token of an invitation, which nobody has accepted, is returned for the inviter to pass on;
    any other link is nobody's to see but its person's, and Invalid then. ``by_hand`` is for who
    runs the server: they get any.
    """
    _end_before(user.id, purpose, now=now)
    if by_hand:
        return make(user, purpose, now=now)
    if mail.server() is None:
        if purpose != "invitation":
            raise Invalid(
                _(
                    "No mail server is set up, and nobody else may see the link to a new password. "
                    "Who runs the server makes one: portal password %(address)s",
                    address=user.email,
                )
            )
        return make(user, purpose, now=now)
    payload = {"user": user.id, "purpose": purpose, "by": asked_by}
    jobs.enqueue(JOB, payload, key=f"access/{user.id}", now=send_at or now)
    return None


def make(user: User, purpose: str, *, now: datetime) -> str:
    """A new link's token, which is not kept anywhere; the earlier links end.

    Anybody may ask for a link that is for who forgot: it ends only those of its own kind.
    """
    _end_before(user.id, purpose, now=now)
    token = secrets.token_urlsafe(32)
    session.add(
        AccessLink(
            user_id=user.id,
            purpose=purpose,
            token_hash=digest(token),
            created_at=now,
            expires_at=now + LIVES[purpose],
        )
    )
    return token


def whose(token: str, now: datetime, *, lock: bool = False) -> User | None:
    """Whom a link is for; None if it was used, replaced, ran out, or the person left (P5).

    With ``lock`` the person's row is locked, and the link looked at after that: it works once.
    """
    user = _holder(token, now)
    if user is None or not lock:
        return user
    relock(user)
    return _holder(token, now)


def _holder(token: str, now: datetime) -> User | None:
    return session.scalar(
        select(User)
        .join(AccessLink, AccessLink.user_id == User.id)
        .where(
            AccessLink.token_hash == digest(token),
            AccessLink.ended_at.is_(None),
            AccessLink.expires_at > now,
            User.status.in_(("invited", "active")),
        )
    )


def end_all(user_id: int, *, now: datetime) -> None:
    """End every link of a person."""
    _end(AccessLink.user_id == user_id, now=now)


def _end_before(user_id: int, purpose: str, *, now: datetime) -> None:
    is_theirs = AccessLink.user_id == user_id
    _end(is_theirs, (AccessLink.purpose == purpose) | literal(purpose != "forgotten"), now=now)


def end_everybodys(*, now: datetime) -> None:
    """End all links and sessions: of a database that was restored, some had ended since."""
    _end(now=now)
    sign_in.end_everybodys(now=now)


def _end(*which: ColumnElement[bool], now: datetime) -> None:
    is_open = AccessLink.ended_at.is_(None)
    session.execute(update(AccessLink).where(is_open, *which).values(ended_at=now))


def newest(user_id: int) -> AnyRow | None:
    """Of a person's newest link: since when, until when, and when it ended."""
    return session.execute(
        select(AccessLink.created_at, AccessLink.expires_at, AccessLink.ended_at)
        .where(AccessLink.user_id == user_id)
        .order_by(AccessLink.id.desc())
        .limit(1)
    ).one_or_none()
