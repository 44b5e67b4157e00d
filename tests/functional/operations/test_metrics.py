"""Figures for Prometheus: requests of all processes, jobs, clocks, workers."""

import os
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert

from portal.core import jobs
from portal.core.db import db, session
from portal.core.jobs import Job
from portal.operations import books, pulses
from portal.operations.models import BookCheck
from portal.web.metrics import BOUNDS, Counters
from tests.support import story
from tests.support.portal import Client, Portal

TOKEN = "t" * 32
SHOWN = {"Authorization": f"Bearer {TOKEN}"}
LINE = re.compile(r'(# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+)')


@pytest.fixture
def watched(own_portal: Portal) -> Portal:
    """A portal whose settings have a token."""
    kept = own_portal.app.extensions
    kept["settings"] = replace(kept["settings"], metrics_token=TOKEN)
    return own_portal


def figures(client: Client) -> dict[str, float]:
    """Each line's figure."""
    answer = client.get("/metrics", headers=SHOWN)
    assert answer.status_code == 200
    lines = answer.text.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    told = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _space, value in told}


def test_figures_are_nobodys_when_there_is_no_token(portal: Portal) -> None:
    """They say how a business goes: not even an administrator has them by being one."""
    for client in (portal.client(), portal.client(portal.administrator)):
        for shown in ({}, {"Authorization": "Bearer "}, SHOWN):
            assert client.get("/metrics", headers=shown).status_code == 404


def test_figures_are_only_told_to_who_shows_the_token(watched: Portal) -> None:
    """Not to who shows another, a part of it, or letters that no header may hold."""
    client = watched.client()
    for shown in ("", "Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN[1:]}", f"bearer {TOKEN}", "\xe9"):
        assert client.get("/metrics", headers={"Authorization": shown}).status_code == 404
    assert client.get("/metrics", headers=SHOWN).status_code == 200


def test_requests_are_counted_by_route_and_status(watched: Portal) -> None:
    """Each once, with how long it took; what a URL names is no label."""
    client, desk = watched.client(), watched.client(watched.desk)
    before = figures(client)
    name = story.submitted(watched).public_id
    for url in (f"/applications/{name}", "/applications/AAAAAAAAAAAAAAAA", "/no/such/page"):
        desk.get(url)
    after = figures(client)
    grown = {key: after[key] - before.get(key, 0) for key in after}
    assert grown['portal_requests_total{route="applications.show",status="200"}'] == 1
    assert grown['portal_requests_total{route="applications.show",status="404"}'] == 1
    assert grown['portal_requests_total{route="none",status="404"}'] == 1
    assert grown['portal_request_seconds_count{route="applications.show"}'] == 2
    assert grown['portal_request_seconds_bucket{route="applications.show",le="+Inf"}'] == 2
    assert grown['portal_request_seconds_sum{route="applications.show"}'] > 0
    assert name not in "".join(after)


def test_jobs_and_clocks_are_told_as_they_stand(watched: Portal) -> None:
    """A10: what headquarters is late with; and whether anybody does the work."""
    portal, client = watched, watched.client()
    story.submitted(portal)
    now = portal.now
    shape = {"kind": "files.forget", "payload": {}, "attempts": 0, "error": ""}
    states = (
        {"run_at": now - timedelta(minutes=3)},
        {"run_at": now + timedelta(hours=1)},
        {"run_at": now, "attempts": 1, "leased_until": now + timedelta(minutes=1)},
        {"run_at": now, "attempts": jobs.MOST_ATTEMPTS},
        {"run_at": now, "done_at": now},
        {"run_at": now, "done_at": now - timedelta(days=2)},
    )
    with portal.transaction():
        for at, state in enumerate(states):
            session.execute(insert(Job).values(shape | state | {"key": f"k{at}"}))
    told = figures(client)
    for state in ("due", "later", "running", "failed", "done_last_day"):
        assert told[f'portal_jobs{{kind="files.forget",state="{state}"}}'] == 1
    assert told["portal_job_queue_age_seconds"] >= 180
    assert told['portal_clocks_missed{clock="reply"}'] == 0
    assert (told["portal_workers"], told["portal_database_up"]) == (0, 1)
    portal.clock.advance(days=3)
    with portal.app.app_context():
        pulses.beat(portal.clock)
    told = figures(client)
    assert told['portal_clocks_missed{clock="reply"}'] == 1
    assert told['portal_clocks_missed{clock="ship"}'] == 0
    assert told["portal_workers"] == 1


def test_differences_in_the_books_are_told_when_a_check_finds_some(watched: Portal) -> None:
    """L10: the night's alarm reaches who sleeps; a check that is not made any more is seen too."""
    portal = watched
    with portal.app.app_context():
        for name in books.CHECKS:
            books.check({"check": name}, portal.clock)
    with portal.transaction():
        session.get_one(BookCheck, "ledger").differences = 2
    portal.clock.advance(hours=30)
    told = figures(portal.client())
    assert told['portal_book_differences{check="ledger"}'] == 2
    assert told['portal_book_differences{check="events"}'] == 0
    assert told['portal_book_check_age_seconds{check="events"}'] == 30 * 3600


def test_figures_are_told_when_the_database_is_away(
    watched: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the processes counted is there all the same."""
    with watched.app.app_context():
        monkeypatch.setattr(db.engine.pool, "connect", _nobody)
    told = figures(watched.client())
    assert told["portal_database_up"] == 0
    assert not any(name.startswith("portal_jobs") for name in told)


def _nobody() -> None:
    from sqlalchemy.exc import OperationalError

    raise OperationalError("connect", {}, Exception("nobody there"))


def test_counts_of_all_processes_are_added_up_when_they_count_at_once() -> None:
    """Each in its own row: nothing is lost, whoever asks; nor when a process ends."""
    counters = Counters(["a", "b"], processes=4)
    for process in range(3):
        child = os.fork()
        if not child:
            counters.write_as(process)
            for _time in range(2000):
                counters.count("a", 200, 0.02)
            os._exit(0)
    for _child in range(3):
        os.wait()
    counters.write_as(1)
    counters.count("a", 599, BOUNDS[0])
    lines = list(counters.told())
    assert 'portal_requests_total{route="a",status="200"} 6000' in lines
    assert 'portal_requests_total{route="a",status="other"} 1' in lines
    assert 'portal_request_seconds_bucket{route="a",le="0.005"} 1' in lines
    assert 'portal_request_seconds_bucket{route="a",le="0.025"} 6001' in lines
    assert not any('route="b"' in line for line in lines)
