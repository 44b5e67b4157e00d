"""The rules that look at one line by itself: its price, its old part, its days, its amount."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select

from portal.applications.models import QuoteLine, Shipment, ShipmentLine
from portal.catalogue.models import Price, SoldUnit
from portal.claims.models import Claim, ClaimLine
from portal.claims.rules.rule import Figures, Found, Lines, Rule, Values, day_of
from portal.claims.run_days import zone_of
from portal.collections.models import Consignment, ConsignmentPiece
from portal.core.db import rows
from portal.core.i18n import _, _l
from portal.oldparts.inspection_models import HEADQUARTERS, Inspection
from portal.oldparts.models import OldPart
from portal.web import filters

# --- Price and quantity -------------------------------------------------------------------------


def _price(lines: Lines, _values: Values) -> Iterable[Found]:
    """Claimed is what was deducted for the piece and what the list had, for a piece shipped."""
    statement = (
        lines.select(
            ClaimLine.claimed,
            ShipmentLine.unit_price.label("deducted"),
            QuoteLine.unit_price.label("quoted"),
            Price.cost.label("listed"),
            OldPart.piece,
            ShipmentLine.quantity.label("shipped"),
        )
        .join(ShipmentLine, ShipmentLine.id == OldPart.shipment_line_id)
        .join(QuoteLine, QuoteLine.id == ShipmentLine.quote_line_id)
        .outerjoin(Price, Price.id == QuoteLine.price_id)
        .where(
            or_(
                ClaimLine.claimed != ShipmentLine.unit_price,
                ClaimLine.claimed != QuoteLine.unit_price,
                ClaimLine.claimed != Price.cost,
                OldPart.piece > ShipmentLine.quantity,
            )
        )
    )
    for row in rows(statement):
        names = ("claimed", "deducted", "quoted", "listed", "piece", "shipped")
        yield Found(row.id, {name: getattr(row, name) for name in names})


def _tell_price(figures: Figures) -> str:
    claimed, told = filters.money(figures["claimed"]), []
    for name, sentence in (
        ("deducted", _l("Claimed is %(claimed)s; deducted was %(amount)s for the piece.")),
        ("quoted", _l("Claimed is %(claimed)s; quoted was %(amount)s for the piece.")),
        ("listed", _l("Claimed is %(claimed)s; the price list had %(amount)s.")),
    ):
        if figures[name] not in (None, figures["claimed"]):
            values = {"claimed": claimed, "amount": filters.money(figures[name])}
            told.append(str(sentence) % values)
    if figures["piece"] > figures["shipped"]:
        told.append(
            _(
                "It is piece %(piece)s of a line with %(shipped)s pieces.",
                piece=figures["piece"],
                shipped=figures["shipped"],
            )
        )
    return " ".join(told)


# --- Where the old part is ----------------------------------------------------------------------

_AWAY, _SENDING = ("accepted", "called", "sent"), ("called", "sent")
_BAD = ("missing", "failed", "objected")


def _piece(lines: Lines, values: Values) -> Iterable[Found]:
    """Missing, failed, overdue; or, where a policy value wants it, not received."""
    last = lines.now - timedelta(days=values["days"])
    is_overdue = OldPart.status.in_(_SENDING) & (Consignment.due_at < last)
    bad = [OldPart.status.in_(_BAD), is_overdue]
    if values["received"]:
        bad.append(OldPart.status.in_(_AWAY))
    statement = (
        lines.select(OldPart.status, Consignment.due_at, Inspection.pays)
        .outerjoin(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
        .outerjoin(Consignment, Consignment.id == ConsignmentPiece.consignment_id)
        .outerjoin(Inspection, Inspection.old_part_id == OldPart.id)
        .where(or_(*bad))
    )
    for row in rows(statement):
        figures = {"status": row.status, "pays": row.pays}
        if row.status in _SENDING and row.due_at and row.due_at < last:
            figures["due"] = row.due_at.astimezone(zone_of(lines.now)).date().isoformat()
        yield Found(row.id, figures)


def _tell_piece(figures: Figures) -> str:
    if figures["status"] == "missing":
        return _("The old part is missing.")
    if figures["status"] == "objected":
        return _("The old part failed its inspection, and the dealer objects.")
    if figures["status"] == "failed":
        if figures["pays"] == HEADQUARTERS:
            return _("The old part failed its inspection; headquarters pays all the same.")
        return _("The old part failed its inspection.")
    if "due" in figures:
        day = filters.day(day_of(figures, "due"))
        return _("The old part was to be sent by %(day)s and has not arrived.", day=day)
    return _("The old part has not arrived at headquarters.")


# --- Days that cannot be ------------------------------------------------------------------------


def _days(lines: Lines, _values: Values) -> Iterable[Found]:
    """Failed before it was sold, repaired before its new part was shipped, or after the claim."""
    zone = zone_of(lines.now)
    first = rows(lines.select().with_only_columns(func.min(Claim.submitted_at)))[0][0]
    if first is None:
        return
    sold: ColumnElement[Any] = func.coalesce(_registered_sale(), OldPart.purchase_date)
    statement = (
        lines.select(
            OldPart.failed_on,
            OldPart.replaced_on,
            Shipment.shipped_on,
            Claim.submitted_at,
            sold.label("sold"),
        )
        .join(ShipmentLine, ShipmentLine.id == OldPart.shipment_line_id)
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(
            or_(
                OldPart.failed_on < sold,
                OldPart.replaced_on < Shipment.shipped_on,
                OldPart.replaced_on > first.astimezone(zone).date(),
            )
        )
    )
    for row in rows(statement):
        submitted = row.submitted_at.astimezone(zone).date()
        figures: Figures = {}
        if row.sold and row.failed_on < row.sold:
            figures |= {"failed": row.failed_on.isoformat(), "sold": row.sold.isoformat()}
        if row.replaced_on < row.shipped_on:
            figures["shipped"] = row.shipped_on.isoformat()
        if row.replaced_on > submitted:
            figures["submitted"] = submitted.isoformat()
        if figures:
            yield Found(row.id, figures | {"replaced": row.replaced_on.isoformat()})


def _registered_sale() -> Any:
    """When the product was sold, if headquarters knows one unit of its serial, and only one."""
    return (
        select(func.min(SoldUnit.sold_on))
        .where(SoldUnit.serial_key == OldPart.product_serial_key)
        .having(func.count() == 1)
        .correlate(OldPart)
        .scalar_subquery()
    )


def _tell_days(figures: Figures) -> str:
    def day(name: str) -> str:
        return filters.day(day_of(figures, name))

    told = []
    if "sold" in figures:
        told.append(
            _(
                "The product failed on %(failed)s and was sold on %(sold)s.",
                failed=day("failed"),
                sold=day("sold"),
            )
        )
    if "shipped" in figures:
        told.append(
            _(
                "The part was replaced on %(replaced)s; the new one was shipped on %(shipped)s.",
                replaced=day("replaced"),
                shipped=day("shipped"),
            )
        )
    if "submitted" in figures:
        told.append(
            _(
                "The part was replaced on %(replaced)s, after the claim of %(submitted)s.",
                replaced=day("replaced"),
                submitted=day("submitted"),
            )
        )
    return " ".join(told)


# --- High amount --------------------------------------------------------------------------------


def _amount(lines: Lines, values: Values) -> Iterable[Found]:
    """More is claimed than a limit."""
    above = ClaimLine.claimed > values["limit"]
    for row in rows(lines.of_any_kind(ClaimLine.claimed).where(above)):
        yield Found(row.id, {"claimed": row.claimed})


def _tell_amount(figures: Figures) -> str:
    return _(
        "Claimed is %(claimed)s, which is above the limit of %(limit)s.",
        claimed=filters.money(figures["claimed"]),
        limit=filters.money(figures["limit"]),
    )


PRICE = Rule("price", _l("Price and quantity"), _price, _tell_price)
PIECE = Rule("piece", _l("Where the old part is"), _piece, _tell_piece, ("days", "received"))
DAYS = Rule("days", _l("Days that cannot be"), _days, _tell_days)
AMOUNT = Rule("amount", _l("High amount"), _amount, _tell_amount, ("limit",))
