"""Structured logs: one line of JSON for each request, with the id that its error page shows."""

import logging
import re
import time

import structlog
from flask import Flask, g, request
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.core.db import public_id

log = structlog.get_logger()
UNLOGGED = ("static", "home.healthz", "watch.readyz", "watch.figures")
"""What browsers and machines ask all the time."""
_SHARED = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)

_LINK = re.compile("^/link/.*")
"""What the address of a link to a password looks like, also mistyped."""


def configure(level: str) -> None:
    """Send everything that is logged, ours and the libraries', to standard error as JSON."""
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_SHARED, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)


def address() -> str:
    """The address that was asked for, without what lets its holder in."""
    return _LINK.sub("/link/…", request.path)


def init_app(app: Flask) -> None:
    """Give each request an id, and log how it was answered and how long that took."""

    @app.before_request
    def _begin() -> None:
        g.request_id, g.began = public_id(), time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=g.request_id)

    @app.after_request
    def _end(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.request_id
        if request.endpoint not in UNLOGGED:
            log.info(
                "request",
                method=request.method,
                path=address(),
                status=response.status_code,
                user=getattr(current_user, "id", None),
                ms=round((time.perf_counter() - g.began) * 1000, 1),
            )
        return response
