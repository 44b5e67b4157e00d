"""What the clock asks: of called old parts that are to be sent soon (O7)."""

from functools import partial

import structlog

from portal.collections import queries, receiving
from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading
from portal.terms.values import value

log = structlog.get_logger()


@jobs.timer("remind of called old parts")
def remind(clock: Clock) -> None:
    """Remind of the consignments that are to be sent soon."""
    at = clock.now()
    with reading():
        due = queries.to_remind(at, value("collection.remind_days", at.date()))
    for consignment in due:
        try:
            in_transaction(partial(receiving.remind, consignment, now=clock.now()))
        except Exception:
            # The others have their turn all the same; this one is tried again in the next round.
            log.exception("the clock failed with a document", document=consignment.number)
