"""What machines ask that watch over the portal."""

from flask import current_app
from flask.typing import ResponseReturnValue

from portal.core.permissions import PUBLIC
from portal.operations import ready
from portal.web.routes import Pages

pages = Pages("watch", __name__)
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}


@pages.get("/readyz", needs=PUBLIC, own_transactions=True)
def readyz() -> ResponseReturnValue:
    """Whether the portal can do its work just now; if not, what hinders it (503)."""
    problems = ready.problems(current_app.extensions["settings"])
    return "\n".join(problems or ["ready"]) + "\n", 503 if problems else 200, PLAIN
