"""A program that closes a run and is killed on the way, again and again, until it gets through.

It forks once for each attempt; the k-th attempt is killed as it is about to send its k-th
statement, a commit being one. Prints at how many points it was killed.
"""

import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import event

from portal import create_app
from portal.claims import appeals, runs
from portal.core import jobs
from portal.core.clock import FixedClock
from portal.core.db import db
from portal.settings import Settings

MOST = 200


def _close(app: Flask, now: datetime, point: int) -> None:
    """Work as a worker does, and die at a point."""
    sent = 0

    def count(*_: object) -> None:
        nonlocal sent
        sent += 1
        if sent == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", count)
        event.listen(db.engine, "commit", count)
        jobs.drain(FixedClock(now))


def main(folder: str, url: str, at: str) -> None:
    """Let attempts follow each other, each after the lease of the one before has run out."""
    settings = Settings(folder=Path(folder), database_url=url, secret_key="test")
    now = datetime.fromisoformat(at).astimezone(settings.hq_zone)
    runs.BATCH, appeals.BATCH, jobs.MOST_ATTEMPTS = 1, 1, MOST
    # Made once: it is not connected to its database until a child is.
    app = create_app(settings, clock=FixedClock(now))
    for point in range(1, MOST):
        now += jobs.LEASE + timedelta(seconds=1)
        child = os.fork()
        if not child:
            _close(app, now, point)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            print(point - 1)
            sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(*sys.argv[1:])
