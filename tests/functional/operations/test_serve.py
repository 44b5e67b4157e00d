"""`portal serve`: several processes that can be replaced, and nobody who visits notices."""

import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import serving
from tests.support.portal import Portal
from tests.support.serving import Visitors, ask, children_of, is_ready, listening, wait_for

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]
TOKEN = "t" * 40


@contextmanager
def served(portal: Portal, on: socket.socket, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """`portal serve` on a socket, with two processes, while the block lasts."""
    given = {"PORTAL_WORKERS": "2", "PORTAL_METRICS_TOKEN": TOKEN} | more
    process = serving.start(on, portal.app.extensions["settings"], **given)
    try:
        wait_for(lambda: is_ready(on.getsockname()[1]))
        yield process
    finally:
        serving.stop(process)


def answered(port: int) -> int:
    """How many requests the figures of all processes tell of."""
    lines = ask(port, "/metrics", Authorization=f"Bearer {TOKEN}")[2].splitlines()
    name = 'portal_requests_total{route="signin.page",status="200"} '
    return sum(int(line.removeprefix(name)) for line in lines if line.startswith(name))


def wait_until_more(seen: Counter[object]) -> None:
    asked = seen.total()
    wait_for(lambda: seen.total() > asked + 20)


def replace(process: subprocess.Popen[bytes]) -> None:
    """Have all processes replaced, and wait until none of the old ones is left."""
    before = children_of(process)
    process.send_signal(signal.SIGHUP)
    wait_for(lambda: len(now := children_of(process)) == 2 and not now & before)


def test_no_request_is_lost_when_processes_are_replaced(portal: Portal) -> None:
    """SIGHUP under load, three times: others serve, all answers are there, and all are counted."""
    with listening() as on, served(portal, on) as process:
        port = on.getsockname()[1]
        wait_for(lambda: len(children_of(process)) == 2)
        visitors = Visitors(lambda: ask(port, "/sign-in")[0])
        with visitors.at_work(4) as seen:
            for _time in range(3):
                replace(process)
                wait_until_more(seen)
        assert set(seen) == {200}
        assert answered(port) == seen[200]


def test_no_request_is_lost_when_a_release_follows_another(portal: Portal) -> None:
    """As systemd restarts it: the socket stays, so who comes in between waits a moment."""
    with listening() as on:
        port = on.getsockname()[1]
        visitors = Visitors(lambda: ask(port, "/sign-in")[0])
        with ExitStack() as stack:
            with served(portal, on):
                seen = stack.enter_context(visitors.at_work(4))
                wait_until_more(seen)
            # Nobody serves now: who asks waits for the next one.
            with served(portal, on):
                wait_until_more(seen)
                stack.close()
        assert set(seen) == {200}


def test_killed_process_is_followed_by_another(portal: Portal) -> None:
    """Its row of figures goes to the next one: what it had counted is still told."""
    with listening() as on, served(portal, on) as process:
        port = on.getsockname()[1]
        seen = [ask(port, "/sign-in")[0] for _time in range(10)]
        assert answered(port) == len(seen)
        wait_for(lambda: len(children_of(process)) == 2)
        before = children_of(process)
        os.kill(min(before), signal.SIGKILL)
        wait_for(lambda: len(children_of(process)) == 2 and children_of(process) != before)
        wait_for(lambda: is_ready(port))
        assert answered(port) == len(seen)


def test_only_what_the_proxy_says_counts_when_there_is_one(portal: Portal) -> None:
    """Host and scheme: gunicorn itself believes nobody."""
    public = {"PORTAL_PUBLIC_URL": "https://parts.example.com", "PORTAL_SECURE_COOKIES": "yes"}
    asked = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "parts.example.com"}
    with listening() as on:
        port = on.getsockname()[1]
        with served(portal, on, PORTAL_PROXIES="1", **public):
            status, headers, _text = ask(port, "/sign-in", **asked)
            assert status == 200
            assert "Secure" in headers["set-cookie"]
            assert headers["strict-transport-security"].startswith("max-age=63072000")
            forged = asked | {"X-Forwarded-Host": "evil.example"}
            assert ask(port, "/sign-in", **forged)[0] == 400
        with served(portal, on, **public):
            assert ask(port, "/sign-in", **asked, Host="evil.example")[0] == 400
            assert ask(port, "/sign-in", **asked, Host="parts.example.com")[0] == 200


def test_client_says_nothing_of_where_the_portal_is_when_the_socket_is_a_path(
    portal: Portal, tmp_path: Path
) -> None:
    """Gunicorn trusts whoever comes by a path, nginx that is: it believes nothing all the same."""
    forged = "SCRIPT_NAME: /evil\r\nSCRIPT-NAME: /evil\r\nPATH_INFO: /healthz\r\n"
    forged += "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: on\r\n"
    asked = f"GET /sign-in HTTP/1.1\r\nHost: localhost\r\n{forged}Connection: close\r\n\r\n"

    def said() -> str:
        with socket.socket(socket.AF_UNIX) as visitor:
            visitor.connect(str(tmp_path / "portal"))
            visitor.sendall(asked.encode())
            return b"".join(iter(lambda: visitor.recv(65536), b"")).decode()

    with socket.socket(socket.AF_UNIX) as on:
        on.bind(str(tmp_path / "portal"))
        on.listen()
        process = serving.start(on, portal.app.extensions["settings"], PORTAL_WORKERS="1")
        try:
            answer = said()
        finally:
            serving.stop(process)
    assert answer.startswith("HTTP/1.1 200")
    assert 'action="/sign-in"' in answer
    assert "/evil" not in answer
