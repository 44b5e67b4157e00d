"""A program that tells people by mail and is killed on the way, again and again.

It forks once for each attempt; the k-th attempt is killed as it is about to send its k-th
statement, a commit being one. Prints at how many points it was killed before it got through.
"""

import os
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import event

from portal import create_app
from portal.core import jobs
from portal.core.clock import FixedClock
from portal.core.db import db
from portal.notices.letters import LANE
from portal.settings import Settings
from tests.support.sink import PUBLIC

MOST = 200


def _work(app: Flask, now: datetime, point: int) -> None:
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
        jobs.ring(FixedClock(now))
        jobs.drain(FixedClock(now), lane=LANE)


def main(folder: str, url: str, port: str, at: str) -> None:
    """Let attempts follow each other, each after the lease of the one before has run out."""
    settings = Settings(
        folder=Path(folder), database_url=url, secret_key="test", public_url=PUBLIC,
        smtp_host="localhost", smtp_port=int(port), smtp_tls="none",
        smtp_sender="parts@example.com",
    )  # fmt: skip
    now = datetime.fromisoformat(at).astimezone(settings.hq_zone)
    jobs.MOST_ATTEMPTS = MOST
    # Made once: it is not connected to its database until a child is.
    app = create_app(settings, clock=FixedClock(now))
    for point in range(1, MOST):
        now += jobs.LEASE + timedelta(seconds=1)
        child = os.fork()
        if not child:
            _work(app, now, point)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            print(point - 1)
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
