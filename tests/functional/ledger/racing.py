"""What each process of a race does: it takes its place, waits for the start, and runs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from portal import create_app
from portal.core.clock import FixedClock
from portal.core.db import db, in_transaction
from portal.core.errors import Refusal
from portal.settings import Settings

RUNNERS = 16


@dataclass(frozen=True)
class Track:
    """Where the race takes place."""

    folder: Path
    url: str
    now: datetime


Step = Callable[[datetime], None]
Runner = Callable[[int, Any], list[Step]]
"""Gives the steps of the runner of a number; each is tried in a transaction of its own."""


def _run(
    track: Track, number: int, runner: Runner, facts: Any, start: Barrier, results: Any
) -> None:
    settings = Settings(folder=track.folder, database_url=track.url, secret_key="test")
    app = create_app(settings, clock=FixedClock(track.now))
    outcomes = []
    with app.app_context():
        for step in runner(number, facts):
            start.wait(120)
            try:
                in_transaction(lambda step=step: step(track.now))  # type: ignore[misc]
                outcomes.append("done")
            except Refusal as refusal:
                outcomes.append(type(refusal).__name__)
            except Exception as error:
                outcomes.append(repr(error))
        db.engine.dispose()
    results.put(outcomes)


def race(track: Track, runner: Runner, facts: Any) -> list[tuple[str, ...]]:
    """Let sixteen processes take the same steps at the same time; what came of each step."""
    # Each is a fresh process; a server that has everything loaded makes them quickly.
    processes = get_context("forkserver")
    processes.set_forkserver_preload(["tests.functional.ledger.warm"])
    start, results = processes.Barrier(RUNNERS), processes.SimpleQueue()
    runners = [
        processes.Process(target=_run, args=(track, number, runner, facts, start, results))
        for number in range(RUNNERS)
    ]
    for process in runners:
        process.start()
    outcomes = [results.get() for _process in runners]
    for process in runners:
        process.join(30)
        assert process.exitcode == 0
    return [tuple(sorted(step)) for step in zip(*outcomes, strict=True)]
