"""The database is killed, or the disk is full, while people work: nothing acknowledged is lost."""

import http.client
import os
import resource
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from urllib.parse import urlencode

import pytest
from sqlalchemy import func, select

from portal import migrate
from portal.core.clock import SystemClock
from portal.core.db import db, session, snapshot
from portal.core.events import verify
from portal.ledger.models import Transfer
from portal.ledger.verify import verify as verify_ledger
from portal.people.models import Dealer
from portal.settings import Settings
from tests.support import portal as portals
from tests.support import postgres, serving
from tests.support.portal import Portal
from tests.support.serving import Visitors, ask, children_of, is_ready, listening, wait_for

KILLS = 10 if "PARTLOOP_TEST_STEPS" in os.environ else 2
"""How often PostgreSQL dies; `make long` has the time for more."""
MEGABYTE = 1024 * 1024


@dataclass
class Bookers:
    """People of finance who book one deposit after the other, and send again what failed."""

    port: int
    cookie: str
    token: str
    dealer: str
    acknowledged: list[str] = field(default_factory=list)
    answers: Counter[int | str] = field(default_factory=Counter)
    sentences: set[str] = field(default_factory=set)
    is_over: bool = False
    _lock: Lock = field(default_factory=Lock)
    _count: int = 0

    def book(self) -> str:
        """Book one deposit; whatever goes wrong, the same form is sent again."""
        with self._lock:
            self._count += 1
            reference = f"N-{self._count}"
        typed = {
            "csrf_token": self.token,
            "press": f"press-{reference}".ljust(16, "-"),
            "dealer": self.dealer,
            "amount": "1.00",
            "reference": reference,
        }
        while not self.is_over:
            status = self._send(urlencode(typed).encode())
            self.answers[status] += 1
            if status == 303:
                self.acknowledged.append(reference)
                return "booked"
            if status not in (503, "away"):
                return f"{reference}: {status}"
            time.sleep(0.05)
        return "booked, or given up"

    def _send(self, body: bytes) -> int | str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": self.cookie}
        try:
            connection.request("POST", "/deposits/new", body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status == 503:
                self.sentences.add(text.partition("<h1>")[2].partition("</p>")[0])
                assert answer.getheader("Retry-After")
            return answer.status
        except (OSError, http.client.HTTPException):
            return "away"
        finally:
            connection.close()


def bookers(portal: Portal, port: int) -> Bookers:
    client = portal.client(portal.finance)
    cookie = client.http.get_cookie("partloop")
    assert cookie
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"]).public_id
    return Bookers(port, f"partloop={cookie.value}", client.token, dealer)


def check_books(portal: Portal, people: Bookers) -> None:
    """L10, P4, L4: each acknowledged entry is there once, and everything agrees."""
    with portal.app.app_context(), snapshot():
        causes = Counter(session.scalars(select(Transfer.cause)))
        assert [ref for ref in people.acknowledged if causes[f"bank/{ref}"] != 1] == []
        assert list(verify_ledger()) == []
        assert list(verify()) == []
        assert session.scalars(select(func.count()).select_from(Transfer)).one() > 0


@contextmanager
def at_work(portal: Portal, count: int = 4) -> Iterator[tuple[Bookers, subprocess.Popen[bytes]]]:
    """A served portal with a worker, and people who book."""
    settings = portal.app.extensions["settings"]
    with listening() as on:
        port = on.getsockname()[1]
        serve = serving.start(on, settings, PORTAL_LOG_LEVEL="CRITICAL")
        worker = serving.start(on, settings, "worker", PORTAL_LOG_LEVEL="CRITICAL")
        try:
            wait_for(lambda: is_ready(port))
            people = bookers(portal, port)
            with Visitors(people.book).at_work(count) as seen:
                try:
                    yield people, serve
                except BaseException:
                    people.is_over = True
                    raise
            assert set(seen) == {"booked"}, seen
            assert worker.poll() is None
        finally:
            serving.stop(worker)
            serving.stop(serve)


def until_more(people: Bookers, many: int = 15) -> None:
    """Wait until more has been acknowledged."""
    now = len(people.acknowledged)
    wait_for(lambda: len(people.acknowledged) > now + many)


@pytest.fixture
def killable(tmp_path: Path) -> Iterator[tuple[Portal, postgres.Mortal]]:
    """A portal on a PostgreSQL of its own, which waits for the disk as in production."""
    with postgres.mortal() as server, postgres.database(server.address, "portal") as url:
        migrate.upgrade(Settings(folder=tmp_path, database_url=url, secret_key="test"))
        portals.fill(portals.new(tmp_path, url))
        made = portals.meet(portals.new(tmp_path, url))
        made.clock.at = SystemClock(made.clock.at.tzinfo).now()  # type: ignore[arg-type]
        yield made, server
        with made.app.app_context():
            db.engine.dispose()


def test_nothing_acknowledged_is_lost_when_postgres_is_killed(
    killable: tuple[Portal, postgres.Mortal],
) -> None:
    """L3, L4: who is refused is told why and sends again; it counts once. Nobody restarts us."""
    portal, server = killable
    with at_work(portal) as (people, _serve):
        for _time in range(KILLS):
            until_more(people)
            server.kill()
            refused = people.answers[503]
            wait_for(lambda was=refused: people.answers[503] > was + 3)  # type: ignore[misc]
            status, headers, text = ask(people.port, "/", Cookie=people.cookie)
            assert (status, headers["retry-after"]) == (503, "10")
            assert "cannot reach its database" in text
            assert ask(people.port, "/sign-in")[0] in (200, 503)
            assert ask(people.port)[0] == 503
            assert ask(people.port, "/healthz")[0] == 503
            server.start()
        until_more(people)
        wait_for(lambda: ask(people.port)[0] == 200)
    with portal.app.app_context():
        db.engine.dispose()
    assert set(people.answers) == {303, 503}
    assert all("cannot reach its database" in one for one in people.sentences)
    print(
        f"{KILLS} kills: {len(people.acknowledged)} entries, {people.answers[503]} times told why"
    )
    check_books(portal, people)


@contextmanager
def limited(
    _folder: Path,
) -> Iterator[tuple[Callable[[set[int]], None], Callable[[set[int]], None]]]:
    """No file of the server's processes may grow."""

    def fill(pids: set[int]) -> None:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))

    def empty(pids: set[int]) -> None:
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)

    yield fill, empty


@contextmanager
def small(folder: Path) -> Iterator[tuple[Callable[[set[int]], None], Callable[[set[int]], None]]]:
    """A disk of 64 MB, which somebody fills."""
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk may be mounted here")
    filler = folder / "filler"

    def fill(_pids: set[int]) -> None:
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(MEGABYTE))
            except OSError:
                pass
            try:
                while True:
                    file.write(bytes(512))
            except OSError:
                pass

    def empty(_pids: set[int]) -> None:
        filler.unlink()

    try:
        yield fill, empty
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("disk", [limited, small])
def test_nothing_acknowledged_is_lost_when_the_disk_is_full(
    sqlite_template: Path, tmp_path: Path, disk: Callable[[Path], object]
) -> None:
    """A sentence says so, reading goes on, and it is well again once there is room."""
    folder = tmp_path / "full"
    with disk(folder) as (fill, empty):  # type: ignore[attr-defined]
        folder.mkdir(exist_ok=True)
        shutil.copy(sqlite_template, folder / "portal.sqlite")
        portal = portals.meet(portals.new(folder, ""))
        portal.clock.at = SystemClock(portal.clock.at.tzinfo).now()  # type: ignore[arg-type]
        with at_work(portal) as (people, serve):
            until_more(people)
            fill(children_of(serve))
            refused = people.answers[503]
            wait_for(lambda: people.answers[503] > refused + 3)
            assert ask(people.port, "/", Cookie=people.cookie)[0] == 200
            # Each process looks every ten seconds.
            wait_for(lambda: "cannot be written" in ask(people.port)[2])
            empty(children_of(serve))
            until_more(people)
            wait_for(lambda: ask(people.port)[0] == 200)
        assert set(people.answers) == {303, 503}
        assert people.sentences
        check_books(portal, people)
        with portal.app.app_context():
            db.engine.dispose()
