"""When headquarters has to act (A10), by its working calendar; and what it promises by default."""

from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from portal.terms.calendar import end_of, load
from portal.terms.values import value


class Due(NamedTuple):
    """A deadline, and the policy value that it follows from: hours or days."""

    at: datetime
    within: int


def reply_due(now: datetime) -> Due:
    """By when a submission is answered: so many working hours from now.

    At midnight is the end of a day, not the beginning of the next, which may be a holiday.
    """
    hours = value("application.reply_hours", now.date())
    at = load(now).after(now, hours)
    return Due(at if at.time() != time() else at - timedelta(seconds=1), hours)


def ship_due(now: datetime, promised_on: date) -> Due:
    """By when what is released now is shipped: the end of a day in headquarters' zone (T1).

    So many working days from today, or the promised day, whichever is later.
    """
    days = value("application.ship_days", now.date())
    day = load(now).working_days_after(now.date(), days)
    return Due(end_of(max(day, promised_on), now.tzinfo), days)


def held_to(now: datetime, *, quoted_on: date, promised_on: date) -> Due:
    """The day that a confirmation of now holds headquarters to, with the days of the policy (A9).

    The promised one; to who confirms late, as many working days after it as the quote gave
    itself, but no more than headquarters takes for shipping.
    """
    most, calendar = value("application.ship_days", now.date()), load(now)
    given = sum(
        calendar.working_days_after(quoted_on, days) <= promised_on for days in range(1, most + 1)
    )
    day = calendar.working_days_after(now.date(), given)
    return Due(end_of(max(day, promised_on), now.tzinfo), most)


def default_promise(now: datetime) -> date:
    """The day that a quote promises unless the desk says otherwise: as for a release today."""
    return load(now).working_days_after(now.date(), value("application.ship_days", now.date()))
