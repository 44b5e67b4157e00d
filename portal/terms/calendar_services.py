"""Every change to the working calendar's days (A10, P4)."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import delete, insert, select

from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.terms import policy
from portal.terms.calendar import Span
from portal.terms.models import CalendarDay, WorkingCalendar

FURTHEST_YEARS = 5
LONGEST = 62
"""How many days one holiday has at most."""


def the_calendar() -> WorkingCalendar:
    """The one calendar that there is."""
    return session.scalars(select(WorkingCalendar)).one()


def problem(span: Span, now: datetime) -> Invalid | None:
    """What is wrong with a span: its days count from today on, and not for ever."""
    if not span.name.strip():
        return Invalid(_("Please fill this in."), field="name")
    if span.first < now.date():
        return Invalid(
            _("A day that has passed cannot be changed: choose today or a later day."),
            field="first",
        )
    if span.last.year > now.year + FURTHEST_YEARS:
        return Invalid(_("This day is too far ahead."), field="last")
    if not 0 <= (span.last - span.first).days < LONGEST:
        return Invalid(
            _("The last day is the first or a later one, %(most)d days in all.", most=LONGEST),
            field="last",
        )
    return None


def declare(spans: Sequence[Span], *, seen: int | None, by: Actor, now: datetime) -> None:
    """Declare holidays, or days that are worked; what was declared for a day before goes.

    Deadlines that were given stay. Stale if ``seen`` is not the calendar's version; Invalid for a
    span that has passed, or is too long, too far ahead or without a name.
    """
    by.must(policy.CALENDAR_SET)
    calendar = relock(the_calendar())
    for span in spans:
        if refusal := problem(span, now):
            raise refusal
        _forget(span.first, span.last)
        session.execute(
            insert(CalendarDay),
            [{"day": day, "works": span.works, "name": span.name.strip()} for day in span.days],
        )
        values = {
            "first": span.first.isoformat(),
            "last": span.last.isoformat(),
            "name": span.name.strip(),
            "works": span.works,
        }
        workflow.apply(calendar, "declare", by=by, now=now, seen=seen, values=values)
        seen = None  # the spans come together


def _forget(first: date, last: date) -> None:
    session.execute(delete(CalendarDay).where(CalendarDay.day.between(first, last)))


def clear(first: date, last: date, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Take back what was declared for some days: the weekly pattern counts for them again.

    Stale if ``seen`` is not the calendar's version; Invalid for days that have passed, or if
    nothing was declared for them.
    """
    by.must(policy.CALENDAR_SET)
    calendar = relock(the_calendar())
    workflow.check(calendar, "clear", by=by, seen=seen)
    if first < now.date():
        raise Invalid(_("A day that has passed cannot be changed: choose today or a later day."))
    some = select(CalendarDay.day).where(CalendarDay.day.between(first, last)).limit(1)
    if session.scalar(some) is None:
        raise Invalid(_("Nothing is declared for these days."))
    _forget(first, last)
    values = {"first": first.isoformat(), "last": last.isoformat()}
    workflow.apply(calendar, "clear", by=by, now=now, values=values)
