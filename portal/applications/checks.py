"""What ``ledger verify`` asks of applications (L10): reservations, refunds and compensations."""

from collections.abc import Iterator

from sqlalchemy import and_, case, func, select

from portal.applications.compensation import pieces_sent_first, worth
from portal.applications.compensation_models import Compensation
from portal.applications.models import Application, Quote, QuoteLine, ShipmentLine
from portal.applications.policy import RELEASED
from portal.applications.queries import IS_PRESENT
from portal.core.db import session
from portal.ledger.models import Reservation, ReservationEnd, Transfer
from portal.ledger.verify import check

_HELD = and_(
    Reservation.document_kind == Application.kind, Reservation.document_id == Application.id
)
_ENDED = ReservationEnd.reservation_id == Reservation.id


@check("application")
def reservations() -> Iterator[str]:
    """Confirmed means reserved, released means posted, each with the total of its quote (L6)."""
    statement = (
        select(
            Application.number,
            Application.status,
            Quote.total,
            Reservation.amount,
            ReservationEnd.outcome,
        )
        .outerjoin(Quote, IS_PRESENT)
        .outerjoin(Reservation, _HELD)
        .outerjoin(ReservationEnd, _ENDED)
        .order_by(Application.id)
    )
    for row in session.execute(statement):
        if row.amount is not None and row.amount != row.total:
            yield f"{row.number} reserved {row.amount}, its quote is {row.total}"
        held = "nothing" if row.amount is None else row.outcome or "open"
        if held not in _expected(row.status):
            yield f"{row.number} is {row.status}, its reservation is {held}"


def _expected(status: str) -> tuple[str, ...]:
    if status == "cancelled":
        return ("voided", "posted")
    if status == "confirmed":
        return ("open",)
    return ("posted",) if status in RELEASED else ("nothing",)


@check("refund")
def refunds() -> Iterator[str]:
    """Refunded is what was cancelled after its deduction, and the fees if nothing was sent (A7)."""
    cancelled = (
        select(func.coalesce(func.sum(QuoteLine.cancelled * QuoteLine.unit_price), 0))
        .where(QuoteLine.quote_id == Quote.id)
        .correlate(Quote)
        .scalar_subquery()
    )
    fees = case((Application.status == "cancelled", Quote.freight + Quote.packing), else_=0)
    given = (
        select(func.coalesce(func.sum(Transfer.amount), 0))
        .where(
            Transfer.kind == "refund",
            Transfer.document_kind == Application.kind,
            Transfer.document_id == Application.id,
        )
        .correlate(Application)
        .scalar_subquery()
    )
    owed = cancelled + fees
    statement = (
        select(Application.number, owed.label("owed"), given.label("given"))
        .join(Quote, IS_PRESENT)
        .join(Reservation, _HELD)
        .join(ReservationEnd, and_(_ENDED, ReservationEnd.outcome == "posted"))
        .where(owed != given)
        .order_by(Application.id)
    )
    for row in session.execute(statement):
        yield f"{row.number} was refunded {row.given}, its cancelled pieces make {row.owed}"


@check("compensation")
def compensations() -> Iterator[str]:
    """Booked means one entry of the amount, and the amount is what its shipment makes (A9)."""
    late = (
        select(func.sum(pieces_sent_first() * ShipmentLine.unit_price))
        .where(ShipmentLine.shipment_id == Compensation.shipment_id)
        .correlate(Compensation)
        .scalar_subquery()
    )
    given = (
        select(func.coalesce(func.sum(Transfer.amount), 0))
        .where(
            Transfer.kind == "late_delivery_compensation",
            Transfer.document_kind == Compensation.kind,
            Transfer.document_id == Compensation.id,
        )
        .correlate(Compensation)
        .scalar_subquery()
    )
    statement = select(Compensation, late.label("late"), given.label("given"))
    for made, late_amount, booked in session.execute(statement.order_by(Compensation.id)):
        if late_amount != made.late_amount:
            yield f"{made.number} counts {made.late_amount}, its shipment makes {late_amount}"
        due = worth(made.late_amount, made.late_days, made.rate, made.most)
        if due != made.amount:
            yield f"{made.number} is {made.amount}, its late days make {due}"
        if booked != (made.amount if made.status == "booked" else 0):
            yield f"{made.number} of {made.amount} is {made.status}, booked is {booked}"


@check("shipment")
def shipped() -> Iterator[str]:
    """Shipped of a confirmed line is what was sent, less what was settled of it (A8)."""
    sent = (
        select(
            func.coalesce(
                func.sum(ShipmentLine.sent - ShipmentLine.resent - ShipmentLine.refunded), 0
            )
        )
        .where(ShipmentLine.quote_line_id == QuoteLine.id)
        .correlate(QuoteLine)
        .scalar_subquery()
    )
    statement = (
        select(Application.number, QuoteLine.shipped, sent.label("sent"))
        .join(Quote, Quote.id == QuoteLine.quote_id)
        .join(Application, Application.id == Quote.application_id)
        .where(QuoteLine.shipped != sent)
        .order_by(QuoteLine.id)
    )
    for row in session.execute(statement):
        yield f"{row.number} counts {row.shipped} pieces as shipped, its shipments make {row.sent}"
