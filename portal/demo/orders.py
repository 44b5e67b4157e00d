"""Parts applications as they are filed, quoted, confirmed and paid for."""

import zlib
from datetime import timedelta
from typing import Any

from portal.applications import queries, quoting, services
from portal.applications.commands import Answer, LineAnswer, LineRequest, Request
from portal.demo.cast import Company
from portal.demo.course import Course, Order, Wish, write
from portal.demo.deliveries import After, sent
from portal.demo.prologue import deposit
from portal.demo.stage import Script, Stage
from portal.demo.words import (
    CANCELLED,
    REJECTED,
    REMARKS,
    REQUOTED,
    RETURNED,
    TALKS,
    WITHDRAWN,
)


def order(stage: Stage, planned: Order, after: After) -> Script:
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
        yield from sent(course, after)


def _request(course: Course) -> Request:
    company = course.order.company
    remark = course.say(course.rng.choice(REMARKS)) if course.rng.random() < 0.3 else ""
    return Request(
        contact=company.clerk,
        phone=company.facts.phone,
        delivery_address=_address(company),
        lines=tuple(_line(course.stage, wish) for wish in course.order.wishes),
        remark=remark,
        reference=_reference(course),
    )


def _reference(course: Course) -> str:
    """The dealer's own number: one in three has one."""
    made = zlib.crc32(str(course.order.key).encode())
    return "" if made % 3 else f"WO-{10_000 + made % 90_000}"


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
        "reference": _reference(course),
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
        course.step("reject", "desk", REJECTED, "out_of_warranty")
        return
    if turn == "returned":
        course.step("return", "desk", RETURNED, "evidence")
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
    quoting.quote(course.application, answer, seen=None, by=course.by("desk"), now=course.now)


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


# --- The dealer confirms, finance releases --------------------------------------------------


def _agreed(course: Course) -> Script:
    planned = course.order
    if planned.stop == "quoted":
        return
    if planned.turn == "expired":
        made = quoting.current_quote(course.application)
        course.now = made.expires_at + timedelta(seconds=2)
        yield course.now
        quoting.expire(course.application, now=course.now)
        return
    yield course.turn_to("manager", 0)
    yield from _enough(course)
    quoting.confirm(
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
    quoting.release(course.application, seen=None, by=course.by("finance"), now=course.now)
