"""An application as plain arithmetic has it: what the machine compares the portal with."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

ENDED = frozenset({"closed", "rejected", "withdrawn", "expired", "cancelled"})
RATE, MOST = 50, 1000
"""For a late day, and for all of them at most, in basis points of what was late (A9)."""


@dataclass
class Confirmed:
    """A line of the quote that counts."""

    quantity: int
    price: int
    shipped: int = 0
    cancelled: int = 0
    again: int = 0
    """How many of the rest were sent before, and are sent a second time (A8)."""

    @property
    def rest(self) -> int:
        """What is still to be sent."""
        return self.quantity - self.shipped - self.cancelled

    def first(self, count: int) -> int:
        """How many of some pieces are sent for the first time: those go before the others."""
        return min(count, self.rest - self.again)


@dataclass
class Parcel:
    """What was sent at one time."""

    pieces: dict[int, tuple[int, int]]
    """The confirmed line, and how many of it, by the shipment's line."""
    due_at: datetime
    arrived: bool = False
    report: int | None = None
    """The report that headquarters has to settle."""
    unwell: dict[int, int] = field(default_factory=dict)
    """What it says is missing or damaged, by the shipment's line."""

    @property
    def is_over(self) -> bool:
        """It has arrived, and nothing of it is to be settled."""
        return self.arrived and self.report is None


@dataclass
class Paper:
    """One application; lines, shipments and delays by their keys, amounts in minor units."""

    id: int
    side: str
    status: str = "draft"
    version: int = 0
    fees: int = 0
    promised_on: date = date.max
    expires_at: datetime | None = None
    lines: dict[int, Confirmed] = field(default_factory=dict)
    shipments: dict[int, Parcel] = field(default_factory=dict)
    delays: dict[int, int] = field(default_factory=dict)
    deducted: int = 0
    refunded: int = 0

    @property
    def total(self) -> int:
        """What the quote asks for."""
        return self.fees + self._worth({key: line.quantity for key, line in self.lines.items()})

    @property
    def kept(self) -> int:
        """What headquarters keeps of the money: for what it has not cancelled, and the fees."""
        left = {key: line.quantity - line.cancelled for key, line in self.lines.items()}
        return self._worth(left) + (self.fees if self.shipments or any(left.values()) else 0)

    def has_expired(self, now: datetime) -> bool:
        """A4: nobody has confirmed the quote in time."""
        return self.status == "quoted" and self.expires_at is not None and self.expires_at < now

    def can_send(self, pieces: Mapping[int, int]) -> bool:
        """A7: at least one piece, and never more than a line still has."""
        return any(pieces.values()) and all(
            count <= self.lines[line].rest for line, count in pieces.items()
        )

    def delay(self, pieces: Mapping[int, int], on: date) -> int:
        """A9: what is due for sending some pieces on a day, rounded half-up once."""
        days = max(0, (on - self.promised_on).days)
        first = {line: self.lines[line].first(count) for line, count in pieces.items()}
        return (self._worth(first) * min(days * RATE, MOST) + 5_000) // 10_000

    def send(self, shipment: int, parcel: Parcel) -> None:
        """A7: some of it leaves."""
        for line, count in parcel.pieces.values():
            self.lines[line].again -= count - self.lines[line].first(count)
            self.lines[line].shipped += count
        self.shipments[shipment] = parcel
        self.status = "part_shipped" if self._has_rest() else "shipped"

    def cancel(self, pieces: Mapping[int, int]) -> int:
        """A7: what cannot be sent is given back exactly, the fees if nothing was; how much."""
        for line, count in pieces.items():
            self._cancel(line, count)
        given = self._worth(pieces)
        if not self._has_rest():
            self.status = "shipped" if self.shipments else "cancelled"
            given += 0 if self.shipments else self.fees
            self.arrive()
        self.refunded += given
        return given

    def arrive(self) -> None:
        """A8: nothing is left to send, to arrive or to settle: closed."""
        if self.status == "shipped" and all(one.is_over for one in self.shipments.values()):
            self.status = "closed"

    def settle(self, parcel: Parcel, again: Collection[int]) -> int:
        """A8: what did not arrive well is sent again, or given back; how much."""
        given = 0
        for key, count in parcel.unwell.items():
            line, _all = parcel.pieces[key]
            self.lines[line].shipped -= count
            if key in again:
                self.lines[line].again += count
                self.status = "part_shipped"
            else:
                self._cancel(line, count)
                given += self._worth({line: count})
        parcel.report = None
        self.arrive()
        self.refunded += given
        return given

    def _cancel(self, key: int, count: int) -> None:
        line = self.lines[key]
        line.cancelled += count
        line.again = min(line.again, line.rest)

    def _worth(self, pieces: Mapping[int, int]) -> int:
        return sum(count * self.lines[line].price for line, count in pieces.items())

    def _has_rest(self) -> bool:
        return any(line.rest for line in self.lines.values())
