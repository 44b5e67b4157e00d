"""Everything that changes a claim, until its run settles it: R1–R3, R6 but for appeals."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import aliased

from portal.claims import (
    appeals,
    eligibility,
    figures,
    findings,
    policy,
    queries,
    sampling,
)
from portal.claims.commands import Decision, Draft, reason_of
from portal.claims.desk import IS_OPEN
from portal.claims.figures import total
from portal.claims.models import LABOUR, OLD_PART, RUNS, Claim, ClaimLine, LeftOut, Run
from portal.claims.outlay_kinds import OUTLAYS
from portal.claims.workflow import LINE, REASONS
from portal.core import drafts, workflow
from portal.core.clock import Month
from portal.core.db import Key, session, take_turn
from portal.core.documents import relock
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale, WrongState
from portal.core.events import record
from portal.core.i18n import _, ngettext
from portal.core.permissions import Actor
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.terms.values import value

# --- The dealer's side: R1–R3 ---------------------------------------------------------------


def start(month: Month, *, by: Actor, now: datetime) -> Claim:
    """Begin the dealer's claim for a month with all eligible old parts on it (R1, R2).

    Once the claim before it has been taken into a run, it is a supplement; one that was discarded
    is begun again. It may have no line yet where there is something else to claim. Conflict while
    there is a claim that has not been taken in; Invalid if the month has not begun or nothing can
    be claimed.
    """
    by.must(policy.WRITE)
    if by.dealer_id is None:
        raise Forbidden()
    if month > Month.of(now):
        raise Invalid(_("This month has not begun yet."), field="month")
    last = session.scalars(
        select(Claim)
        .where(Claim.dealer_id == by.dealer_id, Claim.month == str(month))
        .order_by(Claim.ordinal.desc())
        .limit(1)
    ).one_or_none()
    discarded = relock(last) if last is not None and last.status == "discarded" else None
    if last is not None and last.status in ("draft", "submitted"):
        raise Conflict(
            _("There is a claim for this month already: %(number)s.", number=last.number)
        )
    claim = discarded or _new_claim(by, month, last.ordinal + 1 if last else 0, now)
    lapse_months = value("claim.lapse_months", now.date())
    _put_on(claim, eligibility.eligible(by.dealer_id, month, now, lapse_months))
    count(claim)
    (others,) = eligibility.outlays_for(by.dealer_id, [month], now)
    if not claim.line_count and not any(others.values()):
        raise Invalid(_("There is nothing that can be claimed for this month."), field="month")
    values = {
        "lines": claim.line_count,
        "claimed": claim.claimed,
        "lapse_months": lapse_months,
    }
    if discarded:
        workflow.apply(claim, "restart", by=by, now=now, values=values)
    else:
        workflow.begin(claim, by=by, now=now, **values)
    return claim


def _new_claim(by: Actor, month: Month, ordinal: int, now: datetime) -> Claim:
    code = session.scalars(select(Dealer.code).where(Dealer.id == by.dealer_id)).one()
    claim = Claim(
        status="draft",
        created_at=now,
        dealer_id=by.dealer_id,
        month=str(month),
        ordinal=ordinal,
        number=f"RC-{month}-{code}" + (f"-S{ordinal}" if ordinal else ""),
        created_by_id=by.id,
    )
    session.add(claim)
    session.flush()
    return claim


def _put_on(claim: Claim, which: Sequence[ColumnElement[bool]]) -> None:
    """Put old parts on a claim, each for what was deducted for it (R1).

    They are held first: one that is just failing its inspection is put on the claim before that,
    and leaves it again, or is not put on it (O8); of two claims that want it at the same time the
    second one sees that it is gone (R3).
    """
    held = select(OldPart.id).where(*which).order_by(OldPart.id)
    session.execute(held.with_for_update(key_share=True, of=OldPart)).all()
    columns: dict[str, ColumnElement[Any]] = {
        "dealer_id": OldPart.dealer_id.expression,
        "claim_id": literal(claim.id, Key),
        "position": last_position(claim) + func.row_number().over(order_by=OldPart.id),
        "kind": literal(OLD_PART),
        "old_part_id": OldPart.id.expression,
        "part_id": OldPart.part_id.expression,
        "claimed": OldPart.unit_price.expression,
        "remark": literal(""),
        "status": literal("open"),
        "note": literal(""),
    }
    session.execute(
        insert(ClaimLine).from_select(list(columns), select(*columns.values()).where(*which)),
        execution_options={"synchronize_session": False},
    )


def last_position(claim: Claim) -> ColumnElement[int]:
    """The position of a claim's last line; 0 if it has none."""
    last = select(func.max(ClaimLine.position)).where(ClaimLine.claim_id == claim.id)
    return func.coalesce(last.scalar_subquery(), 0)


def count(claim: Claim) -> None:
    """Set a claim's number of lines and the sum that they claim."""
    claim.line_count, claim.claimed = session.execute(
        select(func.count(), total(ClaimLine.claimed)).where(ClaimLine.claim_id == claim.id)
    ).one()


def save(
    claim: Claim,
    draft: Draft,
    *,
    seen: int | None,
    page: str = "",
    leaves: bool = False,
    by: Actor,
    now: datetime,
) -> None:
    """Keep a draft as the dealer leaves it: pieces left out or added back, remarks (R2).

    A piece that is left out stays eligible, and is not proposed for this claim again; its labour
    leaves with it. Conflict
    if a chosen piece cannot be put on this claim, because another claim has it or it is not
    eligible. ``page`` is the key of the page that it was left on, which ``leaves`` if this save
    is its last; Stale if another page has saved what this one has not ``seen``.
    """
    if by.is_dealer and claim.dealer_id != by.dealer_id:
        raise NotFound()
    by.must(policy.WRITE)
    claim = relock(claim)
    if claim.status != "draft":
        raise WrongState()
    drafts.check(claim, seen=seen, page=page, by=by)
    claim.remark = draft.remark
    _leave_out(claim, draft.offered - draft.chosen)
    _add_back(claim, draft.chosen, now)
    _remark(claim, draft)
    count(claim)
    drafts.mark(claim, page=page, leaves=leaves, by=by, now=now)


def _named(names: frozenset[str]) -> ColumnElement[bool]:
    return OldPart.public_id.in_(sorted(names))


def _leave_out(claim: Claim, names: frozenset[str]) -> None:
    if names:
        mine = _named(names), OldPart.dealer_id == claim.dealer_id
        session.execute(
            delete(ClaimLine)
            .where(
                ClaimLine.claim_id == claim.id,
                ClaimLine.old_part_id.in_(select(OldPart.id).where(*mine)),
            )
            .execution_options(synchronize_session=False)
        )
        known = exists().where(LeftOut.claim_id == claim.id, LeftOut.old_part_id == OldPart.id)
        session.execute(
            insert(LeftOut).from_select(
                ["claim_id", "old_part_id"],
                select(literal(claim.id, Key), OldPart.id).where(*mine, ~known),
            ),
            execution_options={"synchronize_session": False},
        )


def _add_back(claim: Claim, names: frozenset[str], now: datetime) -> None:
    if not names:
        return
    session.execute(
        delete(LeftOut)
        .where(
            LeftOut.claim_id == claim.id,
            LeftOut.old_part_id.in_(select(OldPart.id).where(_named(names))),
        )
        .execution_options(synchronize_session=False)
    )
    lapse_months = value("claim.lapse_months", now.date())
    could = eligibility.eligible(claim.dealer_id, Month.parse(claim.month), now, lapse_months)
    _put_on(claim, [*could, _named(names)])
    have = session.scalar(
        select(func.count())
        .select_from(ClaimLine)
        .join(OldPart, queries.its_line(claim))
        .where(_named(names))
    )
    if have != len(names):
        raise Conflict(
            _("An old part that you chose can no longer be put on this claim. Open the page again.")
        )


def _remark(claim: Claim, draft: Draft) -> None:
    if draft.offered:
        lines = session.execute(
            select(ClaimLine, OldPart.public_id)
            .join(OldPart, queries.its_line(claim))
            .where(_named(draft.offered))
            .execution_options(populate_existing=True)
        )
        for line, name in lines:
            line.remark = draft.remarks.get(name, line.remark)
        session.flush()


def submit(claim: Claim, *, seen: int | None, page: str = "", by: Actor, now: datetime) -> None:
    """Hand the claim in for the next run (R2, R4). Invalid without a line; Stale like ``save``.

    Conflict with labour on it while headquarters reimburses none (R1).
    It takes turns with the opening of a run: that waits for it, or it is stamped with the time of
    the opening, and is for the run after that.
    """
    claim = relock(claim)
    workflow.check(claim, "submit", by=by)
    drafts.check(claim, seen=seen, page=page, by=by)
    claim.saved_page = None
    count(claim)
    if not claim.line_count:
        raise Invalid(_("A claim needs at least one line."))
    its_labour = exists().where(ClaimLine.claim_id == claim.id, ClaimLine.kind == LABOUR)
    if not value("claim.labour", now.date()) and session.scalar(select(its_labour)):
        raise Conflict(_("Headquarters reimburses no labour now: take it off the claim first."))
    take_turn(RUNS, shared=True)
    opened_at = session.scalar(select(func.max(Run.opened_at)))
    now = max(now, opened_at.astimezone(now.tzinfo)) if opened_at else now
    claim.submitted_by_id, claim.submitted_at = by.id, now
    values = {"lines": claim.line_count, "claimed": claim.claimed}
    workflow.apply(claim, "submit", by=by, now=now, values=values)


def take_back(claim: Claim, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Make a claim a draft again that no run has taken in (R4); WrongState if one has.

    What is on it stays on it, also what has lapsed for other claims since (R2). Headquarters has
    seen it: it is not discarded any more.
    """
    claim = relock(claim)
    workflow.check(claim, "take_back", by=by, seen=seen)
    if claim.run_id is not None:
        raise WrongState()
    claim.submitted_by_id = None
    workflow.apply(claim, "take_back", by=by, now=now, seen=seen)


# --- The reviewer's side: R6, P2 ------------------------------------------------------------


def _four_eyes(claim: Claim, by: Actor) -> None:
    if by.id is not None and claim.submitted_by_id == by.id:
        raise Forbidden(_("Nobody decides on a claim that they submitted themselves."))


def give_back(claim: Claim, *, seen: int | None, reason: str, by: Actor, now: datetime) -> None:
    """Return a claim for correction: it leaves its run, and its lines are open again.

    What rules found is forgotten: they look again when its next run takes it in (R5).
    """
    claim = relock(claim)
    workflow.check(claim, "return", by=by, seen=seen, reason=reason)
    _four_eyes(claim, by)
    session.execute(
        update(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, or_(ClaimLine.status != "open", ClaimLine.alone))
        .values(
            alone=False,
            drawn=False,
            status="open",
            approved=None,
            reason_code=None,
            note="",
            decided_by_id=None,
            decided_at=None,
        )
        .execution_options(synchronize_session=False)
    )
    findings.forget(ClaimLine.claim_id == claim.id)
    claim.suspicious, claim.run_id = 0, None
    workflow.apply(claim, "return", by=by, now=now, seen=seen, reason=reason)


def _in_review(claim: Claim, by: Actor) -> Claim:
    if by.is_dealer and claim.dealer_id != by.dealer_id:
        raise NotFound()
    by.must(policy.DECIDE)
    claim = relock(claim)
    _four_eyes(claim, by)
    if claim.status != "in_review":
        raise WrongState()
    return claim


def decide_line(
    claim: Claim, position: int, decision: Decision, *, was: str, by: Actor, now: datetime
) -> ClaimLine:
    """Approve, reduce or reject one line (R6); the dealer sees it at once.

    ``was`` is the line's status that the reviewer saw: Stale if it is another by now. Invalid,
    at its field, for an amount that is no reduction or a reason that is missing.
    """
    claim = _in_review(claim, by)
    line = session.scalars(
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.position == position)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        raise NotFound()
    if line.status != was:
        raise Stale()
    step = LINE.find(decision.step, line.status)
    if step is None:
        raise WrongState()
    line.approved = _approved(line, decision)
    line.reason_code = None if decision.step == "approve" else reason_of(decision, REASONS)
    line.status, line.note = step.target, decision.note
    line.decided_by_id, line.decided_at = by.id, now
    _record_line(claim, line, decision, by, now)
    return line


def _approved(line: ClaimLine, decision: Decision) -> int:
    if decision.step == "approve":
        return line.claimed
    if decision.step == "reject":
        return 0
    if decision.amount is None:
        raise Invalid(_("Enter the amount that is approved."), field="amount")
    if not 0 < decision.amount < line.claimed:
        raise Invalid(_("A reduced amount lies between zero and what is claimed."), field="amount")
    return decision.amount


def _record_line(
    claim: Claim, line: ClaimLine, decision: Decision, by: Actor, now: datetime
) -> None:
    values = {
        "line": line.position,
        **source_of(line),
        "claimed": line.claimed,
        "approved": line.approved,
    }
    if line.reason_code:
        values["reason_code"] = line.reason_code
    record(claim, f"{decision.step}_line", by=by, now=now, reason=line.note, values=values)


def source_of(line: ClaimLine) -> dict[str, str]:
    """The number of what a line claims, by the value's name."""
    if line.old_part_id is not None:
        piece = select(OldPart.number).where(OldPart.id == line.old_part_id)
        return {line.kind: session.scalars(piece).one()}
    kind = OUTLAYS[line.kind]
    number = select(kind.model.number).where(kind.model.id == kind.of_line(line))
    return {kind.model.kind: session.scalars(number).one()}


def one_by_one(known: figures.Statement) -> str:
    """That so many open lines are to be looked at one by one (R5), and why."""
    if known.open_labour:
        return ngettext(
            "%(num)s open line is labour to be looked at, has a finding or a remark, or is drawn "
            "for a spot check: decide it by itself.",
            "%(num)s open lines are labour to be looked at, have a finding or a remark, or are "
            "drawn for a spot check: decide each by itself.",
            known.alone,
        )
    if known.open_drawn:
        return ngettext(
            "%(num)s open line has a finding or a remark, or is drawn for a spot check: "
            "decide it by itself.",
            "%(num)s open lines have a finding or a remark, or are drawn for a spot check: "
            "decide each by itself.",
            known.alone,
        )
    if known.open_suspicious:
        return ngettext(
            "%(num)s open line has a finding or the dealer’s remark: decide it by itself.",
            "%(num)s open lines have a finding or the dealer’s remark: decide each by itself.",
            known.alone,
        )
    return ngettext(
        "%(num)s open line has the dealer’s remark: decide it by itself.",
        "%(num)s open lines have the dealer’s remark: decide each by itself.",
        known.alone,
    )


class Together(NamedTuple):
    """How many lines were approved together, and how many were drawn for a spot check instead."""

    approved: int
    drawn: int


def approve_open(claim: Claim, *, by: Actor, now: datetime) -> Together:
    """Approve together all open lines without finding and without remark (R5).

    But for those that are drawn for a spot check: they are decided by themselves. Invalid if each
    open line is; WrongState if none is open.
    """
    claim = _in_review(claim, by)
    plain = (ClaimLine.claim_id == claim.id, IS_OPEN, ~ClaimLine.alone)
    drawn = sampling.draw(claim, plain)
    lines, amount = session.execute(
        select(func.count(), total(ClaimLine.claimed)).where(*plain)
    ).one()
    if not lines and not drawn:
        known = figures.statement_of(claim)
        if known.alone:
            raise Invalid(one_by_one(known))
        raise WrongState()
    session.execute(
        update(ClaimLine)
        .where(*plain)
        .values(status="approved", approved=ClaimLine.claimed, decided_by_id=by.id, decided_at=now)
        .execution_options(synchronize_session=False)
    )
    # How many were drawn is not told here: a dealer reads it (P1).
    values = {"lines": lines, "approved": amount}
    record(claim, "approve_open", by=by, now=now, values=values)
    return Together(lines, drawn)


def decide(claim: Claim, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Finish the decision on a claim: its total is the sum of its lines (R6).

    Invalid while a line is open, and while labour is paid whose piece is rejected (R1).
    """
    claim = relock(claim)
    workflow.check(claim, "decide", by=by, seen=seen)
    _four_eyes(claim, by)
    statement = figures.statement_of(claim)
    if statement.open_lines:
        raise Invalid(
            ngettext(
                "%(num)d line is not decided yet.",
                "%(num)d lines are not decided yet.",
                statement.open_lines,
            )
        )
    _labour_follows(claim)
    claim.approved = statement.approved
    values = {
        "claimed": statement.claimed,
        "approved": statement.approved,
        "reduced": statement.reduced,
        "rejected": statement.rejected,
    }
    if statement.whys:
        claim.appeal_by, values["appeal_days"] = appeals.time_to_appeal(now)
    workflow.apply(claim, "decide", by=by, now=now, seen=seen, values=values)


def _labour_follows(claim: Claim) -> None:
    """Refuse to pay the labour of pieces that are rejected (R1)."""
    piece = aliased(ClaimLine)
    lines = session.scalars(
        select(ClaimLine.position)
        .join(piece, figures.its_piece(piece))
        .where(ClaimLine.claim_id == claim.id, ClaimLine.kind == LABOUR)
        .where(ClaimLine.approved > 0, piece.status == "rejected")
        .order_by(ClaimLine.position)
    ).all()
    if lines:
        raise Invalid(
            ngettext(
                "Line %(lines)s is labour whose old part is rejected: reject it as well.",
                "Lines %(lines)s are labour whose old parts are rejected: reject them as well.",
                len(lines),
                lines=", ".join(map(str, lines)),
            )
        )
