"""`portal serve` as a process of its own, and visitors who do not stop."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread

from portal.settings import Settings

# Like systemd's: the socket that was handed over is the third file, for exactly this process.
HANDED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
from portal.cli import main
main(sys.argv[2:])
"""
PATIENCE = 60.0


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """The variables of an installation, for a process of its own."""
    own = {
        "PORTAL_FOLDER": str(settings.folder),
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_SECRET_KEY": settings.secret_key or "test",
        "PORTAL_LOG_LEVEL": "WARNING",
    }
    return os.environ | own | more


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket that stays open, whoever serves on it."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as made:
        yield made


def start(
    on: socket.socket, settings: Settings, *arguments: str, **more: str
) -> subprocess.Popen[bytes]:
    """A command of the portal that serves on a socket; whoever starts it stops it."""
    command = [sys.executable, "-c", HANDED, str(on.fileno()), *(arguments or ("serve",))]
    return subprocess.Popen(
        command, env=environment(settings, **more), pass_fds=[on.fileno()], start_new_session=True
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server with all of its processes; as told, or at last by force."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise


def wait_for(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, "it did not come"
        time.sleep(0.05)


def ask(port: int, url: str = "/readyz", **headers: str) -> tuple[int, dict[str, str], str]:
    """A page: its status, headers in small letters, and text."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", url, headers=headers)
        answer = connection.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, named, answer.read().decode()
    finally:
        connection.close()


def is_ready(port: int) -> bool:
    """Whether there is somebody who serves."""
    try:
        return ask(port)[0] == 200
    except OSError:
        return False


@dataclass
class Visitors:
    """Ask for one page after the other; ``seen`` counts statuses, and the names of failures."""

    visit: Callable[[], object]
    seen: Counter[object] = field(default_factory=Counter)

    @contextmanager
    def at_work(self, count: int) -> Iterator["Counter[object]"]:
        """So many of them while the block lasts."""
        over = Event()

        def go() -> None:
            while not over.is_set():
                try:
                    self.seen[self.visit()] += 1
                except (OSError, http.client.HTTPException) as error:
                    self.seen[repr(error)] += 1
                time.sleep(0.002)

        threads = [Thread(target=go, name="visitor") for _number in range(count)]
        for thread in threads:
            thread.start()
        try:
            yield self.seen
        finally:
            over.set()
            for thread in threads:
                thread.join()


def children_of(process: subprocess.Popen[bytes]) -> set[int]:
    """The processes that a server forked."""
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return {int(pid) for pid in listed.split()}
