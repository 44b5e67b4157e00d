"""Letters on their way: servers that are away, refuse or are slow, and workers that are killed."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import insert, select

from portal.core import jobs
from portal.core.db import db, session
from portal.core.jobs import Job
from portal.notices.letters import KIND, LANE
from portal.notices.models import Notice
from portal.web import mail
from tests.functional.notices.test_mail import work
from tests.support import story
from tests.support.portal import Portal
from tests.support.sink import PASSWORD, PUBLIC, USER, Sink, let_in, sink

ROOT = Path(__file__).parents[3]
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def post(portal: Portal) -> Iterator[Sink]:
    """A mail server that takes the portal's letters."""
    with sink() as made:
        made.attach(portal)
        yield made


def letters(portal: Portal) -> list[Job]:
    """The jobs that send letters."""
    with portal.transaction():
        return list(session.scalars(select(Job).where(Job.kind == KIND).order_by(Job.id)))


def everybody_is_told(portal: Portal) -> int:
    """A notice that is due for each of the cast, about what they see; returns how many."""
    story.quoted(portal)
    with portal.transaction():
        told = session.scalars(select(Notice).where(Notice.user_id == portal.manager.id)).one()
        people = ("clerk", "desk", "finance", "auditor")
        session.execute(
            insert(Notice),
            [
                {
                    "user_id": portal.cast[who].id,
                    "event_id": told.event_id,
                    "title": told.title,
                    "mail_at": portal.now,
                }
                for who in people
            ],
        )
    return len({"desk", "manager", *people})


# Servers


def test_letters_wait_and_are_not_lost_when_the_server_is_away(portal: Portal, post: Sink) -> None:
    """One try for all of them, then a rest that grows; once the server is back, each goes once."""
    count = everybody_is_told(portal)
    post.stop()
    tries = []

    class Counting(mail.SmtpServer):
        def _connect(self):  # type: ignore[no-untyped-def]
            tries.append(portal.now)
            return super()._connect()

    portal.app.extensions["mail"] = Counting.of(post.settings())
    worker = jobs.Worker(portal.clock, LANE)
    with portal.app.app_context():
        jobs.ring(portal.clock)
        for _ in range(120):  # two minutes of rounds
            worker.drain()
            portal.clock.advance(seconds=1)
    pauses = [(b - a).total_seconds() for a, b in pairwise(tries)]
    assert pauses == [5, 10, 20, 40]
    assert {(job.attempts, job.done_at) for job in letters(portal)} == {(0, None)}
    post.start()
    portal.clock.advance(minutes=5)
    with portal.app.app_context():
        assert worker.drain() == count
    assert len(post.mails) == count
    assert len({one["Message-ID"] for one in post.mails}) == count
    assert {job.error for job in letters(portal)} == {""}


def test_other_jobs_go_on_when_the_mail_server_is_silent(portal: Portal, post: Sink) -> None:
    """A server that takes seconds delays letters only: they have a thread of their own."""
    everybody_is_told(portal)
    post.pause = 0.5
    with portal.transaction():
        jobs.enqueue("files.forget", {"keys": []}, key="a job", now=portal.now)
    with portal.app.app_context():
        jobs.ring(portal.clock)
        assert jobs.drain(portal.clock) == 1
    assert post.mails == []
    assert not set(jobs.kinds_in(LANE)) & set(jobs.kinds_in(jobs.EVERYDAY))


@sqlite_only
@pytest.mark.parametrize("silent", [True, False])
def test_lane_rests_when_the_server_says_nothing_or_is_no_server(
    portal: Portal, post: Sink, silent: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port that never answers costs its patience once, not once for each letter."""
    monkeypatch.setattr(mail, "PATIENCE", 0.3)
    everybody_is_told(portal)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1]
        if not silent:
            deaf.close()
        portal.app.extensions["mail"] = mail.SmtpServer.of(post.settings(smtp_port=port))
        assert work(portal) == 0
    assert sum(bool(job.error) for job in letters(portal)) == 1


@sqlite_only
def test_lane_rests_when_the_server_falls_silent_over_a_letter(
    portal: Portal, post: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every letter waits for its end; that one's attempt counts: it does not go on for ever."""
    monkeypatch.setattr(mail, "ANSWER", 0.3)
    everybody_is_told(portal)
    post.pause = 2.0
    assert work(portal) == 0
    assert sorted(job.attempts for job in letters(portal)) == [0, 0, 0, 0, 1]
    assert post.connections == 1


def test_letter_is_given_up_when_its_recipient_is_refused(portal: Portal, post: Sink) -> None:
    """5xx: that letter ends with its error, which the administrator sees; the others leave."""
    count = everybody_is_told(portal)
    post.answers["manager@example.com"] = "550 5.1.1 No such user\x00 here"
    assert work(portal) == count - 1
    assert work(portal) == 0
    (failed,) = [job for job in letters(portal) if job.done_at is None]
    assert failed.attempts == jobs.MOST_ATTEMPTS
    assert "manager@example.com: 550 5.1.1 No such user" in failed.error
    page = portal.client(portal.administrator).get("/jobs").text
    assert "manager@example.com: 550 5.1.1 No such user" in page


def test_letter_is_tried_again_when_its_recipient_is_put_off(portal: Portal, post: Sink) -> None:
    """4xx: the others leave at once, this one after a pause."""
    count = everybody_is_told(portal)
    post.answers["manager@example.com"] = "450 4.2.1 Come again"
    assert work(portal) == count - 1
    (waiting,) = [job for job in letters(portal) if job.done_at is None]
    assert (waiting.attempts, waiting.run_at) == (1, portal.now + timedelta(seconds=10))
    del post.answers["manager@example.com"]
    portal.clock.advance(seconds=10)
    assert work(portal) == 1
    assert len(post.mails) == count


@sqlite_only
@pytest.mark.parametrize("answer", ["550 5.7.1 Not you", "421 4.3.2 Shutting down"])
def test_lane_rests_when_the_server_takes_nothing_from_us(
    portal: Portal, post: Sink, answer: str
) -> None:
    """A sender that is refused, or a server that closes, is nobody's letter's fault."""
    everybody_is_told(portal)
    post.answers["parts@example.com"] = answer
    assert work(portal) == 0
    assert {job.attempts for job in letters(portal)} == {0}
    assert post.connections == 1


@sqlite_only
def test_letters_go_encrypted_and_with_a_password_when_set_so(
    portal: Portal, post: Sink, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STARTTLS with a certificate that is checked, then the password; a wrong one rests."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    options = {"tls_context": context, "authenticator": let_in, "auth_required": True}
    count = everybody_is_told(portal)
    with sink(**options, require_starttls=True) as strict:
        for trusted, password, done in (
            (False, PASSWORD, 0), (True, "wrong", 0), (True, PASSWORD, count),
        ):  # fmt: skip
            if trusted:
                monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
            strict.attach(portal, smtp_tls="starttls", smtp_user=USER, smtp_password=password)
            assert work(portal) == done
    assert len(strict.mails) == count
    (error,) = {job.error for job in letters(portal)}
    assert error == ""


@sqlite_only
def test_lane_rests_when_the_server_cannot_encrypt(portal: Portal, post: Sink) -> None:
    """Nothing goes out in the open unless it is set so."""
    everybody_is_told(portal)
    post.attach(portal, smtp_tls="starttls")
    assert work(portal) == 0
    assert post.mails == []
    assert any("STARTTLS" in job.error for job in letters(portal))


# Workers


def test_each_letter_goes_once_when_several_work_at_once(portal: Portal, post: Sink) -> None:
    """Four workers gather and send at the same moment: a letter for each person, no more."""
    count = everybody_is_told(portal)
    start = Barrier(4)

    def one_of_them(_number: int) -> int:
        with portal.app.app_context():
            start.wait()
            return work(portal)

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(one_of_them, range(4))) == count
    assert len(post.mails) == count
    assert set(Counter(str(one["To"]) for one in post.mails).values()) == {1}


def _left_alone(portal: Portal) -> str:
    """Let go of the database; returns the installation's folder."""
    with portal.app.app_context():
        session.remove()
        db.engine.dispose()
        return portal.app.instance_path


def test_every_letter_leaves_when_the_worker_is_killed_at_every_point(
    portal: Portal, database: str, post: Sink
) -> None:
    """Killed before each of its statements: none is lost; one that leaves twice is the same."""
    count = everybody_is_told(portal)
    folder = _left_alone(portal)
    at = portal.now.isoformat()
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.mailing", folder, database, str(post.port), at],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    killed = int(done.stdout)
    assert killed > 20
    assert {job.done_at is not None for job in letters(portal)} == {True}
    mails = {(str(one["To"]), str(one["Message-ID"])) for one in post.mails}
    assert len(mails) == len({to for to, _id in mails}) == count
    # Twice only where the kill fell between the server's answer and the note of it.
    assert len(post.mails) - count <= 3 * count


def _worker(portal: Portal, database: str, post: Sink) -> subprocess.Popen[str]:
    """The program itself, as it is run in earnest."""
    settings = {
        "PORTAL_FOLDER": _left_alone(portal),
        "PORTAL_DATABASE_URL": database,
        "PORTAL_SECRET_KEY": "test",
        "PORTAL_PUBLIC_URL": PUBLIC,
        "PORTAL_SMTP_HOST": "localhost",
        "PORTAL_SMTP_PORT": str(post.port),
        "PORTAL_SMTP_TLS": "none",
        "PORTAL_SMTP_SENDER": "parts@example.com",
    }
    return subprocess.Popen(
        [sys.executable, "-c", "from portal.cli import main; main()", "worker"],
        cwd=ROOT, env=os.environ | settings, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_worker_ends_what_it_has_begun_when_it_is_told_to_stop(
    portal: Portal, database: str, post: Sink
) -> None:
    """SIGTERM in the middle of a letter: it is sent and noted, no other is begun, exit code 0."""
    count = everybody_is_told(portal)
    worker = _worker(portal, database, post)

    def stop(_content: bytes) -> None:
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.5)  # the letter is not acknowledged before the worker knows

    post.on_data = stop
    with worker:
        _out, log = worker.communicate(timeout=60)
    assert worker.returncode == 0, log
    assert len(post.mails) == 1
    states = [(job.done_at is not None, job.leased_until) for job in letters(portal)]
    assert sorted(done for done, _lease in states) == [False] * (count - 1) + [True]
    assert {lease for _done, lease in states} == {None}
    assert '"event": "job done"' in log
    assert '"event": "worker ended"' in log


def test_letter_is_sent_again_as_itself_when_the_worker_is_killed_while_sending(
    portal: Portal, database: str, post: Sink
) -> None:
    """SIGKILL after the server took it: the next worker sends it under the same Message-ID."""
    count = everybody_is_told(portal)
    worker = _worker(portal, database, post)
    post.on_data = lambda _content: worker.kill() if len(post.raw) == 2 else None
    with worker:
        worker.communicate(timeout=60)
    assert worker.returncode == -signal.SIGKILL
    post.on_data = None
    begun = [job for job in letters(portal) if job.done_at is None and job.leased_until]
    assert len(begun) == 1
    portal.clock.at = begun[0].leased_until.astimezone(portal.now.tzinfo)  # type: ignore[union-attr]
    portal.clock.advance(seconds=1)
    work(portal)
    sent = Counter(str(one["Message-ID"]) for one in post.mails)
    assert len(sent) == count
    assert sorted(sent.values()) == [1] * (count - 1) + [2]
