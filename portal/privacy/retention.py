"""Customers' personal data is kept for some years only; then it goes by itself, at night."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import give_way, in_transaction, reading
from portal.core.i18n import _l
from portal.oldparts import batches
from portal.oldparts.batch_models import OldPartBatch
from portal.operations.books import LANE
from portal.privacy import queries, services
from portal.privacy.naming import NAMING, Naming
from portal.terms.values import value

KIND, NIGHT = "privacy.anonymise", 4
SOME = 50
"""So many documents are emptied in one transaction: others want to write meanwhile."""
LEAST = 2
"""Years: the rules that look for a customer's other repairs look back so far at most."""
_FIRST = (datetime(1970, 1, 1, tzinfo=UTC), 0)

promise = jobs.daily(KIND, NIGHT)
"""Have what is too old removed once a night."""


@jobs.handler(KIND, label=_l("Removing customers’ personal data"), lane=LANE)
def remove_old(_payload: dict[str, Any], clock: Clock) -> None:
    """Remove the customers' data of documents that are over, and that nothing happened to since."""
    now = clock.now()
    with reading():
        years = value("customer.keep_years", now.date())
    if not years:
        return
    before = _years_before(now, max(years, LEAST))
    for naming in NAMING.values():
        _remove(naming, before, years, now)
    sheets = OldPartBatch.created_at < before
    in_transaction(lambda: batches.forget_sheets(sheets, now=now))


def _years_before(now: datetime, years: int) -> datetime:
    """The same day so many years ago; of the 29th of February the 28th."""
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - years, day=day)


def _remove(naming: Naming, before: datetime, years: int, now: datetime) -> None:
    last = _FIRST
    while True:
        with reading():
            found = queries.due(naming, before, now, last, SOME)
        if not found:
            return
        keys = [row.id for row in found]
        in_transaction(partial(services.anonymise_due, naming, keys, years=years, now=now))
        last = (found[-1].created_at, found[-1].id)
        give_way()
