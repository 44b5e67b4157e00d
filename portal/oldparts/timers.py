"""What the clock asks of old parts: what must soon be registered, and what was not (O6)."""

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import reading
from portal.oldparts import charges, owed


@jobs.timer("remind of old parts")
def remind(clock: Clock) -> None:
    """Remind of what must soon be registered."""
    with reading():
        due = owed.to_remind(clock.now().date())
    jobs.each_alone(due, owed.remind, clock)


@jobs.timer("charge old parts")
def charge(clock: Clock) -> None:
    """Charge what was not registered in time."""
    with reading():
        due = owed.overdue(clock.now())
    jobs.each_alone(due, charges.charge_if_overdue, clock)


@jobs.timer("charge missing old parts")
def charge_missing(clock: Clock) -> None:
    """Book what was charged for pieces that went missing in a collection."""
    with reading():
        due = charges.due()
    jobs.each_alone(due, charges.charge_due, clock)
