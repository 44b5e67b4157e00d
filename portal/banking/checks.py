"""What ``ledger verify`` asks of the bank's lines (L10)."""

from collections.abc import Iterator

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import aliased

from portal.banking.models import BankLine
from portal.core.db import session
from portal.ledger.models import Transfer
from portal.ledger.verify import check


@check("bank line")
def lines() -> Iterator[str]:
    """Booked means one deposit of the line's amount for its payer that stands; else none (L7)."""
    back = aliased(Transfer)
    stands = and_(Transfer.id.is_not(None), back.id.is_(None))
    fits = and_(stands, Transfer.amount == BankLine.amount, Transfer.dealer_id == BankLine.payer_id)
    standing = func.count(case((stands, 1)))
    fitting = func.count(case((fits, 1)))
    expected = case((BankLine.status == "booked", 1), else_=0)
    own = and_(
        Transfer.document_kind == BankLine.kind,
        Transfer.document_id == BankLine.id,
        Transfer.reverses_id.is_(None),
    )
    statement = (
        select(BankLine.key, BankLine.status, standing.label("standing"))
        .outerjoin(Transfer, own)
        .outerjoin(back, back.reverses_id == Transfer.id)
        .group_by(BankLine.id)
        .having(or_(standing != expected, fitting != expected))
        .order_by(BankLine.id)
    )
    for row in session.execute(statement):
        yield f"{row.key} is {row.status}: {row.standing} deposits stand for it, or another amount"
