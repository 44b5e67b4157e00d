"""Packing and sending called old parts (O7)."""

import pytest
from sqlalchemy import select

from portal.collections import packing
from portal.collections.models import Consignment, ConsignmentPiece
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from portal.oldparts.models import OldPart
from tests.support import claims, collecting
from tests.support.portal import Portal


def _box(portal: Portal, number: str) -> int | None:
    with portal.transaction():
        its = select(OldPart.id).where(OldPart.number == number).scalar_subquery()
        return session.scalars(
            select(ConsignmentPiece.box).where(ConsignmentPiece.old_part_id == its)
        ).one()


def test_piece_is_in_the_box_of_its_last_scan(portal: Portal) -> None:
    """O7: packed, moved and scanned again; a label is an address or a number, however typed."""
    consignment = collecting.called(portal, 1)
    (number,) = collecting.numbers(portal, consignment)
    assert collecting.pack(portal, consignment, number, 1).tone == "good"
    assert collecting.pack(portal, consignment, f" {number.lower()} ", 1).tone == "info"
    with portal.transaction():
        name = session.scalars(select(OldPart.public_id).where(OldPart.number == number)).one()
    address = f"https://parts.example/base/old-parts/{name}?from=label"
    moved = collecting.pack(portal, consignment, address, 2)
    assert (moved.tone, moved.sentence) == ("good", "Moved from box 1 to box 2.")
    assert _box(portal, number) == 2


def test_piece_is_left_out_when_it_is_not_of_this_consignment(portal: Portal) -> None:
    """O7, P1: another dealer's piece is as one that there is not."""
    consignment = collecting.called(portal, 1)
    foreign = collecting.numbers(portal, collecting.called(portal, 1, dealer="south"))[0]
    claims.pieces(portal, 1)
    with portal.transaction():
        free = session.scalars(select(OldPart.number).where(OldPart.status == "accepted")).one()
    unknown = collecting.pack(portal, consignment, "OP-2026-D0001-999999")
    hidden = collecting.pack(portal, consignment, foreign)
    assert (unknown.tone, unknown.sentence) == (hidden.tone, hidden.sentence)
    assert hidden.name == ""
    not_called = collecting.pack(portal, consignment, free)
    assert "not called in" in not_called.sentence
    other = collecting.called(portal, 0)
    elsewhere = collecting.pack(portal, consignment, free)
    assert other.number in elsewhere.sentence
    assert _box(portal, free) is None


def test_what_is_not_packed_stays_called_when_the_rest_is_sent(portal: Portal) -> None:
    """O7: a partial consignment leaves the others in a consignment of their own."""
    consignment = collecting.sent(portal, 5, leave=2)
    with portal.transaction():
        first, rest = session.scalars(select(Consignment).order_by(Consignment.id)).all()
        assert (first.status, rest.status) == ("sent", "called")
        assert rest.due_at == first.due_at
        assert rest.collection_id == consignment.collection_id
    left = collecting.numbers(portal, rest)
    assert [collecting.status(portal, number) for number in left] == ["called"] * 2
    gone = collecting.numbers(portal, consignment)
    assert [collecting.status(portal, number) for number in gone] == ["sent"] * 3
    collecting.pack(portal, rest, left[0])
    collecting.pack(portal, rest, left[1])
    collecting.send(portal, rest, 2)
    with portal.transaction():
        assert len(session.scalars(select(Consignment)).all()) == 2


def test_sending_is_refused_when_nothing_or_something_else_is_packed(portal: Portal) -> None:
    """O7: what is sent is what the page named."""
    consignment = collecting.called(portal, 2)
    with pytest.raises(Invalid):
        collecting.send(portal, consignment, 0)
    for number in collecting.numbers(portal, consignment):
        collecting.pack(portal, consignment, number)
    with pytest.raises(Stale):
        collecting.send(portal, consignment, 1)
    collecting.send(portal, consignment, 2)
    with pytest.raises(WrongState):
        collecting.send(portal, consignment, 2)
    with pytest.raises(WrongState):
        collecting.pack(portal, consignment, collecting.numbers(portal, consignment)[0])


def test_only_its_own_dealer_packs_and_sends(portal: Portal) -> None:
    """O7, P1, P3."""
    consignment = collecting.packed(portal, 1)
    for who, refusal in ((portal.other_clerk, NotFound), (portal.desk, Forbidden)):
        with portal.transaction():
            one = session.get_one(Consignment, consignment.id)
            with pytest.raises(refusal):
                packing.pack(one, "X", 1, by=who, now=portal.now)
            with pytest.raises(refusal):
                packing.send(one, "SF", "1", packed=1, seen=None, by=who, now=portal.now)
            with pytest.raises(refusal):
                packing.unpack(one, "X", by=who)


def test_piece_is_out_of_its_box_when_it_is_taken_out(portal: Portal) -> None:
    """O7: it stays called."""
    consignment = collecting.packed(portal, 1)
    (number,) = collecting.numbers(portal, consignment)
    with portal.transaction():
        name = session.scalars(select(OldPart.public_id)).one()
        one = session.get_one(Consignment, consignment.id)
        packing.unpack(one, name, by=portal.clerk)
        with pytest.raises(Stale):
            packing.unpack(one, "A" * 16, by=portal.clerk)
    assert _box(portal, number) is None
    assert collecting.status(portal, number) == "called"
