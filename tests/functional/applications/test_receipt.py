"""A8: what arrives, by line; what is missing or damaged is sent again or refunded; silence."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from threading import Barrier, Thread
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from portal.applications import compensation, receipt, shipment_queries, shipping
from portal.applications.commands import Found
from portal.applications.models import (
    Application,
    DeliveryReport,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.applications.receipt import AGAIN, REFUND
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Refusal, Stale, WrongState
from portal.core.events import Event
from portal.core.permissions import SYSTEM
from portal.files.models import Attachment
from portal.ledger.models import Transfer
from portal.ledger.verify import verify
from portal.notices.models import Notice
from portal.oldparts import services as oldparts
from portal.terms import services as terms
from tests.support import story
from tests.support.portal import HQ, Portal

PRICE = 1250
LAST_SECOND = datetime(2026, 10, 22, 23, 59, 59, tzinfo=HQ)
"""The end of the time to confirm what was sent on 12 October: ten days."""


def stands(document: Any) -> Any:
    """The document as it stands now, in the present transaction."""
    return session.get_one(type(document), document.id)


def application_of(portal: Portal, shipment: Shipment) -> Application:
    with portal.transaction():
        return session.get_one(Application, shipment.application_id)


def line_of(portal: Portal, shipment: Shipment, at: int = 0) -> ShipmentLine:
    with portal.transaction():
        line: ShipmentLine = shipment_queries.lines_of(shipment)[at].ShipmentLine
        return line


def quoted(portal: Portal, at: int = 0) -> QuoteLine:
    with portal.transaction():
        return session.scalars(select(QuoteLine).order_by(QuoteLine.id)).all()[at]


def refused(portal: Portal, what: type[Refusal], act: Callable[[], object]) -> Any:
    with pytest.raises(what) as caught, portal.transaction():
        act()
    return caught.value


def settle(portal: Portal, report: DeliveryReport, *decisions: str, **other: Any) -> None:
    with portal.transaction():
        shipment = session.get_one(Shipment, stands(report).shipment_id)
        lines = [
            row.ShipmentLine.id
            for row in shipment_queries.lines_of(shipment)
            if row.ShipmentLine.unwell
        ]
        facts = {"seen": None, "by": portal.desk, "now": portal.now} | other
        receipt.settle(stands(report), dict(zip(lines, decisions, strict=True)), **facts)


def receive(portal: Portal, shipment: Shipment) -> None:
    with portal.transaction():
        receipt.receive(stands(shipment), seen=None, by=portal.clerk, now=portal.now)


def status(portal: Portal, document: Any) -> str:
    with portal.transaction():
        return str(stands(document).status)


def refunds(portal: Portal) -> list[tuple[int, str]]:
    with portal.transaction():
        rows = select(Transfer.amount, Transfer.cause).where(Transfer.kind == "refund")
        return [(amount, cause) for amount, cause in session.execute(rows.order_by(Transfer.id))]


def problems(portal: Portal) -> list[str]:
    with portal.transaction():
        return list(verify())


def ring(portal: Portal) -> None:
    with portal.app.app_context():
        jobs.ring(portal.clock)


# The report


def test_receipt_splits_the_pieces_when_some_are_missing_or_damaged(portal: Portal) -> None:
    """A8: what arrived well, what is missing, what is damaged: together what was sent."""
    shipment = story.shipped(portal, story.line(portal, quantity=5))
    report = story.reported(portal, shipment, {0: Found(short=2, damaged=1)})
    line = line_of(portal, shipment)
    assert (line.sent, line.quantity, line.short, line.damaged) == (5, 2, 2, 1)
    assert (status(portal, shipment), status(portal, report)) == ("received", "open")
    assert status(portal, application_of(portal, shipment)) == "shipped"
    with portal.transaction():
        assert session.scalars(select(Attachment.document_kind)).one() == "deliveryreport"
    assert problems(portal) == []


@pytest.mark.parametrize(
    ("found", "field"),
    [
        (Found(short=3), "short"),
        (Found(short=1, damaged=2), "short"),
        (Found(short=-1), "short"),
        (Found(short=3, damaged=-1), "short"),
    ],
)
def test_report_is_refused_when_it_is_not_of_what_was_sent(
    portal: Portal, found: Found, field: str
) -> None:
    """A8: never more than was sent, never less than nothing."""
    shipment = story.shipped(portal)
    refusal = refused(portal, Invalid, lambda: story.reported(portal, shipment, {0: found}))
    assert [name.partition("-")[0] for name in refusal.fields] == [field]
    assert status(portal, shipment) == "sent"


def test_report_is_refused_when_it_says_nothing(portal: Portal) -> None:
    """A8: all well is a confirmation, not a report."""
    shipment = story.shipped(portal)
    refused(portal, Invalid, lambda: story.reported(portal, shipment, {0: Found()}))


def test_report_is_refused_without_a_photo_when_something_is_damaged(portal: Portal) -> None:
    """A8: damage is shown; what is missing cannot be."""
    shipment = story.shipped(portal)
    damaged = {0: Found(damaged=1)}
    refusal = refused(portal, Invalid, lambda: story.reported(portal, shipment, damaged, photos=[]))
    assert set(refusal.fields) == {"photos"}
    story.reported(portal, shipment, {0: Found(short=1)}, photos=[])


def test_report_is_refused_when_the_line_is_of_another_shipment(portal: Portal) -> None:
    """A8, P1: only its own lines."""
    other, shipment = story.shipped(portal), story.shipped(portal)
    foreign = {line_of(portal, other).id: Found(short=1)}
    facts: Any = {"seen": None, "by": portal.clerk, "now": portal.now}
    refused(portal, Stale, lambda: receipt.report(stands(shipment), foreign, **facts))


def test_report_is_refused_when_it_is_not_theirs_or_too_late(portal: Portal) -> None:
    """A8, P1: by the dealer's own people, of the version that they saw, once."""
    shipment = story.shipped(portal)
    for by, what in (("other_clerk", NotFound), ("warehouse", Forbidden)):
        refused(portal, what, lambda by=by: story.reported(portal, shipment, by=by))  # type: ignore[misc]
    refused(portal, Stale, lambda: story.reported(portal, shipment, seen=7))
    story.reported(portal, shipment)
    refused(portal, WrongState, lambda: story.reported(portal, shipment))
    refused(portal, WrongState, lambda: receive(portal, shipment))


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 1},
        {"short": 1},
        {"quantity": -1, "short": 3},
        {"again": 3},
        {"resent": 1},
        {"refunded": -1},
        {"sent": 0, "quantity": 0},
    ],
)
def test_database_refuses_pieces_that_do_not_add_up(portal: Portal, change: dict[str, int]) -> None:
    """A8: arrived well, missing and damaged are together what was sent, whoever writes them."""
    story.shipped(portal)
    with pytest.raises(IntegrityError), portal.transaction():
        session.execute(update(ShipmentLine).values(**change))


# Sent again


def test_pieces_are_shipped_again_without_a_charge_when_headquarters_says_so(
    portal: Portal,
) -> None:
    """A7, A8: they go back to the confirmed line, and the application to the warehouse."""
    shipment = story.shipped(portal, story.line(portal, quantity=3))
    application = application_of(portal, shipment)
    report = story.reported(portal, shipment, {0: Found(short=1, damaged=1)})
    settle(portal, report, AGAIN)
    assert (status(portal, report), status(portal, application)) == ("settled", "part_shipped")
    line = quoted(portal)
    assert (line.shipped, line.cancelled, line.again, line.rest) == (1, 0, 2, 2)
    with portal.transaction():
        assert stands(application).due_at is not None
    assert problems(portal) == []
    second = story.send(portal, application)
    line = quoted(portal)
    assert (line.shipped, line.again, line.rest) == (3, 0, 0)
    sent = line_of(portal, second)
    assert (sent.sent, sent.again) == (2, 2)
    assert status(portal, application) == "shipped"
    receive(portal, second)
    assert status(portal, application) == "closed"
    assert refunds(portal) == []
    assert problems(portal) == []


def test_new_pieces_go_first_when_some_are_sent_again(portal: Portal) -> None:
    """A9: the promise was for the pieces that were never sent; replacements count after them."""
    application = story.released(portal, story.line(portal, quantity=4))
    first = story.send(portal, application, {quoted(portal).id: 2})
    settle(portal, story.reported(portal, first), AGAIN)
    assert (quoted(portal).rest, quoted(portal).again) == (3, 1)
    second = story.send(portal, application, {quoted(portal).id: 1})
    assert line_of(portal, second).again == 0
    third = story.send(portal, application)
    assert (line_of(portal, third).sent, line_of(portal, third).again) == (2, 1)
    with portal.transaction():
        first_time = select(compensation.pieces_sent_first()).order_by(ShipmentLine.id)
        assert session.scalars(first_time).all() == [2, 1, 1]


def test_replacement_is_no_late_delivery_when_the_promise_has_passed(portal: Portal) -> None:
    """A9: only pieces that are sent for the first time can be late."""
    shipment = story.shipped(portal)
    settle(portal, story.reported(portal, shipment), AGAIN)
    portal.clock.at += timedelta(days=30)
    second = story.send(portal, application_of(portal, shipment))
    with portal.transaction():
        assert compensation.of_shipment(second) is None


def test_replacement_is_refunded_when_it_cannot_be_sent_after_all(portal: Portal) -> None:
    """A7, A8: what is owed a second time can be cancelled like any rest, and no more of it."""
    shipment = story.shipped(portal)
    application = application_of(portal, shipment)
    settle(portal, story.reported(portal, shipment, {0: Found(short=2)}, photos=[]), AGAIN)
    rest = {quoted(portal).id: 2}
    with portal.transaction():
        shipping.cancel_lines(
            stands(application), rest, reason="Sold out", seen=None,
            by=portal.warehouse, now=portal.now,
        )  # fmt: skip
    assert [amount for amount, _cause in refunds(portal)] == [2 * PRICE]
    assert (quoted(portal).again, quoted(portal).cancelled) == (0, 2)
    assert status(portal, application) == "closed"
    assert problems(portal) == []


def test_old_part_can_be_registered_for_what_arrived_well_only(portal: Portal) -> None:
    """A8, O2: pieces are drawn from what arrived."""
    shipment = story.shipped(portal, story.line(portal, quantity=2))
    story.reported(portal, shipment, {0: Found(short=1)}, photos=[])
    story.registered(portal, shipment)
    with pytest.raises(Refusal):
        story.registered(portal, shipment, product_serial="Another")
    with portal.transaction():
        assert session.scalars(select(func.count()).select_from(oldparts.OldPart)).one() == 1


# Refunded


def test_pieces_are_refunded_exactly_when_headquarters_says_so(portal: Portal) -> None:
    """A8: pieces × their price, under a cause of its own; the freight stays."""
    shipment = story.shipped(portal, story.line(portal, quantity=3))
    application = application_of(portal, shipment)
    report = story.reported(portal, shipment, {0: Found(short=1, damaged=1)})
    settle(portal, report, REFUND)
    cause = f"application/{application.public_id}/report/{report.public_id}"
    assert refunds(portal) == [(2 * PRICE, cause)]
    assert (quoted(portal).shipped, quoted(portal).cancelled) == (1, 2)
    assert status(portal, application) == "closed"
    assert problems(portal) == []


def test_everything_is_refunded_but_the_freight_when_nothing_arrived(portal: Portal) -> None:
    """A7, A8: something was sent; and the rest can still be cancelled."""
    application = story.released(portal, story.line(portal, quantity=3))
    first = story.send(portal, application, {quoted(portal).id: 1})
    settle(portal, story.reported(portal, first, {0: Found(short=1)}, photos=[]), REFUND)
    assert status(portal, application) == "part_shipped"
    rest = {quoted(portal).id: 2}
    with portal.transaction():
        shipping.cancel_lines(
            stands(application), rest, reason="Sold out", seen=None,
            by=portal.warehouse, now=portal.now,
        )  # fmt: skip
    assert [amount for amount, _cause in refunds(portal)] == [PRICE, 2 * PRICE]
    assert status(portal, application) == "closed"
    assert problems(portal) == []


def test_lines_are_settled_each_in_its_way_when_they_are_mixed(portal: Portal) -> None:
    """A8: one line is sent again, the other refunded."""
    lines = story.line(portal), story.line(portal, part="FP-200", quantity=3)
    shipment = story.shipped(portal, *lines)
    report = story.reported(portal, shipment, {0: Found(short=1), 1: Found(short=2)}, photos=[])
    settle(portal, report, AGAIN, REFUND, reason="One is left")
    assert [amount for amount, _cause in refunds(portal)] == [2 * 480]
    assert (quoted(portal, 0).again, quoted(portal, 1).cancelled) == (1, 2)
    assert status(portal, application_of(portal, shipment)) == "part_shipped"
    with portal.transaction():
        event = session.scalars(select(Event).where(Event.name == "settle")).one()
        assert event.values == {"sent_again": 1, "refund": 960}
    assert problems(portal) == []


def test_settling_is_refused_when_it_is_not_theirs_stale_or_done(portal: Portal) -> None:
    """A8, P1: the desk settles, each line, once; nobody else and not twice."""
    report = story.reported(portal)
    for who, what in (
        ("other_clerk", NotFound),
        ("manager", Forbidden),
        ("warehouse", Forbidden),
        ("auditor", Forbidden),
    ):
        refused(
            portal,
            what,
            lambda who=who: settle(portal, report, REFUND, by=portal.cast[who]),  # type: ignore[misc]
        )
    refused(portal, Stale, lambda: settle(portal, report, REFUND, seen=7))
    refused(portal, Stale, lambda: settle(portal, report, "keep"))
    facts: Any = {"seen": None, "by": portal.desk, "now": portal.now}
    refused(portal, Stale, lambda: receipt.settle(stands(report), {}, **facts))
    settle(portal, report, REFUND)
    refused(portal, WrongState, lambda: settle(portal, report, REFUND))
    assert len(refunds(portal)) == 1


def test_application_is_open_until_every_shipment_and_report_is_done(portal: Portal) -> None:
    """A8: received means that nothing is left to send, to arrive or to settle."""
    application = story.released(portal, story.line(portal, quantity=4))
    first = story.send(portal, application, {quoted(portal).id: 2})
    second = story.send(portal, application)
    report = story.reported(portal, first)
    assert status(portal, application) == "shipped"
    receive(portal, second)
    assert status(portal, application) == "shipped"
    settle(portal, report, REFUND)
    assert status(portal, application) == "closed"


def test_desk_and_dealer_are_told_when_something_is_reported_and_settled(portal: Portal) -> None:
    """A8: a report concerns the desk, its settlement the dealer, the rest the warehouse."""
    report = story.reported(portal)
    settle(portal, report, AGAIN)
    with portal.transaction():
        rows = session.execute(
            select(Event.name, Notice.user_id).join(Event, Event.id == Notice.event_id)
        ).all()
    told = {(name, user) for name, user in rows}
    assert ("report", portal.desk.id) in told
    assert {("settle", portal.clerk.id), ("settle", portal.manager.id)} <= told
    assert ("send_again", portal.warehouse.id) in told
    assert not any(user == portal.other_clerk.id for _name, user in told)


# Silence


@pytest.mark.parametrize(("late_by", "expected"), [(0, "sent"), (1, "received")])
def test_silence_counts_as_received_when_the_day_is_over(
    portal: Portal, late_by: int, expected: str
) -> None:
    """A8, T1: at 23:59:59 of the last day it is still open, at 00:00:00 it is received."""
    shipment = story.shipped(portal)
    portal.clock.at = LAST_SECOND + timedelta(seconds=late_by)
    ring(portal)
    assert status(portal, shipment) == expected
    if expected == "received":
        assert status(portal, application_of(portal, shipment)) == "closed"
        with portal.transaction():
            event = session.scalars(select(Event).where(Event.name == "lapse")).one()
            made = session.scalars(
                select(Event).where(Event.name == "create", Event.document_kind == "shipment")
            ).one()
            assert datetime.fromisoformat(event.values["answer_by"]) == LAST_SECOND
            assert made.values == {"receive_days": 10}
        assert line_of(portal, shipment).quantity == 2


def test_deadline_stays_when_the_policy_changes_afterwards(portal: Portal) -> None:
    """A8: the days in force when it was sent are those that count."""
    shipment = story.shipped(portal)
    with portal.transaction():
        change = terms.propose(
            "shipment.receive_days", 3, effective_from=portal.now.date(), reason="Faster",
            by=SYSTEM, now=portal.now,
        )  # fmt: skip
        terms.decide(change, "approve", seen=None, by=portal.administrator, now=portal.now)
    shorter = story.shipped(portal)
    with portal.transaction():
        assert stands(shipment).due_at == LAST_SECOND
        assert stands(shorter).due_at == datetime(2026, 10, 15, 23, 59, 59, tzinfo=HQ)


def test_dealer_is_reminded_once_when_the_time_is_nearly_over(portal: Portal) -> None:
    """A8: three days before, one notice to each of the dealer's people; the page stays good."""
    shipment = story.shipped(portal)
    portal.clock.at = LAST_SECOND - timedelta(days=3)
    ring(portal)

    def told() -> list[int]:
        with portal.transaction():
            notices = select(Notice.user_id).join(Event, Event.id == Notice.event_id)
            return sorted(session.scalars(notices.where(Event.name == "remind")))

    assert told() == []
    portal.clock.at += timedelta(seconds=1)
    for _round in "ab":
        ring(portal)
    assert told() == sorted([portal.clerk.id, portal.manager.id])
    with portal.transaction():
        receipt.receive(stands(shipment), seen=1, by=portal.clerk, now=portal.now)
    portal.clock.at += timedelta(days=9)
    ring(portal)
    assert len(told()) == 2


def test_nobody_is_reminded_when_the_receipt_was_confirmed(portal: Portal) -> None:
    """A8: what is done is done."""
    story.received(portal)
    story.reported(portal)
    portal.clock.at = LAST_SECOND + timedelta(days=2)
    ring(portal)
    with portal.transaction():
        names = session.scalars(select(Event.name).where(Event.document_kind == "shipment")).all()
    assert not {"remind", "lapse"} & set(names)


def test_two_workers_count_it_as_received_once(portal: Portal) -> None:
    """A8: what a timer decides, it decides under a lock; done again it is harmless."""
    shipment = story.shipped(portal)
    portal.clock.at = LAST_SECOND + timedelta(seconds=1)
    start = Barrier(2)

    def work() -> None:
        start.wait(30)
        with portal.app.app_context():
            jobs.ring(portal.clock)
            session.remove()

    workers = [Thread(target=work) for _ in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    with portal.transaction():
        lapses = select(func.count()).select_from(Event).where(Event.name == "lapse")
        assert session.scalars(lapses).one() == 1
    assert status(portal, shipment) == "received"
    with portal.transaction():
        receipt.lapse(stands(shipment), now=portal.now)


# Together


@pytest.mark.parametrize("seed", range(3))
def test_books_and_pieces_agree_whatever_is_sent_lost_and_settled(
    portal: Portal, seed: int
) -> None:
    """A7, A8: never more shipped than confirmed; what was deducted arrived, or was refunded."""
    rng = Random(seed)
    parts = (story.line(portal, quantity=4), story.line(portal, part="FP-200", quantity=5))
    application = story.released(portal, *parts)
    for _step in range(60):
        if status(portal, application) in ("closed", "cancelled"):
            break
        _any_step(portal, application, rng)
        assert problems(portal) == []
        with portal.transaction():
            for line in session.scalars(select(QuoteLine)):
                assert 0 <= line.again <= line.rest <= line.quantity
    else:
        pytest.fail("the application was never closed")
    with portal.transaction():
        well = session.scalars(select(func.sum(ShipmentLine.quantity * ShipmentLine.unit_price)))
        moved = dict(
            session.execute(
                select(Transfer.kind, func.sum(Transfer.amount))
                .where(Transfer.document_id == application.id, Transfer.kind != "deposit")
                .group_by(Transfer.kind)
            ).all()
        )
        assert moved["parts_deduction"] - moved.get("refund", 0) == (well.one() or 0)
        assert all(line.rest == 0 for line in session.scalars(select(QuoteLine)))


def _any_step(portal: Portal, application: Application, rng: Random) -> None:
    """Whoever has the next step takes it, one way or another."""
    with portal.transaction():
        reports = session.scalars(select(DeliveryReport).where(DeliveryReport.status == "open"))
        sent = session.scalars(select(Shipment).where(Shipment.status == "sent"))
        open_reports, on_the_way = reports.all(), sent.all()
        rests = {line: rest for line, rest in story.pieces_left(application).items() if rest}
    turns: list[Callable[[], object]] = []
    if open_reports:
        report = open_reports[0]
        with portal.transaction():
            shipment = session.get_one(Shipment, report.shipment_id)
            lines = [row.ShipmentLine for row in shipment_queries.lines_of(shipment)]
        choices = [rng.choice((AGAIN, REFUND)) for line in lines if line.unwell]
        turns.append(lambda: settle(portal, report, *choices))
    if on_the_way:
        arriving = on_the_way[0]
        count = rng.randint(0, line_of(portal, arriving).sent)
        lost = {0: Found(short=count)} if rng.random() < 0.5 else {0: Found(damaged=count)}
        turns.append(
            lambda: story.reported(portal, arriving, lost) if count else receive(portal, arriving)
        )
    if rests:
        pieces = {line: rng.randint(1, rest) for line, rest in rests.items()}
        turns.append(lambda: story.send(portal, application, pieces))
        if rng.random() < 0.3:
            turns.append(lambda: _cancel(portal, application, pieces))
    rng.choice(turns)()


def _cancel(portal: Portal, application: Application, pieces: dict[int, int]) -> None:
    with portal.transaction():
        facts: Any = {"seen": None, "by": portal.warehouse, "now": portal.now}
        shipping.cancel_lines(stands(application), pieces, reason="Sold out", **facts)
