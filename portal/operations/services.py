"""What can be done about a job that failed for good."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update

from portal.core import jobs
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.jobs import Job
from portal.core.permissions import Actor
from portal.operations import policy


def retry(job_id: int, *, by: Actor, now: datetime) -> bool:
    """Have a failed job tried again, from now on; NotFound if there is no such job.

    Whether it was to be: one that goes on already is left alone.
    """
    by.must(policy.JOB_MANAGE)
    return _retry(Job.id == job_id, now=now) > 0 or _is_there(job_id)


def retry_all(*, by: Actor, now: datetime) -> int:
    """Have every failed job tried again; returns how many there were."""
    by.must(policy.JOB_MANAGE)
    return _retry(now=now)


def _retry(*which: ColumnElement[bool], now: datetime) -> int:
    again = session.execute(
        update(Job)
        .where(jobs.has_failed(now), *which)
        .values(attempts=0, run_at=now, leased_until=None)
        .returning(Job.id),
        execution_options={"synchronize_session": False},
    ).all()
    return len(again)


def drop(job_id: int, *, by: Actor, now: datetime) -> bool:
    """Forget a failed job: it will not be done. NotFound if there is no such job.

    Whether it was to be: one that goes on is left alone.
    """
    by.must(policy.JOB_MANAGE)
    gone = session.execute(
        delete(Job).where(jobs.has_failed(now), Job.id == job_id).returning(Job.key),
        execution_options={"synchronize_session": False},
    ).all()
    return len(gone) > 0 or _is_there(job_id)


def _is_there(job_id: int) -> bool:
    """False for a job that there is and that has not failed; NotFound if there is none."""
    if session.scalar(select(Job.id).where(Job.id == job_id)) is None:
        raise NotFound()
    return False
