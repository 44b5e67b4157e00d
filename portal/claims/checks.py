"""What ``ledger verify`` asks of claims and appeals (L10, R7, R8)."""

from collections.abc import Iterator

from sqlalchemy import case, func, select

from portal.claims.appeal_models import Appeal
from portal.claims.figures import credit_of, credit_of_appeal, total
from portal.claims.models import Claim, ClaimLine
from portal.core.db import session
from portal.ledger.models import Transfer
from portal.ledger.verify import check


@check("claim")
def claims() -> Iterator[str]:
    """A settled claim was credited what its lines were approved for, any other nothing (R7)."""
    approved = (
        select(total(ClaimLine.approved))
        .where(ClaimLine.claim_id == Claim.id)
        .correlate(Claim)
        .scalar_subquery()
    )
    due = case((Claim.status == "settled", approved), else_=0)
    booked = func.coalesce(Transfer.amount, 0)
    statement = (
        select(Claim.number, Claim.status, due.label("due"), booked.label("booked"))
        .outerjoin(Transfer, credit_of(Claim.id))
        .where(due != booked)
        .order_by(Claim.id)
    )
    for row in session.execute(statement):
        yield f"{row.number} is {row.status}: {row.due} was due, {row.booked} was credited"


@check("appeal")
def appeals() -> Iterator[str]:
    """A settled appeal was credited what was granted, any other nothing (R6, R7)."""
    due = case((Appeal.status == "settled", Appeal.amount), else_=0)
    booked = func.coalesce(Transfer.amount, 0)
    statement = (
        select(Appeal.number, Appeal.status, due.label("due"), booked.label("booked"))
        .outerjoin(Transfer, credit_of_appeal(Appeal.id))
        .where(due != booked)
        .order_by(Appeal.id)
    )
    for row in session.execute(statement):
        yield f"{row.number} is {row.status}: {row.due} was due, {row.booked} was credited"
