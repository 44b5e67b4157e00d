"""What is done with many applications at once: quoted at list price, released (A3, A6)."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, select
from werkzeug.wrappers import Response

from portal.applications import clocks, forms, policy, queries, quoting
from portal.applications.answers import basis_of
from portal.applications.list_views import wish
from portal.applications.models import Application
from portal.core import workflow
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, WrongState
from portal.core.i18n import _, ngettext
from portal.people.models import Dealer
from portal.web.forms import Form, clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("many", __name__)
MOST = 200
"""So many are done in one go."""
TABS = {"quote": "submitted", "release": "confirmed"}
"""The queue that each of the steps empties."""


class Row:
    """A chosen application: what it comes to, or the sentence that says why it cannot be done."""

    def __init__(self, found: AnyRow) -> None:
        self.application: Application = found.Application
        self.dealer = f"{found.code} {found.name}"
        self.total: int | None = None
        self.sentence = ""

    def reckon(self, worth: Callable[[Application], int]) -> None:
        """Note what it comes to, or why it cannot be done now."""
        try:
            self.total = worth(self.application)
        except (WrongState, Invalid) as refusal:
            self.sentence = str(refusal)


def _picked(step: str) -> list[Row]:
    """The ticked applications that this person sees (P1), the first due first.

    Of the whole queue under the list's filters, where it says so, as many as are done in one go.
    """
    if request.args.get("all_matching") and request.method == "GET":
        which, values = _matching(step)
    else:
        names = map(clean, request.values.getlist("pick")[:MOST])
        which = Application.public_id.in_(list(names))
        values = {}
    found = session.execute(
        select(Application, Dealer.code, Dealer.name)
        .join(Dealer, Dealer.id == Application.dealer_id)
        .where(policy.visible_applications(actor()), which)
        .order_by(queries.WAITS_UNTIL, Application.id)
        .limit(MOST),
        values,
    )
    return [Row(row) for row in found]


def _matching(step: str) -> tuple[ColumnElement[bool], dict[str, Any]]:
    tab = next(tab for tab in queries.TABS if tab.name == TABS[step])
    statement, values = queries.selected(actor(), wish(), tab, Application.id)
    return Application.id.in_(statement.order_by(None)), values


def _page(step: str, rows: Sequence[Row], form: Form) -> ResponseReturnValue:
    possible = [row for row in rows if row.total is not None]
    return render(
        "applications/many.html",
        status=form.status,
        step=step,
        tab=TABS[step],
        form=form,
        rows=rows,
        possible=possible,
        total=sum(row.total or 0 for row in possible),
        most=MOST,
    )


Seen = dict[int, int]
"""The versions that were looked at, by the applications' keys."""


def _seen(rows: Sequence[Row]) -> Seen:
    """The version of each ticked application, as the page named it; one that is none is stale."""
    named = {row.application.id: f"seen-{row.application.public_id}" for row in rows}
    return {key: request.form.get(name, -1, type=int) for key, name in named.items()}


def _done(step: str, form: Form, act: Callable[[Seen], quoting.Outcome]) -> Response | None:
    """Do it with what was ticked and say how many were done; None if that is nothing.

    Those that were refused are shown again, each with its reason.
    """
    if not form.validate_on_submit():
        return None
    seen = _seen(_picked(step))
    if not seen:
        form.refuse(Invalid(_("Tick at least one application.")))
        return None
    outcome = act(seen)
    if outcome.done:
        flash(_said(step, len(outcome.done)), "success")
    if outcome.refused:
        left = [application.public_id for application, _why in outcome.refused]
        return go(f"many.{step}", pick=left)
    return go("applications.index", tab=TABS[step])


def _said(step: str, count: int) -> str:
    if step == "quote":
        return ngettext("%(num)s quote is sent.", "%(num)s quotes are sent.", count)
    return ngettext("%(num)s application is released.", "%(num)s are released.", count)


# Quotes at list price


def _quotes(form: forms.ManyQuotesForm) -> ResponseReturnValue:
    rows = _picked("quote")
    basis = basis_of((row.application for row in rows), now())
    promised_on = clocks.default_promise(now())
    for row in rows:
        row.reckon(
            lambda one: basis.total(quoting.offer(one, basis, promised_on=promised_on, by=actor()))
        )
    return _page("quote", rows, form)


@pages.get("/applications/many/quote", needs=policy.QUOTE)
def quote() -> ResponseReturnValue:
    """The ticked applications, to be answered as they were asked, at list price."""
    return _quotes(forms.ManyQuotesForm(data={"promised_on": clocks.default_promise(now())}))


@pages.post("/applications/many/quote", needs=policy.QUOTE)
def send_quotes() -> ResponseReturnValue:
    """Answer them (A3)."""
    form = forms.ManyQuotesForm()

    def do(seen: Seen) -> quoting.Outcome:
        return quoting.quote_at_list(
            seen,
            seen=seen,
            freight=form.freight.data or 0,
            packing=form.packing.data or 0,
            promised_on=form.promised_on.data,
            by=actor(),
            now=now(),
        )

    return _done("quote", form, do) or _quotes(form)


# Releases


def _releases(form: forms.ManyForm) -> ResponseReturnValue:
    rows = _picked("release")
    for row in rows:
        row.reckon(_reserved)
    return _page("release", rows, form)


def _reserved(application: Application) -> int:
    workflow.check(application, "release", by=actor())
    return application.total


@pages.get("/applications/many/release", needs=policy.RELEASE)
def release() -> ResponseReturnValue:
    """The ticked applications, with the money that is to be released."""
    return _releases(forms.ManyForm())


@pages.post("/applications/many/release", needs=policy.RELEASE)
def release_all() -> ResponseReturnValue:
    """Release them (A6)."""
    form = forms.ManyForm()

    def do(seen: Seen) -> quoting.Outcome:
        return quoting.release_many(seen, by=actor(), now=now())

    return _done("release", form, do) or _releases(form)
