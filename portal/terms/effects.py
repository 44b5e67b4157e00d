"""What a policy value meant last month: for how many documents it counted, and how long they took.

It is read from the events: what happened, and for deadlines how long after what it follows on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median_low
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from portal.core.clock import Month
from portal.core.db import session
from portal.core.events import Event

MOST = 5000
"""How many documents are looked at: the last ones of the month."""


@dataclass(frozen=True)
class Source:
    """A value counts where one of ``ends`` happens to a kind of document.

    With ``begins`` it is a number of days: since the last of those.
    """

    kind: str
    ends: tuple[str, ...]
    begins: tuple[str, ...] = ()


_QUOTED = ("quote", "correct")
_DISPATCHED = ("confirm", "requote", "withdraw", "expire")
SOURCES: Mapping[str, Source] = {
    "application.reply_hours": Source("application", ("submit", "requote")),
    "application.quote_days": Source("application", _DISPATCHED, _QUOTED),
    "application.remind_days": Source("application", ("remind",)),
    "application.ship_days": Source("application", ("release",)),
    "application.release_automatically": Source("application", ("release",)),
    "compensation.rate": Source("compensation", ("create",)),
    "compensation.most": Source("compensation", ("create",)),
    "compensation.book_days": Source("compensation", ("book", "excuse"), ("create",)),
    "shipment.receive_days": Source("shipment", ("receive", "report", "lapse"), ("create",)),
    "shipment.remind_days": Source("shipment", ("remind",)),
    "oldpart.photos": Source("oldpart", ("create",)),
    "oldpart.register_days": Source("shipment", ("receive", "report", "lapse")),
    "oldpart.charge_in_full": Source("oldpartcharge", ("create", "charge")),
    "oldpart.dispute_days": Source("oldpartcharge", ("dispute",), ("create", "charge")),
    "oldpart.object_days": Source("oldpart", ("object",), ("fail",)),
    "collection.remind_days": Source("consignment", ("remind",)),
    "claim.lapse_months": Source("oldpart", ("accept",)),
    "claim.spot_check": Source("claim", ("take_in",)),
    "claim.close_four_eyes": Source("run", ("close",)),
    "claim.appeal_days": Source("claim", ("decide",)),
    "customer.keep_years": Source("oldpart", ("anonymise",)),
    "penalty.answer_days": Source("correction", ("answer",), ("announce",)),
}
"""Where each value counts, by its name; of the others nothing is told."""


@dataclass(frozen=True)
class Effect:
    """What a value meant in a month: for how many documents it counted; ``has_more`` if for more.

    For a deadline also the days that the middle one and the longest took, begun days counted
    whole, and how many took longer than a number of days.
    """

    month: Month
    count: int
    has_more: bool
    days: tuple[int, ...] = ()

    @property
    def middle(self) -> int:
        return median_low(self.days)

    @property
    def longest(self) -> int:
        return max(self.days)

    def longer_than(self, days: int) -> int:
        """How many documents a deadline of so many days would have been too short for."""
        return sum(one > days for one in self.days)


def last_month(name: str, now: datetime) -> Effect | None:
    """What a value meant in the month before; None for one that no event tells of. One query."""
    source = SOURCES.get(name)
    if source is None:
        return None
    assert isinstance(now.tzinfo, ZoneInfo)
    month = Month.of(now).plus(-1)
    begin, end = month.start(now.tzinfo), Month.of(now).start(now.tzinfo)
    ended, begun = aliased(Event), aliased(Event)
    since = (
        select(func.max(begun.at))
        .where(
            begun.document_kind == ended.document_kind,
            begun.document_id == ended.document_id,
            begun.seq < ended.seq,
            begun.name.in_(source.begins),
        )
        .correlate(ended)
        .scalar_subquery()
    )
    found = session.execute(
        select(ended.document_id, ended.at, since.label("since"))
        .where(
            ended.document_kind == source.kind,
            ended.name.in_(source.ends),
            ended.at >= begin,
            ended.at < end,
        )
        .order_by(ended.at.desc(), ended.id.desc())
        .limit(MOST)
    ).all()
    took = {row.document_id: _days(row.at - row.since) for row in found if row.since is not None}
    documents = took if source.begins else {row.document_id for row in found}
    return Effect(month, len(documents), len(found) == MOST, tuple(took.values()))


def _days(time: timedelta) -> int:
    return -(-time // timedelta(days=1))
