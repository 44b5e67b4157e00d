"""What the clock asks: of called old parts that are to be sent soon (O7)."""

from portal.collections import queries, receiving
from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import reading
from portal.terms.values import value


@jobs.timer("remind of called old parts")
def remind(clock: Clock) -> None:
    """Remind of the consignments that are to be sent soon."""
    at = clock.now()
    with reading():
        due = queries.to_remind(at, value("collection.remind_days", at.date()))
    jobs.each_alone(due, receiving.remind, clock)
