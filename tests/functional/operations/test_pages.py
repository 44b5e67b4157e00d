"""The page of jobs: what failed is seen, tried again or dropped, by an administrator."""

import pytest
from sqlalchemy import insert, select

from portal.core import jobs
from portal.core.db import session
from portal.core.jobs import Job
from portal.notices.letters import KIND
from portal.notices.models import Notice
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted
from tests.support.sink import sink

ERROR = "wang@example.com: 550 <script>alert(1)</script>"


def made(portal: Portal, **other: object) -> int:
    """A job; it has failed for good unless told otherwise."""
    values = {
        "kind": KIND, "key": "mail/1", "payload": {"user": 0, "notices": []}, "run_at": portal.now,
        "attempts": jobs.MOST_ATTEMPTS, "error": ERROR,
    }  # fmt: skip
    with portal.transaction():
        return session.scalars(insert(Job).values(values | other).returning(Job.id)).one()


def kept(portal: Portal, key: int) -> Job | None:
    with portal.transaction():
        return session.get(Job, key)


def test_failed_job_is_shown_with_its_error_when_an_administrator_looks(portal: Portal) -> None:
    """Its words, its key and what went wrong, as text; the auditor sees it without buttons."""
    made(portal)
    page = portal.client(portal.administrator).get("/jobs").text
    assert "Notices by e-mail" in page
    assert "550 &lt;script&gt;alert(1)" in page
    assert "/retry" in page
    page = portal.client(portal.auditor).get("/jobs").text
    assert "550 &lt;script&gt;alert(1)" in page
    assert "/retry" not in page
    for who in ("clerk", "manager", "desk", "finance"):
        assert portal.client(portal.cast[who]).get("/jobs").status_code == 403


def test_job_waits_again_when_it_is_tried_again(portal: Portal) -> None:
    """One or all; a second press finds nothing to do, and so does one on a job that goes on."""
    one = made(portal)
    client = portal.client(portal.administrator)
    assert client.post(f"/jobs/{one}/retry").status_code == 303
    job = kept(portal, one)
    assert job is not None
    assert (job.attempts, job.run_at, job.error) == (0, portal.now, ERROR)
    for step in ("retry", "drop"):
        assert client.post(f"/jobs/{one}/{step}").status_code == 303
        assert client.post(f"/jobs/{one + 99}/{step}").status_code == 404
    assert kept(portal, one) is not None
    other = made(portal, key="mail/2")
    assert client.post("/jobs").status_code == 303
    job = kept(portal, other)
    assert job is not None
    assert job.attempts == 0
    with portal.app.app_context():
        assert jobs.drain(portal.clock, lane="mail") == 0  # no server: the lane rests


def test_job_is_gone_when_it_is_dropped(portal: Portal) -> None:
    """For what will never work; nobody but an administrator does it."""
    one = made(portal)
    for who in ("auditor", "desk", "manager"):
        assert portal.client(portal.cast[who]).post(f"/jobs/{one}/drop").status_code == 403
    assert kept(portal, one) is not None
    assert portal.client(portal.administrator).post(f"/jobs/{one}/drop").status_code == 303
    assert kept(portal, one) is None


def test_home_shows_trouble_when_letters_do_not_get_out(portal: Portal) -> None:
    """Failed ones, tried ones, and ones that nobody tries: the administrator's work."""
    client = portal.client(portal.administrator)
    assert "E-mails that do not get out" not in client.get("/").text
    with sink() as post:
        post.attach(portal)
        story.quoted(portal)
    assert "E-mails that do not get out" not in client.get("/").text
    portal.clock.advance(minutes=11)
    client = portal.client(portal.administrator)
    assert "E-mails that do not get out" in client.get("/").text  # no worker is there
    assert "E-mails that do not get out" not in portal.client(portal.desk).get("/").text
    with portal.app.app_context():
        jobs.ring(portal.clock)
        jobs.drain(portal.clock, lane="mail")
    with portal.transaction():
        assert session.scalars(select(Notice.mail_at)).all() == [None, None]
    assert "E-mails that do not get out" in client.get("/").text  # the server is away
    made(portal, key="mail/of another time")
    assert "Jobs that failed" in client.get("/").text


@pytest.mark.parametrize("count", [1, 60])
def test_list_costs_three_queries_when_long_or_short(portal: Portal, count: int) -> None:
    """At most three, and paging reaches every job once."""
    for number in range(count):
        made(portal, key=f"mail/{number}")
    client = portal.client(portal.administrator)
    client.get("/jobs")
    with counted(portal.app) as statements:
        page = client.get("/jobs").text
    assert len(statements) <= 3, statements
    assert page.count("550 &lt;script&gt;") == min(count, 50)
