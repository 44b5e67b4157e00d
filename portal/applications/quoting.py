"""The quote: headquarters' answer, its confirmation and the money that it moves (A3–A6)."""

from datetime import datetime, timedelta

from sqlalchemy import select

from portal.applications.clocks import ship_due
from portal.applications.commands import Answer, LineAnswer
from portal.applications.models import (
    Application,
    ApplicationLine,
    Quote,
    QuoteLine,
)
from portal.applications.queries import asked_lines
from portal.catalogue.models import Price
from portal.catalogue.queries import prices_of, successors_of
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, NotFound, Stale
from portal.core.i18n import _
from portal.core.permissions import SYSTEM, Actor
from portal.ledger import services as ledger
from portal.ledger.models import FREIGHT, PARTS_SALES, Reservation
from portal.terms.calendar import end_of
from portal.terms.values import value


def quote(
    application: Application, answer: Answer, *, seen: int | None, by: Actor, now: datetime
) -> Quote:
    """Answer with quantities, parts, prices in force, fees and a promised date (A3, C2)."""
    application = relock(application)
    workflow.check(application, "quote", by=by, seen=seen)
    if answer.promised_on < now.date():
        raise Invalid(_("The promised date cannot be in the past."), field="promised_on")
    asked = asked_lines(application)
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
        expires_at=end_of(now.date() + timedelta(days=days), now.tzinfo),
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


def cause(application: Application) -> str:
    """What the causes of an application's entries in the ledger begin with (L4)."""
    return f"application/{application.public_id}"


def held(application: Application) -> Reservation:
    """The reservation of a confirmed application (L6)."""
    held = ledger.reservation(f"{cause(application)}/reservation")
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
    ledger.reserve(application, made.total, cause=f"{cause(application)}/reservation", now=now)
    application.due_at = None
    if value("application.release_automatically", now.date()):
        release(application, seen=None, by=SYSTEM, now=now)


def release(application: Application, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Post the reservation: parts to sales, fees to freight (A6, L6)."""
    application = relock(application)
    workflow.check(application, "release", by=by, seen=seen)
    made = current_quote(application)
    due, days = ship_due(now, made.promised_on)
    workflow.apply(application, "release", by=by, now=now, seen=seen, values={"ship_days": days})
    fees = made.freight + made.packing
    ledger.post(
        held(application),
        [
            ledger.Posting("parts_deduction", PARTS_SALES, made.total - fees),
            ledger.Posting("freight", FREIGHT, fees),
        ],
        document=application,
        by=by,
        now=now,
    )
    application.due_at = due


def expire(application: Application, *, now: datetime) -> None:
    """Let a quote expire whose time has passed; harmless for any other."""
    application = relock(application)
    if application.status == "quoted" and current_quote(application).expires_at < now:
        workflow.apply(application, "expire", by=SYSTEM, now=now)
        application.due_at = None
