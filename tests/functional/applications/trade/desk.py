"""What the after-sales desk does by chance, and what a reason suffices for (A3, A4, A8, L6)."""

from collections.abc import Callable
from datetime import timedelta

from portal.applications import queries, quoting, receipt, services
from portal.applications.commands import Answer, LineAnswer
from portal.applications.models import Application, DeliveryReport, Quote
from portal.applications.receipt import AGAIN, REFUND
from portal.core.db import session
from portal.core.errors import Invalid, WrongState
from tests.functional.applications.trade.floor import Floor, move, some
from tests.functional.applications.trade.papers import ENDED, Confirmed, Paper, Parcel
from tests.support.portal import PARTS

PLAIN = {
    "return": ("submitted", "desk", "evidence", "returned"),
    "reject": ("submitted", "desk", "duplicate", "rejected"),
    "requote": ("quoted", "clerk", "", "submitted"),
    "cancel": ("confirmed", "desk", "", "cancelled"),
}
"""Steps that need a reason and nothing else: from where, who, the reason's code, where to."""
PRICES = {number: cost for number, *_names, cost, _retail in PARTS}


class Desk(Floor):
    """Quotes, decides, and settles what did not arrive well."""

    @move(8, some("submitted"))
    def quote(self) -> None:
        """A3: as much as was asked for or less, at the list's prices."""
        self.send_quote(quoting.quote, self.draw("submitted"))

    @move(2, some("quoted"))
    def correct(self) -> None:
        """A4: a new version, as long as the dealer has not confirmed."""
        self.send_quote(quoting.correct, self.draw("quoted"))

    def send_quote(self, verb: Callable[..., Quote], paper: Paper) -> None:
        """An answer, which the quote then says."""
        answer = self.answer(paper)
        result = self.act(paper, verb, answer, by="desk")
        if not any(line.quantity for line in answer.lines):
            assert isinstance(result, Invalid)
            return
        self.take_down(paper, result)
        assert [one.quantity for one in paper.lines.values()] == [
            line.quantity for line in answer.lines
        ]
        assert paper.fees == answer.freight + answer.packing

    @move(2, some("submitted"))
    def quote_at_list(self) -> None:
        """A3: all that wait as they were asked; what does not wait stays as it is."""
        papers, others = self.papers_in("submitted"), self.papers_in("quoted", "confirmed")
        ids = [paper.id for paper in papers + others]
        promised_on = self.portal.now.date()
        with self.portal.transaction():
            outcome = quoting.quote_at_list(
                ids, freight=700, promised_on=promised_on, by=self.portal.desk, now=self.portal.now
            )
            quotes = {one.id: quoting.current_quote(one) for one in outcome.done}
        assert sorted(quotes) == sorted(paper.id for paper in papers)
        assert {one.id for one, _why in outcome.refused} == {paper.id for paper in others}
        for paper in papers:
            self.take_down(paper, quotes[paper.id])

    def take_down(self, paper: Paper, made: Quote) -> None:
        """The quote as it stands, but with prices that the test knows."""
        prices = {self.portal.parts[number]: cost for number, cost in PRICES.items()}
        with self.portal.transaction():
            application = session.get_one(Application, paper.id)
            answered = [row.QuoteLine for row in queries.lines_of(application)]
        paper.lines = {line.id: Confirmed(line.quantity, prices[line.part_id]) for line in answered}
        paper.status, paper.version = "quoted", paper.version + 1
        paper.fees = made.freight + made.packing
        paper.promised_on, paper.expires_at = made.promised_on, made.expires_at

    def answer(self, paper: Paper) -> Answer:
        """All of each line, or a part of it, or nothing."""
        with self.portal.transaction():
            asked = queries.asked_lines(session.get_one(Application, paper.id)).values()
        lines = (
            LineAnswer(
                line.id,
                line.part_id,
                self.chance.choice([line.quantity, self.chance.randint(0, line.quantity)]),
            )
            for line in asked
        )
        fees = self.chance.choice([0, 1500]), self.chance.randint(0, 500)
        promised_on = self.portal.now.date() + timedelta(days=self.chance.randint(0, 4))
        return Answer(tuple(lines), *fees, promised_on)

    @move(4, some("submitted", "quoted", "confirmed"))
    def decide(self) -> None:
        """A3, A4, L6: returned, rejected, asked anew or cancelled; refused in any other state."""
        paper = self.draw("submitted", "quoted", "confirmed")
        fitting = [name for name, (source, *_rest) in PLAIN.items() if source == paper.status]
        name = self.chance.choice(fitting + self.chance.choices(sorted(PLAIN)))
        source, by, code, target = PLAIN[name]
        result = self.act(paper, services.step, name, reason="So", code=code, by=by)
        if paper.status != source:
            assert isinstance(result, WrongState)
            return
        assert result is None
        if name == "cancel":
            self.reserved[paper.side] -= paper.total
        paper.status = target

    @move(1, some(*ENDED, "released", "part_shipped", "shipped"))
    def come_too_late(self) -> None:
        """What has ended, or is paid, is not undone by a step of before."""
        paper = self.draw(*ENDED, "released", "part_shipped", "shipped")
        name = self.chance.choice([*sorted(PLAIN), "withdraw"])
        by = PLAIN[name][1] if name in PLAIN else "clerk"
        result = self.act(paper, services.step, name, reason="So", code="other", by=by)
        assert isinstance(result, WrongState)

    @move(6, lambda trade: trade.reported())
    def settle(self) -> None:
        """A8: what did not arrive well is sent again or refunded, line by line, once."""
        paper, parcel = self.chance.choice(self.reported())
        decisions = {key: self.chance.choice([AGAIN, REFUND]) for key in parcel.unwell}
        on = DeliveryReport, parcel.report
        assert self.act(paper, receipt.settle, decisions, on=on, by="desk") is None
        assert isinstance(self.act(paper, receipt.settle, decisions, on=on, by="desk"), WrongState)
        again = {key for key, decision in decisions.items() if decision == AGAIN}
        self.posted[paper.side] += paper.settle(parcel, again)

    def reported(self) -> list[tuple[Paper, Parcel]]:
        """What was sent and is to be settled."""
        return [
            (paper, parcel)
            for paper in self.papers.values()
            for parcel in paper.shipments.values()
            if parcel.report is not None
        ]
