"""An application of the story: what is planned of it, and where it has got to."""

from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random

from portal.applications import services
from portal.applications.models import Application
from portal.core.documents import Document
from portal.core.permissions import Actor
from portal.demo.cast import Company
from portal.demo.faults import Fault
from portal.demo.stage import Stage
from portal.demo.words import Said
from portal.notices.services import comment


@dataclass(frozen=True)
class Repair:
    """The customer's side of a warranty line; ``fates`` say what becomes of each old piece.

    ``language`` is the place of the dealer's language in the texts of the fault; ``key`` names the
    repair in the story.
    """

    key: str
    customer: str
    phone: str
    model: str
    serial: str
    bought: date
    failed: date
    fault: Fault
    language: int
    fates: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """A line of an application; without a repair it is for stock."""

    number: str
    quantity: int
    repair: Repair | None = None


@dataclass(frozen=True)
class Order:
    """An application that is to come: ``stop`` is the state that it stays in, ``turn`` what
    happens on the way that does not happen to others."""

    key: str
    company: Company
    begins: datetime
    wishes: tuple[Wish, ...]
    stop: str = "closed"
    turn: str = ""


@dataclass
class Course:
    """An application on its way; ``now`` is the time of the act that is played."""

    stage: Stage
    order: Order
    rng: Random
    now: datetime
    application: Application = field(init=False)

    def by(self, role: str) -> Actor:
        """Who acts: the dealer's clerk or manager, or somebody at headquarters."""
        return self.stage.actors[self.key_of(role)]

    def key_of(self, role: str) -> str:
        """The key of who acts; the second desk speaks Polish."""
        if role in ("clerk", "manager"):
            return f"{self.order.company.key}.{role}"
        return "desk2" if role == "desk" and self.order.company.is_polish else role

    def turn_to(self, role: str, days: int) -> datetime:
        """Move the time on to when somebody gets round to it."""
        self.now = self.stage.hours[self.key_of(role)].later(self.now, days, self.rng)
        return self.now

    def say(self, words: Said) -> str:
        """The words in the dealer's language."""
        return words[self.order.company.is_polish]

    def step(self, name: str, role: str, reason: Said = ("", ""), code: str = "") -> None:
        """A step that needs nothing but a reason."""
        services.step(
            self.application, name, seen=None, by=self.by(role), now=self.now,
            reason=self.say(reason), code=code,
        )  # fmt: skip


def write(document: Document, words: str, by: Actor, now: datetime) -> None:
    """Add a comment to a document's timeline."""
    comment(document, words, [], by=by, now=now)
