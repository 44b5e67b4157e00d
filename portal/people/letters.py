"""Letters that people get for their sign-in's sake, whatever they chose to be written otherwise.

A link is made as its letter is sent, and nothing but its hash is kept: a letter that has to be
sent again has a new link, and the one before it ends.
"""

import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading, session
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.people import access_links
from portal.people.models import Dealer, User
from portal.people.queries import by_address
from portal.people.sign_in import digest
from portal.web import languages, mail, templates
from portal.web.links import public_url_for

FORGOTTEN, TOLD = "people.forgotten", "people.told"
TELLS = {
    "factor_on": _l("Your second factor is on"),
    "factor_off": _l("Your second factor is off"),
    "passkey_on": _l("A passkey was added to your account"),
    "passkey_off": _l("A passkey was removed from your account"),
    "factor_taken": _l("Your second factor was taken off"),
    "password": _l("Your password was changed"),
    "wrong_codes": _l(
        "Several wrong codes were typed at your sign-in: somebody may know your password"
    ),
}


def forgot(address: str, *, now: datetime) -> None:
    """Promise a letter to whoever forgot the password of an address.

    Whether anybody signs in with it is not looked at before the letter is made: an unknown
    address gets the same answer, after the same work.
    """
    login = address.strip().lower()
    jobs.enqueue(FORGOTTEN, {"address": login}, key=f"forgotten/{digest(login)}", now=now)


@jobs.handler(FORGOTTEN, label=_l("Forgotten password"), lane=mail.LANE)
def send_to_forgetful(payload: dict[str, Any], clock: Clock) -> None:
    """Send a link to who signs in with an address, or was invited there; to nobody else."""
    with reading():
        user = by_address(payload["address"])
        asked = user and {
            "user": user.id,
            "purpose": "forgotten" if user.status == "active" else "invitation",
            "by": "",
        }
    if asked:
        send(asked, clock)


def tell(user: User, what: str, *, by: Actor | str, now: datetime) -> None:
    """Promise a letter that says what happened at a person's sign-in, where mail is sent at all.

    ``by`` is who did it, or, of nobody that is known, the address that it came from.
    """
    if mail.server() is not None:
        name = by if isinstance(by, str) else by.name
        told = {"user": user.id, "what": what, "by": name, "at": now.isoformat()}
        jobs.enqueue_many(TOLD, {f"told/{secrets.token_hex(8)}": told}, now=now)


@jobs.handler(TOLD, label=_l("Letter about one's sign-in"), lane=mail.LANE)
def send_told(payload: dict[str, Any], clock: Clock) -> None:
    """Send it, unless the person left (P5)."""
    server = mail.server()
    if server is None:
        raise jobs.Away("no mail server is set up")
    with reading():
        user = session.get_one(User, payload["user"])
        dealer = session.get(Dealer, user.dealer_id) if user.dealer_id else None
    if user.status != "active":
        return
    at = datetime.fromisoformat(payload["at"])
    with languages.speaking(user.language, _zone(dealer, clock.now())):
        subject = str(TELLS[payload["what"]])
        shown = payload | {
            "name": user.name, "subject": subject, "at": at, "language": languages.code(),
            "url": public_url_for("profile.account"),
        }  # fmt: skip
        letter = mail.Letter(
            key=f"told/{payload['what']}/{user.id}/{payload['at']}",
            name=user.name,
            address=user.email,
            language=languages.code(),
            subject=subject,
            text=templates.template("mail/told.txt").render(shown),
            html=templates.template("mail/told.html").render(shown),
        )
        server.send(letter, now=clock.now())


def _zone(dealer: Dealer | None, now: datetime) -> ZoneInfo:
    zone = ZoneInfo(dealer.zone) if dealer else now.tzinfo
    assert isinstance(zone, ZoneInfo)
    return zone


@jobs.handler(access_links.JOB, label=_l("Link to set a password"), lane=mail.LANE)
def send(payload: dict[str, Any], clock: Clock) -> None:
    """Make a link and send it, unless the person left or got in meanwhile (P5)."""
    server = mail.server()
    if server is None:
        raise jobs.Away("no mail server is set up")
    now, purpose = clock.now(), payload["purpose"]

    def make() -> tuple[str, User, Dealer | None] | None:
        user = session.scalars(
            select(User).where(User.id == payload["user"]).with_for_update()
        ).one()
        wanted = "invited" if purpose == "invitation" else "active"
        if user.status != wanted:
            return None
        dealer = session.get(Dealer, user.dealer_id) if user.dealer_id else None
        return access_links.make(user, purpose, now=now), user, dealer

    made = in_transaction(make)
    if made is None:
        return
    token, user, dealer = made
    with languages.speaking(user.language, _zone(dealer, now)):
        server.send(_letter(user, dealer, token, payload, now), now=now)


def _letter(
    user: User, dealer: Dealer | None, token: str, payload: dict[str, Any], now: datetime
) -> mail.Letter:
    purpose = payload["purpose"]
    subject = str(_("Your invitation to Partloop") if purpose == "invitation"
                  else _("Your new password for Partloop"))  # fmt: skip
    shown = {
        "name": user.name,
        "company": dealer.name if dealer else "",
        "by": payload["by"],
        "purpose": purpose,
        "url": public_url_for("access.show", token=token),
        "until": now + access_links.LIVES[purpose],
        "language": languages.code(),
    }
    return mail.Letter(
        # Sent again it holds another link: no server may take it for the one before.
        key=f"access/{digest(token)}",
        name=user.name,
        address=user.email,
        language=languages.code(),
        subject=subject,
        text=templates.template("mail/access.txt").render(shown),
        html=templates.template("mail/access.html").render(shown | {"subject": subject}),
    )
