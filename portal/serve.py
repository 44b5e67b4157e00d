"""``portal serve``: several web processes behind a proxy (gunicorn), on one listening socket.

The application is made once and forked, so that what it has read is in memory once. The listening
socket is systemd's where it hands one over (``LISTEN_FDS``): it stays open while one release ends
and the next one begins, so nobody is refused meanwhile. SIGHUP replaces the processes one by one,
SIGTERM ends them after the requests at hand.
"""

import gc
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger
from gunicorn.workers.base import Worker

from portal.settings import Settings

LONGEST = 120
"""After so many seconds without a sign of life a process is replaced."""
PATIENCE = 30
"""How long requests at hand may take when a process is told to end, in seconds."""
ROWS = 3
"""While processes are replaced there are two of each; each has a row of figures of its own."""


def processes(settings: Settings) -> int:
    """How many processes may be there at the same time."""
    return ROWS * settings.workers


class Log(Logger):  # type: ignore[misc]
    """What gunicorn says goes the way of all that is logged."""

    def setup(self, cfg: Any) -> None:
        self.error_log.handlers, self.error_log.propagate = [], True


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn with our options, and none from anywhere else."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.app, self.settings = app, settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in options(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self.app


def options(settings: Settings) -> dict[str, Any]:
    """How gunicorn serves an installation."""
    place = f"unix:{settings.socket}" if settings.socket else _place(settings)
    return {
        "bind": [place],
        "umask": 0o007 if settings.socket else 0,
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "gthread",
        # A process takes no more than it can work on: others may have nothing to do. The proxy
        # keeps no connection open.
        "worker_connections": settings.threads,
        "keepalive": 0,
        "timeout": LONGEST,
        "graceful_timeout": PATIENCE,
        # Whom to believe is `portal.create_app`'s decision (PORTAL_PROXIES). Gunicorn trusts
        # whoever comes by a socket that is a path: so there is nothing that it would believe.
        "forwarded_allow_ips": "",
        "forwarder_headers": "",
        "secure_scheme_headers": {},
        "preload_app": True,
        "control_socket_disable": True,
        "logger_class": Log,
        "pre_fork": _give_row,
        "post_fork": _take_row,
    }


def _place(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{host}:{settings.port}"


def _give_row(arbiter: Arbiter, worker: Worker) -> None:
    """Give a process that is to be forked a row of figures that none has that is alive."""
    taken = {one.row for one in arbiter.WORKERS.values()}
    worker.row = next(row for row in range(len(taken) + 1) if row not in taken)


def _take_row(arbiter: Arbiter, worker: Worker) -> None:
    arbiter.app.app.extensions["metrics"].write_as(worker.row)


def serve(app: Flask, settings: Settings) -> None:
    """Serve until told to end; does not return."""
    # What is there by now stays: no process need look at it again, nor copy its pages.
    gc.collect()
    gc.freeze()
    Server(app, settings).run()
