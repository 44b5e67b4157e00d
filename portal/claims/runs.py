"""The monthly run: opened on its day, closed by a job in batches (R4, R7)."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from portal.claims import (
    appeals,
    closing,
    figures,
    opening,
    paying,
    policy,
    run_days,
    statements,
)
from portal.claims.figures import total
from portal.claims.models import RUNS, Claim, ClaimLine, Run
from portal.core import jobs, workflow
from portal.core.clock import Clock, Month
from portal.core.db import give_way, in_transaction, reading, session, take_turn
from portal.core.documents import relock
from portal.core.errors import Conflict, Forbidden, Invalid, WrongState
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import SYSTEM, Actor
from portal.terms.values import value

BATCH = 50
"""How many claims are settled in one transaction (R7)."""


def open_run(month: Month, *, by: Actor, now: datetime) -> Run:
    """Open the run for a month and take in every claim that was submitted in time (R4).

    In time is before the run day of the next month begins, in headquarters' zone; so are the
    claims left over from earlier months. A run that is opened earlier takes in what is there.
    Submissions that are under way come first: whichever is stamped in time is in it. The rules
    look at all lines before a person does (R5).
    Conflict if it is not this month's turn.
    """
    by.must(policy.RUN_OPEN)
    take_turn(RUNS)
    due = run_days.next_opening(now)
    if due is None or due.month != month:
        raise Conflict(_("The run for this month is open already, or is not next in turn."))
    run = Run(
        status="open",
        created_at=now,
        month=str(month),
        opened_at=now,
        spot_check=value("claim.spot_check", now.date()),
    )
    session.add(run)
    session.flush()
    claims, lines = opening.choose(run, due.at)
    values = {"cutoff": due.at.isoformat(), "spot_check": run.spot_check}
    workflow.begin(run, by=by, now=now, claims=claims, **values)
    opening.take_in(run, lines, by=by, now=now)
    return run


@jobs.timer("claims.open_run")
def open_due_run(clock: Clock) -> None:
    """Open the run for the month before, from the run day on, if nobody has (R4)."""
    now = clock.now()
    month = Month.of(now).plus(-1)

    def is_due() -> bool:
        due = run_days.next_opening(now)
        return due is not None and due.month == month and now >= due.at

    with reading():
        is_time = is_due()
    if is_time:
        # Another worker may have been faster: then it is due no more.
        in_transaction(lambda: open_run(month, by=SYSTEM, now=now) if is_due() else None)


def start_review(run: Run, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Begin to look at the claims of a run."""
    workflow.apply(relock(run), "start", by=by, now=now, seen=seen)


def propose(run: Run, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Propose to close a run with the totals that it has now: another reviewer does it (P2).

    Refused like ``close``.
    """
    run = relock(run)
    workflow.check(run, "propose", by=by, seen=seen)
    _check_sums(run)
    whole = closing.preview(run)[1]
    values = {"claims": whole.claims, "approved": whole.approved, "appealed": whole.appealed}
    workflow.apply(run, "propose", by=by, now=now, seen=seen, values=values)


def resume(run: Run, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Take a run that was proposed for closing back to the review."""
    workflow.apply(relock(run), "resume", by=by, now=now, seen=seen)


def close(run: Run, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Begin to close a run; a job settles its claims (R7). Invalid while one is undecided.

    Conflict if lines, claims and ledger do not agree (R8). Where two people close a month (P2),
    Conflict as long as nobody has proposed it or if its totals have changed since, and Forbidden
    for who did. The appeals that are granted by now are paid with it (R6).
    """
    run = relock(run)
    workflow.check(run, "close", by=by, seen=seen)
    _check_sums(run)
    if closing.needs_two(now):
        _check_proposal(run, by)
    appeals.take_up(run)
    workflow.apply(run, "close", by=by, now=now, seen=seen)
    _promise(run, now)


def _check_proposal(run: Run, by: Actor) -> None:
    proposal = closing.proposal(run)
    if proposal is None:
        raise Conflict(_("Propose to close the month first: another reviewer closes it."))
    if proposal.actor_id == by.id:
        raise Forbidden(_("You proposed to close this month: another reviewer does it."))
    if not closing.is_unchanged(run, proposal):
        raise Conflict(_("The totals have changed since it was proposed: look at them again."))


def _check_sums(run: Run) -> None:
    waiting = figures.progress(run).undecided
    if waiting:
        raise Invalid(
            ngettext(
                "%(num)d claim is not decided yet.", "%(num)d claims are not decided yet.", waiting
            )
        )
    if not figures.agreement(run).holds:
        raise Conflict(_("Lines, claims and ledger differ: the month cannot be closed."))


def close_again(run: Run, *, by: Actor, now: datetime) -> None:
    """Set a closing that has given up going again; harmless while it is at work (R7)."""
    by.must(policy.RUN_CLOSE)
    if run.status != "closing":
        raise WrongState()
    _promise(run, now)


def job_key(run: Run) -> str:
    """The key of the job that closes a run."""
    return f"run/{run.public_id}/close"


def _promise(run: Run, now: datetime) -> None:
    jobs.enqueue("claims.close_run", {"run": run.public_id}, key=job_key(run), now=now)


@jobs.handler("claims.close_run", label=_l("Closing of a monthly run"))
def close_run(payload: dict[str, Any], clock: Clock) -> None:
    """Settle the claims of a run and its appeals, some in each transaction, then close it (R7).

    Killed at any point and started again, it goes on where it was: a claim is settled and
    credited in one transaction, and its cause can be booked once (L4).
    """
    while in_transaction(lambda: settle_some(payload["run"], clock.now())):
        give_way()


def settle_some(name: str, now: datetime) -> bool:
    """Settle the next claims of a run, then appeals, or finish it; whether there may be more."""
    # The run's row is the lock that lets one worker at a time settle.
    run = session.scalars(
        select(Run)
        .where(Run.public_id == name)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if run.status != "closing":
        return False
    claims = session.scalars(
        select(Claim)
        .where(Claim.run_id == run.id, Claim.status == "decided")
        .order_by(Claim.id)
        .limit(BATCH)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not claims:
        if appeals.settle_some(run, now):
            return True
        _finish(run, now)
        return False
    _credit(run, [claim.id for claim in claims], now)
    values = {claim.id: {"run": run.month, "approved": claim.approved} for claim in claims}
    workflow.apply_many(claims, "settle", by=SYSTEM, now=now, values=values)
    return True


def _credit(run: Run, claim_ids: list[int], now: datetime) -> None:
    """Book what was approved, claim by claim, straight from the lines; nothing for nothing."""
    approved = total(ClaimLine.approved)
    due = (
        select(*paying.entry_of(Claim, approved))
        .join(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(Claim.id.in_(claim_ids))
        .group_by(Claim.id)
        .having(approved > 0)
    )
    paying.book(run, due, now)


def _finish(run: Run, now: datetime) -> None:
    run.closed_at = now
    run.claim_count, run.claimed, run.approved = session.execute(
        select(
            func.count(),
            total(Claim.claimed),
            total(Claim.approved),
        ).where(Claim.run_id == run.id)
    ).one()
    paid = figures.appeals_of(run)
    run.appeal_count, run.appealed = paid.number, paid.granted
    statements.keep_names(run)
    values = {"claims": run.claim_count, "claimed": run.claimed, "approved": run.approved}
    if paid.number:
        values |= {"appeals": paid.number, "appealed": paid.granted}
    workflow.apply(run, "finish", by=SYSTEM, now=now, values=values)
