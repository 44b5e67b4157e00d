"""The invented maker's holidays, as its administrator declares them in the working calendar."""

from datetime import date, timedelta

from portal.demo.stage import Script, Stage
from portal.terms import calendar_services
from portal.terms.calendar import Span

YEARLY = (
    (1, 1, 1, "元旦 New Year"),
    (5, 1, 2, "劳动节 Labour Day"),
    (10, 1, 7, "国庆节 National Day"),
)
"""First day, how many days, and name: those on which ``hours.CHINA`` has nobody at work."""
MADE_UP = "国庆节调休 made up for National Day"


def holidays(stage: Stage) -> Script:
    """What is still to come of this year and the next; a Saturday makes up for the long one."""
    now = stage.start + timedelta(hours=3)
    yield now
    spans = [span for year in (now.year, now.year + 1) for span in _of(year)]
    coming = [span for span in spans if span.first >= now.date()]
    administrator = stage.actors["administrator"]
    calendar_services.declare(coming, seen=None, by=administrator, now=now)


def _of(year: int) -> list[Span]:
    spans = []
    for month, day, days, name in YEARLY:
        first = date(year, month, day)
        spans.append(Span(first, first + timedelta(days=days - 1), name, works=False))
    after = spans[-1].last + timedelta(days=1)
    saturday = after + timedelta(days=(5 - after.weekday()) % 7)
    return [*spans, Span(saturday, saturday, MADE_UP, works=True)]
