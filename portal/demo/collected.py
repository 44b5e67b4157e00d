"""Old parts that are called in, packed, received, inspected, or scrapped at the dealer (O7, O8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from sqlalchemy import select

from portal.collections import calling, packing, receiving
from portal.collections.models import Consignment, ConsignmentPiece
from portal.core.db import session
from portal.core.permissions import Actor
from portal.demo.faults import FAULTS
from portal.demo.stage import Script, Stage
from portal.demo.words import COLLECTED, FAILED, NOT_FAILED, SENT_ALL
from portal.files.services import keep
from portal.oldparts import charges, inspecting, scrapping
from portal.oldparts.charge_models import OldPartCharge
from portal.oldparts.inspection_models import DEALER
from portal.oldparts.models import OldPart

CALLED = timedelta(days=17)
"""How long before the end pieces are called in."""
ROLES = 4
"""Whose pieces arrive, are on their way, are still there, or need not be sent: in this order the
dealers that have most of them."""
PLACE = "A-03-2"
WRONG, WRONG_TOO = "collection/wrong", "collection/wrong too"
OBJECTED, SCRAPPED = "collection/objected", "collection/scrapped"


def order_photos(stage: Stage) -> None:
    """Have the photos made that the warehouse and the dealers will take."""
    for name, fault in zip((WRONG, WRONG_TOO, OBJECTED, SCRAPPED), cycle(FAULTS), strict=False):
        stage.album.order(name, fault)


@dataclass(frozen=True)
class _Case:
    """Whoever acts next, and when."""

    stage: Stage
    rng: Random

    def later(self, who: str, after: datetime, days: int) -> datetime:
        return self.stage.hours[who].later(after, days, self.rng)

    def photo(self, name: str, by: Actor, now: datetime) -> list[str]:
        return [keep(self.stage.album.take(name), by=by, now=now).public_id]


def collected(stage: Stage) -> Script:
    """The desk calls pieces in; each dealer is at another point of it by the end."""
    case = _Case(stage, stage.rng("collection"))
    now = case.later("desk", stage.end - CALLED, 1)
    yield now
    companies = _with_most(stage, now)
    if len(companies) < ROLES:
        return
    arrives, on_its_way, _not_sent, scraps = companies
    _allow_scrapping(stage, scraps, now)
    consignments = _call(stage, companies[:3], now)
    now = case.later(f"{scraps}.clerk", now, 1)
    yield now
    _scrap_one(case, scraps, now)
    now = case.later(f"{arrives}.clerk", now, 2)
    yield now
    _send(stage, consignments[arrives], "顺丰速运", "SF1482203319071", now)
    yield from _received(case, arrives, consignments[arrives], now)
    now = case.later(f"{on_its_way}.clerk", stage.end - timedelta(days=4), 1)
    yield now
    _send(stage, consignments[on_its_way], "德邦快递", "DPK364102955870", now)


def _with_most(stage: Stage, now: datetime) -> list[str]:
    """The companies that have most pieces to call in."""
    named = {dealer.public_id: key for key, dealer in stage.dealers.items()}
    found = sorted(calling.preview(calling.Wish(), now), key=lambda row: (-row.pieces, row.code))
    return [named[row.public_id] for row in found[:ROLES]]


def _received(case: _Case, company: str, consignment: Consignment, now: datetime) -> Script:
    """All but the last piece arrive."""
    warehouse = case.stage.actors["warehouse"]
    now = case.later("warehouse", now, 3)
    yield now
    pieces = _pieces(consignment)
    for piece in pieces[:-1]:
        receiving.scan(consignment, piece.number, PLACE, by=warehouse, now=now)
    now += timedelta(minutes=9)
    yield now
    receiving.finish(consignment, missing=1, seen=None, by=warehouse, now=now)
    for charge in charges.due():
        charges.charge_due(charge, now=now)
    yield from _inspected(case, company, pieces, now)


def _accepted(stage: Stage, company: str) -> list[OldPart]:
    return list(
        session.scalars(
            select(OldPart)
            .where(OldPart.dealer_id == stage.dealers[company].id, OldPart.status == "accepted")
            .order_by(OldPart.id)
        )
    )


def _allow_scrapping(stage: Stage, company: str, now: datetime) -> None:
    seen = {piece.public_id: piece.version for piece in _accepted(stage, company)[:2]}
    scrapping.allow_many(seen, by=stage.actors["desk"], now=now)


def _scrap_one(case: _Case, company: str, now: datetime) -> None:
    clerk = case.stage.actors[f"{company}.clerk"]
    dealer_id = case.stage.dealers[company].id
    piece = session.scalars(
        select(OldPart)
        .where(OldPart.dealer_id == dealer_id, OldPart.status == "to_scrap")
        .order_by(OldPart.id)
        .limit(1)
    ).one()
    scrapping.scrap(piece, case.photo(SCRAPPED, clerk, now), seen=None, by=clerk, now=now)


def _call(stage: Stage, called: Sequence[str], now: datetime) -> dict[str, Consignment]:
    """Call in what some dealers have; their consignments by company."""
    named = {stage.dealers[key].public_id: key for key in called}
    wish = calling.Wish()
    pieces = sum(row.pieces for row in calling.preview(wish, now) if row.public_id in named)
    until = now.date() + timedelta(days=21)
    terms = calling.Terms(until, *COLLECTED)
    made = calling.call(wish, list(named), terms, pieces=pieces, by=stage.actors["desk"], now=now)
    companies = {stage.dealers[key].id: key for key in named.values()}
    found = session.scalars(select(Consignment).where(Consignment.collection_id == made.id))
    return {companies[one.dealer_id]: one for one in found}


def _pieces(consignment: Consignment) -> list[OldPart]:
    return list(
        session.scalars(
            select(OldPart)
            .join(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
            .where(ConsignmentPiece.consignment_id == consignment.id)
            .order_by(OldPart.id)
        )
    )


def _send(
    stage: Stage, consignment: Consignment, carrier: str, tracking_number: str, now: datetime
) -> None:
    """Pack all of it, three pieces in a box, and send it."""
    company = next(key for key, one in stage.dealers.items() if one.id == consignment.dealer_id)
    clerk, pieces = stage.actors[f"{company}.clerk"], _pieces(consignment)
    for place, piece in enumerate(pieces):
        packing.pack(consignment, piece.number, 1 + place // 3, by=clerk, now=now)
    packing.send(
        consignment, carrier, tracking_number, packed=len(pieces), seen=None, by=clerk, now=now
    )


def _inspected(case: _Case, company: str, pieces: Sequence[OldPart], now: datetime) -> Script:
    """Two pass and one of them is disposed of; two fail, and the dealer objects to one."""
    stage, warehouse = case.stage, case.stage.actors["warehouse"]
    *arrived, missing = pieces
    good, bad = arrived[:2], arrived[2:4]
    now = case.later("warehouse", now, 1)
    yield now
    for piece in good:
        inspecting.inspect(piece, inspecting.Finding(True), [], seen=None, by=warehouse, now=now)
    for piece, photo in zip(bad, (WRONG, WRONG_TOO), strict=False):
        finding = inspecting.Finding(False, "user_damage", DEALER, FAILED)
        photos = case.photo(photo, warehouse, now)
        inspecting.inspect(piece, finding, photos, seen=None, by=warehouse, now=now)
    now = case.later(f"{company}.manager", now, 1)
    yield now
    manager = stage.actors[f"{company}.manager"]
    for piece in bad[1:]:
        evidence = case.photo(OBJECTED, manager, now)
        inspecting.object_to(piece, NOT_FAILED, evidence, seen=None, by=manager, now=now)
    charge = session.scalars(
        select(OldPartCharge).where(OldPartCharge.old_part_id == missing.id)
    ).one()
    charges.dispute(charge, SENT_ALL, [], seen=None, by=manager, now=now)
    now = case.later("warehouse", now, 1)
    yield now
    inspecting.dispose_many(
        {piece.public_id: piece.version for piece in good[1:]}, by=warehouse, now=now
    )
