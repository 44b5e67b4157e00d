"""The lines of documents whose lists have one row for each document."""

from sqlalchemy import select

from portal.applications.models import (
    STOCK,
    WARRANTY,
    Application,
    ApplicationLine,
    Shipment,
    ShipmentLine,
)
from portal.applications.policy import visible_applications, visible_shipments
from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.web import languages
from portal.web.exports import Column, Table, money

PURPOSES = {WARRANTY: _l("Warranty repair"), STOCK: _l("Stock")}


def _purpose(code: str) -> str:
    return str(PURPOSES[code])


def asked(who: Actor) -> Table:
    """What was applied for, line by line, as it was submitted last (A1)."""
    statement = (
        select(
            Application.number,
            ApplicationLine.position,
            Part.number.label("part"),
            name_in(languages.code(), Part).label("name"),
            ApplicationLine.quantity,
            ApplicationLine.purpose,
            ApplicationLine.product_model,
            ApplicationLine.serial,
            ApplicationLine.purchase_date,
            ApplicationLine.fault,
            ApplicationLine.remark,
        )
        .join(Application, Application.id == ApplicationLine.application_id)
        .join(Part, Part.id == ApplicationLine.part_id)
        .where(
            visible_applications(who),
            ApplicationLine.revision == Application.revision,
            Application.number.is_not(None),
        )
        .order_by(Application.id, ApplicationLine.position)
    )
    columns = [
        Column(_("Application"), "number"),
        Column(_("Line"), "position"),
        Column(_("Part number"), "part"),
        Column(_("Part"), "name"),
        Column(_("Quantity"), "quantity"),
        Column(_("Purpose"), "purpose", _purpose),
        Column(_("Product model"), "product_model"),
        Column(_("Serial"), "serial"),
        Column(_("Purchase date"), "purchase_date"),
        Column(_("Fault description"), "fault"),
        Column(_("Remark"), "remark"),
    ]
    return Table(_("Application lines"), statement, columns)


def shipped(who: Actor) -> Table:
    """What was sent, line by line, at the price that was deducted for a piece (A7)."""
    statement = (
        select(
            Shipment.number,
            Application.number.label("application"),
            Shipment.shipped_on,
            Part.number.label("part"),
            name_in(languages.code(), Part).label("name"),
            ShipmentLine.sent,
            ShipmentLine.quantity,
            ShipmentLine.short,
            ShipmentLine.damaged,
            ShipmentLine.unit_price,
        )
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .join(Application, Application.id == Shipment.application_id)
        .join(Part, Part.id == ShipmentLine.part_id)
        .where(visible_shipments(who))
        .order_by(Shipment.id, ShipmentLine.id)
    )
    columns = [
        Column(_("Shipment"), "number"),
        Column(_("Application"), "application"),
        Column(_("Shipped on"), "shipped_on"),
        Column(_("Part number"), "part"),
        Column(_("Part"), "name"),
        Column(_("Sent"), "sent"),
        Column(_("Received"), "quantity"),
        Column(_("Missing"), "short"),
        Column(_("Damaged"), "damaged"),
        Column(_("Unit price"), "unit_price", money()),
    ]
    return Table(_("Shipped lines"), statement, columns)
