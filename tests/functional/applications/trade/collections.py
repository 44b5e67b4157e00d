"""What becomes, by chance, of the pieces that are called in: lost, found, failed (O7, O8)."""

from collections.abc import Callable, Collection
from typing import Any

from sqlalchemy import select

from portal.collections import receiving
from portal.collections.models import Consignment, ConsignmentPiece
from portal.core.db import session
from portal.core.errors import Conflict, WrongState
from portal.oldparts import charges, inspecting, services, timers
from portal.oldparts.charge_models import OldPartCharge
from portal.oldparts.inspecting import Finding
from portal.oldparts.models import OldPart
from tests.functional.applications.trade.floor import PEOPLE, Condition, move
from tests.functional.applications.trade.oldparts import OldParts
from tests.functional.applications.trade.pieces import Piece, Sent
from tests.support import collecting, story


def _is(*statuses: str) -> Condition:
    """Only while there is a piece in one of some states."""
    return lambda trade: trade.yard.where(*statuses)


def _has(*statuses: str) -> Condition:
    """Only while there is a consignment in one of some states."""
    return lambda trade: trade.yard.sent(*statuses)


class Collections(OldParts):
    """Headquarters calls pieces in; on their way some are lost, and some are no good."""

    def step(
        self, piece: Piece, verb: Callable[..., Any], *what: Any, by: str, **facts: Any
    ) -> None:
        """Take a step of a piece in a transaction."""
        facts |= {"seen": None, "by": self.portal.cast[by], "now": self.portal.now}
        with self.portal.transaction():
            verb(session.get_one(OldPart, piece.id), *what, **facts)

    def take(self, side: str, amount: int) -> None:
        """Take from an account what it need not have; a negative amount is given back."""
        self.posted[side] -= amount
        self.charged[side] += amount

    def not_paid(self, piece: Piece, why: str) -> None:
        """O7, O8: out of its claim, or charged back."""
        if piece.reimbursed is not None:
            piece.back[why] = piece.reimbursed
            self.take(piece.side, piece.reimbursed)
            self.reached["charged back"] += bool(piece.reimbursed)
        elif piece.claim is not None:
            del self.yard.claims[piece.claim].lines[piece.id]
            piece.claim = None
            self.reached["out of its claim"] += 1

    def lose(self, pieces: Collection[int]) -> None:
        """O7: missing, and charged like one never registered, unless that is paid already."""
        for piece in map(self.yard.pieces.__getitem__, pieces):
            piece.status = "missing"
            self.not_paid(piece, "miss")
        with self.portal.app.app_context():
            timers.charge_missing(self.portal.clock)
        for piece in map(self.yard.pieces.__getitem__, pieces):
            with self.portal.transaction():
                own = OldPartCharge.old_part_id == piece.id
                charge = session.scalars(select(OldPartCharge).where(own)).one_or_none()
            if piece.paid_for and piece.line not in self.yard.given_back:
                assert charge is None
                continue
            assert charge is not None
            piece.charge, piece.taken = charge.id, piece.each
            self.take(piece.side, piece.each)

    @move(4, _is("registered"))
    def review(self) -> None:
        """O5: accepted, mostly."""
        piece = self.chance.choice(self.yard.where("registered"))
        if self.chance.random() < 0.9:
            self.step(piece, services.review, "accept", by="desk")
            piece.status = "accepted"
        else:
            self.step(piece, services.review, "reject", code="user_damage", by="desk")
            piece.status = "rejected"

    @move(2, _is("accepted"))
    def call(self) -> None:
        """O7: all that a dealer has."""
        side = self.chance.choice(self.yard.where("accepted")).side
        collection = collecting.call(self.portal, [side])
        mine = {piece.id for piece in self.yard.where("accepted") if piece.side == side}
        with self.portal.transaction():
            its = Consignment.collection_id == collection.id
            consignment = session.scalars(select(Consignment).where(its)).one()
        self.called(consignment, side, mine)
        for key in mine:
            self.yard.pieces[key].status = "called"

    def called(self, consignment: Consignment, side: str, pieces: set[int]) -> None:
        """Note what is in a consignment."""
        with self.portal.transaction():
            its = ConsignmentPiece.consignment_id == consignment.id
            held = set(session.scalars(select(ConsignmentPiece.old_part_id).where(its)))
        assert held == pieces
        self.yard.consignments[consignment.id] = Sent(consignment.id, side, pieces)

    @move(3, _has("called"))
    def send_back(self) -> None:
        """O7: what is not packed goes on waiting by itself."""
        sent = self.chance.choice(self.yard.sent("called"))
        packed = self.some_of(sent.pieces)
        with self.portal.transaction():
            consignment = session.get_one(Consignment, sent.id)
        for key in packed:
            collecting.pack(self.portal, consignment, self.yard.pieces[key].name)
        collecting.send(self.portal, consignment, len(packed))
        left, sent.pieces, sent.status = sent.pieces - packed, packed, "sent"
        for key in packed:
            self.yard.pieces[key].status = "sent"
        if left:
            with self.portal.transaction():
                others = Consignment.collection_id == consignment.collection_id
                newest = select(Consignment).where(others).order_by(Consignment.id.desc()).limit(1)
                rest = session.scalars(newest).one()
            self.called(rest, sent.side, left)

    def some_of(self, pieces: set[int]) -> set[int]:
        """One of them at least, and mostly all."""
        found = {key for key in pieces if self.chance.random() < 0.8}
        return found or {min(pieces)}

    @move(1, _has("called"))
    def end(self) -> None:
        """O7: nothing is sent; the pieces are let go, or withheld."""
        sent = self.chance.choice(self.yard.sent("called"))
        name = self.chance.choice(["release", "charge", "charge"])
        facts: dict[str, Any] = {"seen": None, "reason": "-", "now": self.portal.now}
        try:
            with self.portal.transaction():
                consignment = session.get_one(Consignment, sent.id)
                due_at = consignment.due_at
                receiving.end(consignment, name, by=self.portal.desk, **facts)
        except Conflict:
            assert name == "charge"
            assert self.portal.now <= due_at
            return
        sent.status = "ended"
        if name == "charge":
            self.lose(sent.pieces)
            return
        for key in sent.pieces:
            self.yard.pieces[key].status = "accepted"

    @move(3, _has("sent"))
    def take_in(self) -> None:
        """O7: what is not scanned is missing."""
        sent = self.chance.choice(self.yard.sent("sent"))
        found = self.some_of(sent.pieces)
        for key in found:
            self.scan(sent, self.yard.pieces[key])
        with self.portal.transaction():
            consignment = session.get_one(Consignment, sent.id)
        lost = sent.pieces - found
        collecting.finish(self.portal, consignment, len(lost))
        sent.status = "received"
        self.lose(lost)

    def scan(self, sent: Sent, piece: Piece) -> None:
        """One label at the dock."""
        with self.portal.transaction():
            consignment = session.get_one(Consignment, sent.id)
        told = collecting.scan(self.portal, consignment, piece.name)
        assert told.tone in ("good", "warn")
        piece.status = "received"

    @move(1, lambda trade: trade.yard.where("missing") and trade.yard.sent("received"))
    def turn_up(self) -> None:
        """O7: a lost piece comes after all; its own charge stays until finance reverses it."""
        lost = self.chance.choice(self.yard.where("missing"))
        held = [sent for sent in self.yard.sent("received") if sent.side == lost.side]
        if held:
            self.scan(self.chance.choice(held), lost)
            self.take(lost.side, -lost.back.pop("miss", 0))
            self.reached["turned up"] += 1

    @move(3, _is("received"))
    def inspect(self) -> None:
        """O8: passed, or failed at somebody's cost."""
        piece = self.chance.choice(self.yard.where("received"))
        pays = self.chance.choice(["", "headquarters", "dealer", "dealer"])
        finding = Finding(False, "user_damage", pays, "Burst") if pays else Finding(True)
        photos = [story.photo(self.portal, "warehouse")] if pays else []
        self.step(piece, inspecting.inspect, finding, photos, by="warehouse")
        piece.status = "failed" if pays else "passed"
        piece.may_object, piece.at_hq_s_cost = pays == "dealer", pays == "headquarters"
        if piece.may_object:
            self.not_paid(piece, "fail")

    @move(2, _is("failed"))
    def object(self) -> None:
        """O8: once; if the piece passes after all, what was charged back is given back."""
        piece = self.chance.choice(self.yard.where("failed"))
        clerk = PEOPLE[piece.side][0]
        try:
            self.step(piece, inspecting.object_to, "It was whole", [], by=clerk)
        except Conflict:
            return
        assert piece.may_object
        piece.may_object = False
        name = self.chance.choice(["uphold", "overturn"])
        self.step(piece, inspecting.decide, name, reason="Looked again", by="desk")
        if name == "overturn":
            piece.status = "passed"
            self.take(piece.side, -piece.back.pop("fail", 0))
            self.reached["overturned"] += 1

    @move(1, lambda trade: any(piece.charge for piece in trade.yard.pieces.values()))
    def quarrel_about_the_missing(self) -> None:
        """O6, O7: the charge of a missing piece is disputed, and given back or not."""
        piece = self.chance.choice([one for one in self.yard.pieces.values() if one.charge])
        facts: dict[str, Any] = {"seen": None, "now": self.portal.now}
        name = self.chance.choice(["uphold", "reverse"])
        try:
            with self.portal.transaction():
                charge = session.get_one(OldPartCharge, piece.charge)
                clerk = self.portal.cast[PEOPLE[piece.side][0]]
                charges.dispute(charge, "It was sent", [], by=clerk, **facts)
                facts["reason"] = "Seen"
                charges.act(charge, name, by=self.portal.finance, **facts)
        except (WrongState, Conflict):
            return
        if name == "reverse":
            self.take(piece.side, -piece.taken)
            piece.taken = 0
