"""`portal serve`: two processes against one, what each takes of memory, and how soon it answers.

One and two processes serve the same database at the same time, and are asked in turns, so that
whatever else the machine does slows both alike. The visitors are raw sockets: they cost next to
nothing of the two cores that two processes want.
"""

import argparse
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from portal.core.clock import SystemClock
from portal.core.db import db
from portal.settings import Settings
from tests.bench.__main__ import filled
from tests.bench.pages import Visitor
from tests.support import postgres, serving

ROWS, VISITORS = 10_000, 4
TWICE, MEGABYTES = 1.7, 90
URL = "/applications"


@dataclass
class Served:
    """A server under measurement."""

    port: int
    pid: int
    cold: float

    def ask(self, request: bytes) -> None:
        """One page, in whole; the connection ends with it."""
        with socket.create_connection(("127.0.0.1", self.port)) as visitor:
            visitor.sendall(request)
            head = visitor.recv(65_536)
            assert head.startswith(b"HTTP/1.0 200"), head[:200]
            while visitor.recv(65_536):
                pass

    def in_a_second(self, request: bytes, count: int) -> float:
        """How many pages all visitors together get."""
        began = time.perf_counter()
        with ThreadPoolExecutor(VISITORS) as visitors:
            list(visitors.map(self.ask, [request] * count))
        return count / (time.perf_counter() - began)

    def memory(self) -> list[tuple[float, float]]:
        """Of each process: its share of all memory, and all that it sees; in MB."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [_memory(child) for child in children]


def _memory(pid: str) -> tuple[float, float]:
    told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    share, seen = (re.search(rf"^{name}: +(\d+)", told, re.MULTILINE) for name in ("Pss", "Rss"))
    assert share
    assert seen
    return int(share[1]) / 1024, int(seen[1]) / 1024


@contextmanager
def served(settings: Settings, processes: int) -> Iterator[Served]:
    """A server with so many processes, once it answers."""
    with serving.listening() as on:
        began = time.perf_counter()
        process = serving.start(on, settings, PORTAL_WORKERS=str(processes))
        try:
            port = on.getsockname()[1]
            serving.wait_for(lambda: serving.is_ready(port))
            yield Served(port, process.pid, time.perf_counter() - began)
        finally:
            serving.stop(process)


def measure(kind: str, rounds: int, count: int) -> None:
    """One database."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="partloop-")))
        url = f"sqlite:///{folder / 'portal.sqlite'}"
        if kind == "postgresql":
            server = stack.enter_context(postgres.server())
            url = stack.enter_context(postgres.database(server, "bench_serving"))
        portal, database = filled(url, ROWS, folder)
        database.connection.close()
        settings: Settings = portal.app.extensions["settings"]
        portal.clock.at = SystemClock(settings.hq_zone).now()
        visitor = Visitor(portal, portal.clerk)
        with portal.app.app_context():
            db.engine.dispose()
        request = (
            f"GET {URL} HTTP/1.0\r\nHost: localhost\r\nCookie: {visitor.cookie}\r\n\r\n".encode()
        )
        both = [stack.enter_context(served(settings, processes)) for processes in (1, 2)]
        for one in both:
            one.in_a_second(request, count)
        times = [[one.in_a_second(request, count) for one in both] for _time in range(rounds)]
        _tell(kind, times, both)


def _tell(kind: str, times: Sequence[Sequence[float]], both: Sequence[Served]) -> None:
    ratio = median(two / one for one, two in times)
    one, two = (median(turn[at] for turn in times) for at in (0, 1))
    shares, seen = zip(*(taken for served in both for taken in served.memory()), strict=True)
    cold = median(served.cold for served in both)
    print(
        f"{kind}: {one:.0f} pages a second with one process, {two:.0f} with two: "
        f"{ratio:.2f}{'!' if ratio < TWICE else ''} (≥ {TWICE})"
    )
    print(
        f"{kind}: a process takes {max(shares):.0f}{'!' if max(shares) > MEGABYTES else ''} MB "
        f"(≤ {MEGABYTES}; {max(seen):.0f} with what they share), answers after {cold:.1f} s"
    )


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.serving", description=__doc__)
    parser.add_argument("--on", nargs="+", default=("sqlite", "postgresql"))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--count", type=int, default=300, help="pages in a turn")
    options = parser.parse_args()
    for kind in options.on:
        measure(kind, options.rounds, options.count)


if __name__ == "__main__":
    main()
