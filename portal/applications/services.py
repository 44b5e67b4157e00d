"""Everything that changes a parts application or a shipment (A1–A8).

Each verb takes the document, who asks (``by``), the version that they saw (``seen``) and the
time in headquarters' zone (``now``). It locks the document, so that two people on one document
take turns; the second one is told (``Stale``).
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import insert, select

from portal.applications import policy
from portal.applications.commands import Answer, Consignment, LineAnswer, LineRequest, Request
from portal.applications.models import (
    WARRANTY,
    Application,
    ApplicationLine,
    Quote,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.catalogue.models import Part, Price
from portal.catalogue.queries import prices_of, successors_of
from portal.core import drafts, workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, NotFound, Stale, TooLittleMoney
from portal.core.i18n import _, ngettext
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.core.search import normal
from portal.ledger import services as ledger
from portal.ledger.models import DEALER, FREIGHT, PARTS_SALES, Reservation
from portal.people.models import Dealer
from portal.terms.values import value

MOST_LINES = 200
MOST_PIECES = 9999


def start(typed: dict[str, Any], *, by: Actor, now: datetime) -> Application:
    """Begin a draft with whatever is typed so far (A1)."""
    by.must(policy.WRITE)
    application = Application(
        status="draft", created_at=now, dealer_id=by.dealer_id, created_by_id=by.id, typed=typed
    )
    session.add(application)
    session.flush()
    workflow.begin(application, by=by, now=now)
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
    drafts.mark(application, page=page, leaves=leaves, by=by, now=now)


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
    wrong = _wrong(request.lines, parts, now)
    if wrong:
        raise Invalid(fields=wrong)
    dealer = session.get_one(Dealer, application.dealer_id)
    if application.number is None:
        application.number = next_number("PA", dealer.code, now)
    application.contact, application.phone = request.contact, request.phone
    application.delivery_address, application.remark = request.delivery_address, request.remark
    application.revision += 1
    application.line_count = len(request.lines)
    application.submitted_at = now
    hours = value("application.reply_hours", now.date())
    application.due_at = now + timedelta(hours=hours)
    application.search_text = normal(
        application.number,
        dealer.code,
        dealer.name,
        request.contact,
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


def _parts(lines: Sequence[LineRequest]) -> dict[int, Part]:
    wanted = {line.part_id for line in lines}
    return {part.id: part for part in session.scalars(select(Part).where(Part.id.in_(wanted)))}


def _wrong(lines: Sequence[LineRequest], parts: dict[int, Part], now: datetime) -> dict[str, str]:
    prices = prices_of(sorted(parts), now.date())
    wrong: dict[str, str] = {}
    for index, line in enumerate(lines):
        part, price = parts.get(line.part_id), prices.get(line.part_id)
        if part is None or part.status != "active":
            wrong[f"lines-{index}-part"] = _("There is no such part.")
        elif price is None or price.cost == 0:
            wrong[f"lines-{index}-part"] = _("This part has no price yet and cannot be ordered.")
        if not 0 < line.quantity <= MOST_PIECES:
            wrong[f"lines-{index}-quantity"] = _(
                "Enter a whole number from %(least)d to %(most)d.", least=1, most=MOST_PIECES
            )
        if line.purpose == WARRANTY:
            wrong |= _missing_evidence(f"lines-{index}", line)
    return wrong


def _missing_evidence(prefix: str, line: Any) -> dict[str, str]:
    missing = {}
    if not line.product_model:
        missing[f"{prefix}-product_model"] = _("A warranty line names the product's model.")
    if not line.serial and line.purchase_date is None:
        missing[f"{prefix}-serial"] = _("A warranty line has a serial or a purchase date.")
    if not line.fault:
        missing[f"{prefix}-fault"] = _("A warranty line describes the fault.")
    return missing


def quote(
    application: Application, answer: Answer, *, seen: int | None, by: Actor, now: datetime
) -> Quote:
    """Answer with quantities, parts, prices in force, fees and a promised date (A3, C2)."""
    application = relock(application)
    workflow.check(application, "quote", by=by, seen=seen)
    if answer.promised_on < now.date():
        raise Invalid(_("The promised date cannot be in the past."), field="promised_on")
    asked = _asked_lines(application)
    if sorted(line.line_id for line in answer.lines) != sorted(asked):
        raise Stale()
    possible = _possible_parts(asked)
    prices = prices_of(set().union(*possible.values()), now.date())
    _check_answer(answer, asked, possible, prices)
    amount = sum(line.quantity * prices[line.part_id].cost for line in _sent(answer))
    days = value("application.quote_days", now.date())
    made = Quote(
        dealer_id=application.dealer_id,
        application_id=application.id,
        version=application.quote_version + 1,
        freight=answer.freight,
        packing=answer.packing,
        total=amount + answer.freight + answer.packing,
        promised_on=answer.promised_on,
        expires_at=_end_of_day(now, days),
        remark=answer.remark,
        made_by_id=by.id,
        made_at=now,
    )
    session.add(made)
    session.flush()
    session.add_all(_quote_line(made, line, prices.get(line.part_id)) for line in answer.lines)
    application.quote_version, application.total = made.version, made.total
    application.due_at = made.expires_at
    workflow.apply(
        application,
        "quote",
        by=by,
        now=now,
        values={"version": made.version, "total": made.total, "quote_days": days},
    )
    return made


def _end_of_day(now: datetime, days: int) -> datetime:
    """The last second of the day so many days from now, in headquarters' zone (T1)."""
    return datetime.combine(now.date() + timedelta(days=days), time(23, 59, 59), now.tzinfo)


def _asked_lines(application: Application) -> dict[int, ApplicationLine]:
    statement = select(ApplicationLine).where(
        ApplicationLine.application_id == application.id,
        ApplicationLine.revision == application.revision,
    )
    return {line.id: line for line in session.scalars(statement)}


def _sent(answer: Answer) -> list[LineAnswer]:
    return [line for line in answer.lines if line.quantity]


def _possible_parts(asked: dict[int, ApplicationLine]) -> dict[int, set[int]]:
    """For each line the parts that may be sent: the one that was asked for and its successors."""
    successors = successors_of({line.part_id for line in asked.values()})
    return {
        line_id: {line.part_id, *(part.id for part in successors[line.part_id])}
        for line_id, line in asked.items()
    }


def _check_answer(
    answer: Answer,
    asked: dict[int, ApplicationLine],
    possible: dict[int, set[int]],
    prices: dict[int, Price],
) -> None:
    """A part may only be replaced by a successor, and never more sent than was asked (A3)."""
    if not _sent(answer):
        raise Invalid(_("A quote sends at least one piece. To send nothing, reject instead."))
    wrong: dict[str, str] = {}
    for index, line in enumerate(answer.lines):
        wish = asked[line.line_id]
        if not 0 <= line.quantity <= wish.quantity:
            wrong[f"lines-{index}-quantity"] = _(
                "Enter a whole number from %(least)d to %(most)d.", least=0, most=wish.quantity
            )
        price = prices.get(line.part_id)
        if line.part_id not in possible[line.line_id]:
            wrong[f"lines-{index}-part"] = _("Only a successor can replace the part.")
        elif line.quantity and (price is None or price.cost == 0):
            wrong[f"lines-{index}-part"] = _("This part has no price yet and cannot be ordered.")
    if wrong:
        raise Invalid(fields=wrong)


def _quote_line(made: Quote, line: LineAnswer, price: Price | None) -> QuoteLine:
    cost = price.cost if price else 0
    return QuoteLine(
        dealer_id=made.dealer_id,
        quote_id=made.id,
        application_line_id=line.line_id,
        part_id=line.part_id,
        quantity=line.quantity,
        price_id=price.id if price else None,
        unit_price=cost,
        amount=line.quantity * cost,
        remark=line.remark,
    )


def step(
    application: Application,
    name: str,
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
    reason: str = "",
) -> None:
    """Return, reject, withdraw, ask for a new quote, or cancel before the release (A3, A4, L6)."""
    application = relock(application)
    workflow.apply(application, name, by=by, now=now, seen=seen, reason=reason)
    application.due_at = None
    if name == "requote":
        hours = value("application.reply_hours", now.date())
        application.due_at = now + timedelta(hours=hours)
    if name == "cancel":
        ledger.void(_held(application), now=now)


def _cause(application: Application) -> str:
    return f"application/{application.public_id}"


def _held(application: Application) -> Reservation:
    held = ledger.reservation(f"{_cause(application)}/reservation")
    if held is None:
        raise RuntimeError(f"application {application.id} is confirmed without a reservation")
    return held


def current_quote(application: Application) -> Quote:
    """The quote that counts; NotFound if there is none yet."""
    made = session.scalar(
        select(Quote).where(
            Quote.application_id == application.id, Quote.version == application.quote_version
        )
    )
    if made is None:
        raise NotFound()
    return made


def confirm(
    application: Application,
    *,
    quote_version: int,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Confirm the very quote that was seen and reserve its total (A4, A5, L6).

    Stale if another version counts by now; TooLittleMoney, with what is missing, if the account
    has too little available: then nothing changes.
    """
    application = relock(application)
    workflow.check(application, "confirm", by=by)
    made = current_quote(application)
    if made.version != quote_version:
        raise Stale(_("There is a newer quote. This page now shows it; please look again."))
    if made.expires_at < now:
        raise Invalid(_("This quote has expired. Ask for a new one."))
    workflow.apply(
        application,
        "confirm",
        by=by,
        now=now,
        seen=seen,
        values={"version": made.version, "total": made.total},
    )
    ledger.reserve(application, made.total, cause=f"{_cause(application)}/reservation", now=now)
    application.due_at = None
    if value("application.release_automatically", now.date()):
        release(application, seen=None, by=SYSTEM, now=now)


def release(application: Application, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Post the reservation: parts to sales, fees to freight (A6, L6)."""
    application = relock(application)
    workflow.check(application, "release", by=by, seen=seen)
    days = value("application.ship_days", now.date())
    made = current_quote(application)
    workflow.apply(application, "release", by=by, now=now, seen=seen, values={"ship_days": days})
    fees = made.freight + made.packing
    ledger.post(
        _held(application),
        [
            ledger.Posting("parts_deduction", PARTS_SALES, made.total - fees),
            ledger.Posting("freight", FREIGHT, fees),
        ],
        document=application,
        by=by,
        now=now,
    )
    promised = datetime.combine(made.promised_on, time(23, 59, 59), now.tzinfo)
    application.due_at = max(promised, now + timedelta(days=days))


def _open_lines(application: Application) -> dict[int, QuoteLine]:
    """The confirmed lines, locked in order of their keys."""
    made = current_quote(application)
    statement = (
        select(QuoteLine)
        .where(QuoteLine.quote_id == made.id)
        .order_by(QuoteLine.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {line.id: line for line in session.scalars(statement)}


def _rest(line: QuoteLine) -> int:
    return line.quantity - line.shipped - line.cancelled


def _chosen(pieces: dict[int, int], lines: dict[int, QuoteLine]) -> dict[int, int]:
    """The pieces above zero; Invalid if there are none, or more than a line still has (A7)."""
    chosen = {line_id: count for line_id, count in pieces.items() if count}
    if not set(chosen) <= set(lines):
        raise Stale()
    wrong = {
        f"pieces-{line_id}": ngettext(
            "At most %(num)d is still to be sent.",
            "At most %(num)d are still to be sent.",
            _rest(lines[line_id]),
        )
        for line_id, count in chosen.items()
        if not 0 <= count <= _rest(lines[line_id])
    }
    if wrong:
        raise Invalid(fields=wrong)
    if not chosen:
        raise Invalid(_("Enter how many pieces of at least one line."))
    return chosen


def ship(
    application: Application,
    consignment: Consignment,
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> Shipment:
    """Send pieces of confirmed lines, never more than confirmed (A7)."""
    application = relock(application)
    workflow.check(application, "ship", by=by, seen=seen)
    begun_on = application.created_at.astimezone(now.tzinfo).date()
    if not begun_on <= consignment.shipped_on <= now.date():
        raise Invalid(
            _("The date of shipment lies between the application's day and today."),
            field="shipped_on",
        )
    lines = _open_lines(application)
    chosen = _chosen(consignment.pieces, lines)
    dealer = session.get_one(Dealer, application.dealer_id)
    shipment = Shipment(
        status="sent",
        created_at=now,
        dealer_id=application.dealer_id,
        application_id=application.id,
        number=next_number("SH", dealer.code, now),
        carrier=consignment.carrier,
        tracking_number=consignment.tracking_number,
        shipped_on=consignment.shipped_on,
    )
    session.add(shipment)
    session.flush()
    purposes = {line.id: line.purpose for line in _asked_lines(application).values()}
    for line_id, count in sorted(chosen.items()):
        line = lines[line_id]
        line.shipped += count
        session.add(
            ShipmentLine(
                dealer_id=application.dealer_id,
                shipment_id=shipment.id,
                quote_line_id=line.id,
                part_id=line.part_id,
                purpose=purposes[line.application_line_id],
                quantity=count,
                unit_price=line.unit_price,
            )
        )
    workflow.begin(shipment, by=by, now=now)
    complete = not any(_rest(line) for line in lines.values())
    workflow.apply(
        application,
        "ship_rest" if complete else "ship",
        by=by,
        now=now,
        values={"shipment": shipment.number, "pieces": sum(chosen.values())},
    )
    if complete:
        application.due_at = None
    return shipment


def cancel_lines(
    application: Application,
    pieces: dict[int, int],
    *,
    reason: str,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Cancel what cannot be sent and refund exactly that; all fees too if nothing was sent (A7)."""
    application = relock(application)
    workflow.check(application, "cancel_some", by=by, seen=seen, reason=reason)
    lines = _open_lines(application)
    chosen = _chosen(pieces, lines)
    for line_id, count in chosen.items():
        lines[line_id].cancelled += count
    amount = sum(count * lines[line_id].unit_price for line_id, count in chosen.items())
    complete = not any(_rest(line) for line in lines.values())
    nothing_sent = not any(line.shipped for line in lines.values())
    name = "cancel_some"
    if complete:
        name = "cancel_all" if nothing_sent else "cancel_rest"
    made = current_quote(application)
    fees = made.freight + made.packing if complete and nothing_sent else 0
    workflow.apply(
        application,
        name,
        by=by,
        now=now,
        reason=reason,
        values={"pieces": sum(chosen.values()), "refund": amount, "refunded_fees": fees},
    )
    _refund(application, amount, PARTS_SALES, "refund", by=by, now=now)
    _refund(application, fees, FREIGHT, "freight-refund", by=by, now=now)
    if complete:
        application.due_at = None
        _receive_if_all_arrived(application, by=SYSTEM, now=now)


def _refund(
    application: Application, amount: int, source: str, word: str, *, by: Actor, now: datetime
) -> None:
    """Give money back; the event before it numbers the cause, so that each is booked once (L4)."""
    if amount:
        ledger.transfer(
            dealer_id=application.dealer_id,
            source=source,
            target=DEALER,
            amount=amount,
            kind="refund",
            cause=f"{_cause(application)}/{word}/{application.event_count}",
            by=by,
            now=now,
            document=application,
        )


def receive(shipment: Shipment, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Confirm that a shipment arrived (A8); with the last one the application is received.

    The application's row is locked before the shipment's, as everywhere.
    """
    application = relock(session.get_one(Application, shipment.application_id))
    shipment = relock(shipment)
    workflow.apply(shipment, "receive", by=by, now=now, seen=seen)
    shipment.received_at = now
    session.flush()
    _receive_if_all_arrived(application, by=by, now=now)


def _receive_if_all_arrived(application: Application, *, by: Actor, now: datetime) -> None:
    """Nothing more to send, and all that was sent has arrived: received, and so closed."""
    if application.status != "shipped":
        return
    on_the_way = session.scalar(
        select(Shipment.id)
        .where(Shipment.application_id == application.id, Shipment.status != "received")
        .limit(1)
    )
    if on_the_way is None:
        workflow.apply(application, "receive", by=by, now=now)
        workflow.apply(application, "close", by=SYSTEM, now=now)


def expire(application: Application, *, now: datetime) -> None:
    """Let a quote expire whose time has passed; harmless for any other."""
    application = relock(application)
    if application.status == "quoted" and current_quote(application).expires_at < now:
        workflow.apply(application, "expire", by=SYSTEM, now=now)
        application.due_at = None


__all__ = [
    "TooLittleMoney",
    "cancel_lines",
    "confirm",
    "current_quote",
    "expire",
    "quote",
    "receive",
    "release",
    "save",
    "ship",
    "start",
    "step",
    "submit",
    "wrong_in",
]
