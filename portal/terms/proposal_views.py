"""The page that proposes a country's public holidays for headquarters' calendar."""

from typing import Any

from babel.core import get_global
from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.core.i18n import _l, ngettext
from portal.terms import calendar_services, policy, proposing
from portal.terms.calendar_forms import TakeOverForm
from portal.terms.public_holidays import LANGUAGES, LIBRARY, Proposal, proposal
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("proposal", __name__)
COUNTRIES = {"CN": _l("China"), "PL": _l("Poland")}


@pages.get("/calendar/holidays", needs=policy.CALENDAR_SET)
def index() -> ResponseReturnValue:
    """A country's holidays of a year, and which of them are declared."""
    return _page(_proposed(request.args))


@pages.post("/calendar/holidays", needs=policy.CALENDAR_SET)
def take_over() -> ResponseReturnValue:
    """Declare those that were chosen."""
    form, proposed = TakeOverForm(), _proposed(request.form)
    if form.validate_on_submit():
        with form.refusals():
            count = proposing.take_over(
                proposed, form.pick.data or (), seen=form.seen.data, by=actor(), now=now()
            )
            flash(
                ngettext(
                    "Declared: %(num)d day. Deadlines that are given from now on follow it.",
                    "Declared: %(num)d days. Deadlines that are given from now on follow them.",
                    count,
                ),
                "success",
            )
            return go("calendar.index", year=proposed.year)
    return _page(proposed, form)


def _proposed(asked: Any) -> Proposal:
    """The proposal of the country and the year that are asked for, or of ours for next year."""
    years = _years()
    year = asked.get("year", years[1], type=int)
    home = get_global("zone_territories").get(str(now().tzinfo), "")
    country = next(one for one in (asked.get("country"), home, "CN") if one in LANGUAGES)
    return proposal(country, year if year in years else years[1])


def _years() -> list[int]:
    this = now().year
    return list(range(this, this + calendar_services.FURTHEST_YEARS + 1))


def _page(proposed: Proposal, form: TakeOverForm | None = None) -> ResponseReturnValue:
    document = calendar_services.the_calendar()
    if form:
        form.now_shows(document.version)
    offers = proposing.offers(proposed, now().date())
    return render(
        "terms/proposal.html",
        fragments={"results"},
        status=form.status if form else 200,
        form=form,
        calendar=document,
        countries=COUNTRIES.items(),
        years=[(year, year) for year in _years()],
        proposed=proposed,
        offers=offers,
        picked=form.pick.data if form else [offer.key for offer in offers],
        some_left=any(offer.left for offer in offers),
        library=LIBRARY,
    )
