"""Signing in and out: passwords, sessions that can be ended, and the brake on guessing."""

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Select, bindparam, delete, func, literal, or_, select, update

from portal.core.db import in_transaction, reading, rows, session
from portal.core.documents import relock
from portal.core.errors import Invalid, Refusal
from portal.core.i18n import _l, ngettext
from portal.core.permissions import Actor
from portal.people.models import (
    Dealer,
    FailedSignIn,
    LoginSession,
    Passkey,
    SecondFactor,
    User,
)

LIFETIME = timedelta(hours=12)
WINDOW, DAY = timedelta(minutes=15), timedelta(days=1)
MOST = (5, 30, 50)
"""Failed tries in a window: for a login name from one place, from everywhere; for a place."""
SHORTEST_PASSWORD = 12

hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


class WrongSignIn(Refusal):
    """Name and password do not belong together; which of them is wrong is not said."""

    def __init__(self) -> None:
        super().__init__(_l("E-mail address and password do not belong together."))


class TooManyAttempts(Refusal):
    """Somebody is guessing: wait until the window has passed. Never for good."""

    status = 429
    sentence = _l("Too many attempts failed. Please wait a quarter of an hour, then try again.")

    def __init__(self) -> None:
        super().__init__(self.sentence)


class TooManyToday(TooManyAttempts):
    """As many codes were wrong as may be in a day."""

    sentence = _l("Too many wrong codes today. Try again tomorrow, or set a new password.")


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
    company: str | None
    unread: int
    has_factor: bool
    saved_views: dict[str, dict[str, str]]

    # What Flask-Login asks of a person.
    is_authenticated = is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """What Flask-Login keeps in the cookie: the session's token."""
        return self.token


def digest(token: str) -> str:
    """What is kept of something that only its holder may know."""
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
            User.saved_views,
            Dealer.zone,
            Dealer.name.label("dealer_name"),
            Dealer.public_id.label("company"),
            Dealer.status.label("dealer_status"),
            LoginSession.id.label("session_id"),
            unread.label("unread"),
            or_(_has(SecondFactor), _has(Passkey)).label("has_factor"),
        )
        .select_from(LoginSession)
        .join(User, User.id == LoginSession.user_id)
        .outerjoin(Dealer, Dealer.id == User.dealer_id)
        .where(
            LoginSession.token_hash == bindparam("token_hash"),
            LoginSession.ended_at.is_(None),
            LoginSession.expires_at > bindparam("now"),
            User.status == "active",
        )
    )


def _has(model: type[SecondFactor | Passkey]) -> ColumnElement[bool]:
    return select(model.user_id).where(model.user_id == User.id).correlate(User).exists()


def find(token: str, now: datetime) -> SignedIn | None:
    """Whose session a token is; None if it ended, ran out, or the person left (P5)."""
    found = rows(_by_token(), {"token_hash": digest(token), "now": now})
    if not found:
        return None
    (row,) = found
    return SignedIn(
        id=row.id,
        session_id=row.session_id,
        token=token,
        actor=Actor(
            row.id,
            row.name,
            row.side,
            row.dealer_id,
            row.roles,
            is_frozen=row.dealer_status == "frozen",
        ),
        email=row.email,
        language=row.language,
        theme=row.theme,
        zone=row.zone,
        dealer_name=row.dealer_name,
        company=row.company,
        unread=row.unread,
        has_factor=row.has_factor,
        saved_views=row.saved_views,
    )


def _plain(password: str) -> str:
    # The same letter can be typed as one sign or as two; the password is the same.
    return unicodedata.normalize("NFC", password)


def hash_of(password: str) -> str:
    """What is kept of a password (Argon2id, about 25 ms)."""
    return hasher.hash(_plain(password))


_NOBODY = hash_of(secrets.token_hex(16))
"""The hash of a password that nobody has: a try for an unknown name costs the same."""


def matches(password_hash: str, password: str) -> bool:
    """Whether a password is the one behind a hash."""
    try:
        return hasher.verify(password_hash, _plain(password))
    except (VerificationError, InvalidHashError):
        return False


def confirm(user: User, password: str, *, field: str = "password") -> None:
    """Invalid, beside that field, unless it is the person's present password."""
    if not matches(user.password_hash, password):
        raise Invalid(_l("This is not your present password."), field=field)


def count_try(email: str, *, address: str, device: str = "", now: datetime) -> int:
    """Write a try down, with the brake on, and return its key; in transactions of its own.

    TooManyAttempts if there were too many.
    """
    tried: dict[str, Any] = {"address": address, "device": device, "now": now}
    attempt = in_transaction(lambda: try_in(email, **tried))
    with reading():
        refusal = too_many(attempt, email, **tried)
    if refusal is not None:
        in_transaction(lambda: forget(attempt))
        raise refusal
    return attempt


def try_in(email: str, *, address: str, device: str = "", now: datetime) -> int:
    """Write a try down before it is made, and return its key for ``too_many``.

    The caller commits it. So many tries at the same time cannot all pass for the first one.
    """
    session.execute(delete(FailedSignIn).where(FailedSignIn.at < now - DAY))
    made = FailedSignIn(login_hash=_login(email, device), address=place_of(address), at=now)
    session.add(made)
    session.flush()
    return made.id


def too_many(
    attempt: int,
    email: str,
    *,
    address: str,
    device: str = "",
    most_a_day: int | None = None,
    now: datetime,
) -> TooManyAttempts | None:
    """Why a try that was written down may not be made; None if it may.

    Slowed down are: a login name from one place, a login name from everywhere, a place; and a
    browser that is known to the login (``devices``), which nobody else's tries count for. A
    refused try is forgotten by the caller (``forget``): who only knocks locks nobody out.
    """
    login = FailedSignIn.login_hash == _login(email, device)
    place = FailedSignIn.address == place_of(address)
    which = ((login,),) if device else ((login, place), (login,), (place,))
    recent = FailedSignIn.at > now - WINDOW
    limits = [(_count(*one, recent), most) for one, most in zip(which, MOST, strict=False)]
    if most_a_day is not None:
        limits.append((_count(login, FailedSignIn.at > now - DAY), most_a_day))
    others = FailedSignIn.id != attempt
    counts = session.execute(
        select(*(count.where(others).scalar_subquery() for count, _most in limits))
    ).one()
    if most_a_day is not None and counts[-1] >= most_a_day:
        return TooManyToday()
    is_slow = any(count >= most for count, (_count_, most) in zip(counts, limits, strict=True))
    return TooManyAttempts() if is_slow else None


def wrong_today(login: str, *, device: str = "", now: datetime) -> int:
    """How many tries failed within a day."""
    mine = FailedSignIn.login_hash == _login(login, device)
    return session.scalars(_count(mine, FailedSignIn.at > now - DAY)).one()


def _count(*which: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(FailedSignIn).where(*which)


def place_of(address: str) -> str:
    """What counts as one place: an address, or of IPv6 the network that a household has (/64)."""
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:
        return address[:60]
    if isinstance(known, IPv4Address):
        return str(known)
    return str(known.ipv4_mapped or IPv6Network((known, 64), strict=False))


def forget(attempt: int) -> None:
    """Take a try back."""
    session.execute(delete(FailedSignIn).where(FailedSignIn.id == attempt))


def check(email: str, password: str) -> User:
    """The active user of that name and password; else WrongSignIn.

    An unknown name costs the same time as a wrong password and gets the same answer.
    """
    known = User.status.in_(("active", "deactivated"))
    user = session.scalar(select(User).where(User.email == email.strip().lower(), known))
    right = matches((user and user.password_hash) or _NOBODY, password)
    if user is None or not right or user.status != "active":
        raise WrongSignIn()
    return user


def _login(email: str, device: str = "") -> str:
    return digest(f"{email.strip().lower()} {device}".strip())


def begin(user: User, *, address: str, agent: str, device: str = "", now: datetime) -> str:
    """Begin a session for a person and return its token, which is not kept anywhere.

    Their failed tries are forgotten. WrongSignIn if the person was deactivated, or the password
    replaced, since it was checked: ``user`` is as it was then. Whoever changes either meanwhile
    waits for this session and ends it (P5).
    """
    checked = user.password_hash
    user = relock(user)
    if user.status != "active" or user.password_hash != checked:
        raise WrongSignIn()
    tried = {_login(user.email), _login(user.email, device)}
    session.execute(delete(FailedSignIn).where(FailedSignIn.login_hash.in_(tried)))
    token = secrets.token_urlsafe(32)
    session.add(
        LoginSession(
            token_hash=digest(token),
            user_id=user.id,
            created_at=now,
            expires_at=now + LIFETIME,
            address=address[:60],
            agent=agent[:200],
        )
    )
    return token


def end(session_id: int, *, now: datetime) -> None:
    """End a session; harmless if it has ended."""
    _end(LoginSession.id == session_id, now=now)


def end_named(name: str, user_id: int, *, now: datetime) -> bool:
    """End the session of that public id, if it is this person's and has not ended."""
    mine = LoginSession.user_id == user_id
    return _end(func.substr(LoginSession.token_hash, 1, 16) == name, mine, now=now) > 0


def end_all(user_id: int, *, now: datetime, but: int | None = None) -> None:
    """End every session of a person (P5), except perhaps the one that asks for it."""
    _end(LoginSession.user_id == user_id, LoginSession.id != (but or 0), now=now)


def end_everybodys(*, now: datetime) -> None:
    """End all sessions there are."""
    _end(now=now)


def _end(*which: ColumnElement[bool], now: datetime) -> int:
    ended = session.execute(
        update(LoginSession)
        .where(*which, LoginSession.ended_at.is_(None))
        .values(ended_at=now)
        .returning(LoginSession.id)
    ).all()
    return len(ended)


def password_problem(password: str) -> str | None:
    """Why a password will not do, in a sentence; None if it will."""
    if len(password) < SHORTEST_PASSWORD:
        return str(
            ngettext(
                "A password has at least %(num)d character.",
                "A password has at least %(num)d characters.",
                SHORTEST_PASSWORD,
            )
        )
    return None
