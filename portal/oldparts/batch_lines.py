"""Which shipped line a row of a spreadsheet draws its piece from (O2, O3).

Never more pieces than were shipped: what a row takes, the rows after it do not find any more.
"""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from portal.applications.models import Application, Shipment
from portal.catalogue.models import Part
from portal.catalogue.queries import AT_ONCE, number_key
from portal.catalogue.serials import serial_key
from portal.core.db import AnyRow, session
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.oldparts.queries import open_rows


@dataclass
class OpenLine:
    """A received line with pieces that are not registered; ``left`` of them."""

    row: AnyRow
    left: int


@dataclass(frozen=True)
class Wanted:
    """What a row says of where its new part came from; blank is: any."""

    part: Part
    shipment: str = ""
    application: str = ""
    product_serial: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """The key of the lines that fit: of the part as asked for or as shipped (A3)."""
        return self.part.id, number_key(self.shipment), number_key(self.application)


@dataclass
class OpenLines:
    """The open lines of a dealer, the first due first, and what is known of other numbers.

    ``fitting`` has each line under everything that a row may say of it, ``sold_as`` under the
    product that it was asked for.
    """

    fitting: dict[tuple[object, ...], deque[OpenLine]] = field(
        default_factory=lambda: defaultdict(deque)
    )
    sold_as: dict[tuple[object, ...], list[OpenLine]] = field(
        default_factory=lambda: defaultdict(list)
    )
    shipments: dict[str, AnyRow] = field(default_factory=dict)
    applications: dict[str, AnyRow] = field(default_factory=dict)

    def put(self, row: AnyRow) -> None:
        """Add a line."""
        line = OpenLine(row, row.quantity - row.registered)
        serial = serial_key(row.serial)
        orders = {"", number_key(row.application_number), number_key(row.reference)}
        for part_id in {row.asked_part_id, row.part_id}:
            for shipment in ("", number_key(row.shipment_number)):
                for order in orders:
                    self.fitting[part_id, shipment, order].append(line)
                    if serial:
                        self.sold_as[part_id, shipment, order, serial].append(line)

    def draw(self, wanted: Wanted) -> tuple[OpenLine | None, str]:
        """Take a piece for a row: its line and what to say of the choice, or why there is none.

        The one whose customer's product it was for comes first, then the one that is due first.
        """
        lines = self.fitting.get(wanted.key, deque())
        serial = serial_key(wanted.product_serial)
        same = [one for one in self.sold_as.get((*wanted.key, serial), ()) if one.left]
        while lines and not lines[0].left:
            lines.popleft()
        if not same and not lines:
            if wanted.key in self.fitting:
                return None, _("Every piece that it could be is taken by another row.")
            return None, self._why(wanted)
        chosen = (same or lines)[0]
        chosen.left -= 1
        return chosen, self._said(wanted, chosen, alone=len(same or lines) == 1)

    def _said(self, wanted: Wanted, chosen: OpenLine, *, alone: bool) -> str:
        number = chosen.row.shipment_number
        if wanted.shipment:
            return ""
        if alone:
            return _("Drawn from shipment %(number)s.", number=number)
        return _("Drawn from shipment %(number)s, the first due of those that fit.", number=number)

    def _why(self, wanted: Wanted) -> str:
        sent = self.shipments.get(number_key(wanted.shipment))
        if wanted.shipment and sent is None:
            return _("There is no shipment “%(number)s”.", number=wanted.shipment[:60])
        if sent is not None and sent.status != "received":
            return _("First confirm that shipment %(number)s arrived.", number=sent.number)
        if wanted.application and number_key(wanted.application) not in self.applications:
            return _("There is no application “%(number)s”.", number=wanted.application[:60])
        if wanted.shipment or wanted.application:
            return _("No piece of this part waits to be registered there.")
        return _("No piece of this part waits to be registered.")


def open_lines_of(actor: Actor, shipments: Iterable[str], applications: Iterable[str]) -> OpenLines:
    """What an actor's dealer can register, and the numbers that rows name. Few queries."""
    found = OpenLines()
    for row in open_rows(actor):
        found.put(row)
    found.shipments = _named(
        shipments, actor, Shipment, (Shipment.number,), (Shipment.number, Shipment.status)
    )
    found.applications = _named(
        applications,
        actor,
        Application,
        (Application.number, Application.reference),
        (Application.number, Application.reference),
    )
    return found


def _named(
    texts: Iterable[str], actor: Actor, model: Any, by: tuple[Any, ...], columns: tuple[Any, ...]
) -> dict[str, AnyRow]:
    """The dealer's own documents that some texts name, by each of their numbers."""
    keys = sorted({key for text in texts for key in (text.strip(), number_key(text)) if key})
    found: dict[str, AnyRow] = {}
    for start in range(0, len(keys), AT_ONCE):
        for column in by:
            for row in session.execute(
                select(*columns).where(
                    model.dealer_id == actor.dealer_id, column.in_(keys[start : start + AT_ONCE])
                )
            ):
                found[number_key(getattr(row, column.key))] = row
    return found
