"""What the clock asks of old parts: what must soon be registered, and what was not (O6)."""

from functools import partial

import structlog

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading
from portal.oldparts import charges, owed

log = structlog.get_logger()


@jobs.timer("charge old parts")
def charge(clock: Clock) -> None:
    """Charge what was not registered in time, each line in a transaction of its own."""
    with reading():
        due = owed.overdue(clock.now())
    for line in due:
        try:
            in_transaction(partial(charges.charge_if_overdue, line, now=clock.now()))
        except Exception:
            # The others have their turn all the same; this one is tried again in the next round.
            log.exception("could not charge what is owed", line=line.shipment_line_id)
