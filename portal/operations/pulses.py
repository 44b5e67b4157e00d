"""Which workers are alive: each leaves a sign once a minute, wherever it runs."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, func, select

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading, session
from portal.operations.models import Pulse

EVERY = timedelta(minutes=1)
PATIENCE = timedelta(minutes=10)
"""How long a worker may be silent, and what is due may wait, before somebody looks why."""
KEPT_FOR = timedelta(days=1)
_name = jobs.name_of_worker()


@jobs.timer("operations.pulse")
def beat(clock: Clock) -> None:
    """Say that this worker is alive, and forget those that have been silent for a day."""
    now = clock.now()
    with reading():
        last = session.scalar(select(Pulse.at).where(Pulse.worker == _name))
    if last is None or not last <= now < last + EVERY:
        in_transaction(partial(_beat, now))


def _beat(now: datetime) -> None:
    session.merge(Pulse(worker=_name, at=now))
    session.execute(delete(Pulse).where(Pulse.at < now - KEPT_FOR))


def last_seen() -> datetime | None:
    """When any worker was last seen; None if none was for a day."""
    return session.scalar(select(func.max(Pulse.at)))


def alive(now: datetime) -> int:
    """How many workers are alive."""
    return session.scalars(select(func.count()).where(Pulse.at > now - PATIENCE)).one()


def machines() -> set[str]:
    """The machines that workers ran on since yesterday."""
    return {name.partition("/")[0] for name in session.scalars(select(Pulse.worker))}
