"""Passkeys (WebAuthn): a second factor that a device keeps and that answers our address alone.

The device signs a challenge that this browser was given; what it says counts for that challenge,
once, and for the address of the portal. Which make of device it is, nobody asks.
"""

import secrets
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import delete, select

from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Forbidden, Invalid, NotFound
from portal.core.events import record
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.people import letters, second_factor, sign_in
from portal.people.models import Passkey, SpentChallenge, User

log = structlog.get_logger()
MOST = 10
"""How many one person may have."""
LIVES, RENEWED = timedelta(minutes=10), timedelta(minutes=5)
"""How long a challenge counts; a page that is shown after half of that has a new one."""
LONGEST_ID = 1023
"""The length that what a device calls a passkey can have, in bytes."""
KEPT = "challenge"
"""Where a browser keeps its challenge."""


class WrongPasskey(Invalid):
    """What the device said does not count: what of it is wrong is not said."""

    def __init__(self) -> None:
        super().__init__(_l("This passkey does not fit, or it took too long. Please try again."))


@dataclass(frozen=True)
class Site:
    """Where passkeys count: the origin of the portal's pages, such as ``https://a.example``."""

    origin: str

    @property
    def host(self) -> str:
        """What devices know the portal by: its host's name."""
        return urlsplit(self.origin).hostname or ""


def of(user_id: int) -> Sequence[Passkey]:
    """A person's passkeys, the oldest first."""
    mine = Passkey.user_id == user_id
    return session.scalars(select(Passkey).where(mine).order_by(Passkey.id)).all()


# The challenge


def challenge(kept: MutableMapping[str, Any], *, now: datetime) -> str:
    """What a device has to sign for this browser, which keeps it."""
    made, since = kept.get(KEPT, ("", ""))
    if not made or now - datetime.fromisoformat(since) > RENEWED:
        made = secrets.token_urlsafe(32)
        kept[KEPT] = [made, now.isoformat()]
    return str(made)


def spend(kept: MutableMapping[str, Any], *, now: datetime) -> str:
    """This browser's challenge, which counts no more; empty if it has none that counts.

    The caller has locked the person who answers it, and keeps the transaction whatever the answer.
    """
    made, since = kept.pop(KEPT, ("", ""))
    if not made or now - datetime.fromisoformat(since) > LIVES:
        return ""
    session.execute(delete(SpentChallenge).where(SpentChallenge.at < now - 2 * LIVES))
    hashed = sign_in.digest(made)
    if session.get(SpentChallenge, hashed) is not None:
        return ""
    session.add(SpentChallenge(challenge_hash=hashed, at=now))
    session.flush()
    return str(made)


# What the browser asks the device, and what the device says. The library is slow to load and
# large, so only a process that has to do with a passkey does.


def offer(user: User, challenge: str, site: Site) -> str:
    """What a browser asks a device for a new passkey of a person, as JSON."""
    import webauthn
    from webauthn.helpers import structs

    return webauthn.options_to_json(
        webauthn.generate_registration_options(
            rp_id=site.host,
            rp_name=second_factor.ISSUER,
            user_id=user.public_id.encode(),
            user_name=user.email,
            user_display_name=user.name,
            challenge=challenge.encode(),
            timeout=int(RENEWED.total_seconds() * 1000),
            authenticator_selection=structs.AuthenticatorSelectionCriteria(
                resident_key=structs.ResidentKeyRequirement.PREFERRED,
                user_verification=structs.UserVerificationRequirement.PREFERRED,
            ),
            exclude_credentials=_named(of(user.id)),
        )
    )


def ask(passkeys: Sequence[Passkey], challenge: str, site: Site) -> str:
    """What a browser asks a device that has one of these, as JSON."""
    import webauthn

    return webauthn.options_to_json(
        webauthn.generate_authentication_options(
            rp_id=site.host,
            challenge=challenge.encode(),
            timeout=int(RENEWED.total_seconds() * 1000),
            allow_credentials=_named(passkeys),
        )
    )


def _named(passkeys: Sequence[Passkey]) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes, structs

    return [
        structs.PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(one.credential_id),
            transports=[structs.AuthenticatorTransport(way) for way in one.transports.split()],
        )
        for one in passkeys
    ]


def add(
    user: User,
    name: str,
    said: str,
    challenge: str,
    site: Site,
    *,
    keep_session: int,
    by: Actor,
    now: datetime,
) -> list[str]:
    """Add a passkey to one's own; recovery codes, if it is the first factor, else none.

    One's other sessions, which began without it, end. WrongPasskey for what does not count.
    """
    if user.id != by.id:
        raise Forbidden()
    user = relock(user)
    check_room(user)
    made = _new(said, challenge, site)
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == made.credential_id)):
        raise Invalid(_("This passkey is known already."))
    is_first = not second_factor.is_on(user.id)
    made.user_id, made.name, made.created_at = user.id, name, now
    session.add(made)
    session.flush()
    sign_in.end_all(user.id, now=now, but=keep_session)
    record(user, "passkey_on", by=by, now=now, values={"passkey": name})
    letters.tell(user, "passkey_on", by=by, now=now)
    return second_factor.new_codes(user.id) if is_first else []


def check_room(user: User) -> None:
    """Invalid for who has enough passkeys."""
    if len(of(user.id)) >= MOST:
        raise Invalid(_("You have enough passkeys. Remove one first."))


def _new(said: str, challenge: str, site: Site) -> Passkey:
    import webauthn
    from webauthn.helpers import bytes_to_base64url, parse_registration_credential_json

    with _strangers():
        credential = parse_registration_credential_json(said)
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=_meant(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
        )
    if len(made.credential_id) > LONGEST_ID:
        raise WrongPasskey()
    ways = credential.response.transports or ()
    return Passkey(
        credential_id=bytes_to_base64url(made.credential_id),
        public_key=bytes_to_base64url(made.credential_public_key),
        sign_count=made.sign_count,
        transports=" ".join(dict.fromkeys(way.value for way in ways)),
    )


def check(user: User, said: str, challenge: str, site: Site, *, now: datetime) -> None:
    """Take what a device of a person said whose row is locked; else WrongPasskey.

    A count of signatures that is not above the last one is a copy's.
    """
    import webauthn
    from webauthn.helpers import (
        base64url_to_bytes,
        bytes_to_base64url,
        parse_authentication_credential_json,
    )

    with _strangers():
        credential = parse_authentication_credential_json(said)
    name = bytes_to_base64url(credential.raw_id)
    mine = Passkey.user_id == user.id, Passkey.credential_id == name
    passkey = session.scalar(select(Passkey).where(*mine))
    if passkey is None:
        raise WrongPasskey()
    with _strangers():
        checked = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=_meant(challenge),
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=base64url_to_bytes(passkey.public_key),
            credential_current_sign_count=passkey.sign_count,
        )
    passkey.sign_count, passkey.last_used_at = checked.new_sign_count, now


def _meant(challenge: str) -> bytes:
    if not challenge:
        raise WrongPasskey()
    return challenge.encode()


@contextmanager
def _strangers() -> Iterator[None]:
    """WrongPasskey, whatever is wrong with a stranger's bytes: they may be anything."""
    try:
        yield
    except Exception as error:
        log.info("passkey refused", error=type(error).__name__)
        raise WrongPasskey() from None


def find(user_id: int, public_id: str) -> Passkey:
    """A passkey of a person's own; NotFound for anybody else's."""
    mine = Passkey.user_id == user_id, Passkey.public_id == public_id
    found = session.scalar(select(Passkey).where(*mine))
    if found is None:
        raise NotFound()
    return found


def remove(user: User, passkey: Passkey, *, is_required: bool, by: Actor, now: datetime) -> None:
    """Remove a passkey of one's own; with the last factor the recovery codes go as well.

    Invalid if it is the last factor, and one's roles need one.
    """
    if user.id != by.id or passkey.user_id != by.id:
        raise Forbidden()
    session.delete(passkey)
    session.flush()
    second_factor.check_left(user, is_required=is_required)
    record(user, "passkey_off", by=by, now=now, values={"passkey": passkey.name})
    letters.tell(user, "passkey_off", by=by, now=now)
