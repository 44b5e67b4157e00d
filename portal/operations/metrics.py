"""What the database knows of how the portal does: jobs, clocks, workers; in Prometheus' format."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, select
from sqlalchemy.exc import SQLAlchemyError

from portal.applications.models import Application
from portal.core import jobs
from portal.core.db import reading, session
from portal.core.jobs import Job
from portal.operations import pulses
from portal.operations.models import BookCheck
from portal.web.metrics import Sample, family

CLOCKS = {"submitted": "reply", "released": "ship", "part_shipped": "ship"}
"""Which of headquarters' clocks (A10) runs in a state of an application."""
DAY = timedelta(days=1)


def told(now: datetime) -> list[str]:
    """The lines about jobs, clocks and workers; only that the database is away, if it is."""
    try:
        with reading():
            lines = [*_jobs(now), *_clocks(now), *_workers(now), *_books(now)]
        is_there = 1
    except SQLAlchemyError:
        lines, is_there = [], 0
    known = family("portal_database_up", "gauge", "1 if the database answers.", [({}, is_there)])
    return [*lines, *known]


def _jobs(now: datetime) -> Iterator[str]:
    yield from family("portal_jobs", "gauge", "Jobs, by kind and state.", _counted(now))
    oldest = session.scalar(
        select(func.min(Job.run_at)).where(
            Job.done_at.is_(None), Job.attempts < jobs.MOST_ATTEMPTS, Job.run_at <= now
        )
    )
    age = 0.0 if oldest is None else (now - oldest).total_seconds()
    yield from family(
        "portal_job_queue_age_seconds", "gauge", "How long the oldest due job waits.", [({}, age)]
    )


def _counted(now: datetime) -> Iterator[Sample]:
    state = case(
        (jobs.has_failed(now), "failed"),
        (and_(Job.leased_until.is_not(None), Job.leased_until >= now), "running"),
        (Job.run_at > now, "later"),
        else_="due",
    )
    left = (
        select(Job.kind, state, func.count()).where(Job.done_at.is_(None)).group_by(Job.kind, state)
    )
    for kind, name, count in session.execute(left):
        yield {"kind": kind, "state": name}, count
    done = select(Job.kind, func.count()).where(Job.done_at > now - DAY).group_by(Job.kind)
    for kind, count in session.execute(done):
        yield {"kind": kind, "state": "done_last_day"}, count


def _clocks(now: datetime) -> Iterator[str]:
    missed = dict.fromkeys(CLOCKS.values(), 0)
    late = (Application.status.in_(CLOCKS), Application.due_at < now)
    counts = select(Application.status, func.count()).where(*late).group_by(Application.status)
    for status, count in session.execute(counts):
        missed[CLOCKS[status]] += count
    samples = [({"clock": name}, count) for name, count in missed.items()]
    yield from family(
        "portal_clocks_missed", "gauge", "Applications that wait for longer than promised.", samples
    )


def _books(now: datetime) -> Iterator[str]:
    columns = (BookCheck.name, BookCheck.differences, BookCheck.checked_at)
    found = session.execute(select(*columns).order_by(BookCheck.name)).all()
    counts = [({"check": name}, count) for name, count, _at in found]
    ages = [({"check": name}, (now - at).total_seconds()) for name, _count, at in found]
    yield from family(
        "portal_book_differences", "gauge", "Differences that the last check found.", counts
    )
    yield from family("portal_book_check_age_seconds", "gauge", "How long ago that was.", ages)


def _workers(now: datetime) -> Iterator[str]:
    alive: list[Sample] = [({}, pulses.alive(now))]
    yield from family("portal_workers", "gauge", "Workers seen in the last ten minutes.", alive)
