"""Calling old parts in (O7)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, func, insert, select
from sqlalchemy.exc import IntegrityError

from portal.collections import calling
from portal.collections.models import Consignment, ConsignmentPiece
from portal.core.db import db, session
from portal.core.errors import Forbidden, Invalid, Stale
from portal.core.events import Event
from portal.notices.models import Notice
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from tests.support import claims, collecting
from tests.support.portal import Portal


def test_each_dealer_gets_its_own_consignment_when_several_are_called(portal: Portal) -> None:
    """O7, P1: one collection, a numbered consignment for each dealer, with that one's pieces."""
    claims.pieces(portal, 3, dealer="north")
    claims.pieces(portal, 2, dealer="south")
    collection = collecting.call(portal, ["north", "south"])
    with portal.transaction():
        made = session.scalars(select(Consignment).order_by(Consignment.dealer_id)).all()
        assert [one.number for one in made] == ["CN-2026-D0001-00001", "CN-2026-D0002-00001"]
        assert {one.collection_id for one in made} == {collection.id}
        for one, count in zip(made, (3, 2), strict=True):
            pieces = session.execute(
                select(OldPart.dealer_id, OldPart.status)
                .join(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
                .where(ConsignmentPiece.consignment_id == one.id)
            ).all()
            assert [tuple(piece) for piece in pieces] == [(one.dealer_id, "called")] * count
        last = session.scalars(
            select(Event).where(Event.document_kind == "oldpart", Event.name == "call")
        ).all()
        assert len(last) == 5
    assert collecting.broken_chains(portal) == []


def test_dealers_are_told_once_when_many_pieces_are_called(portal: Portal) -> None:
    """O7: a notice for the consignment, not one for each piece."""
    collecting.called(portal, 4)
    with portal.transaction():
        told = session.execute(
            select(Event.document_kind, func.count())
            .join(Notice, Notice.event_id == Event.id)
            .where(Notice.user_id == portal.clerk.id)
            .group_by(Event.document_kind)
        ).all()
    assert [tuple(row) for row in told] == [("consignment", 1)]


@pytest.mark.parametrize(
    ("wish", "pieces"),
    [
        ({}, 6),
        ({"part": " fv-100 "}, 2),
        ({"region": "małopolskie"}, 1),
        ({"days": 30}, 3),
        ({"worth": 15000}, 1),
        ({"worth": 1000, "days": 30}, 0),
    ],
)
def test_wish_chooses_pieces_when_it_names_them(
    portal: Portal, wish: dict[str, object], pieces: int
) -> None:
    """O7: by region, part, age and value; only accepted ones of parts that are returned."""
    claims.pieces(portal, 2, part="FV-100")
    claims.pieces(portal, 3, part="FP-200", at=portal.now - timedelta(days=31))
    claims.pieces(portal, 1, part="TH-300", dealer="south")
    claims.pieces(portal, 4, status="called")
    with portal.transaction():
        found = calling.preview(calling.Wish(**wish), portal.now)  # type: ignore[arg-type]
    assert sum(row.pieces for row in found) == pieces
    if pieces:
        assert len(collecting.numbers(portal, _of(portal, wish))) in (pieces, pieces - 1)


def _of(portal: Portal, wish: dict[str, object]) -> Consignment:
    made = collecting.call(portal, ["north", "south"], **wish)
    with portal.transaction():
        mine = Consignment.collection_id == made.id
        return session.scalars(select(Consignment).where(mine).order_by(Consignment.id)).all()[0]


def test_call_is_stale_when_other_pieces_wait_by_now(portal: Portal) -> None:
    """O7: what is called is what the page promised."""
    claims.pieces(portal, 2)
    with pytest.raises(Stale):
        collecting.call(portal, pieces=3)
    with pytest.raises(Stale):
        collecting.call(portal, ["south"], pieces=0)
    with portal.transaction():
        assert session.scalars(select(Consignment)).all() == []


def test_piece_is_called_once_when_it_is_called_twice(portal: Portal) -> None:
    """O7: two collections of one piece are impossible in the service and in the database."""
    consignment = collecting.called(portal, 1)
    with pytest.raises(Stale):
        collecting.call(portal, pieces=1)
    with portal.transaction():
        key = session.scalars(select(ConsignmentPiece.old_part_id)).one()
    row = {
        "old_part_id": key, "consignment_id": consignment.id, "place": "", "unexpected": False,
        "dealer_id": consignment.dealer_id,
    }  # fmt: skip
    with pytest.raises(IntegrityError), portal.transaction():
        session.execute(insert(ConsignmentPiece).values(row))


@pytest.mark.parametrize("days", [-1, 367])
def test_call_is_refused_when_its_day_makes_no_sense(portal: Portal, days: int) -> None:
    """O7: until when is from today on, at most a year away."""
    claims.pieces(portal, 1)
    with pytest.raises(Invalid):
        collecting.call(portal, lasts=days)
    assert collecting.call(portal, lasts=0)


def test_only_the_desk_calls(portal: Portal) -> None:
    """O7, P3."""
    claims.pieces(portal, 1)
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"]).public_id
        terms = calling.Terms(portal.now.date(), "Dock 4")
        for who in (portal.clerk, portal.warehouse, portal.finance):
            with pytest.raises(Forbidden):
                calling.call(calling.Wish(), [dealer], terms, pieces=1, by=who, now=portal.now)


def test_statements_do_not_grow_when_more_pieces_are_called(portal: Portal) -> None:
    """O7: thousands of pieces are called with a fixed number of statements."""
    counts = []
    for pieces in (5, 60):
        claims.pieces(portal, pieces)
        seen: list[str] = []
        with portal.app.app_context():
            engine = db.engine

        def note(
            _c: object, _cur: object, sql: str, *_rest: object, seen: list[str] = seen
        ) -> None:
            if not sql.startswith("INSERT INTO event"):  # SQLite takes them one by one
                seen.append(sql)

        event.listen(engine, "before_cursor_execute", note)
        collecting.call(portal, pieces=pieces)
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_pieces_are_called_once_when_two_call_them_at_once(portal: Portal) -> None:
    """O7: the second one is told that other pieces wait by now."""
    claims.pieces(portal, 5)

    def call(_number: int) -> bool:
        try:
            return bool(collecting.call(portal, pieces=5))
        except Stale:
            return False

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(call, range(3))) == [False, False, True]
    with portal.transaction():
        assert len(session.scalars(select(Consignment)).all()) == 1
