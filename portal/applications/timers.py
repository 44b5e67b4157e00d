"""What the clock asks of quotes: those that end soon, and those that have ended."""

from collections.abc import Callable, Iterable
from functools import partial

import structlog

from portal.applications import queries, quote_queries, quoting
from portal.applications.models import Application
from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading
from portal.terms.values import value

log = structlog.get_logger()


def _each_alone(due: Iterable[Application], act: Callable[..., None], clock: Clock) -> None:
    """Do something with each in a transaction of its own."""
    for application in due:
        try:
            in_transaction(partial(act, application, now=clock.now()))
        except Exception:
            # The others have their turn all the same; this one is tried again in the next round.
            log.exception("the clock failed with a quote", application=application.number)


@jobs.timer("expire quotes")
def expire(clock: Clock) -> None:
    """Let quotes expire that nobody confirmed in time."""
    with reading():
        due = list(queries.expired(clock.now()))
    _each_alone(due, quoting.expire, clock)


@jobs.timer("remind of quotes")
def remind(clock: Clock) -> None:
    """Remind of the quotes that end soon."""
    at = clock.now()
    with reading():
        due = quote_queries.to_remind(at, value("application.remind_days", at.date()))
    _each_alone(due, quoting.remind, clock)
