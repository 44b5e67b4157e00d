"""What two dealers do by chance (A1, A2, A4, A5, A8)."""

from portal.applications import quoting, receipt, services
from portal.applications.commands import Found
from portal.applications.models import Application, Shipment
from portal.core.db import session
from portal.core.errors import Invalid, NotFound, Stale, TooLittleMoney
from tests.functional.applications.trade.floor import PEOPLE, Floor, move, some
from tests.functional.applications.trade.papers import ENDED, Paper
from tests.support import story

MOST_OPEN = 4
"""How many applications are under way at a time, so that stories get to their ends."""
WITHDRAWABLE = ("draft", "submitted", "returned", "quoted")


class Dealers(Floor):
    """Clerks and managers of two dealers."""

    @move(4, lambda trade: len(trade.papers) - len(trade.papers_in(*ENDED)) < MOST_OPEN)
    def start(self) -> None:
        """A1: a draft."""
        side = self.chance.choice(sorted(PEOPLE))
        clerk = self.portal.cast[PEOPLE[side][0]]
        with self.portal.transaction():
            made = services.start({}, by=clerk, now=self.portal.now)
        self.papers[made.id] = Paper(made.id, side)

    @move(10, some("draft", "returned"))
    def submit(self) -> None:
        """A1, A2: handed in, for the first time or again."""
        paper = self.draw("draft", "returned")
        asked = [
            story.line(self.portal, self.chance.choice(["FV-100", "FP-200", "TH-300"]), count)
            for count in self.chance.choices(range(1, 13), k=self.chance.randint(1, 3))
        ]
        request = story.request(self.portal, *asked)
        assert self.act(paper, services.submit, request, by="clerk") is None
        paper.status = "submitted"

    @move(10, some("quoted"))
    def confirm(self) -> None:
        """A4, A5: the very version that was seen, in time, and with money enough."""
        paper, behind = self.draw("quoted"), self.chance.choice([0, 0, 0, 1])
        result = self.act(
            paper, quoting.confirm, quote_version=paper.version - behind, by="manager"
        )
        missing = paper.total - (self.posted[paper.side] - self.reserved[paper.side])
        if behind:
            assert isinstance(result, Stale)
        elif paper.has_expired(self.portal.now):
            assert isinstance(result, Invalid)
        elif missing > 0:
            assert isinstance(result, TooLittleMoney)
            assert result.missing == missing
        else:
            assert result is None
            paper.status = "confirmed"
            with self.portal.transaction():
                held_to = session.get_one(Application, paper.id).promised_on
            assert held_to >= paper.promised_on
            paper.promised_on = held_to
            self.reserved[paper.side] += paper.total

    @move(1, some(*WITHDRAWABLE))
    def withdraw(self) -> None:
        """The dealer wants none of it any more, until it is confirmed."""
        paper = self.draw(*WITHDRAWABLE)
        assert self.act(paper, services.step, "withdraw", by="clerk") is None
        paper.status = "withdrawn"

    @move(8, lambda trade: trade.on_the_way())
    def receive(self) -> None:
        """A8: a shipment has arrived; with the last one the application is closed."""
        paper, key = self.chance.choice(self.on_the_way())
        assert self.act(paper, receipt.receive, on=(Shipment, key), by="clerk") is None
        paper.shipments[key].arrived = True
        paper.arrive()

    @move(4, lambda trade: trade.on_the_way())
    def report(self) -> None:
        """A8: some of a shipment is missing or damaged, now and then more than was sent."""
        paper, key = self.chance.choice(self.on_the_way())
        parcel, most = paper.shipments[key], self.chance.choice([0, 0, 0, 1])
        found = {
            line: Found(self.chance.randint(0, count), self.chance.choice([0, 0, most]))
            for line, (_quoted, count) in parcel.pieces.items()
        }
        damaged = any(one.damaged for one in found.values())
        photos = [story.photo(self.portal, PEOPLE[paper.side][0])] if damaged else []
        on = Shipment, key
        result = self.act(paper, receipt.report, found, photos=photos, on=on, by="clerk")
        counts = {line: one.pieces for line, one in found.items() if one.pieces}
        if not counts or any(count > parcel.pieces[line][1] for line, count in counts.items()):
            assert isinstance(result, Invalid)
            return
        parcel.arrived, parcel.report, parcel.unwell = True, result.id, counts

    @move(1, lambda trade: trade.papers)
    def meddle(self) -> None:
        """P1: to the other dealer it is not there."""
        paper = self.chance.choice(list(self.papers.values()))
        other = self.portal.cast[PEOPLE["south" if paper.side == "north" else "north"][1]]
        step = self.chance.choice(["withdraw", "requote"])
        result = self.act(paper, services.step, step, reason="So", by=other)
        assert isinstance(result, NotFound)
