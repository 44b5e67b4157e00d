"""What a run takes in (R4), and that rules look at it before a person does (R5).

The claims are the run's own at once. Each is under review when the rules have looked at it: what
is little, as the run opens; the rest is a job's. It looks without a lock, at some claims at a time,
and writes what was found as it takes them in: nobody waits for long. Killed at any point and
started again, it goes on with the claims that are still submitted.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select, update

from portal.claims import findings, policy
from portal.claims.models import Claim, Run
from portal.claims.rules.rule import Lines
from portal.core import jobs, workflow
from portal.core.clock import Clock
from portal.core.db import give_way, in_transaction, reading, session
from portal.core.errors import WrongState
from portal.core.i18n import _l
from portal.core.permissions import SYSTEM, Actor

AT_ONCE = 1000
"""So many lines are taken in as the run opens; more are promised to a job."""
PORTION = 5000
"""Of about so many lines whole claims are taken in together."""


def choose(run: Run, cutoff: datetime) -> tuple[int, int]:
    """Make the claims that were submitted before an instant a run's own; how many, of how many
    lines. No submission is under way: the caller has the turn (R4)."""
    mine = (
        Claim.status == "submitted",
        Claim.run_id.is_(None),
        Claim.month <= run.month,
        Claim.submitted_at < cutoff,
    )
    held = select(Claim.id, Claim.line_count).where(*mine).order_by(Claim.id).with_for_update()
    lines = [row.line_count for row in session.execute(held)]
    session.execute(
        update(Claim)
        .where(*mine)
        .values(run_id=run.id)
        .execution_options(synchronize_session=False)
    )
    return len(lines), sum(lines)


def is_waiting(run_id: int) -> tuple[ColumnElement[bool], ...]:
    """The condition of the claims of a run that rules have not looked at."""
    return Claim.run_id == run_id, Claim.status == "submitted"


def take_in(run: Run, lines: int, *, by: Actor, now: datetime) -> None:
    """Take in the claims of a run that has just been opened, or promise it."""
    if lines > AT_ONCE:
        _promise(run, now)
        return
    whole = findings.lines_of_run(run, now)
    while some := _next(run.id):
        _write(run.id, some, _look(whole, some), by=by, now=now)


def take_in_again(run: Run, *, by: Actor, now: datetime) -> None:
    """Set an opening that has given up going again; harmless while it is at work.

    WrongState if no claim of the run waits for it.
    """
    by.must(policy.RUN_OPEN)
    if not _next(run.id):
        raise WrongState()
    _promise(run, now)


def _promise(run: Run, now: datetime) -> None:
    jobs.enqueue("claims.take_in", {"run": run.id}, key=job_key(run), now=now)


def job_key(run: Run) -> str:
    """The key of the job that takes in the claims of a run."""
    return f"run/{run.public_id}/take-in"


@jobs.handler("claims.take_in", label=_l("Opening of a monthly run"))
def take_in_all(payload: dict[str, Any], clock: Clock) -> None:
    """Take in the claims of a run, some in each transaction; harmless if there is none left."""
    run_id = payload["run"]
    with reading():
        whole = findings.lines_of_run(session.get_one(Run, run_id), clock.now())
    while True:
        with reading():
            some = _next(run_id)
            found = _look(whole, some) if some else []
        if not some:
            return
        now = clock.now()
        in_transaction(lambda: _write(run_id, some, found, by=SYSTEM, now=now))  # noqa: B023
        give_way()


def _next(run_id: int) -> Sequence[int]:
    """The next claims that rules look at, by their keys: one, or as many as are a portion."""
    waiting = select(Claim.id, Claim.line_count).where(*is_waiting(run_id)).order_by(Claim.id)
    some: list[int] = []
    lines = 0
    for claim in session.execute(waiting.limit(PORTION)):
        lines += claim.line_count
        if some and lines > PORTION:
            break
        some.append(claim.id)
    return some


def _look(whole: Lines, claims: Sequence[int]) -> Sequence[findings.Kept]:
    return findings.look(whole.some(Claim.id.in_(claims)))


def _write(
    run_id: int,
    some: Sequence[int],
    found: Sequence[findings.Kept],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Take claims in with what was found on them, but for those that have left the run since."""
    run = session.get_one(Run, run_id)
    claims = session.scalars(
        select(Claim)
        .where(*is_waiting(run_id), Claim.id.in_(some))
        .order_by(Claim.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    findings.keep(found, [claim.id for claim in claims])
    values = {claim.id: {"run": run.month} for claim in claims}
    workflow.apply_many(claims, "take_in", by=by, now=now, values=values)
