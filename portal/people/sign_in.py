"""Signing in and out: passwords, sessions that can be ended, and the brake on guessing."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, delete, func, literal, select, update

from portal.core.db import session
from portal.core.errors import Refusal
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.people.models import Dealer, FailedSignIn, LoginSession, User

LIFETIME = timedelta(hours=12)
WINDOW = timedelta(minutes=15)
MOST_FOR_LOGIN, MOST_FOR_ADDRESS = 5, 50
SHORTEST_PASSWORD = 12

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class WrongSignIn(Refusal):
    """Name and password do not belong together; which of them is wrong is not said."""

    def __init__(self) -> None:
        super().__init__(_l("E-mail address and password do not belong together."))


class TooManyAttempts(Refusal):
    """Somebody is guessing: wait until the window has passed. Never for good."""

    status = 429

    def __init__(self) -> None:
        super().__init__(
            _l("Too many attempts failed. Please wait a quarter of an hour, then try again.")
        )


@dataclass(frozen=True)
class SignedIn:
    """The person of this request, as one query found them by the session's token."""

    id: int
    session_id: int
    token: str
    actor: Actor
    email: str
    language: str | None
    theme: str
    zone: str | None
    dealer_name: str | None
    unread: int

    # What Flask-Login asks of a person.
    is_authenticated = is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the session's token."""
        return self.token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


_unread: list[ColumnElement[int]] = []


def count_unread_by(column: ColumnElement[int]) -> None:
    """Let the inbox add its count of unread notices to the query that finds the person."""
    _unread[:] = [column]


@cache
def _by_token() -> Any:
    unread = _unread[0] if _unread else literal(0)
    return (
        select(
            User.id,
            User.name,
            User.side,
            User.dealer_id,
            User.roles,
            User.email,
            User.language,
            User.theme,
            Dealer.zone,
            Dealer.name.label("dealer_name"),
            LoginSession.id.label("session_id"),
            unread.label("unread"),
        )
        .select_from(LoginSession)
        .join(User, User.id == LoginSession.user_id)
        .outerjoin(Dealer, Dealer.id == User.dealer_id)
    )


def find(token: str, now: datetime) -> SignedIn | None:
    """Whose session a token is; None if it ended, ran out, or the person left (P5)."""
    row = session.execute(
        _by_token().where(
            LoginSession.token_hash == _digest(token),
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > now,
            User.status == "active",
        )
    ).one_or_none()
    if row is None:
        return None
    return SignedIn(
        id=row.id,
        session_id=row.session_id,
        token=token,
        actor=Actor(row.id, row.name, row.side, row.dealer_id, row.roles),
        email=row.email,
        language=row.language,
        theme=row.theme,
        zone=row.zone,
        dealer_name=row.dealer_name,
        unread=row.unread,
    )


@cache
def _nobody() -> str:
    return hasher.hash(secrets.token_hex(8))


def matches(password_hash: str, password: str) -> bool:
    """Whether a password is the one behind a hash."""
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def check(email: str, password: str, *, address: str, now: datetime) -> User:
    """The active user of that name and password; else WrongSignIn or TooManyAttempts.

    An unknown name costs the same time as a wrong password and gets the same answer. The caller
    writes a failure down with ``note_failure``, in a transaction of its own.
    """
    login = _digest(email.strip().lower())
    since = now - WINDOW
    failures = session.execute(
        select(
            select(func.count())
            .where(FailedSignIn.login_hash == login, FailedSignIn.at > since)
            .scalar_subquery(),
            select(func.count())
            .where(FailedSignIn.address == address, FailedSignIn.at > since)
            .scalar_subquery(),
        )
    ).one()
    if failures[0] >= MOST_FOR_LOGIN or failures[1] >= MOST_FOR_ADDRESS:
        raise TooManyAttempts()
    user = session.scalar(select(User).where(User.email == email.strip().lower()))
    right = matches(user.password_hash if user else _nobody(), password)
    if user is None or not right or user.status != "active":
        raise WrongSignIn()
    return user


def note_failure(email: str, *, address: str, now: datetime) -> None:
    """Count a failed attempt, and forget those that no longer matter."""
    session.execute(delete(FailedSignIn).where(FailedSignIn.at < now - WINDOW))
    session.add(
        FailedSignIn(login_hash=_digest(email.strip().lower()), address=address[:60], at=now)
    )


def begin(user: User, *, address: str, agent: str, now: datetime) -> str:
    """Begin a session for a person and return its token, which is not kept anywhere."""
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=_digest(token),
            user_id=user.id,
            created_at=now,
            expires_at=now + LIFETIME,
            address=address[:60],
            agent=agent[:200],
        )
    )
    return token


def end(session_id: int, user_id: int, *, now: datetime) -> None:
    """End one session of a person; harmless if it has ended."""
    _end(LoginSession.id == session_id, LoginSession.user_id == user_id, now=now)


def end_all(user_id: int, *, now: datetime, but: int | None = None) -> None:
    """End every session of a person (P5), except perhaps the one that asks for it."""
    _end(LoginSession.user_id == user_id, LoginSession.id != (but or 0), now=now)


def _end(*which: ColumnElement[bool], now: datetime) -> None:
    session.execute(
        update(LoginSession).where(*which, LoginSession.ended_at.is_(None)).values(ended_at=now)
    )


def password_problem(password: str) -> str | None:
    """Why a password will not do, in a sentence; None if it will."""
    if len(password) < SHORTEST_PASSWORD:
        return _("A password has at least %(count)d characters.", count=SHORTEST_PASSWORD)
    return None
