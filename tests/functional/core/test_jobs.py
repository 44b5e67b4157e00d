"""Jobs and timers: each thing once, by however many workers, and none for ever."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Event
from typing import Any

import pytest
from sqlalchemy import func, select, update

from portal.applications.models import Application
from portal.core import jobs
from portal.core.clock import Clock, FixedClock
from portal.core.db import session
from portal.core.events import Event as Happened
from portal.core.jobs import Job
from portal.files.models import Attachment
from tests.support import story
from tests.support.portal import Portal
from tests.support.sink import sink

Doing = list[str]
WORKERS = 4


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Doing:
    """A kind of job that notes its name here; some names misbehave."""
    done: Doing = []

    def note(payload: dict[str, Any], _clock: Clock) -> None:
        done.append(payload["name"])
        if payload.get("fails"):
            raise ValueError(payload["fails"] + "\0")

    monkeypatch.setitem(jobs._kinds, "test.note", jobs.Kind(note, "Noting", jobs.EVERYDAY))
    return done


def promise(portal: Portal, *names: str, **more: Any) -> None:
    with portal.transaction():
        jobs.enqueue_many(
            "test.note", {name: {"name": name, **more} for name in names}, now=portal.now
        )


def state(portal: Portal, key: str) -> Job:
    with portal.transaction():
        job = jobs.state_of(key)
        assert job is not None
        return job


def together(portal: Portal, work: Any) -> None:
    """Have several workers do something at the same moment."""
    start = Barrier(WORKERS)

    def one(_number: int) -> None:
        with portal.app.app_context():
            start.wait()
            work()

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(one, range(WORKERS)))


def test_each_job_is_done_once_when_several_work_at_once(portal: Portal, doing: Doing) -> None:
    """Sixty jobs, four workers: none twice, none left."""
    promise(portal, *(f"job {number}" for number in range(60)))
    together(portal, lambda: jobs.drain(portal.clock))
    assert set(Counter(doing).values()) == {1}
    assert len(doing) == 60
    with portal.transaction():
        assert session.scalar(select(func.count()).where(Job.done_at.is_not(None))) == 60


def test_everything_that_is_due_happens_once_when_several_watch_the_clock(portal: Portal) -> None:
    """Quotes expire, notices are promised, files are swept: each once."""
    with sink() as post:
        post.attach(portal)
        applications = [story.quoted(portal) for _ in range(3)]
        portal.clock.advance(days=40)
        together(portal, lambda: jobs.ring(portal.clock))
        together(portal, lambda: jobs.ring(portal.clock))
    with portal.transaction():
        ended = session.scalars(select(Happened.document_id).where(Happened.name == "expire")).all()
        assert sorted(ended) == sorted(one.id for one in applications)
        assert set(session.scalars(select(Application.status))) == {"expired"}
        opened = select(func.count()).where(Happened.document_kind == "run")
        assert session.scalar(opened) == 1
        letters = session.scalars(select(Job).where(Job.kind == "notices.mail"))
        told = [number for job in letters for number in job.payload["notices"]]
        looked = select(func.count()).where(Job.kind == "claims.announce_lapses")
        assert session.scalar(looked) == 1
        assert len(told) == len(set(told)) > 6
        assert session.scalar(select(func.count()).select_from(Attachment)) == 0


def test_job_is_another_workers_when_the_lease_has_run_out(portal: Portal, doing: Doing) -> None:
    """A worker that died: after its lease the next one does it; whoever was late says nothing."""
    promise(portal, "orphan")
    with portal.app.app_context():
        dead = jobs.in_transaction(lambda: jobs._lease(jobs.EVERYDAY, "dead", portal.now))
        assert dead is not None
        assert jobs.drain(portal.clock) == 0
        portal.clock.advance(seconds=jobs.LEASE.total_seconds() + 1)
        assert jobs.drain(portal.clock) == 1
        jobs._finish(dead, error="I was late")
    kept = state(portal, "orphan")
    assert (kept.error, kept.attempts, kept.leased_until) == ("", 2, None)
    assert kept.done_at == portal.now


def test_lease_is_renewed_when_a_job_takes_long(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long job stays its worker's: nobody else begins it meanwhile."""
    begun, enough, beats = Event(), Event(), timedelta(seconds=0.05)

    def long(_payload: dict[str, Any], _clock: Clock) -> None:
        assert not begun.is_set()
        begun.set()
        enough.wait(60)

    def work() -> int:
        with portal.app.app_context():
            return jobs.drain(portal.clock)

    monkeypatch.setattr(jobs, "BEAT", beats)
    monkeypatch.setitem(jobs._kinds, "test.note", jobs.Kind(long, "Noting", jobs.EVERYDAY))
    promise(portal, "long")
    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work)
        assert begun.wait(60)
        later = portal.clock.advance(seconds=jobs.LEASE.total_seconds() - 1)
        deadline = time.monotonic() + 60
        while state(portal, "long").leased_until != later + jobs.LEASE:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        portal.clock.advance(seconds=10)
        assert work() == 0
        enough.set()
        assert working.result() == 1


def test_job_is_tried_ten_times_when_it_fails(portal: Portal, doing: Doing) -> None:
    """With growing pauses; then it has failed for good, and says why. The others go on."""
    promise(portal, "bad", fails="broken pipe")
    promise(portal, "good")
    with portal.app.app_context():
        assert jobs.drain(portal.clock) == 1
        for _ in range(20):
            portal.clock.advance(hours=1)
            jobs.drain(portal.clock)
    assert doing.count("bad") == jobs.MOST_ATTEMPTS
    kept = state(portal, "bad")
    assert kept.error == "broken pipe"
    with portal.transaction():
        assert session.scalars(select(Job.key).where(jobs.has_failed(portal.now))).all() == ["bad"]


def test_job_is_seen_as_failed_when_its_last_worker_died(portal: Portal, doing: Doing) -> None:
    """Killed for the tenth time, it is not tried again, and not lost from sight either."""
    promise(portal, "deadly")
    with portal.transaction():
        session.execute(update(Job).values(attempts=jobs.MOST_ATTEMPTS - 1))
    with portal.app.app_context():
        jobs.in_transaction(lambda: jobs._lease(jobs.EVERYDAY, "dead", portal.now))
        portal.clock.advance(minutes=6)
        assert jobs.drain(portal.clock) == 0
    with portal.transaction():
        assert session.scalars(select(Job.key).where(jobs.has_failed(portal.now))).all() == [
            "deadly"
        ]


def test_no_other_job_is_begun_when_the_worker_is_to_stop(portal: Portal, doing: Doing) -> None:
    """The one at hand is ended; the timers are left alone as well."""
    stop = Event()
    promise(portal, "first", "second")
    worker = jobs.Worker(portal.clock, stop=stop)
    do = jobs._kinds["test.note"].do

    def last(payload: dict[str, Any], clock: Clock) -> None:
        do(payload, clock)
        stop.set()

    jobs._kinds["test.note"] = jobs.Kind(last, "Noting", jobs.EVERYDAY)
    with portal.app.app_context():
        assert worker.drain() == 1
        jobs.ring(FixedClock(portal.now + timedelta(days=400)), stop)
    assert doing == ["first"]
    assert state(portal, "second").leased_until is None


def test_done_jobs_are_forgotten_when_they_are_old(portal: Portal, doing: Doing) -> None:
    """After two weeks; what failed or waits stays."""
    promise(portal, "done")
    promise(portal, "bad", fails="x")
    with portal.app.app_context():
        jobs.drain(portal.clock)
        portal.clock.advance(days=jobs.KEPT_FOR.days)
        jobs.prune(portal.clock)
        assert state(portal, "done")
        portal.clock.advance(seconds=1)
        jobs.prune(portal.clock)
    with portal.transaction():
        assert session.scalars(select(Job.key)).all() == ["bad"]


def test_log_has_a_line_for_each_job_when_done_or_failed(
    portal: Portal, doing: Doing, caplog: pytest.LogCaptureFixture
) -> None:
    """With its key, kind and attempt; how long it took, or what went wrong."""
    promise(portal, "good")
    promise(portal, "bad", fails="broken")
    with portal.app.app_context(), caplog.at_level("INFO", "portal.core.jobs"):
        jobs.drain(portal.clock)
    found = {(one.job, one.getMessage()): one for one in caplog.records}
    done, failed = found["good", "job done"], found["bad", "job failed"]
    assert (done.kind, done.attempt) == ("test.note", 1)
    assert done.ms >= 0
    assert failed.exc_info is not None
