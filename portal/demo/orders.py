"""Parts applications as they are filed, quoted, paid, shipped and received."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from portal.applications import queries, services
from portal.applications.commands import Answer, Consignment, LineAnswer, LineRequest, Request
from portal.applications.models import Application, Shipment
from portal.core.documents import Document
from portal.core.permissions import Actor
from portal.demo.cast import CARRIERS, Company
from portal.demo.faults import Fault
from portal.demo.prologue import deposit
from portal.demo.stage import Script, Stage
from portal.demo.words import (
    CANCELLED,
    CANCELLED_REST,
    REJECTED,
    REMARKS,
    REQUOTED,
    RETURNED,
    TALKS,
    WITHDRAWN,
    Said,
)
from portal.notices.services import comment


@dataclass(frozen=True)
class Repair:
    """The customer's side of a warranty line; ``fates`` say what becomes of each old piece.

    ``language`` is the place of the dealer's language in the texts of the fault; ``key`` names the
    repair in the story.
    """

    key: str
    customer: str
    phone: str
    model: str
    serial: str
    bought: date
    failed: date
    fault: Fault
    language: int
    fates: tuple[str, ...]


@dataclass(frozen=True)
class Wish:
    """A line of an application; without a repair it is for stock."""

    number: str
    quantity: int
    repair: Repair | None = None


@dataclass(frozen=True)
class Order:
    """An application that is to come: ``stop`` is the state that it stays in, ``turn`` what
    happens on the way that does not happen to others."""

    key: str
    company: Company
    begins: datetime
    wishes: tuple[Wish, ...]
    stop: str = "closed"
    turn: str = ""
    slow: bool = False


@dataclass
class Course:
    """An application on its way; ``now`` is the time of the act that is played."""

    stage: Stage
    order: Order
    rng: Random
    now: datetime
    application: Application = field(init=False)

    def by(self, role: str) -> Actor:
        """Who acts: the dealer's clerk or manager, or somebody at headquarters."""
        return self.stage.actors[self.key_of(role)]

    def key_of(self, role: str) -> str:
        """The key of who acts; the second desk speaks Polish."""
        if role in ("clerk", "manager"):
            return f"{self.order.company.key}.{role}"
        return "desk2" if role == "desk" and self.order.company.is_polish else role

    def turn_to(self, role: str, days: int) -> datetime:
        """Move the time on to when somebody gets round to it."""
        self.now = self.stage.hours[self.key_of(role)].later(self.now, days, self.rng)
        return self.now

    def say(self, words: Said) -> str:
        """The words in the dealer's language."""
        return words[self.order.company.is_polish]

    def step(self, name: str, role: str, reason: Said = ("", "")) -> None:
        """A step that needs nothing but a reason."""
        services.step(
            self.application, name, seen=None, by=self.by(role), now=self.now,
            reason=self.say(reason),
        )  # fmt: skip


def order(stage: Stage, planned: Order, after: "After") -> Script:
    """Play an application from its first line to its receipt, or as far as it goes."""
    course = Course(stage, planned, stage.rng(planned.key), planned.begins)
    yield course.now
    typed = _typed(course)
    course.application = services.start({}, by=course.by("clerk"), now=course.now)
    services.save(course.application, typed, by=course.by("clerk"), now=course.now)
    if planned.stop == "draft":
        return
    yield course.turn_to("clerk", 0)
    services.submit(
        course.application, _request(course), seen=None, by=course.by("clerk"), now=course.now
    )
    if planned.stop == "submitted":
        return
    yield from _answered(course)
    if course.application.status == "quoted":
        yield from _talk(course)
        yield from _agreed(course)
    if course.application.status == "confirmed":
        yield from _paid(course)
    if course.application.status == "released":
        yield from _sent(course, after)


def _request(course: Course) -> Request:
    company = course.order.company
    remark = course.say(course.rng.choice(REMARKS)) if course.rng.random() < 0.3 else ""
    return Request(
        contact=company.clerk,
        phone=company.facts.phone,
        delivery_address=_address(company),
        lines=tuple(_line(course.stage, wish) for wish in course.order.wishes),
        remark=remark,
    )


def _address(company: Company) -> str:
    facts = company.facts
    if company.is_polish:
        return f"{facts.name}, {facts.address}"
    city = "" if facts.region == f"{facts.city}市" else f"{facts.city}市"
    return f"{facts.region}{city}{facts.address.replace('，', ' ')}"


def _line(stage: Stage, wish: Wish) -> LineRequest:
    part_id = stage.parts[wish.number]
    if wish.repair is None:
        return LineRequest(part_id, wish.quantity, "stock")
    return LineRequest(
        part_id,
        wish.quantity,
        "warranty",
        product_model=wish.repair.model,
        serial=wish.repair.serial,
        purchase_date=wish.repair.bought,
        fault=wish.repair.fault.complaint[wish.repair.language],
    )


def _typed(course: Course) -> dict[str, Any]:
    """The form as the clerk leaves it at first."""
    company = course.order.company
    typed = {
        "contact": company.clerk,
        "phone": company.facts.phone,
        "delivery_address": _address(company),
        "remark": "",
    }
    for index, wish in enumerate(course.order.wishes):
        line = _line(course.stage, wish)
        row = {
            "part": wish.number,
            "quantity": str(wish.quantity),
            "purpose": line.purpose,
            "product_model": line.product_model,
            "serial": line.serial,
            "purchase_date": line.purchase_date.isoformat() if line.purchase_date else "",
            "fault": line.fault,
        }
        typed |= {f"lines-{index}-{name}": value for name, value in row.items()}
    return typed


# --- Headquarters answers -------------------------------------------------------------------


def _answered(course: Course) -> Script:
    turn = course.order.turn
    if turn == "withdrawn":
        yield course.turn_to("clerk", 1)
        course.step("withdraw", "clerk", WITHDRAWN)
        return
    yield course.turn_to("desk", 1)
    if turn == "rejected":
        course.step("reject", "desk", REJECTED)
        return
    if turn == "returned":
        course.step("return", "desk", RETURNED)
        if course.order.stop == "returned":
            return
        yield course.turn_to("clerk", 1)
        clerk = course.by("clerk")
        request = _request(course)
        services.submit(course.application, request, seen=None, by=clerk, now=course.now)
        yield course.turn_to("desk", 0)
    _quote(course)
    if turn == "requoted":
        yield course.turn_to("manager", 0)
        course.step("requote", "manager", REQUOTED)
        yield course.turn_to("desk", 0)
        _quote(course, cheaper=True)


def _quote(course: Course, *, cheaper: bool = False) -> None:
    stage, rng = course.stage, course.rng
    polish = course.order.company.is_polish
    freight = rng.randint(16, 42) * 1000 if polish else rng.randint(8, 36) * 100
    days = rng.choice((1, 2, 2, 3))
    lines = []
    for row in queries.lines_of(course.application):
        asked = row.ApplicationLine
        number = stage.improved.get(row.asked_number, row.asked_number)
        lines.append(
            LineAnswer(
                asked.id,
                stage.parts[number],
                _confirmed(course, asked.quantity),
                ""
                if number == row.asked_number
                else course.say(("已由改进型替代", "Zastąpiono wersją ulepszoną")),
            )
        )
    answer = Answer(
        lines=tuple(lines),
        freight=freight // 2 if cheaper else freight,
        packing=rng.choice((0, 0, 500, 800)),
        promised_on=stage.hours["warehouse"].later(course.now, days + 1, rng).date(),
        remark="",
    )
    services.quote(course.application, answer, seen=None, by=course.by("desk"), now=course.now)


def _confirmed(course: Course, quantity: int) -> int:
    """Now and then fewer pieces of a large stock line."""
    return quantity * 4 // 5 if quantity >= 10 and course.rng.random() < 0.4 else quantity


def _talk(course: Course) -> Script:
    """On some applications the two sides write to each other."""
    if course.rng.random() < 0.22:
        question, reply = course.rng.choice(TALKS)
        yield course.turn_to("clerk", 0)
        write(course.application, course.say(question), course.by("clerk"), course.now)
        yield course.turn_to("desk", 0)
        write(course.application, course.say(reply), course.by("desk"), course.now)


def write(document: Document, words: str, by: Actor, now: datetime) -> None:
    """Add a comment to a document's timeline."""
    comment(document, words, [], by=by, now=now)


# --- The dealer confirms, finance releases --------------------------------------------------


def _agreed(course: Course) -> Script:
    planned = course.order
    if planned.stop == "quoted":
        return
    if planned.turn == "expired":
        made = services.current_quote(course.application)
        course.now = made.expires_at + timedelta(seconds=2)
        yield course.now
        services.expire(course.application, now=course.now)
        return
    yield course.turn_to("manager", 0)
    yield from _enough(course)
    services.confirm(
        course.application,
        quote_version=course.application.quote_version,
        seen=None,
        by=course.by("manager"),
        now=course.now,
    )


def _enough(course: Course) -> Script:
    """Too little on the account: the dealer pays in, and confirms when it has arrived (A5)."""
    company = course.order.company
    missing = course.application.total - course.stage.available(company)
    if missing > 0:
        yield course.turn_to("finance", 1)
        amount = -(-(missing + company.size * 80_000) // 100_000) * 100_000
        deposit(course.stage, company, amount, course.now)
        yield course.turn_to("manager", 0)


def _paid(course: Course) -> Script:
    if course.order.stop == "confirmed":
        return
    yield course.turn_to("finance", 0)
    if course.order.turn == "cancelled":
        course.step("cancel", "desk", CANCELLED)
        return
    services.release(course.application, seen=None, by=course.by("finance"), now=course.now)


# --- The warehouse sends, the dealer receives -----------------------------------------------


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


def _sent(course: Course, after: After) -> Script:
    planned = course.order
    if planned.stop == "released":
        return
    yield course.turn_to("warehouse", 4 if planned.slow else 1)
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
    if planned.stop != "shipped":
        yield from _received(course, shipment, after)


def _rests(application: Application) -> dict[int, int]:
    return {row.QuoteLine.id: row.QuoteLine.quantity for row in queries.lines_of(application)}


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
    return services.ship(
        course.application, consignment, seen=None, by=course.by("warehouse"), now=course.now
    )


def _cancel(course: Course, pieces: dict[int, int]) -> None:
    services.cancel_lines(
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
    services.receive(shipment, seen=None, by=course.by("clerk"), now=now)
    for arrival in _arrivals(course, shipment, now):
        after(arrival)


def _arrivals(course: Course, shipment: Shipment, now: datetime) -> Iterator[Arrival]:
    places = {
        row.QuoteLine.id: row.ApplicationLine.position - 1
        for row in queries.lines_of(course.application)
    }
    for row in queries.shipment_lines(shipment):
        line = row.ShipmentLine
        repair = course.order.wishes[places[line.quote_line_id]].repair
        if repair is None:
            continue
        for piece in range(1, line.quantity + 1):
            fate = repair.fates[piece - 1]
            yield Arrival(repair.key, course.order, repair, fate, line.id, piece, now)
