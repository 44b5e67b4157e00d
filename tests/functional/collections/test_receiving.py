"""Receiving consignments by scanner, and what never came (O7)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from portal.collections import receiving, timers
from portal.collections.models import Consignment, ConsignmentPiece
from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid, Stale, WrongState
from portal.core.events import Event
from portal.ledger.models import Transfer
from portal.oldparts import timers as clocks
from portal.oldparts.charge_models import OldPartCharge
from portal.oldparts.models import OldPart
from tests.support import claims, collecting
from tests.support.portal import Portal
from tests.support.queries import counted


def _row(portal: Portal, number: str) -> ConsignmentPiece:
    with portal.transaction():
        return session.scalars(
            select(ConsignmentPiece)
            .join(OldPart, OldPart.id == ConsignmentPiece.old_part_id)
            .where(OldPart.number == number)
        ).one()


def test_scan_receives_once_when_it_comes_twice(portal: Portal) -> None:
    """O7: the second scan of a label says so, and changes nothing, whatever place it names."""
    consignment = collecting.sent(portal, 2)
    number = collecting.numbers(portal, consignment)[0]
    assert collecting.scan(portal, consignment, number, "A-1").tone == "good"
    again = collecting.scan(portal, consignment, number, "B-2")
    assert (again.tone, again.sentence) == ("info", "Already received")
    assert _row(portal, number).place == "A-1"
    with portal.transaction():
        count = select(func.count()).select_from(Event).where(Event.name == "receive")
        assert session.scalars(count).one() == 1


def test_scan_says_what_is_wrong_when_a_piece_is_not_expected(portal: Portal) -> None:
    """O7: unknown, wrong dealer, unexpected, and what is not to be received at all."""
    consignment = collecting.sent(portal, 1)
    foreign = collecting.numbers(portal, collecting.called(portal, 1, dealer="south"))[0]
    unknown = collecting.scan(portal, consignment, "https://elsewhere.example/old-parts/x")
    assert unknown.tone == "bad"
    wrong = collecting.scan(portal, consignment, foreign)
    assert wrong.tone == "bad"
    assert "CN-2026-D0002-00001" in wrong.sentence
    assert collecting.status(portal, foreign) == "called"
    claims.pieces(portal, 1)
    with portal.transaction():
        free = session.scalars(select(OldPart.number).where(OldPart.status == "accepted")).one()
    assert collecting.scan(portal, consignment, free).tone == "warn"
    assert collecting.status(portal, free) == "received"
    assert _row(portal, free).unexpected
    claims.pieces(portal, 1, status="rejected")
    with portal.transaction():
        rejected = session.scalars(select(OldPart.number).where(OldPart.status == "rejected")).one()
    assert "Rejected" in collecting.scan(portal, consignment, rejected).sentence
    assert collecting.status(portal, rejected) == "rejected"


def test_piece_moves_to_the_consignment_it_came_with(portal: Portal) -> None:
    """O7: one that was left out of the list, and lay in the box all the same."""
    consignment = collecting.sent(portal, 3, leave=1)
    with portal.transaction():
        rest = session.scalars(select(Consignment).where(Consignment.status == "called")).one()
    (left,) = collecting.numbers(portal, rest)
    assert collecting.scan(portal, consignment, left).tone == "warn"
    assert left in collecting.numbers(portal, consignment)
    assert collecting.numbers(portal, rest) == []
    assert collecting.fresh(portal, rest).status == "ended"


def test_what_was_not_scanned_is_missing_when_receiving_ends(portal: Portal) -> None:
    """O7: only as many as were named; a piece that turns up later is received."""
    consignment = collecting.sent(portal, 3)
    numbers = collecting.numbers(portal, consignment)
    collecting.scan(portal, consignment, numbers[0])
    with pytest.raises(Stale):
        collecting.finish(portal, consignment, 1)
    collecting.finish(portal, consignment, 2)
    found = [collecting.status(portal, number) for number in numbers]
    assert found == ["received", "missing", "missing"]
    with pytest.raises(WrongState):
        collecting.finish(portal, consignment, 0)
    late = collecting.scan(portal, consignment, numbers[1])
    assert late.tone == "warn"
    assert "after all" in late.sentence
    with portal.transaction():
        piece = session.scalars(select(OldPart).where(OldPart.number == numbers[1])).one()
        assert piece.accepted_at == portal.now  # it has not lapsed (R2)
    assert collecting.status(portal, numbers[1]) == "received"
    assert collecting.broken_chains(portal) == []


def test_piece_is_received_once_when_two_scan_it_at_once(portal: Portal) -> None:
    """O7: two scanners at the same box."""
    consignment = collecting.sent(portal, 4)
    numbers = collecting.numbers(portal, consignment) * 2
    with ThreadPoolExecutor(4) as pool:
        tones = list(
            pool.map(lambda code: collecting.scan(portal, consignment, code).tone, numbers)
        )
    assert sorted(tones) == ["good"] * 4 + ["info"] * 4


def test_only_the_warehouse_receives_what_was_sent(portal: Portal) -> None:
    """O7, P3."""
    consignment = collecting.called(portal, 1)
    (number,) = collecting.numbers(portal, consignment)
    with pytest.raises(WrongState):
        collecting.scan(portal, consignment, number)
    for who in (portal.clerk, portal.desk):
        with portal.transaction():
            one = session.get_one(Consignment, consignment.id)
            with pytest.raises(Forbidden):
                receiving.scan(one, number, "", by=who, now=portal.now)


@pytest.mark.parametrize(("step", "status"), [("release", "accepted"), ("charge", "missing")])
def test_desk_ends_what_was_not_sent(portal: Portal, step: str, status: str) -> None:
    """O7: its pieces are the dealer's again and can be called again, or they are missing."""
    consignment = collecting.called(portal, 2)
    numbers = collecting.numbers(portal, consignment)
    portal.clock.at = collecting.fresh(portal, consignment).due_at + timedelta(microseconds=1)
    facts = {"seen": None, "by": portal.desk, "now": portal.now}
    with portal.transaction():
        one = session.get_one(Consignment, consignment.id)
        with pytest.raises(Invalid):
            receiving.end(one, step, reason=" ", **facts)
        receiving.end(one, step, reason="Closed down", **facts)
        with pytest.raises(WrongState):
            receiving.end(one, step, reason="Closed down", **facts)
    assert [collecting.status(portal, number) for number in numbers] == [status] * 2
    assert collecting.fresh(portal, consignment).status == "ended"
    if step == "release":
        assert collecting.call(portal, pieces=2)
    assert collecting.broken_chains(portal) == []


def test_nothing_is_charged_as_missing_while_there_is_time_to_send_it(portal: Portal) -> None:
    """O7, T1: not before the last second of the day until which it is to be sent."""
    consignment = collecting.called(portal, 1)
    (number,) = collecting.numbers(portal, consignment)
    portal.clock.at = collecting.fresh(portal, consignment).due_at
    facts = {"seen": None, "reason": "Closed", "by": portal.desk, "now": portal.now}
    with portal.transaction():
        one = session.get_one(Consignment, consignment.id)
        with pytest.raises(Conflict, match="still has time"):
            receiving.end(one, "charge", **facts)
    assert collecting.status(portal, number) == "called"
    page = f"/collections/{consignment.public_id}"
    assert "steps/charge" not in portal.client(portal.desk).get(page).text
    portal.clock.advance(seconds=1)
    assert "steps/charge" in portal.client(portal.desk).get(page).text


def test_dealer_is_reminded_once_when_the_day_comes_near(portal: Portal) -> None:
    """O7, T2: so long before the day by the policy value, and not again."""
    consignment = collecting.called(portal, 1, lasts=14)
    due = collecting.fresh(portal, consignment).due_at

    def reminded() -> int:
        with portal.app.app_context():
            timers.remind(portal.clock)
        with portal.transaction():
            count = select(func.count()).select_from(Event).where(Event.name == "remind")
            return session.scalars(count).one()

    portal.clock.at = (due - timedelta(days=3)).astimezone(portal.now.tzinfo)
    assert reminded() == 0
    portal.clock.advance(seconds=1)
    assert reminded() == 1
    assert reminded() == 1
    with portal.transaction():
        session.execute(update(Consignment).values(reminded_at=None, status="sent"))
    assert reminded() == 1


def test_it_costs_the_same_to_end_receiving_whatever_is_missing(portal: Portal) -> None:
    """O7: the pieces are charged by the worker, a thousand of them keep no page waiting."""
    asked = []
    for pieces in (2, 5):
        consignment = collecting.sent(portal, pieces)
        with counted(portal.app) as statements:
            collecting.finish(portal, consignment, pieces)
        asked.append([one for one in statements if not one.startswith("INSERT")])
    assert len(asked[0]) == len(asked[1])


def test_missing_piece_is_charged_once_when_it_never_came(portal: Portal) -> None:
    """O7, O6: by the rule for pieces that are never registered; not again after it turned up."""
    consignment = collecting.sent(portal, 2)
    numbers = collecting.numbers(portal, consignment)
    collecting.finish(portal, consignment, 2)
    with portal.app.app_context():
        for _round in range(2):
            clocks.charge_missing(portal.clock)
    with portal.transaction():
        charges = session.scalars(select(OldPartCharge)).all()
        transfers = session.scalars(
            select(Transfer).where(Transfer.dealer_id == consignment.dealer_id)
        ).all()
        # The out-of-warranty price 25.00, less the 12.50 that were deducted.
        assert [charge.pieces for charge in charges] == [1, 1]
        charged = [one.amount for one in transfers if one.kind == "old_part_charge"]
        assert charged == [1250, 1250]
    assert collecting.scan(portal, consignment, numbers[0]).tone == "warn"
    with portal.transaction():
        kinds = session.scalars(select(Transfer.kind).order_by(Transfer.id)).all()
        assert kinds.count("old_part_charge") == 2
