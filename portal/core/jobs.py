"""Jobs: work that is promised in a transaction and done after it, by a worker.

A job is a row, so nothing is done for what did not happen, and nothing that happened stays
undone. A worker leases a job, and renews the lease while it is at it; if it dies, the lease runs
out and another takes the job, so a handler must be idempotent. A lane has a thread of its own:
what one waits for does not delay the others.

Timers are functions that every worker calls once a round, several workers at the same time: what
a timer decides, it decides under a lock, in the transaction that does it.
"""

import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Event, Thread
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Index,
    Integer,
    String,
    and_,
    delete,
    insert,
    inspect,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.clock import Clock
from portal.core.db import AnyRow, Base, Key, aside, db, in_transaction, reading, session

LEASE = timedelta(minutes=5)
BEAT = LEASE / 3
"""How often a lease is renewed."""
MOST_ATTEMPTS = 10
KEPT_FOR = timedelta(days=14)
"""How long a job that is done can be looked at."""
EVERYDAY = "everyday"
"""The lane of whatever has none of its own."""
SHORTEST_REST, LONGEST_REST = timedelta(seconds=5), timedelta(minutes=5)
log = logging.getLogger(__name__)


class Job(Base):
    """One promised piece of work; ``key`` makes a promise that is made twice one promise.

    One that failed ``MOST_ATTEMPTS`` times has failed for good, at ``run_at``.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index(
            "ix_job_waiting",
            "run_at",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index(
            "ix_job_done_at",
            "done_at",
            sqlite_where=text("done_at IS NOT NULL"),
            postgresql_where=text("done_at IS NOT NULL"),
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


class Away(Exception):
    """What the jobs of this lane need cannot be reached: the lane rests, and none is to blame."""


class Broken(Away):
    """It went away in the middle of this job: the lane rests, and the attempt counts."""


class Hopeless(Exception):
    """Trying this job again would end the same way."""


Handler = Callable[[dict[str, Any], Clock], None]
Timer = Callable[[Clock], None]


@dataclass(frozen=True)
class Kind:
    """A kind of job: who does it, what it is called, and the lane that it waits in."""

    do: Handler
    label: Any
    lane: str


_kinds: dict[str, Kind] = {}
_timers: dict[str, Timer] = {}


def handler(kind: str, *, label: Any = None, lane: str = EVERYDAY) -> Callable[[Handler], Handler]:
    """Declare the function that does a kind of job; it makes its own transactions."""

    def register(function: Handler) -> Handler:
        _kinds[kind] = Kind(function, label or kind, lane)
        return function

    return register


def timer(name: str) -> Callable[[Timer], Timer]:
    """Declare a function that looks whether the clock asks for something; cheap, idempotent."""

    def register(function: Timer) -> Timer:
        _timers[name] = function
        return function

    return register


def daily(kind: str, hour: int = 0, when: Callable[[datetime], bool] = lambda _now: True) -> Timer:
    """Have a job of a kind done once a day, after an hour of headquarters' zone.

    Only on days of which ``when``, which may read, says so. Returns the timer that promises it.
    """

    @timer(kind)
    def promise(clock: Clock) -> None:
        now = clock.now()
        if now.hour < hour:
            return
        key = f"{kind}/{now:%Y-%m-%d}"
        with reading():
            is_due = state_of(key) is None and when(now)
        if is_due:
            in_transaction(partial(_promise_once, kind, key, now))

    return promise


def _promise_once(kind: str, key: str, now: datetime) -> None:
    if state_of(key) is None:
        enqueue(kind, {}, key=key, now=now)


def each_alone(due: Iterable[Any], act: Callable[..., object], clock: Clock) -> int:
    """What a timer does with each of some rows: ``act(row, now=)`` in a transaction of its own.

    Returns how many failed.
    """
    failed = 0
    for one in due:
        try:
            in_transaction(partial(act, one, now=clock.now()))
        except Exception:
            # The others have their turn all the same; this one is tried again in the next round.
            about = {"kind": type(one).__name__, "key": str(inspect(one).identity)}
            log.exception("the clock failed", extra=about)
            failed += 1
    return failed


def lanes() -> list[str]:
    """Every lane; each wants a worker of its own."""
    return sorted({EVERYDAY} | {kind.lane for kind in _kinds.values()})


def kinds_in(lane: str) -> list[str]:
    """The kinds of job that wait in a lane."""
    return sorted(name for name, kind in _kinds.items() if kind.lane == lane)


def label_of(kind: str) -> Any:
    """What a kind of job is called."""
    return _kinds[kind].label if kind in _kinds else kind


# Promising


def enqueue(kind: str, payload: dict[str, Any], *, key: str, now: datetime) -> None:
    """Promise a job in the caller's transaction; a key that is waiting already is kept."""
    waiting = session.scalar(
        select(Job)
        .where(Job.key == key)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if waiting is None:
        enqueue_many(kind, {key: payload}, now=now)
    elif waiting.done_at is not None or waiting.attempts >= MOST_ATTEMPTS:
        waiting.payload, waiting.run_at, waiting.done_at = payload, now, None
        waiting.attempts, waiting.error, waiting.leased_until = 0, "", None


def enqueue_many(kind: str, payloads: Mapping[str, dict[str, Any]], *, now: datetime) -> None:
    """Promise a job for each key, none of which has been there, with one statement."""
    values = {"kind": kind, "run_at": now, "attempts": 0, "error": ""}
    if payloads:
        session.execute(
            insert(Job), [values | {"key": key, "payload": one} for key, one in payloads.items()]
        )


def state_of(key: str) -> Job | None:
    """The job of that key, to show how it is getting on."""
    return session.scalar(select(Job).where(Job.key == key))


def is_free(now: datetime) -> ColumnElement[bool]:
    """The condition that no worker is at a job."""
    return or_(Job.leased_until.is_(None), Job.leased_until < now)


def has_failed(now: datetime) -> ColumnElement[bool]:
    """The condition that a job failed for good: nobody tries it again."""
    return and_(Job.done_at.is_(None), Job.attempts >= MOST_ATTEMPTS, is_free(now))


# Working


def _lease(lane: str, worker: str, now: datetime) -> AnyRow | None:
    others = [name for name, kind in _kinds.items() if kind.lane != lane]
    mine = Job.kind.not_in(others) if lane == EVERYDAY else Job.kind.in_(kinds_in(lane))
    due = (
        select(Job.id)
        .where(
            mine,
            Job.done_at.is_(None),
            Job.run_at <= now,
            Job.attempts < MOST_ATTEMPTS,
            is_free(now),
        )
        .order_by(Job.run_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.execute(
        update(Job)
        .where(Job.id == due.scalar_subquery())
        .values(worker=worker, leased_until=now + LEASE, attempts=Job.attempts + 1)
        .returning(Job.id, Job.kind, Job.key, Job.payload, Job.worker, Job.attempts),
        execution_options={"synchronize_session": False},
    ).one_or_none()


def _held(job: AnyRow, **values: Any) -> Any:
    """The statement by which only the holder of this very lease can change its job."""
    mine = (Job.id == job.id, Job.worker == job.worker, Job.attempts == job.attempts)
    return update(Job).where(*mine).values(**values)


def _finish(job: AnyRow, **values: Any) -> None:
    in_transaction(
        lambda: session.execute(
            _held(job, leased_until=None, **values),
            execution_options={"synchronize_session": False},
        )
    )


@contextmanager
def _renewed(job: AnyRow, clock: Clock) -> Iterator[None]:
    """Renew the lease of a job as long as the block lasts."""
    engine, is_over = db.engine, Event()

    def renew() -> None:
        while not is_over.wait(BEAT.total_seconds()):
            try:
                aside(engine, _held(job, leased_until=clock.now() + LEASE))
            except SQLAlchemyError:  # somebody else writes for long: the next beat comes in time
                log.warning("lease not renewed", extra={"job": job.key})

    heart = Thread(target=renew, name="lease", daemon=True)
    heart.start()
    try:
        yield
    finally:
        is_over.set()
        heart.join()


def name_of_worker() -> str:
    """A name for a worker: its machine, its process, and what tells it from others there."""
    return f"{socket.gethostname()[:30]}/{os.getpid()}/{secrets.token_hex(6)}"


@dataclass
class Worker:
    """Does the jobs of one lane, one after the other, until ``stop`` is set."""

    clock: Clock
    lane: str = EVERYDAY
    stop: Event = field(default_factory=Event)
    name: str = field(default_factory=name_of_worker)
    rest: timedelta = timedelta()
    rests_until: datetime | None = None

    def drain(self) -> int:
        """Do every job that is due, unless the lane rests; returns how many were done."""
        done = 0
        while not self.stop.is_set() and not self._is_resting():
            job = in_transaction(partial(_lease, self.lane, self.name, self.clock.now()))
            if job is None:
                break
            done += self._do(job)
        return done

    def _is_resting(self) -> bool:
        return self.rests_until is not None and self.clock.now() < self.rests_until

    def _do(self, job: AnyRow) -> bool:
        about = {"job": job.key, "kind": job.kind, "attempt": job.attempts}
        began = time.monotonic()
        try:
            with _renewed(job, self.clock):
                _kinds[job.kind].do(job.payload, self.clock)
        except Away as error:
            session.rollback()
            self._rest()
            log.warning("lane rests", extra=about | {"lane": self.lane, "error": str(error)})
            if isinstance(error, Broken):
                self._put_off(job, error)
            else:
                # To the end of the line: should it be this job after all, the others come first.
                now, attempts = self.clock.now(), job.attempts - 1
                _finish(job, error=_said(error), run_at=now, attempts=attempts)
        except Exception as error:
            session.rollback()
            log.exception("job failed", extra=about)
            self._put_off(job, error)
        else:
            _finish(job, error="", done_at=self.clock.now())
            self.rest, self.rests_until = timedelta(), None
            ms = round((time.monotonic() - began) * 1000, 1)
            log.info("job done", extra=about | {"ms": ms})
            return True
        return False

    def _rest(self) -> None:
        self.rest = min(max(self.rest * 2, SHORTEST_REST), LONGEST_REST)
        self.rests_until = self.clock.now() + self.rest

    def _put_off(self, job: AnyRow, error: Exception) -> None:
        now = self.clock.now()
        if isinstance(error, Hopeless) or job.attempts >= MOST_ATTEMPTS:
            _finish(job, error=_said(error), run_at=now, attempts=MOST_ATTEMPTS)
        else:
            pause = timedelta(seconds=min(3600, 5 * 2**job.attempts))
            _finish(job, error=_said(error), run_at=now + pause)


def _said(error: Exception) -> str:
    """What to tell of an error; no text of a database may hold a NUL."""
    return (str(error) or type(error).__name__).replace("\0", "")[:2000]


def drain(clock: Clock, *, lane: str = EVERYDAY) -> int:
    """Do every job of a lane that is due; returns how many were done."""
    return Worker(clock, lane).drain()


def ring(clock: Clock, stop: Event | None = None) -> None:
    """Let every timer look at the clock; one that fails does not keep the others from it."""
    for name, function in list(_timers.items()):
        if stop is not None and stop.is_set():
            return
        try:
            function(clock)
        except Exception:
            session.rollback()
            log.exception("timer failed", extra={"timer": name})


@timer("jobs.prune")
def prune(clock: Clock) -> None:
    """Forget jobs that have been done for long."""
    old = Job.done_at < clock.now() - KEPT_FOR
    with reading():
        found = session.scalars(select(Job.id).where(old).limit(1)).first()
    if found is not None:
        in_transaction(lambda: session.execute(delete(Job).where(old)))
