"""Browsers that somebody signed in from before: others' wrong tries do not shut these out.

The well-known device cookie: signed, it names logins, each with a random number. Tries with it
are counted by that number alone, tries without it by login and place; so whoever guesses elsewhere
slows down himself, and not the person at the own desk. It lets nobody in.
"""

import secrets

from itsdangerous import BadSignature, URLSafeSerializer

from portal.people.sign_in import digest

COOKIE = "known"
"""The one cookie in which a browser keeps to whom it is known."""
LIVES = 180 * 24 * 3600
"""How long a browser is remembered after the last sign-in, in seconds."""
MOST = 10
"""To so many logins a browser is known: those that were right last."""


def add(kept: str | None, login: str, *, key: str) -> str:
    """What a browser is to keep in which a login was right."""
    number = known(kept, login, key=key) or secrets.token_urlsafe(12)
    others = {whose: one for whose, one in _read(kept, key).items() if whose != _hash(login)}
    return str(_signer(key).dumps([(_hash(login), number), *others.items()][:MOST]))


def known(kept: str | None, login: str, *, key: str) -> str:
    """The number of a browser that is known to a login; empty if it is not."""
    return _read(kept, key).get(_hash(login), "")


def _read(kept: str | None, key: str) -> dict[str, str]:
    """The logins, the newest first, and their numbers."""
    try:
        return dict(_signer(key).loads(kept or ""))
    except (BadSignature, ValueError, TypeError):
        return {}


def _signer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="known devices")


def _hash(login: str) -> str:
    return digest(login.strip().lower())[:16]
