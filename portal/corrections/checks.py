"""What ``ledger verify`` asks of corrections (L10)."""

from collections.abc import Iterator

from sqlalchemy import and_, select
from sqlalchemy.orm import aliased

from portal.core.db import session
from portal.corrections.models import Correction
from portal.corrections.workflow import BOOKED
from portal.ledger.models import Transfer
from portal.ledger.verify import check


@check("correction")
def corrections() -> Iterator[str]:
    """Booked means one entry of the amount, and reversed means one back (L3, L8)."""
    back = aliased(Transfer)
    own = and_(Transfer.document_kind == Correction.kind, Transfer.document_id == Correction.id)
    statement = (
        select(Correction, Transfer.amount, back.amount.label("back"))
        .outerjoin(Transfer, own & Transfer.reverses_id.is_(None))
        .outerjoin(back, back.reverses_id == Transfer.id)
        .order_by(Correction.id)
    )
    for correction, entry, given in session.execute(statement):
        amount = abs(correction.amount)
        expected = (
            amount if correction.status in BOOKED else None,
            amount if correction.status == "reversed" else None,
        )
        if (entry, given) != expected:
            yield (
                f"{correction.number} of {correction.amount} is {correction.status}: "
                f"booked is {entry or 0}, back is {given or 0}"
            )
