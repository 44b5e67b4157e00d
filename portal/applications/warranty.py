"""The warranty of what is asked for (C5): computed when somebody looks, never kept as a fact."""

from collections.abc import Iterable
from datetime import datetime

from portal.applications.models import WARRANTY, ApplicationLine
from portal.catalogue.eligibility import Case, Eligibility
from portal.catalogue.warranty import eligibilities


def eligibility_of(lines: Iterable[ApplicationLine], now: datetime) -> dict[int, Eligibility]:
    """The eligibility of each warranty line by its key, for a failure today; four queries."""
    asked = [line for line in lines if line.purpose == WARRANTY]
    if not asked:
        return {}
    cases = [
        Case(
            line.part_id,
            model=line.product_model,
            serial=line.serial,
            purchased_on=line.purchase_date,
        )
        for line in asked
    ]
    found = eligibilities(cases, today=now.date())
    return dict(zip((line.id for line in asked), found, strict=True))
