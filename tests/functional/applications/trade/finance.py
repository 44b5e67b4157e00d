"""What finance does by chance (A6, A9, L6, L7)."""

from portal.applications import compensation, quoting
from portal.applications.compensation_models import Compensation
from portal.core.errors import WrongState
from portal.ledger import services as ledger
from tests.functional.applications.trade.floor import PEOPLE, Floor, move, some
from tests.functional.applications.trade.papers import Paper


class Finance(Floor):
    """Releases what was confirmed, and books what comes in."""

    @move(8, some("confirmed"))
    def release(self) -> None:
        """A6, L6: what is reserved is deducted."""
        paper = self.draw("confirmed")
        assert self.act(paper, quoting.release, by="finance") is None
        self.deduct(paper)

    @move(2, some("confirmed"))
    def release_many(self) -> None:
        """A6: all that wait for it; what does not stays as it is."""
        papers, others = self.papers_in("confirmed"), self.papers_in("released", "quoted")
        ids = [paper.id for paper in papers + others]
        with self.portal.transaction():
            outcome = quoting.release_many(ids, by=self.portal.finance, now=self.portal.now)
        assert {one.id for one in outcome.done} == {paper.id for paper in papers}
        assert {one.id for one, _why in outcome.refused} == {paper.id for paper in others}
        for paper in papers:
            self.deduct(paper)

    def deduct(self, paper: Paper) -> None:
        """The total leaves what is posted, and what is reserved."""
        paper.status, paper.deducted = "released", paper.total
        self.posted[paper.side] -= paper.total
        self.reserved[paper.side] -= paper.total

    @move(2, lambda trade: trade.late())
    def answer_for_delay(self) -> None:
        """A9: booked by finance, once, or excused by the desk."""
        paper, key = self.chance.choice(self.late())
        name, by = self.chance.choice([("book", "finance"), ("excuse", "desk")])
        on = Compensation, key
        assert self.act(paper, compensation.decide, name, reason="Flood", on=on, by=by) is None
        again = self.act(paper, compensation.decide, "book", on=on, by="finance")
        assert isinstance(again, WrongState)
        amount = paper.delays.pop(key)
        self.posted[paper.side] += amount if name == "book" else 0

    def late(self) -> list[tuple[Paper, int]]:
        """The delays that nobody has answered for."""
        return [(paper, key) for paper in self.papers.values() for key in paper.delays]

    @move(2)
    def deposit(self) -> None:
        """L7: money comes in."""
        side, amount = self.chance.choice(sorted(PEOPLE)), self.chance.randint(1, 300_000)
        with self.portal.transaction():
            ledger.deposit(
                dealer_id=self.portal.dealers[side],
                amount=amount,
                reference=f"Machine {type(self).taken}",
                by=self.portal.finance,
                now=self.portal.now,
            )
        self.posted[side] += amount
