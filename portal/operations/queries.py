"""Reads about jobs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select

from portal.core import jobs
from portal.core.db import AnySelect, session
from portal.core.jobs import Job
from portal.notices.letters import LANE
from portal.notices.models import Notice

PATIENCE = timedelta(minutes=10)
"""How long what is due may wait before somebody looks why."""


def waits(now: datetime) -> ColumnElement[bool]:
    """The condition that a job is still to be done."""
    return Job.done_at.is_(None) & ~jobs.has_failed(now)


def listed(which: ColumnElement[bool]) -> AnySelect:
    """Some jobs, as a list shows them."""
    return select(
        Job.id,
        Job.kind,
        Job.key,
        Job.run_at.label("created_at"),
        Job.attempts,
        Job.done_at,
        Job.error,
    ).where(which)


@dataclass(frozen=True)
class Trouble:
    """How many jobs failed for good, and how many letters do not get out."""

    failed: int
    letters: int


def trouble(now: datetime) -> Trouble:
    """What an administrator should see to.

    A letter does not get out if it was tried and waits to be tried again, or if it has been due
    for long: then no worker is there, or the mail server is away.
    """
    long_ago = now - PATIENCE
    stuck = (
        Job.kind.in_(jobs.kinds_in(LANE)),
        waits(now),
        or_(Job.error != "", Job.run_at < long_ago),
    )
    counts = [
        select(func.count()).select_from(Job).where(jobs.has_failed(now)),
        select(func.count()).select_from(Job).where(*stuck),
        select(func.count(Notice.user_id.distinct())).where(Notice.mail_at < long_ago),
    ]
    failed, tried, unseen = session.execute(
        select(*(count.scalar_subquery() for count in counts))
    ).one()
    return Trouble(failed, tried + unseen)
