"""Appeals of dealers: filed, withdrawn, decided by another reviewer, paid with a run (R6, R7).

A claim is locked before its appeals, and both before the dealer's account.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from unicodedata import east_asian_width

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from portal.claims import figures, paying, policy
from portal.claims.appeal_models import Appeal
from portal.claims.appeal_workflow import APPEAL_REASONS, GRANTED
from portal.claims.commands import Ruling, reason_of
from portal.claims.models import LABOUR, Claim, ClaimLine, Run
from portal.claims.workflow import DECIDED
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, WrongState
from portal.core.i18n import _
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.files import services as files
from portal.oldparts.inspections import reimbursable
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.terms.calendar import end_of
from portal.terms.values import value

LESS = ("reduced", "rejected")
"""The decisions on a line that a dealer may appeal against."""
SUBSTANCE = 20
"""How long the words are at least that come without a file; a Chinese character counts twice."""
EVIDENCE = "evidence"
"""The place of what the dealer filed an appeal with; what a comment brings has none."""
BATCH = 50
"""How many appeals are paid in one transaction (R7)."""


# --- The dealer's side ----------------------------------------------------------------------


def time_to_appeal(now: datetime) -> tuple[datetime, int]:
    """Until when what is decided now can be appealed, and the days of the policy value (R6)."""
    days = value("claim.appeal_days", now.date())
    return end_of(now.date() + timedelta(days=days), now.tzinfo), days


def file(
    claim: Claim, position: int, grounds: str, file_ids: Sequence[str], *, by: Actor, now: datetime
) -> Appeal:
    """Appeal against the reduction or rejection of a line of a decided claim (R6).

    New evidence is a file, or words of some substance. Conflict once the time is over, if the line
    has had its appeal, or if its piece failed or is missing (O8): that is objected to by itself.
    """
    if by.is_dealer and claim.dealer_id != by.dealer_id:
        raise NotFound()
    by.must(policy.FILE_APPEAL)
    mine = ClaimLine.claim_id == claim.id, ClaimLine.position == position
    # Its piece is held, before the claim: one that is just failing closes the appeal, or lets none
    # be filed (O8).
    piece = select(OldPart.id).join(ClaimLine, ClaimLine.old_part_id == OldPart.id).where(*mine)
    session.execute(piece.with_for_update(read=True, of=OldPart)).all()
    claim = relock(claim)
    line = session.scalars(select(ClaimLine).where(*mine)).one_or_none()
    if line is None:
        raise NotFound()
    _check(claim, line, now)
    if not grounds.strip():
        raise Invalid(_("Please say why: the other side will read it."), field="grounds")
    if not file_ids and _length(grounds) < SUBSTANCE:
        raise Invalid(
            _("Add a photo or a file, or explain in a sentence or two what is new."),
            field="grounds",
        )
    code = session.scalars(select(Dealer.code).where(Dealer.id == claim.dealer_id)).one()
    appeal = Appeal(
        status="filed",
        created_at=now,
        dealer_id=claim.dealer_id,
        number=next_number("AP", code, now),
        claim_id=claim.id,
        line_id=line.id,
        position=line.position,
        claimed=line.claimed,
        approved=line.approved,
        grounds=grounds.strip(),
        filed_by_id=by.id,
    )
    session.add(appeal)
    session.flush()
    count = files.claim(file_ids, appeal, place=EVIDENCE, by=by)
    values = {"claim": claim.number, "line": line.position, "taken_off": appeal.gap}
    if count:
        values["attached"] = count
    workflow.begin(appeal, by=by, now=now, **values)
    return appeal


def _length(text: str) -> int:
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text.strip())


def _check(claim: Claim, line: ClaimLine, now: datetime) -> None:
    if claim.status not in DECIDED or line.status not in LESS:
        raise WrongState()
    known = session.scalar(select(Appeal.number).where(Appeal.line_id == line.id))
    if known is not None:
        raise Conflict(_("This line has been appealed already: %(number)s.", number=known))
    until = line.appeal_by or claim.appeal_by
    if until is None or until < now:
        raise Conflict(_("The time to appeal is over."))
    if line.old_part_id is not None:
        good = exists().where(OldPart.id == line.old_part_id, reimbursable())
        if not session.scalar(select(good)):
            raise Conflict(_("This old part failed its inspection or is missing: it is not paid."))


def withdraw(appeal: Appeal, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Take an appeal back: the decision on the line stands."""
    workflow.apply(relock(appeal), "withdraw", by=by, now=now, seen=seen)


# --- The reviewer's side --------------------------------------------------------------------


def why_not(appeal: Appeal, by: Actor) -> str | None:
    """Why a reviewer may not decide on an appeal, in a sentence; None if they may (P2)."""
    if by.id is None:
        return None
    if by.id == appeal.filed_by_id:
        return str(_("Nobody decides on an appeal that they filed themselves."))
    decided_by = select(ClaimLine.decided_by_id).where(ClaimLine.id == appeal.line_id)
    if session.scalar(decided_by) == by.id:
        return str(_("You decided on this line: another reviewer decides on the appeal."))
    return None


def decide(appeal: Appeal, ruling: Ruling, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Grant an appeal, wholly or in part, or refuse it; the dealer is told (R6).

    Forbidden for who decided on the line or filed the appeal (P2). Invalid, at its field, for an
    amount that is not above zero or above what was taken off, or a reason that is missing.
    Conflict for labour whose piece stays rejected (R1).
    """
    appeal = relock(appeal)
    workflow.check(appeal, ruling.step, by=by, seen=seen)
    refusal = why_not(appeal, by)
    if refusal:
        raise Forbidden(refusal)
    amount = _amount(appeal, ruling)
    if amount:
        _check_piece(appeal)
    in_full = amount == appeal.gap
    step = "grant_part" if amount and not in_full else ruling.step
    appeal.reason_code = None if in_full else reason_of(ruling, APPEAL_REASONS)
    appeal.amount, appeal.note = amount, ruling.note
    appeal.decided_by_id, appeal.decided_at = by.id, now
    values: dict[str, object] = {"taken_off": appeal.gap}
    if appeal.amount:
        values["granted"] = appeal.amount
    if appeal.reason_code:
        values["reason_code"] = appeal.reason_code
    workflow.apply(appeal, step, by=by, now=now, seen=seen, reason=ruling.note, values=values)


def _check_piece(appeal: Appeal) -> None:
    """Refuse to pay labour whose piece is rejected, and was granted by no appeal (R1)."""
    piece, its_appeal = aliased(ClaimLine), aliased(Appeal)
    paid = exists().where(its_appeal.line_id == piece.id, its_appeal.amount > 0)
    refused = (
        select(piece.position)
        .join(ClaimLine, figures.its_piece(piece))
        .where(ClaimLine.id == appeal.line_id, ClaimLine.kind == LABOUR)
        .where(piece.status == "rejected", ~paid)
    )
    position = session.scalar(refused)
    if position is not None:
        raise Conflict(
            _(
                "This labour is of the old part on line %(line)s, which is rejected: nothing is "
                "paid for it before an appeal against that line is granted.",
                line=position,
            )
        )


def _amount(appeal: Appeal, ruling: Ruling) -> int:
    if ruling.step == "refuse":
        return 0
    if ruling.amount is None:
        raise Invalid(_("Enter the amount that is granted."), field="amount")
    if not 0 < ruling.amount <= appeal.gap:
        raise Invalid(
            _("What is granted is above zero, and not more than what was taken off."),
            field="amount",
        )
    return ruling.amount


# --- A piece that failed, or is missing (O7, O8) --------------------------------------------


def end_with_piece(line: ClaimLine, *, leaves: bool, now: datetime) -> int:
    """End what is open of the appeal on a line whose piece is not paid for any more.

    Returns what was paid for it by then, in minor units: that is charged back with the rest. The
    caller has locked the claim. With ``leaves`` the line is about to leave it.
    """
    statement = select(Appeal).where(Appeal.line_id == line.id).with_for_update()
    appeal = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if appeal is None:
        return 0
    paid = appeal.amount if appeal.status == "settled" else 0
    if leaves:
        appeal.line_id = None
    if appeal.status in ("filed", *GRANTED):
        appeal.amount, appeal.run_id, appeal.decided_by_id = 0, None, None
        workflow.apply(appeal, "close", by=SYSTEM, now=now)
    session.flush()
    return paid


def begin_again(old_part: OldPart, *, now: datetime) -> None:
    """A piece, which is locked, passed after all or turned up: its lines can be paid again (R6).

    The appeal that ended with it is open again; where there was none, its time begins again.
    """
    its_piece = ClaimLine.old_part_id == old_part.id
    lines = session.scalars(select(ClaimLine).where(its_piece).order_by(ClaimLine.position))
    for line in lines.all():
        _begin_again(old_part, line, now)


def _begin_again(old_part: OldPart, line: ClaimLine, now: datetime) -> None:
    claim = relock(session.get_one(Claim, line.claim_id))
    statement = select(Appeal).where(Appeal.line_id == line.id).with_for_update()
    appeal = session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if appeal is not None:
        if appeal.status == "refused" and appeal.decided_by_id is None:
            workflow.apply(appeal, "reopen", by=SYSTEM, now=now)
    elif claim.status in DECIDED and line.status in LESS:
        until, days = time_to_appeal(now)
        line.appeal_by = max(until, claim.appeal_by or until)
        values = {"line": line.position, line.kind: old_part.number, "appeal_days": days}
        workflow.apply(claim, "allow_appeal", by=SYSTEM, now=now, values=values)


# --- With the run (R7, R8) ------------------------------------------------------------------


def payable() -> ColumnElement[bool]:
    """The condition that an appeal is granted and no run has taken it to pay it."""
    return and_(Appeal.status.in_(GRANTED), Appeal.run_id.is_(None))


def payable_with(run: Run) -> ColumnElement[bool]:
    """The condition that a run pays an appeal if it is closed now.

    The claim is paid before: by an earlier run, or by this one.
    """
    paid = Claim.id == Appeal.claim_id, or_(Claim.status == "settled", Claim.run_id == run.id)
    return and_(payable(), exists().where(*paid))


def take_up(run: Run) -> None:
    """Let a run that begins to close pay every appeal that is granted by now."""
    session.execute(
        update(Appeal)
        .where(payable_with(run))
        .values(run_id=run.id)
        .execution_options(synchronize_session=False)
    )


def settle_some(run: Run, now: datetime) -> bool:
    """Pay the next appeals of a run, whose row is locked; whether there may be more to do.

    One is marked and credited in one transaction, and its cause can be booked once (L4).
    """
    statement = (
        select(Appeal)
        .where(Appeal.run_id == run.id, Appeal.status.in_(GRANTED))
        .order_by(Appeal.id)
        .limit(BATCH)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    appeals = session.scalars(statement).all()
    if not appeals:
        return False
    paid = Appeal.id.in_([appeal.id for appeal in appeals])
    paying.book(run, select(*paying.entry_of(Appeal, Appeal.amount)).where(paid), now)
    values = {one.id: {"run": run.month, "granted": one.amount} for one in appeals}
    for status in GRANTED:
        alike = [one for one in appeals if one.status == status]
        workflow.apply_many(alike, "settle", by=SYSTEM, now=now, values=values)
    return True
