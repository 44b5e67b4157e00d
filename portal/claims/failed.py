"""What becomes of the money of a piece that failed or went missing (O7, O8), and of its labour.

It leaves its claim, or what was reimbursed for it is charged back.

The piece is locked before its claim, and both before the dealer's account.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased

from portal.claims import appeals, findings
from portal.claims.appeal_models import Appeal
from portal.claims.figures import credit_of, total
from portal.claims.models import OLD_PART, Claim, ClaimLine, Run
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

MISSING, FAILED = "miss", "fail"
"""Why a piece is not paid for; the names of both events in a claim's history begin so."""
LOST = ("miss", "withhold")
"""The steps after which a piece is missing."""


def cause_of(old_part: OldPart, why: str) -> str:
    """The cause of a piece's charge-back: one for each of the two reasons, ever (L4)."""
    return f"old-part/{old_part.id}/charge-back/{why}"


@subscribe
def follow(happened: Sequence[tuple[Event, Document]]) -> None:
    """Do what a step of a piece means for its money."""
    steps = [(event, document) for event, document in happened if isinstance(document, OldPart)]
    lost = {piece.id for event, piece in steps if event.name in LOST}
    claimed = _claimed(lost) if lost else set()
    for event, document in steps:
        if event.name in LOST:
            if document.id in claimed:
                _do_not_pay(document, MISSING, event.at)
        elif event.name == "fail" and _dealer_pays(document):
            _do_not_pay(document, FAILED, event.at)
        elif event.name == "overturn" and _dealer_pays(document):
            _give_back(document, FAILED, event)
        elif event.from_status == "missing":
            _give_back(document, MISSING, event)


def _claimed(pieces: Collection[int]) -> set[int]:
    """Those of some locked pieces that stand on a claim."""
    its_piece = ClaimLine.old_part_id
    return set(session.scalars(select(its_piece).where(its_piece.in_(pieces))))


def _dealer_pays(old_part: OldPart) -> bool:
    inspection = session.get(Inspection, old_part.id)
    return inspection is not None and inspection.pays == THE_DEALER


def _do_not_pay(old_part: OldPart, why: str, now: datetime) -> None:
    statement = (
        select(Claim).join(ClaimLine, ClaimLine.claim_id == Claim.id).where(*_of_piece(old_part.id))
    )
    claim = session.scalars(statement).one_or_none()
    if claim is None:
        return
    claim = relock(claim)
    # Its dealer may have left it out, or the run may have settled it, until the claim was locked.
    lines = session.scalars(
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.old_part_id == old_part.id)
        .order_by(ClaimLine.position)
        .execution_options(populate_existing=True)
    ).all()
    if not lines:
        return
    if claim.status == "settled":
        _charge_back(old_part, claim, lines, why, now)
        return
    for line in lines:
        _take_out(old_part, claim, line, why, now)


def _of_piece(old_part_id: Any) -> tuple[ColumnElement[bool], ...]:
    """The condition of the line that claims a piece, and not its labour."""
    return ClaimLine.old_part_id == old_part_id, ClaimLine.kind == OLD_PART


def _take_out(old_part: OldPart, claim: Claim, line: ClaimLine, why: str, now: datetime) -> None:
    """Take a line of its out of a claim that is not settled, and count the claim anew."""
    values = {"line": line.position, line.kind: old_part.number, "claimed": line.claimed}
    if line.approved is not None:
        values["approved"] = line.approved
    findings.forget(ClaimLine.id == line.id)
    appeals.end_with_piece(line, leaves=True, now=now)
    session.delete(line)
    session.flush()
    findings.count(Claim.id == claim.id)
    claim.line_count, claim.claimed, approved = session.execute(
        select(func.count(), total(ClaimLine.claimed), total(ClaimLine.approved)).where(
            ClaimLine.claim_id == claim.id
        )
    ).one()
    if claim.status == "decided":
        claim.approved = approved
    claim.version += 1
    record(claim, f"{why}_line", by=SYSTEM, now=now, values=values)


def _charge_back(
    old_part: OldPart, claim: Claim, lines: Sequence[ClaimLine], why: str, now: datetime
) -> None:
    """Charge all that was paid for it back to the dealer, whatever the account holds."""
    appealed = sum(appeals.end_with_piece(line, leaves=False, now=now) for line in lines)
    approved = sum(line.approved or 0 for line in lines)
    paid = approved + appealed
    if not paid:
        return
    claimed = sum(line.claimed for line in lines)
    values = {"claim": claim.number, "claimed": claimed, "approved": approved}
    if appealed:
        values["appealed"] = appealed
    ledger.transfer(
        dealer_id=old_part.dealer_id,
        source=DEALER,
        target=OLD_PART_CHARGES,
        amount=paid,
        kind="old_part_charge",
        cause=cause_of(old_part, why),
        by=SYSTEM,
        now=now,
        document=old_part,
        values=values,
    )


def _give_back(old_part: OldPart, why: str, event: Event) -> None:
    """It passes after all, or turned up: a charge-back for that is reversed."""
    appeals.begin_again(old_part, now=event.at)
    entry = ledger.booked(cause_of(old_part, why))
    if entry is not None:
        ledger.take_back(entry, by=SYSTEM, now=event.at, reason=event.reason)


def charged_back(old_part: OldPart) -> Transfer | None:
    """The entry that charged a piece back, unless it was given back since."""
    return session.scalar(select(Transfer).where(*_charges_back(old_part.id)))


def _charges_back(old_part_id: Any) -> tuple[ColumnElement[bool], ...]:
    """The conditions of the entry that charged a piece back and was not reversed."""
    reversal = aliased(Transfer)
    return (
        Transfer.document_kind == OldPart.kind,
        Transfer.document_id == old_part_id,
        Transfer.kind == "old_part_charge",
        ~exists().where(reversal.reverses_id == Transfer.id),
    )


def _code() -> ColumnElement[str]:
    """The key of ``PAYMENTS`` of a claimed piece, beside its line and claim (O9)."""
    back = exists().where(*_charges_back(ClaimLine.old_part_id))
    appealed = (
        select(Appeal.amount)
        .where(Appeal.line_id == ClaimLine.id, Appeal.status == "settled")
        .correlate(ClaimLine)
        .scalar_subquery()
    )
    paid = ClaimLine.approved + func.coalesce(appealed, 0)
    return case(
        (Claim.status != "settled", "claimed"),
        (back, "charged_back"),
        (paid == 0, "refused"),
        (paid < ClaimLine.claimed, "in_part"),
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
        .where(*_of_piece(OldPart.id), _shown_to(actor))
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
            ClaimLine.claimed,
            ClaimLine.status,
            ClaimLine.approved,
            ClaimLine.decided_at,
            Run.month,
            Run.closed_at,
        )
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .outerjoin(Run, Run.id == Claim.run_id)
        .where(*_of_piece(old_part.id), _shown_to(actor))
    ).one_or_none()


def entry_of(old_part: OldPart, claim_id: int | None) -> Transfer | None:
    """The last entry that followed from a piece: of its claim, of its charge-back, or back."""
    own = (Transfer.document_kind == OldPart.kind) & (Transfer.document_id == old_part.id)
    appealed = (Transfer.document_kind == Appeal.kind) & Transfer.document_id.in_(
        select(Appeal.id)
        .join(ClaimLine, ClaimLine.id == Appeal.line_id)
        .where(ClaimLine.old_part_id == old_part.id)
    )
    which = or_(own, credit_of(claim_id), appealed)
    return session.scalar(select(Transfer).where(which).order_by(Transfer.id.desc()).limit(1))
