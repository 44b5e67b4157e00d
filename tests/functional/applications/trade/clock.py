"""What the portal does by itself as time passes (A4, A8, A9)."""

from portal.applications import compensation, queries, quoting, receipt, shipment_queries
from tests.functional.applications.trade.floor import Floor, move


class Clock(Floor):
    """Hours pass, or days."""

    @move(2)
    def wait(self) -> None:
        """Time passes; what nobody has answered in time is answered by the portal."""
        self.portal.clock.advance(hours=self.chance.choice([5, 50, 400]))
        with self.portal.transaction():
            self.expire()
            self.lapse()
            self.book()

    def expire(self) -> None:
        """A4: a quote that nobody has confirmed."""
        for application in queries.expired(self.portal.now):
            quoting.expire(application, now=self.portal.now)
        for paper in self.papers.values():
            if paper.has_expired(self.portal.now):
                paper.status = "expired"

    def lapse(self) -> None:
        """A8: a shipment that nobody has confirmed."""
        for shipment in shipment_queries.unanswered(self.portal.now):
            receipt.lapse(shipment, now=self.portal.now)
        for paper, key in self.on_the_way():
            if paper.shipments[key].due_at < self.portal.now:
                paper.shipments[key].arrived = True
                paper.arrive()

    def book(self) -> None:
        """A9: a delay that nobody has excused."""
        due = compensation.due(self.portal.now)
        for delay in [one for one in due if one.application_id in self.papers]:
            compensation.book_if_due(delay, now=self.portal.now)
            paper = self.papers[delay.application_id]
            self.posted[paper.side] += paper.delays.pop(delay.id)
