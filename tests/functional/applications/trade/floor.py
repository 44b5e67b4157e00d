"""What the steps of the trade stand on: the portal, plain papers beside it, and chance."""

from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from sqlalchemy import select

from portal.applications.models import Application
from portal.core.db import session
from portal.core.errors import Refusal
from portal.core.permissions import Actor
from portal.ledger.models import Account
from tests.functional.applications.trade.papers import Paper
from tests.support.portal import Portal

PEOPLE = {"north": ("clerk", "manager"), "south": ("other_clerk", "other_manager")}

Move = Callable[[Any], None]
Condition = Callable[[Any], object]
_moves: list[tuple[Move, int, Condition]] = []


def move(weight: int, possible: Condition = lambda _trade: True) -> Callable[[Move], Move]:
    """A step of the trade: how often it is taken beside the others, and when it can be."""

    def add(function: Move) -> Move:
        _moves.append((function, weight, possible))
        return function

    return add


def some(*statuses: str) -> Condition:
    """Only while there is an application in one of some states."""
    return lambda trade: trade.papers_in(*statuses)


class Floor(RuleBasedStateMachine):
    """Stories of many steps; each begins with the accounts as the one before has left them."""

    portal: Portal
    reached: Counter[str]
    """How many applications of all stories came to a state."""
    taken = 0
    """How many steps all stories have taken."""

    @initialize(chance=st.randoms(use_true_random=True))
    def open(self, chance: Random) -> None:
        """No application is under way."""
        self.chance = Random(f"{chance.random()} {self.taken}")  # each story has its own
        self.papers: dict[int, Paper] = {}
        self.posted, self.reserved = {}, {}
        with self.portal.transaction():
            for side, row in self.accounts().items():
                self.posted[side], self.reserved[side] = row
        self.reserved_before = dict(self.reserved)
        self.charged = {side: max(0, self.reserved[side] - self.posted[side]) for side in PEOPLE}
        """What was taken without asking what there is (O6), or is missing from before."""

    @rule()
    def go_on(self) -> None:
        """Somebody takes a step; all by chance, since hypothesis likes to repeat itself."""
        before = {key: paper.status for key, paper in self.papers.items()}
        moves = [(step, weight) for step, weight, possible in _moves if possible(self)]
        (step,) = self.chance.choices(*zip(*moves, strict=True))
        note(step.__name__)
        step(self)
        type(self).taken += 1
        self.reached.update(
            paper.status for key, paper in self.papers.items() if before.get(key) != paper.status
        )

    def papers_in(self, *statuses: str) -> list[Paper]:
        """The applications in one of some states."""
        return [paper for paper in self.papers.values() if paper.status in statuses]

    def draw(self, *statuses: str) -> Paper:
        """One of them."""
        return self.chance.choice(self.papers_in(*statuses))

    def person(self, role: str, paper: Paper) -> Actor:
        """Somebody of headquarters, or of the paper's own dealer."""
        clerk, manager = PEOPLE[paper.side]
        return self.portal.cast[{"clerk": clerk, "manager": manager}.get(role, role)]

    def act(
        self,
        paper: Paper,
        verb: Callable[..., Any],
        *what: Any,
        by: str | Actor,
        on: tuple[type, int] | None = None,
        **facts: Any,
    ) -> Any:
        """Take a step in a transaction; gives its result, or the refusal that undid it.

        It is a step of the application, unless it is ``on`` another document.
        """
        model, key = on or (Application, paper.id)
        who = self.person(by, paper) if isinstance(by, str) else by
        facts |= {"seen": None, "by": who, "now": self.portal.now}
        try:
            with self.portal.transaction():
                return verb(session.get_one(model, key), *what, **facts)
        except Refusal as refusal:
            return refusal

    def on_the_way(self) -> list[tuple[Paper, int]]:
        """The shipments that have not arrived."""
        return [
            (paper, key)
            for paper in self.papers.values()
            for key, parcel in paper.shipments.items()
            if not parcel.arrived
        ]

    def accounts(self) -> dict[str, tuple[int, int]]:
        """What is posted and what is reserved, for each dealer; call it inside a transaction."""
        sides = {key: side for side, key in self.portal.dealers.items()}
        statement = select(Account.dealer_id, Account.posted, Account.reserved)
        rows = session.execute(statement.where(Account.dealer_id.in_(sides))).all()
        return {sides[row.dealer_id]: (row.posted, row.reserved) for row in rows}
