"""Collections in steps: each function brings called old parts one step further (O7)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.collections import calling, packing, receiving
from portal.collections.models import Collection, Consignment, ConsignmentPiece
from portal.core import events
from portal.core.db import session, snapshot
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from tests.support import claims
from tests.support.portal import Portal

CLERKS = {"north": "clerk", "south": "other_clerk"}


def call(
    portal: Portal,
    dealers: Sequence[str] = ("north",),
    *,
    lasts: int = 14,
    pieces: int | None = None,
    **wish: Any,
) -> Collection:
    """Call all accepted pieces of some dealers in, or those that a wish names."""
    with portal.transaction():
        keys = [portal.dealers[dealer] for dealer in dealers]
        names = set(session.scalars(select(Dealer.public_id).where(Dealer.id.in_(keys))))
        wanted = calling.Wish(**wish)
        if pieces is None:
            found = calling.preview(wanted, portal.now)
            pieces = sum(row.pieces for row in found if row.public_id in names)
        terms = calling.Terms(portal.now.date() + timedelta(days=lasts), "Dock 4, Suzhou", "Soon")
        return calling.call(wanted, names, terms, pieces=pieces, by=portal.desk, now=portal.now)


def called(
    portal: Portal, count: int = 3, dealer: str = "north", part: str = "", **more: Any
) -> Consignment:
    """A consignment of so many pieces that waits to be packed; of one part, if it is named."""
    if count:
        claims.pieces(portal, count, dealer=dealer, part=part or "FV-100")
    collection = call(portal, [dealer], part=part, **more)
    with portal.transaction():
        mine = Consignment.collection_id == collection.id
        return session.scalars(select(Consignment).where(mine)).one()


def numbers(portal: Portal, consignment: Consignment) -> list[str]:
    """The numbers of its pieces, in order."""
    with portal.transaction():
        its = (
            select(OldPart.number)
            .join(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
            .where(ConsignmentPiece.consignment_id == consignment.id)
            .order_by(OldPart.id)
        )
        return list(session.scalars(its))


def who(portal: Portal, consignment: Consignment) -> Any:
    """The clerk of its dealer."""
    dealer = next(name for name, key in portal.dealers.items() if key == consignment.dealer_id)
    return portal.cast[CLERKS[dealer]]


def pack(portal: Portal, consignment: Consignment, code: str, box: int = 1) -> packing.Scan:
    """Scan one label into a box."""
    with portal.transaction():
        one = session.get_one(Consignment, consignment.id)
        return packing.pack(one, code, box, by=who(portal, consignment), now=portal.now)


def packed(portal: Portal, count: int = 3, leave: int = 0, **more: Any) -> Consignment:
    """A consignment whose pieces are in box 1, but for some."""
    consignment = called(portal, count, **more)
    for number in numbers(portal, consignment)[: count - leave]:
        pack(portal, consignment, number)
    return consignment


def send(portal: Portal, consignment: Consignment, pieces: int) -> None:
    """Send what is packed."""
    with portal.transaction():
        one = session.get_one(Consignment, consignment.id)
        by = who(portal, consignment)
        packing.send(one, "SF", "SF 77", packed=pieces, seen=None, by=by, now=portal.now)


def sent(portal: Portal, count: int = 3, leave: int = 0, **more: Any) -> Consignment:
    """A consignment on its way."""
    consignment = packed(portal, count, leave, **more)
    send(portal, consignment, count - leave)
    return consignment


def scan(portal: Portal, consignment: Consignment, code: str, place: str = "A-1") -> packing.Scan:
    """Receive one label."""
    with portal.transaction():
        one = session.get_one(Consignment, consignment.id)
        return receiving.scan(one, code, place, by=portal.warehouse, now=portal.now)


def finish(portal: Portal, consignment: Consignment, missing: int) -> None:
    """Finish receiving."""
    with portal.transaction():
        one = session.get_one(Consignment, consignment.id)
        receiving.finish(one, missing=missing, seen=None, by=portal.warehouse, now=portal.now)


def status(portal: Portal, number: str) -> str:
    """The status of an old part."""
    with portal.transaction():
        return session.scalars(select(OldPart.status).where(OldPart.number == number)).one()


def broken_chains(portal: Portal) -> list[Any]:
    """What does not hold of the events (P4)."""
    with portal.app.app_context(), snapshot():
        return list(events.verify())


def fresh(portal: Portal, consignment: Consignment) -> Consignment:
    """The consignment as it stands now."""
    with portal.transaction():
        return session.get_one(Consignment, consignment.id)
