"""A program that does what a month's run promises, and is killed on the way again and again.

It forks once for each attempt, which dies as it is about to send a statement, a commit being one:
another one each time, until an attempt gets through. The clock stands, names come in a sequence,
and keys have no holes: what it leaves behind is what an undisturbed run leaves. It prints at how
many points it was killed.
"""

import os
import secrets
import signal
import sys
from datetime import datetime
from itertools import count
from pathlib import Path

from flask import Flask
from sqlalchemy import event, text, update

from portal import create_app
from portal.claims import appeals, opening, runs, together
from portal.core import jobs
from portal.core.clock import FixedClock
from portal.core.db import Base, db, in_transaction, session
from portal.settings import Settings

STRIDE = 7
"""An attempt dies so many statements later than the one before it."""
MOST = 5000


def _forget_the_killed() -> None:
    """The lease of who died has run out, and the keys that it drew are drawn again."""
    session.execute(update(jobs.Job).values(leased_until=None))
    if session.get_bind().dialect.name == "postgresql":
        names = [table.name for table in Base.metadata.sorted_tables if "id" in table.columns]
        for name in names:
            sequence = f"pg_get_serial_sequence('{name}', 'id')"
            last = "coalesce(max(id), 1), max(id) IS NOT NULL"
            session.execute(text(f"SELECT setval({sequence}, {last}) FROM {name}"))


def _work(app: Flask, clock: FixedClock, point: int | None) -> None:
    """Work as a worker does, and die at a point if there is one."""
    sent, names = 0, count()

    def die(*_: object) -> None:
        nonlocal sent
        sent += 1
        if sent == point:
            os.kill(os.getpid(), signal.SIGKILL)

    with app.app_context():
        in_transaction(_forget_the_killed)
        secrets.token_urlsafe = lambda _length=None: f"seeded-{next(names)}"
        if point is not None:
            event.listen(db.engine, "before_cursor_execute", die)
            event.listen(db.engine, "commit", die)
        runs.open_due_run(clock)
        jobs.drain(clock)
        session.remove()
        db.engine.dispose()


def _killed(app: Flask, clock: FixedClock, period: int) -> int:
    """Let attempts follow each other until one gets through; how many were killed.

    Each dies within the first ``period`` of its statements. What has been compiled is theirs too:
    nobody is connected when they are forked.
    """
    for killed in range(MOST):
        child = os.fork()
        if not child:
            try:
                _work(app, clock, 1 + killed * STRIDE % period)
                os._exit(0)
            finally:
                os._exit(1)
        _pid, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            if status:
                sys.exit("an attempt failed")
            return killed
    sys.exit("it never gets through")


def main(folder: str, url: str) -> None:
    """For each line of the input, a time and a period, do what waits; without a period in peace."""
    settings = Settings(folder=Path(folder), database_url=url, secret_key="test")
    app = create_app(settings, clock=FixedClock(datetime.now(settings.hq_zone)))
    runs.BATCH = appeals.BATCH = opening.PORTION = together.SOME = 1
    opening.AT_ONCE = 0
    jobs.MOST_ATTEMPTS = MOST
    for line in sys.stdin:
        at, period = line.split()
        clock = FixedClock(datetime.fromisoformat(at).astimezone(settings.hq_zone))
        if int(period):
            print(_killed(app, clock, int(period)), flush=True)
        else:
            _work(app, clock, None)
            print(0, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
