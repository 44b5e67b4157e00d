"""Browsers that somebody signed in from before: others' wrong tries do not shut these out.

The well-known device cookie: signed, it names a login and a random number. Tries with it are
counted by that number alone, tries without it by login and place; so whoever guesses elsewhere
slows down himself, and not the person at the own desk. It lets nobody in.
"""

import secrets

from itsdangerous import BadSignature, URLSafeSerializer

from portal.people.sign_in import digest

LIVES = 180 * 24 * 3600
"""How long a browser is remembered after the last sign-in, in seconds."""


def cookie_of(login: str) -> str:
    """The name of the cookie in which a browser keeps that it is known to a login."""
    return f"known-{_hash(login)[:12]}"


def make(login: str, *, key: str) -> str:
    """What a browser is given in which a login was right."""
    return str(_signer(key).dumps([_hash(login), secrets.token_urlsafe(12)]))


def known(kept: str | None, login: str, *, key: str) -> str:
    """The number of a browser that is known to a login; empty if it is not."""
    try:
        whose, number = _signer(key).loads(kept or "")
    except (BadSignature, ValueError, TypeError):
        return ""
    return str(number) if whose == _hash(login) else ""


def _signer(key: str) -> URLSafeSerializer:
    return URLSafeSerializer(key, salt="known device")


def _hash(login: str) -> str:
    return digest(login.strip().lower())
