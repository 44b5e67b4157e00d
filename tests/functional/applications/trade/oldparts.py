"""What becomes, by chance, of the old parts that headquarters waits for (O6, L3–L5)."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from hypothesis.stateful import initialize
from sqlalchemy import select

from portal.applications.models import Shipment, ShipmentLine
from portal.catalogue.models import Part
from portal.core.db import session
from portal.core.errors import Conflict, WrongState
from portal.oldparts import charges, owed, services
from portal.oldparts.charge_models import OldPartCharge, OwedLine
from tests.functional.applications.trade.floor import PEOPLE, Floor, move
from tests.functional.applications.trade.pieces import Piece, Yard
from tests.support import story
from tests.support.portal import PARTS

RETAIL = {number: retail for number, *_names, _cost, retail in PARTS}
DAYS = 15


@dataclass
class Debt:
    """The old parts of one arrived line, as plain arithmetic has them."""

    line: int
    side: str
    left: int
    each: int
    """What a piece is charged at: the out-of-warranty price less what was deducted."""
    last: date
    settled: bool = False
    charge: int | None = None
    amount: int = 0
    """What was taken for it, and not given back."""


class OldParts(Floor):
    """The dealers register some pieces; the clock charges the others, and finance decides."""

    yard: Yard
    """The pieces of all stories: one can be called in by a later one."""

    @initialize()
    def owe_nothing(self) -> None:
        """Nothing has arrived in this story."""
        self.debts: dict[int, Debt] = {}

    def arrived(self) -> list[Debt]:
        """What is owed of all that has arrived so far, read from the shipments."""
        statement = (
            select(ShipmentLine, Shipment.received_at, Part.number)
            .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
            .join(Part, Part.id == ShipmentLine.part_id)
            .where(
                Shipment.application_id.in_(self.papers),
                Shipment.status == "received",
                ShipmentLine.purpose == "warranty",
                ShipmentLine.quantity > 0,
                ShipmentLine.id.not_in(self.debts),
            )
        )
        sides = {key: side for side, key in self.portal.dealers.items()}
        zone = self.portal.now.tzinfo
        with self.portal.transaction():
            for line, at, number in session.execute(statement):
                self.debts[line.id] = Debt(
                    line.id,
                    sides[line.dealer_id],
                    line.quantity,
                    RETAIL[number] - line.unit_price,
                    at.astimezone(zone).date() + timedelta(days=DAYS),
                )
        return list(self.debts.values())

    def owing(self) -> list[Debt]:
        """Those of which pieces are left."""
        return [debt for debt in self.arrived() if debt.left]

    def by(self, debt: Debt, role: str) -> Any:
        """Somebody of headquarters, or the clerk of the debt's own dealer."""
        return self.portal.cast[PEOPLE[debt.side][0] if role == "clerk" else role]

    @move(3, lambda trade: trade.owing())
    def register_piece(self) -> None:
        """O2, O6: one piece less, whether it is in time or not; it undoes no charge."""
        debt = self.chance.choice(self.owing())
        clerk = PEOPLE[debt.side][0]
        photos = [story.photo(self.portal, clerk)]
        command = story.registration(self.portal)
        with self.portal.transaction():
            who = self.by(debt, "clerk")
            made = services.register(debt.line, command, photos, by=who, now=self.portal.now)
            self.yard.pieces[made.id] = Piece(
                *(made.id, made.number, debt.side, debt.line, debt.each),
                paid_for=bool(debt.charge),
            )
        debt.left -= 1
        self.portal.clock.advance(seconds=1)  # what was before a charge is not after it

    @move(1, lambda trade: trade.owing())
    def let_off(self) -> None:
        """O6: waived before it is charged, and never charged."""
        debt = self.chance.choice(self.owing())
        facts = {"seen": None, "reason": "Scrapped here", "now": self.portal.now}
        try:
            with self.portal.transaction():
                line = session.get_one(OwedLine, debt.line)
                charges.waive_owed(line, by=self.portal.desk, **facts)
        except Conflict:
            assert debt.settled
        else:
            assert not debt.settled
            debt.settled = True

    @move(4)
    def charge_overdue(self) -> None:
        """O6, L4: what is overdue is charged once, by however many workers."""
        self.arrived()
        for _worker in range(2):
            with self.portal.transaction():
                due = owed.overdue(self.portal.now)
            for line in [one for one in due if one.shipment_line_id in self.debts]:
                with self.portal.transaction():
                    charges.charge_if_overdue(line, now=self.portal.now)
        for debt in self.debts.values():
            if debt.left and not debt.settled and debt.last < self.portal.now.date():
                debt.settled, debt.amount = True, debt.left * debt.each
                self.reached["charged"] += 1
                self.posted[debt.side] -= debt.amount
                self.charged[debt.side] += debt.amount
                with self.portal.transaction():
                    charge = charges.of_line(debt.line)
                    assert charge is not None
                    assert (charge.status, charge.amount) == ("charged", debt.amount)
                    debt.charge = charge.id

    @move(3, lambda trade: any(debt.charge for debt in trade.debts.values()))
    def quarrel(self) -> None:
        """O6, L3: disputed in time, upheld, or given back; whole, and once."""
        debt = self.chance.choice([debt for debt in self.debts.values() if debt.charge])
        step = self.chance.choice(["dispute", "uphold", "reverse"])
        with self.portal.transaction():
            charge = session.get_one(OldPartCharge, debt.charge)
            status, open_until = charge.status, charge.answer_by
        facts: dict[str, Any] = {"seen": None, "now": self.portal.now}
        try:
            with self.portal.transaction():
                charge = session.get_one(OldPartCharge, debt.charge)
                if step == "dispute":
                    who = self.by(debt, "clerk")
                    charges.dispute(charge, "It was sent", [], by=who, **facts)
                else:
                    facts["reason"] = "Seen"
                    charges.act(charge, step, by=self.portal.finance, **facts)
        except WrongState:
            assert charge.workflow.find(step, status) is None
        except Conflict:
            assert step == "dispute"
            assert open_until is not None
            assert open_until < self.portal.now
        else:
            if step == "reverse":
                self.posted[debt.side] += debt.amount
                self.charged[debt.side] -= debt.amount
                self.yard.given_back.add(debt.line)
                debt.amount = 0
