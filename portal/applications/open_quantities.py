"""How many pieces of a part are on their way through applications, within what an actor sees."""

from typing import Any

from sqlalchemy import ScalarSelect, func, select

from portal.applications import policy
from portal.applications.models import (
    Application,
    ApplicationLine,
    Quote,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.applications.queries import IS_PRESENT
from portal.catalogue.open_quantities import OpenQuantities, tells_open_quantities
from portal.core.db import session
from portal.core.permissions import Actor


@tells_open_quantities
def open_quantities(part_id: int, actor: Actor) -> OpenQuantities:
    """The pieces of a part by how far they are; one query."""
    visible = policy.visible_applications(actor)
    asked = (
        select(func.sum(ApplicationLine.quantity))
        .join(Application, Application.id == ApplicationLine.application_id)
        .where(
            ApplicationLine.part_id == part_id,
            ApplicationLine.revision == Application.revision,
            Application.status.in_(("submitted", "quoted")),
            visible,
        )
    )
    sent = (
        select(func.sum(ShipmentLine.quantity))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        # By what is open of applications, which has an index; shipments go on for ever.
        .join(Application, Application.id == Shipment.application_id)
        .where(
            Application.status.in_(("part_shipped", "shipped")),
            ShipmentLine.part_id == part_id,
            Shipment.status == "sent",
            policy.visible_shipments(actor),
        )
    )
    row = session.execute(
        select(
            asked.scalar_subquery(),
            _quoted(part_id, QuoteLine.quantity, visible, "confirmed"),
            _quoted(part_id, QuoteLine.rest, visible, "released", "part_shipped"),
            sent.scalar_subquery(),
        )
    ).one()
    return OpenQuantities(*(int(quantity or 0) for quantity in row))


def _quoted(part_id: int, pieces: Any, visible: Any, *statuses: str) -> ScalarSelect[Any]:
    """The pieces on the present quotes of applications in some states."""
    return (
        select(func.sum(pieces))
        .select_from(QuoteLine)
        .join(Quote, Quote.id == QuoteLine.quote_id)
        .join(Application, IS_PRESENT)
        .where(
            QuoteLine.part_id == part_id,
            Application.status.in_(statuses),
            visible,
        )
        .scalar_subquery()
    )
