"""What machines ask that watch over the portal."""

from hmac import compare_digest

from flask import current_app, request
from flask.typing import ResponseReturnValue

from portal.core.errors import NotFound
from portal.core.permissions import PUBLIC
from portal.operations import metrics, ready
from portal.web.routes import Pages, clock

pages = Pages("watch", __name__)
PLAIN = {"Content-Type": "text/plain; charset=utf-8"}
FORMAT = "version=0.0.4; charset=utf-8"


@pages.get("/readyz", needs=PUBLIC, own_transactions=True)
def readyz() -> ResponseReturnValue:
    """Whether the portal can do its work just now; if not, what hinders it (503)."""
    problems = ready.problems(current_app.extensions["settings"])
    return "\n".join(problems or ["ready"]) + "\n", 503 if problems else 200, PLAIN


@pages.get("/metrics", needs=PUBLIC, own_transactions=True)
def figures() -> ResponseReturnValue:
    """Figures for Prometheus, to who shows the token; without one there is no such page."""
    token = current_app.extensions["settings"].metrics_token
    shown = request.headers.get("Authorization", "")
    if not token or not compare_digest(shown.encode(), f"Bearer {token}".encode()):
        raise NotFound()
    lines = [*current_app.extensions["metrics"].told(), *metrics.told(clock().now())]
    return "\n".join(lines) + "\n", {"Content-Type": f"text/plain; {FORMAT}"}
