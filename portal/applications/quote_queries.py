"""Reads of quotes: their versions, the queue of the desk, and those that end soon (A3, A4, A10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, or_, select

from portal.applications import policy
from portal.applications.differences import Figures, LineFigures
from portal.applications.models import Application, ApplicationLine, Quote, QuoteLine
from portal.applications.queries import ASKED, BESIDE, IS_PRESENT, SENT, WAITS_UNTIL
from portal.core.db import AnyRow, session
from portal.core.events import Event
from portal.core.permissions import Actor
from portal.people.models import User


@dataclass(frozen=True)
class Version:
    """One version of a quote: who made it, and its lines beside what was asked then."""

    quote: Quote
    made_by: str
    lines: Sequence[AnyRow]

    @property
    def figures(self) -> Figures:
        """What it is compared by."""
        lines = {
            row.ApplicationLine.id: LineFigures(
                row.ApplicationLine.position,
                row.asked_number,
                row.sent_number,
                row.QuoteLine.quantity,
                row.QuoteLine.unit_price,
                row.QuoteLine.remark,
            )
            for row in self.lines
        }
        made = self.quote
        return Figures(lines, made.freight, made.packing, made.promised_on, made.remark, made.total)


def versions_of(application: Application) -> list[Version]:
    """Every version of an application's quote, the oldest first (A4); two queries."""
    made = session.execute(
        select(Quote, User.name)
        .join(User, User.id == Quote.made_by_id)
        .where(Quote.application_id == application.id)
        .order_by(Quote.version)
    ).all()
    lines: dict[int, list[AnyRow]] = {quote.id: [] for quote, _name in made}
    for row in session.execute(
        select(*BESIDE)
        .select_from(QuoteLine)
        .join(ApplicationLine, ApplicationLine.id == QuoteLine.application_line_id)
        .join(ASKED, ASKED.c.id == ApplicationLine.part_id)
        .join(SENT, SENT.c.id == QuoteLine.part_id)
        .where(QuoteLine.quote_id.in_(lines))
        .order_by(QuoteLine.quote_id, ApplicationLine.position)
    ):
        lines[row.QuoteLine.quote_id].append(row)
    return [Version(quote, name, lines[quote.id]) for quote, name in made]


def asked_anew(application: Application) -> AnyRow | None:
    """Who of the dealer asked for a new quote, and why; None if nobody waits for one (A4)."""
    if application.status != "submitted" or not application.quote_version:
        return None
    return session.execute(
        select(Event.actor_name, Event.reason)
        .where(
            Event.document_kind == Application.kind,
            Event.document_id == application.id,
            Event.name == "requote",
        )
        .order_by(Event.seq.desc())
        .limit(1)
    ).first()


def next_to_quote(actor: Actor, after: Application | None = None) -> str | None:
    """The public id of the application that waits longest for a quote, behind a given one.

    Behind the last comes the first again; None if no other waits.
    """
    waiting = (
        select(Application.public_id)
        .where(policy.visible_applications(actor), Application.status == "submitted")
        .order_by(WAITS_UNTIL, Application.id)
        .limit(1)
    )
    if after is None:
        return session.scalars(waiting).first()
    at = after.due_at or after.created_at
    behind = and_(at <= WAITS_UNTIL, or_(at < WAITS_UNTIL, Application.id > after.id))
    found = session.scalars(waiting.where(behind)).first()
    return found or session.scalars(waiting.where(Application.id != after.id)).first()


_REMINDED = exists().where(
    Event.document_kind == Application.kind,
    Event.document_id == Application.id,
    Event.name == "remind",
    Event.at > Quote.made_at,
)


def to_remind(now: datetime, days: int) -> list[Application]:
    """The quotes that end within so many days, stood for longer, and nobody was reminded of."""
    soon = timedelta(days=days)
    standing = session.execute(
        select(Application, Quote.made_at)
        .join(Quote, IS_PRESENT)
        .where(
            Application.status == "quoted",
            Application.due_at.between(now, now + soon),
            ~_REMINDED,
        )
    )
    return [one for one, made_at in standing if one.due_at and made_at + soon <= one.due_at]


def was_reminded(application: Application) -> bool:
    """Whether those who may confirm it were reminded of the quote that counts."""
    statement = select(Application.id).join(Quote, IS_PRESENT).where(_REMINDED)
    mine = statement.where(Application.id == application.id)
    return session.scalars(mine).first() is not None
