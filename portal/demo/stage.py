"""The stage: who is there, what time it is, and the turns in which the story's threads are played.

A thread of the story is a script: a generator that yields the time of its next act. The one whose
time comes first acts first, so that everything happens in the order of time, as in real life.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.core.clock import Month
from portal.core.db import session
from portal.core.permissions import Actor
from portal.demo.album import Album
from portal.demo.cast import COMPANIES, HEADQUARTERS, Company
from portal.demo.hours import Hours, dealers, headquarters
from portal.demo.price_lists import Item
from portal.ledger.models import Account
from portal.people.models import Dealer

Script = Iterator[datetime]

BEFORE = timedelta(days=20)
"""How long before the first month's end the story begins."""
UNDER_REVIEW = timedelta(days=4)
"""A run that is so old is being reviewed; the one before it is closed."""


@dataclass
class Stage:
    """What every script knows.

    ``reviewed`` is the month whose run is being reviewed at the end of the story; ``first`` the
    one before it, whose run has been closed.
    """

    seed: int
    end: datetime
    zone: ZoneInfo
    currency: str
    digits: int
    album: Album
    actors: dict[str, Actor] = field(default_factory=dict)
    dealers: dict[str, Dealer] = field(default_factory=dict)
    parts: dict[str, int] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    improved: dict[str, str] = field(default_factory=dict)
    _waiting: list[tuple[datetime, int, Script]] = field(default_factory=list)
    _scripts: int = 0

    def __post_init__(self) -> None:
        self.hours: dict[str, Hours] = {
            person.key: headquarters(self.zone) for person in HEADQUARTERS
        }
        for company in COMPANIES:
            for person in company.people():
                self.hours[person.key] = dealers(
                    company.facts.zone, company.facts.country, self.zone
                )

    @property
    def reviewed(self) -> Month:
        return Month.of(self.end - UNDER_REVIEW - timedelta(days=2)).plus(-1)

    @property
    def first(self) -> Month:
        return self.reviewed.plus(-1)

    @property
    def start(self) -> datetime:
        """The morning on which the portal is opened."""
        opening = self.reviewed.start(self.zone) - BEFORE
        return self.hours["administrator"].later(opening, 1, self.rng("start"))

    @property
    def second_list(self) -> date:
        """From when the second price list counts."""
        return self.reviewed.first

    def rng(self, name: str) -> Random:
        """Chance for a thread of the story: the same for the same seed and name."""
        return Random(f"{self.seed}/{name}")  # noqa: S311

    def available(self, company: Company) -> int:
        """What a dealer can still spend, in minor units."""
        dealer_id = self.dealers[company.key].id
        account = session.scalars(
            select(Account)
            .where(Account.dealer_id == dealer_id)
            .execution_options(populate_existing=True)
        ).one()
        return account.available

    def add(self, script: Script) -> None:
        """Begin a thread of the story; it acts when its first time has come."""
        self._wait(script)

    def _wait(self, script: Script) -> None:
        at = next(script, None)
        if at is not None:
            self._scripts += 1
            heapq.heappush(self._waiting, (at, self._scripts, script))

    def play(self) -> Iterator[datetime]:
        """Let every script act until the end of the story; yields the time of each act."""
        while self._waiting:
            at, _number, script = heapq.heappop(self._waiting)
            if at > self.end:
                continue
            yield at
            self._wait(script)
