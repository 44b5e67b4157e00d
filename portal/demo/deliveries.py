"""What the warehouse sends or cancels, and how it arrives."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.applications import compensation, queries, receipt, shipment_queries, shipping
from portal.applications.commands import Consignment
from portal.applications.compensation_models import Compensation
from portal.applications.models import Application, Shipment
from portal.demo.cast import CARRIERS
from portal.demo.course import Course, Order, Repair
from portal.demo.shortages import TURNS, reported
from portal.demo.stage import Script
from portal.demo.words import CANCELLED, CANCELLED_REST, EXCUSED


@dataclass(frozen=True)
class Arrival:
    """A warranty piece that has arrived; its old one is to be registered."""

    key: str
    order: Order
    repair: Repair
    fate: str
    line_id: int
    piece: int
    arrived: datetime


After = Callable[[Arrival], None]
"""What begins once a piece has arrived."""


def sent(course: Course, after: After) -> Script:
    """Ship what was released, at once or in two, or cancel it; then it is received."""
    planned = course.order
    if planned.stop == "released":
        return
    yield course.turn_to("warehouse", 5 if planned.turn == "late" else 1)
    rests = _rests(course.application)
    if planned.turn == "cancelled_all":
        _cancel(course, rests)
        return
    if planned.turn in ("split", "short") or planned.stop == "part_shipped":
        first = _half(rests)
        shipment = _ship(course, first)
        if planned.stop == "part_shipped":
            return
        rests = {line: rests[line] - first.get(line, 0) for line in rests}
        yield course.turn_to("warehouse", 2)
        if planned.turn == "short":
            _cancel(course, rests)
        else:
            course.stage.add(_received(course, shipment, after))
            shipment = _ship(course, rests)
    else:
        shipment = _ship(course, rests)
    if planned.turn in TURNS:
        yield from reported(course, shipment)
        if course.application.status != "part_shipped":
            return
        yield course.turn_to("warehouse", 1)
        shipment = _ship(course, _rests(course.application))
    if planned.stop != "shipped":
        yield from _received(course, shipment, after)


def _rests(application: Application) -> dict[int, int]:
    return {row.QuoteLine.id: row.QuoteLine.rest for row in queries.lines_of(application)}


def _half(rests: dict[int, int]) -> dict[int, int]:
    """The first line whole; of a single line the larger half."""
    first = next(iter(rests))
    return {first: rests[first] if len(rests) > 1 else (rests[first] + 1) // 2}


def _ship(course: Course, pieces: dict[int, int]) -> Shipment:
    rng = course.rng
    carrier = rng.choice(CARRIERS[course.order.company.facts.country])
    tracking = {"顺丰速运": "SF1", "京东物流": "JDVA", "德邦快递": "DPK3"}.get(carrier, "")
    consignment = Consignment(
        pieces, carrier, f"{tracking}{rng.randint(10**9, 10**10 - 1)}", course.now.date()
    )
    shipment = shipping.ship(
        course.application, consignment, seen=None, by=course.by("warehouse"), now=course.now
    )
    if late := compensation.of_shipment(shipment):
        course.stage.add(_decided(course, late))
    return shipment


def _decided(course: Course, late: Compensation) -> Script:
    """Every second delay is excused by the desk; finance books the others (A9)."""
    excused = late.id % 2 == 0
    hours = course.stage.hours["desk" if excused else "finance"]
    now = hours.later(course.now, 4, course.stage.rng(f"late/{late.number}"))
    yield now
    compensation.decide(
        late,
        "excuse" if excused else "book",
        seen=None,
        reason=course.say(EXCUSED) if excused else "",
        by=course.stage.actors["desk" if excused else "finance"],
        now=now,
    )


def _cancel(course: Course, pieces: dict[int, int]) -> None:
    shipping.cancel_lines(
        course.application,
        pieces,
        reason=course.say(CANCELLED if course.order.turn == "cancelled_all" else CANCELLED_REST),
        seen=None,
        by=course.by("warehouse"),
        now=course.now,
    )


def _received(course: Course, shipment: Shipment, after: After) -> Script:
    days = course.rng.randint(4, 7) if course.order.company.is_polish else course.rng.randint(1, 3)
    now = course.stage.hours[course.key_of("clerk")].later(course.now, days, course.rng)
    yield now
    receipt.receive(shipment, seen=None, by=course.by("clerk"), now=now)
    for arrival in _arrivals(course, shipment, now):
        after(arrival)


def _arrivals(course: Course, shipment: Shipment, now: datetime) -> Iterator[Arrival]:
    places = {
        row.QuoteLine.id: row.ApplicationLine.position - 1
        for row in queries.lines_of(course.application)
    }
    for row in shipment_queries.lines_of(shipment):
        line = row.ShipmentLine
        repair = course.order.wishes[places[line.quote_line_id]].repair
        if repair is None:
            continue
        for piece in range(1, line.quantity + 1):
            fate = repair.fates[piece - 1]
            yield Arrival(repair.key, course.order, repair, fate, line.id, piece, now)
