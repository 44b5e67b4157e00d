"""When runs open, and what is submitted by then (R4): in headquarters' zone (T1)."""

from datetime import datetime, time
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from portal.claims.models import Run
from portal.core.clock import Month
from portal.core.db import session
from portal.terms import calendar
from portal.terms.values import in_force, values


def zone_of(now: datetime) -> ZoneInfo:
    """Headquarters' zone, in which ``now`` is given (T1)."""
    if not isinstance(now.tzinfo, ZoneInfo):
        raise TypeError("now must be in headquarters' zone")
    return now.tzinfo


_DAY, _ON_WORKING_DAY = "claim.run_day", "claim.run_on_working_day"


def _run_day(month: Month, now: datetime, day: int, *, moves: int) -> datetime:
    """When the run for a month opens: what is submitted from then on is in the next one (R4).

    If it ``moves``, it is headquarters' next working day, but for one of another month.
    """
    first = month.plus(1).start(zone_of(now)).replace(day=day)
    if not moves:
        return first
    working = calendar.load(now, first.date()).working_days_after(first.date(), 0)
    if working.month != first.month:
        return first
    return datetime.combine(working, time(), first.tzinfo)


def next_cutoff(now: datetime) -> datetime:
    """The next opening of a run."""
    known = values((_DAY, _ON_WORKING_DAY), now.date())
    day, moves = known[_DAY], known[_ON_WORKING_DAY]
    this_month = _run_day(Month.of(now).plus(-1), now, day, moves=moves)
    return this_month if now < this_month else _run_day(Month.of(now), now, day, moves=moves)


class Opening(NamedTuple):
    """The run that can be opened next, and when it opens by itself."""

    month: Month
    at: datetime


def next_opening(now: datetime) -> Opening | None:
    """The run that can be opened next; None when the present month has its run."""
    today = now.date()
    last, day, moves = session.execute(
        select(
            select(func.max(Run.month)).scalar_subquery(),
            in_force(_DAY, today),
            in_force(_ON_WORKING_DAY, today),
        )
    ).one()
    before = Month.of(now).plus(-1)
    if last is not None and last > str(before):
        return None
    month = Month.of(now) if last == str(before) else before
    return Opening(month, _run_day(month, now, day, moves=moves))
