"""The home page, the search at the top, and the sign that the portal is well."""

from flask import request
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from portal.core.db import session
from portal.core.i18n import _l
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.web import frame
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("home", __name__)
frame.room(0, _l("Home"), "home", "home.index", SIGNED_IN)


@pages.get("/", needs=SIGNED_IN)
def index() -> ResponseReturnValue:
    """The work that waits for me."""
    return render("home/index.html", tasks=frame.waiting(actor(), now()))


@pages.get("/search", needs=SIGNED_IN)
def search() -> ResponseReturnValue:
    """Numbers, serials, customers and parts, as far as I may see them."""
    wanted = clean(request.args.get("q", ""))[:100]
    return render(
        "home/search.html",
        q=wanted,
        finds=frame.find(actor(), wanted) if wanted else [],
        fragments={"results"},
    )


@pages.get("/healthz", needs=PUBLIC)
def healthz() -> ResponseReturnValue:
    """Whether the portal answers and reaches its database."""
    session.execute(text("SELECT 1"))
    return "ok\n", {"Content-Type": "text/plain"}
