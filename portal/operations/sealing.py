"""Every night the events are sealed, and the seal is sent to somebody outside (P4)."""

from datetime import date, datetime
from functools import partial
from typing import Any

from portal.core import jobs, seals
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading, session, snapshot
from portal.core.i18n import _l
from portal.core.seals import Seal
from portal.operations.books import LANE
from portal.web import languages, mail, templates
from portal.web.links import public_url_for

LETTER, NIGHT = "events.seal_letter", 1
SHOWN = 14
"""How many seals a page shows."""

promise = jobs.daily(seals.KIND, NIGHT)
"""Have a seal made once a night."""


def latest() -> list[Seal]:
    """The last seals, the newest first."""
    return list(session.scalars(seals.in_order(newest_first=True).limit(SHOWN)))


@jobs.handler(seals.KIND, label=_l("Seal of all events"), lane=LANE)
def seal(_payload: dict[str, Any], clock: Clock) -> None:
    """Make the seal, and promise its letter where one is wanted."""
    now = clock.now()
    last_id = in_transaction(seals.settled)
    with snapshot():
        made = seals.next_seal(last_id, now)
    if made is not None:
        in_transaction(partial(_keep, made, now))


def _keep(made: Seal, now: datetime) -> None:
    if session.get(Seal, made.day) is not None:
        return
    session.add(made)
    if mail.seal_address():
        day = made.day.isoformat()
        jobs.enqueue(LETTER, {"day": day}, key=f"{LETTER}/{day}", now=now)


@jobs.handler(LETTER, label=_l("Letter with a seal"), lane=mail.LANE)
def send(payload: dict[str, Any], clock: Clock) -> None:
    """Send a seal to the address that the settings name; nothing if there is none any more."""
    server, address, now = mail.server(), mail.seal_address(), clock.now()
    if not address:
        return
    if server is None:
        raise jobs.Away("no mail server is set up")
    with reading():
        made = session.get_one(Seal, date.fromisoformat(payload["day"]))
    with languages.speaking("en", languages.zone()):
        subject = f"Partloop: seal of {made.day.isoformat()}"
        shown = {
            "seal": made,
            "subject": subject,
            "url": public_url_for("bookchecks.index"),
            "language": languages.code(),
        }
        letter = mail.Letter(
            key=f"seal/{made.digest}",
            name="",
            address=address,
            language=languages.code(),
            subject=subject,
            text=templates.template("mail/seal.txt").render(shown),
            html=templates.template("mail/seal.html").render(shown),
        )
        server.send(letter, now=now)
