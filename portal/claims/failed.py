"""What an inspection means for the money: a failed piece leaves its claim, or is charged back (O8).

The piece is locked before its claim, and both before the dealer's account.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from portal.claims.figures import total
from portal.claims.models import Claim, ClaimLine
from portal.core.db import AnyRow, session
from portal.core.documents import Document, relock
from portal.core.events import Event, record, subscribe
from portal.core.permissions import SYSTEM, Actor
from portal.ledger import services as ledger
from portal.ledger.models import DEALER, OLD_PART_CHARGES, Transfer
from portal.oldparts.inspection_models import DEALER as THE_DEALER
from portal.oldparts.inspection_models import Inspection
from portal.oldparts.models import OldPart
from portal.oldparts.payments import tells_payments


def cause_of(old_part: OldPart) -> str:
    """The cause of a piece's charge-back: there is one, ever (L4)."""
    return f"old-part/{old_part.id}/charge-back"


@subscribe
def follow(happened: Sequence[tuple[Event, Document]]) -> None:
    """Do what the inspection of a piece, or the decision on an objection, means for its money."""
    for event, document in happened:
        if isinstance(document, OldPart):
            if event.name == "fail":
                _failed(document, event.at)
            elif event.name == "overturn":
                _passed_after_all(document, event)


def _failed(old_part: OldPart, now: datetime) -> None:
    inspection = session.get(Inspection, old_part.id)
    if inspection is None or inspection.pays != THE_DEALER:
        return
    statement = (
        select(Claim)
        .join(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(ClaimLine.old_part_id == old_part.id)
    )
    claim = session.scalars(statement).one_or_none()
    if claim is None:
        return
    claim = relock(claim)
    # Its dealer may have left it out, or the run may have settled it, until the claim was locked.
    line = session.scalars(
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.old_part_id == old_part.id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        return
    if claim.status == "settled":
        _charge_back(old_part, claim, line, now)
    else:
        _take_out(old_part, claim, line, now)


def _take_out(old_part: OldPart, claim: Claim, line: ClaimLine, now: datetime) -> None:
    """Take its line out of a claim that is not settled, and count the claim anew."""
    values = {"line": line.position, "old_part": old_part.number, "claimed": line.claimed}
    if line.approved is not None:
        values["approved"] = line.approved
    session.delete(line)
    session.flush()
    claim.line_count, claim.claimed, approved = session.execute(
        select(func.count(), total(ClaimLine.claimed), total(ClaimLine.approved)).where(
            ClaimLine.claim_id == claim.id
        )
    ).one()
    if claim.status == "decided":
        claim.approved = approved
    claim.version += 1
    record(claim, "fail_line", by=SYSTEM, now=now, values=values)


def _charge_back(old_part: OldPart, claim: Claim, line: ClaimLine, now: datetime) -> None:
    """Charge what was approved for it back to the dealer, whatever the account holds."""
    if not line.approved:
        return
    ledger.transfer(
        dealer_id=old_part.dealer_id,
        source=DEALER,
        target=OLD_PART_CHARGES,
        amount=line.approved,
        kind="old_part_charge",
        cause=cause_of(old_part),
        by=SYSTEM,
        now=now,
        document=old_part,
        values={"claim": claim.number, "claimed": line.claimed, "approved": line.approved},
    )


def _passed_after_all(old_part: OldPart, event: Event) -> None:
    entry = ledger.booked(cause_of(old_part))
    if entry is not None:
        ledger.take_back(entry, by=SYSTEM, now=event.at, reason=event.reason)


def charged_back(old_part: OldPart) -> Transfer | None:
    """The entry that charged a piece back, unless it was given back since."""
    entry = ledger.booked(cause_of(old_part))
    if entry is None:
        return None
    reversed_by = session.scalar(select(Transfer.id).where(Transfer.reverses_id == entry.id))
    return entry if reversed_by is None else None


def _code() -> ColumnElement[str]:
    """The key of ``PAYMENTS`` of a claimed piece, beside its line and claim (O9)."""
    reversal = aliased(Transfer)
    back = exists().where(
        Transfer.document_kind == OldPart.kind,
        Transfer.document_id == ClaimLine.old_part_id,
        Transfer.cause.like("old-part/%/charge-back"),
        ~exists().where(reversal.reverses_id == Transfer.id),
    )
    return case(
        (Claim.status != "settled", "claimed"),
        (back, "charged_back"),
        (ClaimLine.status == "rejected", "refused"),
        (ClaimLine.status == "reduced", "in_part"),
        else_="reimbursed",
    )


def _shown_to(actor: Actor) -> ColumnElement[bool]:
    """A dealer's draft is its own until it is submitted."""
    return true() if actor.is_dealer else Claim.submitted_at.is_not(None)


@tells_payments
def payment_code(actor: Actor) -> ColumnElement[Any]:
    """What became of the money of each old part, as a column; NULL where it is on no claim."""
    return (
        select(_code())
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(ClaimLine.old_part_id == OldPart.id, _shown_to(actor))
        .correlate(OldPart)
        .scalar_subquery()
    )


def payment_row(old_part: OldPart, actor: Actor) -> AnyRow | None:
    """What became of the money of one old part, and its claim; None if it is on no claim."""
    return session.execute(
        select(
            _code().label("code"),
            Claim.id,
            Claim.public_id,
            Claim.number,
            Claim.submitted_at,
            Claim.created_at,
        )
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(ClaimLine.old_part_id == old_part.id, _shown_to(actor))
    ).one_or_none()


def entry_of(old_part: OldPart, claim_id: int | None) -> Transfer | None:
    """The last entry that followed from a piece: of its claim, of its charge-back, or back."""
    own = (Transfer.document_kind == OldPart.kind) & (Transfer.document_id == old_part.id)
    paid = (
        (Transfer.document_kind == Claim.kind)
        & (Transfer.document_id == claim_id)
        & (Transfer.kind == "reimbursement")
    )
    return session.scalar(
        select(Transfer).where(or_(own, paid)).order_by(Transfer.id.desc()).limit(1)
    )
