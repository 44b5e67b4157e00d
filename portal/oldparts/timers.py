"""What the clock asks of old parts: what must soon be registered, and what was not (O6)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import structlog
from sqlalchemy import inspect

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading
from portal.oldparts import charges, owed

log = structlog.get_logger()


def _each_alone(due: Iterable[Any], act: Callable[..., object], clock: Clock) -> None:
    """Do something with each in a transaction of its own."""
    for one in due:
        try:
            in_transaction(partial(act, one, now=clock.now()))
        except Exception:
            # The others have their turn all the same; this one is tried again in the next round.
            log.exception("the clock failed with old parts", of=str(inspect(one).identity))


@jobs.timer("remind of old parts")
def remind(clock: Clock) -> None:
    """Remind of what must soon be registered."""
    with reading():
        due = owed.to_remind(clock.now().date())
    _each_alone(due, owed.remind, clock)


@jobs.timer("charge old parts")
def charge(clock: Clock) -> None:
    """Charge what was not registered in time."""
    with reading():
        due = owed.overdue(clock.now())
    _each_alone(due, charges.charge_if_overdue, clock)
