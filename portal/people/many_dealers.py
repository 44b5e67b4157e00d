"""Many dealers at once: what is added and changed by a spreadsheet, each with its event (P4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from portal.core.db import session
from portal.core.events import record_many
from portal.core.permissions import Actor
from portal.people import policy
from portal.people.models import Dealer
from portal.people.services import DealerFacts, changed, new_dealer


def add(facts: Sequence[DealerFacts], *, file_name: str, by: Actor, now: datetime) -> None:
    """Add dealers whose codes are free; the ledger opens the account of each."""
    by.must(policy.DEALER_MANAGE)
    made = [new_dealer(one, now) for one in facts]
    session.add_all(made)
    session.flush()
    values = {one.id: {"file": file_name} for one in made}
    record_many(made, "create", by=by, now=now, from_status="", values=values)


def change(facts: Mapping[int, DealerFacts], *, file_name: str, by: Actor, now: datetime) -> None:
    """Change what is known of dealers, by their keys; each event has what was before and is now."""
    by.must(policy.DEALER_MANAGE)
    found = session.scalars(
        select(Dealer)
        .where(Dealer.id.in_(facts))
        .order_by(Dealer.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).all()
    values = {one.id: {**changed(one, facts[one.id]), "file": file_name} for one in found}
    for status in sorted({one.status for one in found}):
        alike = [one for one in found if one.status == status]
        record_many(alike, "edit", by=by, now=now, from_status=status, values=values)
