"""What people ask of an application, once its shape is checked."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class LineRequest:
    """A line of an application that is complete (A1); ``key`` is the place of its photos."""

    part_id: int
    quantity: int
    purpose: str
    product_model: str = ""
    serial: str = ""
    purchase_date: date | None = None
    fault: str = ""
    remark: str = ""
    key: str = ""


@dataclass(frozen=True)
class Request:
    """An application that is complete (A1)."""

    contact: str
    phone: str
    delivery_address: str
    lines: tuple[LineRequest, ...]
    remark: str = ""
    reference: str = ""


@dataclass(frozen=True)
class LineAnswer:
    """What headquarters will send for a line; quantity 0 sends nothing (A3)."""

    line_id: int
    part_id: int
    quantity: int
    remark: str = ""


@dataclass(frozen=True)
class Answer:
    """Headquarters' answer to an application; fees in minor units (A3)."""

    lines: tuple[LineAnswer, ...]
    freight: int
    packing: int
    promised_on: date
    remark: str = ""


@dataclass(frozen=True)
class Consignment:
    """What the warehouse sends at one time: pieces by quoted line (A7)."""

    pieces: dict[int, int]
    carrier: str
    tracking_number: str
    shipped_on: date


@dataclass(frozen=True)
class Found:
    """The pieces of a shipped line that did not arrive well (A8)."""

    short: int = 0
    damaged: int = 0

    @property
    def pieces(self) -> int:
        """How many in all."""
        return self.short + self.damaged
