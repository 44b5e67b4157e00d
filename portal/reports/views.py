"""The home page, the search at the top, and the sign that the portal is well."""

from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_skeleton
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_timedelta, get_locale
from sqlalchemy import text

from portal.core.db import session
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import PUBLIC, SIGNED_IN
from portal.reports import queries
from portal.web import filters, frame, lists
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("home", __name__)
frame.room(0, _l("Home"), "home", "home.index", SIGNED_IN)

SOON = timedelta(days=1)
_PERIODS = {"day": _l("Day"), "week": _l("Week from"), "month": _l("Month")}


@pages.get("/", needs=SIGNED_IN)
def index() -> ResponseReturnValue:
    """The work that waits for me, the oldest deadline first, and a few figures."""
    tasks = frame.waiting(actor(), now())
    return render(
        "home/index.html",
        alarms=frame.alarming(actor()),
        tasks=[_shown_task(task) for task in tasks],
        waiting=sum(task.count for task in tasks),
        overdue=sum(task.overdue for task in tasks),
        figures=[_shown_figure(figure) for figure in queries.of(actor(), now())],
    )


def _from_now(at: datetime) -> str:
    return str(format_timedelta(at - now(), add_direction=True))


def _shown_task(task: frame.Task) -> dict[str, Any]:
    due, state = "", ""
    if task.overdue:
        due, state = ngettext("%(num)d overdue", "%(num)d overdue", task.overdue), "over"
    elif task.due_at is not None:
        due = _("first due %(when)s", when=_from_now(task.due_at))
        left = task.due_at - now()
        state = "over" if left < timedelta() else "soon" if left < SOON else ""
    return {
        "count": task.count,
        "label": task.label,
        "url": task.url,
        "due": due,
        "due_state": state,
    }


def _shown_figure(figure: queries.Figure) -> dict[str, Any]:
    show = filters.money if figure.is_money else filters.number
    note = figure.note
    if figure.note_amount is not None:
        note = str(figure.note) % {"amount": show(figure.note_amount)}
    return {
        "label": figure.label,
        "value": show(figure.value),
        "note": note,
        "url": url_for(figure.endpoint) if figure.endpoint else None,
        "points": [
            (_period(day, figure.step), amount, show(amount)) for day, amount in figure.points
        ],
        "head": (_PERIODS[figure.step], figure.label),
        "done_of": figure.done_of,
    }


def _period(day: date, step: queries.Step) -> str:
    return str(format_skeleton("yMMM" if step == "month" else "MMMd", day, locale=get_locale()))


@pages.get("/search", needs=SIGNED_IN)
def search() -> ResponseReturnValue:
    """Numbers, serials, customers and parts, as far as I may see them.

    Whoever asks for the one thing of that name is led to it.
    """
    wanted = lists.typed()
    finds = frame.find(actor(), wanted) if wanted else []
    named = [hit for hit in finds if str(hit.title).lower() == wanted.lower()]
    if len(named) == 1 and request.headers.get("HX-Request") != "true":
        to_it: ResponseReturnValue = redirect(named[0].url)
        return to_it
    return render(
        "home/search.html",
        q=wanted,
        finds=finds,
        fragments={"results"},
    )


@pages.get("/healthz", needs=PUBLIC)
def healthz() -> ResponseReturnValue:
    """Whether the portal answers and reaches its database."""
    session.execute(text("SELECT 1"))
    return "ok\n", {"Content-Type": "text/plain"}
