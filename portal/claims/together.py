"""Approving what has neither finding nor remark of many claims in one press (R5).

What is little is done at once; the rest is a job's, some claims in each transaction. Killed at any
point and started again it goes on with the claims that still have such lines.
"""

import time
from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, exists, func, or_, select

from portal.claims import policy, services
from portal.claims.assigning import OPEN
from portal.claims.desk import IS_OPEN
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.services import Together
from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import give_way, in_transaction, reading, session
from portal.core.errors import Conflict, Invalid, Refusal, WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.people import queries as people
from portal.people.models import Dealer

AT_ONCE = 200
"""So many lines are approved in the request; more are promised to a job."""
SOME, LONGEST = 20, 0.3
"""So many claims are approved in one transaction, or fewer if that takes so many seconds."""


def _plain() -> tuple[ColumnElement[bool], ...]:
    return ClaimLine.claim_id == Claim.id, IS_OPEN, ~ClaimLine.alone


def _claims(run_id: int, dealer_ids: Collection[int], by_id: int | None) -> list[Any]:
    """The condition of the claims of some dealers that somebody may decide (P2)."""
    return [
        Claim.run_id == run_id,
        Claim.dealer_id.in_(dealer_ids),
        Claim.status == "in_review",
        or_(Claim.submitted_by_id.is_(None), Claim.submitted_by_id != by_id),
    ]


def _left(run_id: int, dealer_ids: Collection[int], by_id: int | None) -> int:
    """How many lines can still be approved together."""
    return session.scalars(
        select(func.count())
        .select_from(Claim)
        .join(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(*_claims(run_id, dealer_ids, by_id), *_plain())
    ).one()


def job_key(run: Run, by: Actor) -> str:
    """The key of the job that approves what somebody pressed for in a run."""
    return f"run/{run.public_id}/approve/{by.id}"


def approve(run: Run, dealers: Collection[str], *, by: Actor, now: datetime) -> Together | None:
    """Approve the open lines without finding and remark of some dealers' claims in a run (R5).

    ``dealers`` are public ids. Returns what came of it, or None if a job does it. Invalid if there
    is no such line; Conflict while what was pressed before is still under way; WrongState once the
    run closes.
    """
    by.must(policy.DECIDE)
    if run.status not in OPEN:
        raise WrongState()
    named = select(Dealer.id).where(Dealer.public_id.in_(dealers)).order_by(Dealer.id)
    ids = session.scalars(named).all()
    lines = _left(run.id, ids, by.id)
    if not lines:
        raise Invalid(_("There is no open line without finding and remark."))
    job = jobs.state_of(job_key(run, by))
    if job is not None and job.done_at is None and job.attempts < jobs.MOST_ATTEMPTS:
        raise Conflict(_("What you pressed before is still under way. Wait for its end."))
    if lines > AT_ONCE:
        payload = {"run": run.id, "dealers": list(ids), "by": by.id, "lines": lines}
        jobs.enqueue("claims.approve", payload, key=job_key(run, by), now=now)
        return None
    approved = drawn = after = 0
    while found := approve_some(run.id, ids, after, by=by, now=now):
        after, done = found
        approved, drawn = approved + done.approved, drawn + done.drawn
    return Together(approved, drawn)


def approve_some(
    run_id: int, dealer_ids: Collection[int], after: int, *, by: Actor, now: datetime
) -> tuple[int, Together] | None:
    """Approve the lines of the next claims after one, by their keys; None if there is no other.

    Returns the last of them, and what came of all.
    """
    claims = session.scalars(
        select(Claim)
        .where(
            *_claims(run_id, dealer_ids, by.id),
            Claim.id > after,
            exists().where(*_plain()).correlate(Claim),
        )
        .order_by(Claim.id)
        .limit(SOME)
    ).all()
    if not claims:
        return None
    approved, drawn, began = 0, 0, time.monotonic()
    for claim in claims:
        after = claim.id
        try:
            done = services.approve_open(claim, by=by, now=now)
        except Refusal:  # somebody was faster with it
            continue
        approved, drawn = approved + done.approved, drawn + done.drawn
        if time.monotonic() - began > LONGEST:
            break
    return after, Together(approved, drawn)


@jobs.handler("claims.approve", label=_l("Approval of many lines"))
def approve_all(payload: dict[str, Any], clock: Clock) -> None:
    """Approve what was pressed for, some claims in each transaction.

    Hopeless if who pressed may not decide any more.
    """
    with reading():
        by = people.acting(payload["by"])
    if not by.can(policy.DECIDE):
        raise jobs.Hopeless(f"{by.name} may not decide claims any more")
    after = 0
    while True:
        now = clock.now()
        some = partial(approve_some, payload["run"], payload["dealers"], after, by=by, now=now)
        found = in_transaction(some)
        if found is None:
            return
        after, _done = found
        give_way()


class Underway(NamedTuple):
    """How far a job is with the lines that were pressed for; ``has_failed`` if it gave up."""

    done: int
    lines: int
    has_failed: bool


def underway(run: Run, by: Actor) -> Underway | None:
    """How far the job is that somebody pressed for; None if there is none at work."""
    job = jobs.state_of(job_key(run, by))
    if job is None or job.done_at is not None:
        return None
    lines = int(job.payload["lines"])
    left = _left(run.id, job.payload["dealers"], by.id)
    return Underway(max(0, lines - left), lines, job.attempts >= jobs.MOST_ATTEMPTS)
