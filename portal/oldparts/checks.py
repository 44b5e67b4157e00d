"""What ``ledger verify`` asks of old parts (L10): the charges, and what is owed."""

from collections.abc import Iterator

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from portal.core.db import session
from portal.ledger.models import Transfer
from portal.ledger.verify import check
from portal.oldparts.charge_models import OldPartCharge, OwedLine
from portal.oldparts.charges import PAID
from portal.oldparts.models import OldPart


@check("old-part charge")
def charges() -> Iterator[str]:
    """Charged means one entry of the amount, and reversed means one back (O6, L3)."""
    back = aliased(Transfer)
    own = and_(
        Transfer.document_kind == OldPartCharge.kind,
        Transfer.document_id == OldPartCharge.id,
        Transfer.kind == "old_part_charge",
    )
    statement = (
        select(OldPartCharge, Transfer.amount, back.amount.label("back"))
        .outerjoin(Transfer, own)
        .outerjoin(back, back.reverses_id == Transfer.id)
        .order_by(OldPartCharge.id)
    )
    for charge, taken, given in session.execute(statement):
        expected = (
            (charge.amount, None)
            if charge.status in PAID
            else (charge.amount, charge.amount)
            if charge.status == "reversed"
            else (None, None)
        )
        if (taken, given) != expected:
            yield (
                f"{charge.number} of {charge.amount} is {charge.status}: "
                f"taken is {taken or 0}, given back {given or 0}"
            )


@check("owed old parts")
def owed() -> Iterator[str]:
    """What is owed of a line is what arrived less what was registered (O2, O6)."""
    registered = (
        select(func.count())
        .where(OldPart.shipment_line_id == OwedLine.shipment_line_id)
        .correlate(OwedLine)
        .scalar_subquery()
    )
    left = OwedLine.quantity - registered
    statement = (
        select(OwedLine.shipment_line_id, OwedLine.pieces, left.label("left"))
        .where(OwedLine.pieces != left)
        .order_by(OwedLine.shipment_line_id)
    )
    for row in session.execute(statement):
        yield f"line {row.shipment_line_id} owes {row.pieces} pieces, it has {row.left} left"


@check("pieces charged")
def once() -> Iterator[str]:
    """No piece is charged twice: with its line, and by itself as missing (O6, O7)."""
    paid = OldPartCharge.status.in_(PAID)
    line_id = func.coalesce(OldPartCharge.shipment_line_id, OldPart.shipment_line_id)
    charged = (
        select(line_id.label("line_id"), func.sum(OldPartCharge.pieces).label("pieces"))
        .outerjoin(OldPart, OldPart.id == OldPartCharge.old_part_id)
        .where(paid)
        .group_by(line_id)
        .subquery()
    )
    statement = (
        select(charged, OwedLine.quantity)
        .join(OwedLine, OwedLine.shipment_line_id == charged.c.line_id)
        .where(charged.c.pieces > OwedLine.quantity)
        .order_by(charged.c.line_id)
    )
    for row in session.execute(statement):
        yield f"line {row.line_id} has {row.quantity} pieces, and {row.pieces} are charged"
