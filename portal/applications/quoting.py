"""The quote: headquarters' answer, its confirmation and the money that it moves (A3–A6)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import insert, select

from portal.applications.answers import Basis, at_list, basis_of, check_answer
from portal.applications.clocks import held_to, ship_due
from portal.applications.commands import Answer
from portal.applications.models import Application, Quote, QuoteLine
from portal.applications.quote_queries import was_reminded
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, Invalid, NotFound, Refusal, Stale
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import SYSTEM, Actor
from portal.ledger import services as ledger
from portal.ledger.models import FREIGHT, PARTS_SALES, Reservation
from portal.terms.calendar import end_of
from portal.terms.values import value


@dataclass(frozen=True)
class Outcome:
    """What became of many: those that were done, and why the others were refused."""

    done: list[Application] = field(default_factory=list)
    refused: list[tuple[Application, Refusal]] = field(default_factory=list)


def quote(
    application: Application, answer: Answer, *, seen: int | None, by: Actor, now: datetime
) -> Quote:
    """Answer with quantities, parts, prices in force, fees and a promised date (A3, C2)."""
    return _answer(application, "quote", answer, seen=seen, by=by, now=now)


def correct(
    application: Application, answer: Answer, *, seen: int | None, by: Actor, now: datetime
) -> Quote:
    """Put a new version in the place of a quote that the dealer has not confirmed yet (A4)."""
    return _answer(application, "correct", answer, seen=seen, by=by, now=now)


def _answer(
    application: Application,
    step: str,
    answer: Answer,
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> Quote:
    application = relock(application)
    workflow.check(application, step, by=by, seen=seen)
    basis = basis_of([application], now)
    check_answer(application, answer, basis)
    (made,) = _send([(application, answer)], step, basis, by=by, now=now)
    return made


def quote_at_list(
    ids: Iterable[int],
    *,
    freight: int = 0,
    packing: int = 0,
    promised_on: date,
    seen: Mapping[int, int] | None = None,
    by: Actor,
    now: datetime,
) -> Outcome:
    """Answer many applications as they were asked, at list price, each with the same fees (A3).

    ``seen`` are the versions that were looked at, by their keys. What the answers follow from is
    asked for once. Those that cannot be answered so are in the outcome, with the reason, and stay
    as they are.
    """
    locked = _locked(ids)
    basis = basis_of(locked, now)
    answers: list[tuple[Application, Answer]] = []

    def ask(application: Application) -> None:
        answer = offer(
            application,
            basis,
            freight=freight,
            packing=packing,
            promised_on=promised_on,
            seen=(seen or {}).get(application.id),
            by=by,
        )
        answers.append((application, answer))

    outcome = _each(locked, ask)
    _send(answers, "quote", basis, by=by, now=now)
    return outcome


def offer(
    application: Application,
    basis: Basis,
    *,
    freight: int = 0,
    packing: int = 0,
    promised_on: date,
    seen: int | None = None,
    by: Actor,
) -> Answer:
    """The answer at list price, if it may be given now: a refusal says why it may not."""
    workflow.check(application, "quote", by=by, seen=seen)
    answer = at_list(application, basis, freight=freight, packing=packing, promised_on=promised_on)
    check_answer(application, answer, basis)
    return answer


def _locked(ids: Iterable[int]) -> Sequence[Application]:
    """Applications as they stand, locked in the order of their keys: nobody waits in a circle."""
    return session.scalars(
        select(Application)
        .where(Application.id.in_(set(ids)))
        .order_by(Application.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _each(applications: Iterable[Application], act: Callable[[Application], None]) -> Outcome:
    """Do something with each: one that is refused is noted, and the others do not care."""
    outcome = Outcome()
    for application in applications:
        try:
            act(application)
        except (Conflict, Invalid) as refusal:
            outcome.refused.append((application, refusal))
        else:
            outcome.done.append(application)
    return outcome


def _send(
    answers: Sequence[tuple[Application, Answer]],
    step: str,
    basis: Basis,
    *,
    by: Actor,
    now: datetime,
) -> Sequence[Quote]:
    """Write answers that were checked, and take the step with their locked applications."""
    if not answers:
        return []
    days = value("application.quote_days", now.date())
    expires_at = end_of(now.date() + timedelta(days=days), now.tzinfo)
    quotes = [
        Quote(
            dealer_id=application.dealer_id,
            application_id=application.id,
            version=application.quote_version + 1,
            freight=answer.freight,
            packing=answer.packing,
            total=basis.total(answer),
            promised_on=answer.promised_on,
            expires_at=expires_at,
            remark=answer.remark,
            made_by_id=by.id,
            made_at=now,
        )
        for application, answer in answers
    ]
    session.add_all(quotes)
    session.flush()
    sent = list(zip(quotes, answers, strict=True))
    session.execute(
        insert(QuoteLine),
        [row for made, (_one, answer) in sent for row in _rows(made, answer, basis)],
    )
    for made, (application, _answer) in sent:
        application.quote_version, application.total = made.version, made.total
        application.due_at = expires_at
    workflow.apply_many(
        [application for application, _answer in answers],
        step,
        by=by,
        now=now,
        values={
            made.application_id: {"version": made.version, "total": made.total, "quote_days": days}
            for made in quotes
        },
    )
    return quotes


def _rows(made: Quote, answer: Answer, basis: Basis) -> list[dict[str, object]]:
    """The lines of a quote; a part without a price is on a line that sends nothing."""
    return [
        {
            "dealer_id": made.dealer_id,
            "quote_id": made.id,
            "application_line_id": line.line_id,
            "part_id": line.part_id,
            "quantity": line.quantity,
            "price_id": basis.prices[line.part_id].id if line.part_id in basis.prices else None,
            "unit_price": basis.cost(line.part_id) or 0,
            "amount": basis.amount(line),
            "remark": line.remark,
        }
        for line in answer.lines
    ]


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
    quoted_on = made.made_at.astimezone(now.tzinfo).date()
    owed = held_to(now, quoted_on=quoted_on, promised_on=made.promised_on)
    application.promised_on = owed.at.date()
    workflow.apply(
        application,
        "confirm",
        by=by,
        now=now,
        seen=seen,
        values={
            "version": made.version,
            "total": made.total,
            "promised_on": application.promised_on.isoformat(),
            "ship_days": owed.within,
        },
    )
    ledger.reserve(application, made.total, cause=f"{cause(application)}/reservation", now=now)
    application.due_at = None
    if value("application.release_automatically", now.date()):
        release(application, seen=None, by=SYSTEM, now=now)


def promise_of(application: Application) -> date:
    """The day that headquarters is held to: that of the confirmation, else the quote's (A9)."""
    return application.promised_on or current_quote(application).promised_on


def release(application: Application, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Post the reservation: parts to sales, fees to freight (A6, L6)."""
    application = relock(application)
    workflow.check(application, "release", by=by, seen=seen)
    made = current_quote(application)
    due, days = ship_due(now, promise_of(application))
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


def release_many(ids: Iterable[int], *, by: Actor, now: datetime) -> Outcome:
    """Release many confirmed applications, each for itself (A6)."""

    def act(application: Application) -> None:
        with session.begin_nested():
            release(application, seen=None, by=by, now=now)

    return _each(_locked(ids), act)


def remind(application: Application, *, now: datetime) -> None:
    """Tell who may confirm that the quote ends soon: once for each version of it.

    Harmless for an application that has no such quote. The page of whoever is about to confirm
    stays in force.
    """
    application = relock(application)
    if application.status == "quoted" and not was_reminded(application):
        workflow.check(application, "remind", by=SYSTEM)
        days = value("application.remind_days", now.date())
        values = {"version": application.quote_version, "remind_days": days}
        record(application, "remind", by=SYSTEM, now=now, values=values)


def expire(application: Application, *, now: datetime) -> None:
    """Let a quote expire whose time has passed; harmless for any other."""
    application = relock(application)
    if application.status == "quoted" and current_quote(application).expires_at < now:
        values = {"version": application.quote_version}
        workflow.apply(application, "expire", by=SYSTEM, now=now, values=values)
        application.due_at = None
