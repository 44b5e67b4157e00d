"""What the dealer writes, and the steps that are the same for all (A1–A4).

The quote and its confirmation are in ``quoting``, what is sent and arrives in ``shipping``.

Each verb takes the document, who asks (``by``), the version that they saw (``seen``) and the
time in headquarters' zone (``now``). It locks the document, so that two people on one document
take turns; the second one is told (``Stale``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal.applications import policy
from portal.applications.clocks import reply_due
from portal.applications.commands import LineRequest, Request
from portal.applications.editor import lines_begun
from portal.applications.models import (
    WARRANTY,
    Application,
    ApplicationLine,
)
from portal.applications.quoting import held
from portal.catalogue.models import Part
from portal.catalogue.queries import prices_of, replacements_of
from portal.core import drafts, workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.core.search import normal
from portal.files import services as files
from portal.files.queries import by_place
from portal.ledger import services as ledger
from portal.people.models import Dealer

MOST_LINES = 200
MOST_PIECES = 9999


def start(
    typed: dict[str, Any], *, by: Actor, now: datetime, file: str | None = None
) -> Application:
    """Begin a draft with whatever is typed so far (A1), or was read from a file of that name."""
    by.must(policy.WRITE)
    application = Application(
        status="draft", created_at=now, dealer_id=by.dealer_id, created_by_id=by.id, typed=typed
    )
    application.line_count = lines_begun(typed)
    session.add(application)
    session.flush()
    workflow.begin(application, by=by, now=now, **({"file": file} if file else {}))
    return application


def save(
    application: Application,
    typed: dict[str, Any],
    *,
    seen: int | None = None,
    page: str = "",
    leaves: bool = False,
    by: Actor,
    now: datetime,
) -> None:
    """Keep what is typed, complete or not (A1).

    ``page`` is the key of the page that it was typed on; it ``leaves`` if this save is its last.
    Stale if another page has saved what this one has not ``seen``.
    """
    application = relock(application)
    workflow.check(application, "submit", by=by)
    if typed == application.typed:
        return
    drafts.check(application, seen=seen, page=page, by=by)
    application.typed = typed
    if application.number is None:
        application.line_count = lines_begun(typed)
    drafts.mark(application, page=page, leaves=leaves, by=by, now=now)


def attach(application: Application, photos: Iterable[str], *, key: str, by: Actor) -> None:
    """Put photos that somebody has just sent to the line of a draft that has this key.

    They are the draft's own at once, so that they stay for whoever goes on with it.
    """
    application = relock(application)
    workflow.check(application, "submit", by=by)
    files.claim(photos, application, place=key, by=by)


def detach(application: Application, photos: Iterable[str], *, by: Actor, now: datetime) -> None:
    """Take photos away from the lines of a draft."""
    application = relock(application)
    workflow.check(application, "submit", by=by)
    of_lines = {one.public_id for some in by_place(application).values() for one in some}
    for photo in of_lines.intersection(photos):
        files.discard(photo, application, now=now)


def submit(
    application: Application,
    request: Request,
    *,
    typed: dict[str, Any] | None = None,
    seen: int | None,
    page: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Hand a complete application in; its first time gives it its number (A1, A2).

    ``typed`` is the form that the request was read from, if it is not kept yet. Stale as for
    ``save``.
    """
    application = relock(application)
    workflow.check(application, "submit", by=by)
    drafts.check(application, seen=seen, page=page, by=by)
    application.saved_page = None
    if typed is not None:
        application.typed = typed
    if not request.lines:
        raise Invalid(_("An application has at least one line."))
    parts = _parts(request.lines)
    wrong = _unaddressed(request) | _wrong(request.lines, parts, now)
    if wrong:
        raise Invalid(fields=wrong)
    dealer = session.get_one(Dealer, application.dealer_id)
    if application.number is None:
        application.number = next_number("PA", dealer.code, now)
    application.contact, application.phone = request.contact, request.phone
    application.delivery_address, application.remark = request.delivery_address, request.remark
    application.reference = request.reference
    application.revision += 1
    application.line_count = len(request.lines)
    application.submitted_at = now
    application.due_at, hours = reply_due(now)
    application.search_text = normal(
        application.number,
        dealer.code,
        dealer.name,
        request.contact,
        request.reference,
        *(parts[line.part_id].number for line in request.lines),
        *(line.serial for line in request.lines),
    )
    workflow.apply(application, "submit", by=by, now=now, values={"reply_hours": hours})
    lines = [
        {
            "dealer_id": application.dealer_id,
            "application_id": application.id,
            "revision": application.revision,
            "position": position,
            **asdict(line),
        }
        for position, line in enumerate(request.lines, start=1)
    ]
    session.execute(insert(ApplicationLine), lines)


def wrong_in(lines: Sequence[LineRequest], now: datetime) -> dict[str, str]:
    """Why lines cannot be ordered as they are (A1, C3): a sentence by field, as ``submit`` says."""
    return _wrong(lines, _parts(lines), now)


def _unaddressed(request: Request) -> dict[str, str]:
    asked = {"contact": request.contact, "delivery_address": request.delivery_address}
    return {name: _("Please fill this in.") for name, text in asked.items() if not text.strip()}


def _parts(lines: Sequence[LineRequest]) -> dict[int, Part]:
    wanted = {line.part_id for line in lines}
    return {part.id: part for part in session.scalars(select(Part).where(Part.id.in_(wanted)))}


def _wrong(lines: Sequence[LineRequest], parts: dict[int, Part], now: datetime) -> dict[str, str]:
    prices = prices_of(sorted(parts), now.date())
    withdrawn = [part for part in parts.values() if part.status != "active"]
    instead = replacements_of(withdrawn)
    wrong: dict[str, str] = {}
    for index, line in enumerate(lines):
        part, price = parts.get(line.part_id), prices.get(line.part_id)
        if part is None:
            wrong[f"lines-{index}-part"] = _("There is no such part.")
        elif part.status != "active":
            wrong[f"lines-{index}-part"] = _no_longer(instead.get(part.id))
        elif price is None or price.cost == 0:
            wrong[f"lines-{index}-part"] = _("This part has no price yet and cannot be ordered.")
        if not 0 < line.quantity <= MOST_PIECES:
            wrong[f"lines-{index}-quantity"] = _(
                "Enter a whole number from %(least)d to %(most)d.", least=1, most=MOST_PIECES
            )
        if line.purpose == WARRANTY:
            wrong |= _missing_evidence(f"lines-{index}", line)
    return wrong


def _no_longer(instead: Part | None) -> str:
    if instead is None:
        return _("This part is withdrawn: it cannot be ordered any more.")
    return _("This part is withdrawn. %(part)s replaces it: order that.", part=instead.number)


def _missing_evidence(prefix: str, line: Any) -> dict[str, str]:
    missing = {}
    if not line.product_model:
        missing[f"{prefix}-product_model"] = _("A warranty line names the product's model.")
    if not line.serial and line.purchase_date is None:
        missing[f"{prefix}-serial"] = _("A warranty line has a serial or a purchase date.")
    if not line.fault:
        missing[f"{prefix}-fault"] = _("A warranty line describes the fault.")
    return missing


def step(
    application: Application,
    name: str,
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
    reason: str = "",
    code: str = "",
) -> None:
    """Return, reject, withdraw, ask for a new quote, or cancel before the release (A3, A4, L6)."""
    application = relock(application)
    due, values = None, {}
    if name == "requote":
        due, hours = reply_due(now)
        values = {"reply_hours": hours}
    workflow.apply(
        application, name, by=by, now=now, seen=seen, reason=reason, code=code, values=values
    )
    application.due_at = due
    if name == "cancel":
        ledger.void(held(application), now=now)


def discard_untouched(application: Application, *, days: int, now: datetime) -> None:
    """Discard a draft that nobody has saved for so many days, and its photos; no other."""
    application = relock(application)
    touched_at = application.saved_at or application.created_at
    if application.status == "draft" and touched_at < now - timedelta(days=days):
        workflow.apply(application, "withdraw", by=SYSTEM, now=now, values={"draft_days": days})
        files.discard_all(application, now=now)
