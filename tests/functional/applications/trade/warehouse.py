"""What the warehouse does by chance (A7, A9)."""

from portal.applications import compensation, shipment_queries, shipping
from portal.applications.commands import Consignment
from portal.core.errors import Invalid
from tests.functional.applications.trade.floor import Floor, move, some
from tests.functional.applications.trade.papers import Paper, Parcel


class Warehouse(Floor):
    """Sends what was released, or cancels what it cannot send."""

    @move(10, some("released", "part_shipped"))
    def ship(self) -> None:
        """A7, A9: never more than confirmed; for what is late a compensation is proposed."""
        paper, today = self.draw("released", "part_shipped"), self.portal.now.date()
        pieces = self.pieces(paper)
        sent = Consignment(pieces, "SF", "SF 1", today)
        result = self.act(paper, shipping.ship, sent, by="warehouse")
        if not paper.can_send(pieces):
            assert isinstance(result, Invalid)
            return
        with self.portal.transaction():
            late = compensation.of_shipment(result)
            lines = [row.ShipmentLine for row in shipment_queries.lines_of(result)]
        assert (late.amount if late else 0) == paper.delay(pieces, today)
        if late:
            paper.delays[late.id] = late.amount
        sent_lines = {line.id: (line.quote_line_id, pieces[line.quote_line_id]) for line in lines}
        paper.send(result.id, Parcel(sent_lines, result.due_at))

    @move(4, some("released", "part_shipped"))
    def cancel_lines(self) -> None:
        """A7: refunded is exactly what cannot be sent."""
        paper = self.draw("released", "part_shipped")
        pieces = self.pieces(paper)
        result = self.act(paper, shipping.cancel_lines, pieces, reason="None left", by="warehouse")
        if not paper.can_send(pieces):
            assert isinstance(result, Invalid)
            return
        assert result is None
        self.posted[paper.side] += paper.cancel(pieces)

    def pieces(self, paper: Paper) -> dict[int, int]:
        """All that is still to be sent, or some of it; now and then more than that."""
        rest = {key: line.rest for key, line in paper.lines.items()}
        most = self.chance.choice([0, 0, 0, 0, 1])
        if self.chance.random() < 0.4:
            return {key: count + most for key, count in rest.items()}
        return {key: self.chance.randint(0, count + most) for key, count in rest.items()}
