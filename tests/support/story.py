"""The loop in steps: each function brings a document one step further, through the services."""

import io
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from PIL import Image
from sqlalchemy import select

from portal.applications import (
    queries,
    quoting,
    receipt,
    services,
    shipment_queries,
    shipping,
)
from portal.applications.commands import (
    Answer,
    Consignment,
    Found,
    LineAnswer,
    LineRequest,
    Request,
)
from portal.applications.compensation_models import Compensation
from portal.applications.models import Application, DeliveryReport, Shipment
from portal.catalogue.models import Part
from portal.catalogue.services import PartFacts, edit_part
from portal.core.db import session
from portal.files import services as files
from portal.oldparts import charges, owed
from portal.oldparts import services as oldparts
from portal.oldparts.charge_models import OldPartCharge
from portal.oldparts.commands import RegisterCommand
from portal.oldparts.models import OldPart
from portal.people import services as people
from portal.people.models import Dealer
from tests.support.portal import DEALERS, Portal

WARRANTY_LINE: dict[str, Any] = {
    "purpose": "warranty",
    "product_model": "WC-9",
    "serial": "SN-1",
    "purchase_date": date(2026, 3, 1),
    "fault": "Leaks at the base",
}


def line(portal: Portal, part: str = "FV-100", quantity: int = 2, **other: Any) -> LineRequest:
    """A warranty line, unless told otherwise."""
    return LineRequest(portal.parts[part], quantity, **(WARRANTY_LINE | other))


def request(portal: Portal, *lines: LineRequest) -> Request:
    """A complete application; without lines of its own it has one."""
    return Request(
        contact="王坤",
        phone="010-5555 0101",
        delivery_address="朝阳路 1 号, 北京",
        lines=lines or (line(portal),),
        remark="",
    )


def drafted(portal: Portal, by: str = "clerk") -> Application:
    """A draft."""
    with portal.transaction():
        return services.start({}, by=portal.cast[by], now=portal.now)


def submitted(portal: Portal, *lines: LineRequest, by: str = "clerk") -> Application:
    """An application that waits for a quote."""
    application = drafted(portal, by)
    with portal.transaction():
        application = session.get_one(Application, application.id)
        services.submit(
            application, request(portal, *lines), seen=None, by=portal.cast[by], now=portal.now
        )
    return application


def answer(portal: Portal, application: Application, **other: Any) -> Answer:
    """Headquarters' answer that sends everything as asked; call it inside a transaction."""
    lines = tuple(
        LineAnswer(
            row.ApplicationLine.id, row.ApplicationLine.part_id, row.ApplicationLine.quantity
        )
        for row in queries.lines_of(application)
    )
    values: dict[str, Any] = {
        "lines": lines,
        "freight": 1200,
        "packing": 300,
        "promised_on": portal.now.date() + timedelta(days=3),
    }
    return Answer(**(values | other))


def quoted(portal: Portal, *lines: LineRequest, by: str = "clerk", **other: Any) -> Application:
    """An application whose quote waits for the dealer."""
    application = submitted(portal, *lines, by=by)
    with portal.transaction():
        application = session.get_one(Application, application.id)
        quoting.quote(
            application,
            answer(portal, application, **other),
            seen=None,
            by=portal.desk,
            now=portal.now,
        )
    return application


def _manager(portal: Portal, application: Application) -> Any:
    return (
        portal.manager
        if application.dealer_id == portal.dealers["north"]
        else (portal.other_manager)
    )


def confirmed(portal: Portal, *lines: LineRequest, by: str = "clerk", **other: Any) -> Application:
    """An application whose money is reserved."""
    application = quoted(portal, *lines, by=by, **other)
    with portal.transaction():
        application = session.get_one(Application, application.id)
        quoting.confirm(
            application,
            quote_version=application.quote_version,
            seen=None,
            by=_manager(portal, application),
            now=portal.now,
        )
    return application


def released(portal: Portal, *lines: LineRequest, by: str = "clerk", **other: Any) -> Application:
    """An application whose money is deducted and that the warehouse sees."""
    application = confirmed(portal, *lines, by=by, **other)
    with portal.transaction():
        application = session.get_one(Application, application.id)
        quoting.release(application, seen=None, by=portal.finance, now=portal.now)
    return application


def pieces_left(application: Application) -> dict[int, int]:
    """What each quoted line still has to send; call it inside a transaction."""
    return {row.QuoteLine.id: row.QuoteLine.rest for row in queries.lines_of(application)}


def send(
    portal: Portal, application: Application, pieces: dict[int, int] | None = None
) -> Shipment:
    """Ship some pieces, or all that are left."""
    with portal.transaction():
        application = session.get_one(Application, application.id)
        consignment = Consignment(
            pieces or pieces_left(application), "SF Express", "SF 1000 2000", portal.now.date()
        )
        return shipping.ship(
            application, consignment, seen=None, by=portal.warehouse, now=portal.now
        )


def shipped(portal: Portal, *lines: LineRequest, by: str = "clerk", **other: Any) -> Shipment:
    """A shipment of everything, on its way."""
    return send(portal, released(portal, *lines, by=by, **other))


def late(portal: Portal, *lines: LineRequest, by: str = "clerk") -> Compensation:
    """The compensation for a shipment that left a day later than promised; the clock goes back."""
    begun = portal.now
    application = released(portal, *lines, by=by, promised_on=begun.date())
    portal.clock.advance(days=1)
    shipment = send(portal, application)
    portal.clock.at = begun
    with portal.transaction():
        mine = Compensation.shipment_id == shipment.id
        return session.scalars(select(Compensation).where(mine)).one()


def received(portal: Portal, *lines: LineRequest, by: str = "clerk", **other: Any) -> Shipment:
    """A shipment of everything, received by the dealer."""
    shipment = shipped(portal, *lines, by=by, **other)
    with portal.transaction():
        shipment = session.get_one(Shipment, shipment.id)
        receipt.receive(shipment, seen=None, by=portal.cast[by], now=portal.now)
    return shipment


def photo(portal: Portal, by: str = "clerk") -> str:
    """The public id of a photo that somebody has sent ahead."""
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(content, "PNG")
    with portal.transaction():
        kept = files.receive(content.getvalue(), "valve.png", by=portal.cast[by], now=portal.now)
        return kept.public_id


def reported(
    portal: Portal,
    shipment: Shipment | None = None,
    found: dict[int, Found] | None = None,
    by: str = "clerk",
    **other: Any,
) -> DeliveryReport:
    """A report of one damaged piece of a shipment's first line, or of what was found by line."""
    shipment = shipment or shipped(portal, by=by)
    photos = [photo(portal, by)]
    with portal.transaction():
        shipment = session.get_one(Shipment, shipment.id)
        lines = line_ids(shipment)
        wrong = {lines[at]: one for at, one in (found or {0: Found(damaged=1)}).items()}
        facts = {"photos": photos, "seen": None, "by": portal.cast[by], "now": portal.now}
        return receipt.report(shipment, wrong, **(facts | other))


def registration(portal: Portal, **other: Any) -> RegisterCommand:
    """A complete registration of an old part that failed ten days ago."""
    values: dict[str, Any] = {
        "customer_name": "李秀英",
        "customer_phone": "138 0000 0000",
        "product_model": "WC-9",
        "product_serial": "",
        "purchase_date": date(2026, 3, 1),
        "failed_on": portal.now.date() - timedelta(days=10),
        "replaced_on": portal.now.date(),
        "complaint": "Water runs all the time",
        "cause": "The seal is torn",
        "remedy": "Valve replaced",
    }
    return RegisterCommand(**(values | other))


def line_ids(shipment: Shipment) -> list[int]:
    """The lines of a shipment in order; call it inside a transaction."""
    return [row.ShipmentLine.id for row in shipment_queries.lines_of(shipment)]


def registered(
    portal: Portal, shipment: Shipment | None = None, by: str = "clerk", **other: Any
) -> OldPart:
    """An old part of the first line of a shipment, or of one made for it, that waits for review."""
    shipment = shipment or received(portal, by=by)
    photos = [photo(portal, by)]
    with portal.transaction():
        return oldparts.register(
            line_ids(shipment)[0],
            registration(portal, **other),
            photos,
            by=portal.cast[by],
            now=portal.now,
        )


def accepted(
    portal: Portal, shipment: Shipment | None = None, by: str = "clerk", **other: Any
) -> OldPart:
    """An old part that can be claimed."""
    old_part = registered(portal, shipment, by, **other)
    with portal.transaction():
        old_part = session.get_one(OldPart, old_part.id)
        oldparts.review(old_part, "accept", seen=None, by=portal.desk, now=portal.now)
    return old_part


def charged(portal: Portal, shipment: Shipment | None = None, by: str = "clerk") -> OldPartCharge:
    """The charge for the first line of a shipment, or of one made for it; the clock goes back."""
    shipment = shipment or received(portal, by=by)
    begun = portal.now
    portal.clock.advance(days=20)
    with portal.transaction():
        line = owed.locked(line_ids(shipment)[0])
        assert line is not None
        charge = charges.charge_if_overdue(line, now=portal.now)
    portal.clock.at = begun
    assert charge is not None
    return charge


def want_back(portal: Portal, part: str, wanted: bool) -> None:
    """Say whether headquarters wants the old pieces of a part."""
    with portal.transaction():
        known = session.get_one(Part, portal.parts[part])
        names = ("name", "name_zh", "name_pl", "unit", "category")
        same = {name: getattr(known, name) for name in names}
        facts = PartFacts(**same, return_required=wanted, successor="")
        edit_part(known, facts, seen=None, by=portal.administrator, now=portal.now)


def renamed(portal: Portal, dealer: str, name: str) -> None:
    """Give a dealer another name."""
    with portal.transaction():
        found = session.get_one(Dealer, portal.dealers[dealer])
        facts = replace(DEALERS[dealer], name=name)
        people.change_dealer(found, facts, by=portal.administrator, now=portal.now)
