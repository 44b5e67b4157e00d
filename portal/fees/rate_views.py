"""What a dealer charges, for its customers to read: behind the code on the board (F1)."""

from flask import make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.permissions import PUBLIC
from portal.fees import queries
from portal.fees.workflow import UNITS
from portal.people.models import Dealer
from portal.web import languages
from portal.web.htmx import render
from portal.web.routes import Pages, now

pages = Pages("rates", __name__)
FRESH = 300
"""For how many seconds a copy of the page may be shown to others."""


@pages.get("/rates/<name>", needs=PUBLIC)
def show(name: str) -> ResponseReturnValue:
    """A dealer's approved rates that are in force today, and nothing else of it.

    There is no such page for a dealer that has none, or is not active.
    """
    known = Dealer.public_id == name, Dealer.status == "active"
    dealer = session.scalars(select(Dealer).where(*known)).one_or_none()
    schedule = queries.in_force(dealer.id, now().date()) if dealer else None
    if dealer is None or schedule is None:
        raise NotFound()
    page = render(
        "fees/rates.html",
        dealer=dealer.name,
        schedule=schedule,
        lines=queries.lines_of(schedule, languages.code()),
        units=UNITS,
    )
    page.headers["Cache-Control"] = f"public, max-age={FRESH}"
    page.vary.add("Accept-Language")
    page.add_etag()
    return make_response(page).make_conditional(request)
