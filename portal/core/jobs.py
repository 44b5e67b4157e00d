"""Jobs: work that is promised in a transaction and done after it, by a worker.

A job is a row, so nothing is done for what did not happen, and nothing that happened stays
undone. A worker leases a job; if it dies, the lease runs out and another takes the job, so a
handler must be idempotent. Timers are functions that every worker calls once a round.
"""

import logging
import os
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Index, Integer, String, insert, or_, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import Clock
from portal.core.db import Base, Key, in_transaction, session

LEASE = timedelta(minutes=5)
MOST_ATTEMPTS = 10
log = logging.getLogger(__name__)


class Job(Base):
    """One promised piece of work; ``key`` makes a promise that is made twice one promise."""

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_waiting",
            "run_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]]
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    worker: Mapped[str | None] = mapped_column(String(60))
    leased_until: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(default="")


Handler = Callable[[dict[str, Any], Clock], None]
Timer = Callable[[Clock], None]
_handlers: dict[str, Handler] = {}
_timers: dict[str, Timer] = {}


def handler(kind: str) -> Callable[[Handler], Handler]:
    """Declare the function that does a kind of job; it makes its own transactions."""

    def register(function: Handler) -> Handler:
        _handlers[kind] = function
        return function

    return register


def timer(name: str) -> Callable[[Timer], Timer]:
    """Declare a function that looks whether the clock asks for something; cheap, idempotent."""

    def register(function: Timer) -> Timer:
        _timers[name] = function
        return function

    return register


def enqueue(kind: str, payload: dict[str, Any], *, key: str, now: datetime) -> None:
    """Promise a job in the caller's transaction; a key that is waiting already is kept."""
    waiting = session.scalar(select(Job).where(Job.key == key).with_for_update())
    if waiting is None:
        values = {"kind": kind, "payload": payload, "key": key, "run_at": now}
        session.execute(insert(Job).values(**values, attempts=0, error=""))
    elif waiting.done_at is not None or waiting.attempts >= MOST_ATTEMPTS:
        waiting.payload, waiting.run_at, waiting.done_at = payload, now, None
        waiting.attempts, waiting.error, waiting.leased_until = 0, "", None


def state_of(key: str) -> Job | None:
    """The job of that key, to show how it is getting on."""
    return session.scalar(select(Job).where(Job.key == key))


def _lease(worker: str, now: datetime) -> Job | None:
    due = (
        select(Job)
        .where(
            Job.done_at.is_(None),
            Job.run_at <= now,
            Job.attempts < MOST_ATTEMPTS,
            or_(Job.leased_until.is_(None), Job.leased_until < now),
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    job = session.scalars(due).one_or_none()
    if job is not None:
        job.worker, job.leased_until, job.attempts = worker, now + LEASE, job.attempts + 1
    return job


def _finish(job: Job, **values: Any) -> None:
    # Only the holder of this very lease may say how the job ended.
    mine = (Job.id == job.id, Job.worker == job.worker, Job.attempts == job.attempts)
    in_transaction(
        lambda: session.execute(
            update(Job).where(*mine).values(leased_until=None, **values),
            execution_options={"synchronize_session": False},
        )
    )


def drain(clock: Clock, *, worker: str | None = None) -> int:
    """Do every job that is due, one after the other; returns how many were done."""
    name = worker or f"{os.getpid()}/{threading.get_ident()}"
    done = 0
    while (job := in_transaction(lambda: _lease(name, clock.now()))) is not None:
        try:
            _handlers[job.kind](job.payload, clock)
        except Exception as error:
            session.rollback()
            log.exception("job failed", extra={"job": job.key, "attempt": job.attempts})
            pause = timedelta(seconds=min(3600, 5 * 2**job.attempts))
            _finish(job, error=str(error)[:2000], run_at=clock.now() + pause)
        else:
            _finish(job, error="", done_at=clock.now())
            done += 1
    return done


def ring(clock: Clock) -> None:
    """Let every timer look at the clock; one that fails does not keep the others from it."""
    for name, function in _timers.items():
        try:
            function(clock)
        except Exception:
            session.rollback()
            log.exception("timer failed", extra={"timer": name})
