"""The page of headquarters' working calendar."""

from datetime import date
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.terms import calendar_services, policy
from portal.terms.calendar import CLOSES, OPENS, WEEKDAYS, load
from portal.terms.calendar_forms import ClearForm, PasteForm, SpanForm
from portal.terms.calendar_queries import declared, year
from portal.terms.history import CALENDAR_VALUES
from portal.terms.models import WorkingCalendar
from portal.terms.values import TERMS
from portal.web import frame, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("calendar", __name__)
register(
    DocumentKind(
        WorkingCalendar,
        _l("Working calendar"),
        "calendar.index",
        policy.visible_calendar,
        takes_comments=False,
        values=CALENDAR_VALUES,
    )
)
frame.room(75, _l("Working calendar"), "calendar", "calendar.index", policy.READ)

FIRST_YEAR, LAST_YEAR = 2000, 2100


@pages.get("/calendar", needs=policy.CALENDAR_READ)
def index() -> ResponseReturnValue:
    """A year of the calendar; dealers see it too, since their deadlines follow from it."""
    return _page()


@pages.post("/calendar", needs=policy.CALENDAR_SET)
def declare() -> ResponseReturnValue:
    """Declare a holiday or a make-up day, or several in a row."""
    return _declared(SpanForm())


@pages.post("/calendar/paste", needs=policy.CALENDAR_SET)
def paste() -> ResponseReturnValue:
    """Declare many at once."""
    return _declared(PasteForm())


def _declared(form: Any) -> ResponseReturnValue:
    if form.validate_on_submit():
        with form.refusals():
            spans = form.spans()
            calendar_services.declare(spans, seen=form.seen.data, by=actor(), now=now())
            flash(_("Declared. Deadlines that are given from now on follow it."), "success")
            return go("calendar.index", year=spans[0].first.year)
    return _page(form)


@pages.post("/calendar/clear", needs=policy.CALENDAR_SET)
def clear() -> ResponseReturnValue:
    """Take back what was declared for some days."""
    form = ClearForm()
    if form.validate_on_submit():
        with form.refusals():
            first, last = form.first.data, form.last.data
            calendar_services.clear(first, last, seen=form.seen.data, by=actor(), now=now())
            flash(_("Taken back. The usual week counts for these days again."), "success")
            return go("calendar.index", year=first.year)
    return _page(form)


def _page(form: Any = None) -> ResponseReturnValue:
    today = now().date()
    shown = request.args.get("year", today.year, type=int)
    shown = shown if FIRST_YEAR <= shown <= LAST_YEAR else today.year
    first, last = date(shown, 1, 1), date(shown, 12, 31)
    calendar, spans = load(now(), first), declared(first, last)
    week = calendar.week(max(first, min(last, today)))
    document = calendar_services.the_calendar()
    if form:
        form.now_shows(document.version)
    may_set = actor().can(policy.CALENDAR_SET)
    return render(
        "terms/calendar.html",
        status=form.status if form else 200,
        refused=form,
        span=form if isinstance(form, SpanForm) else SpanForm(formdata=None) if may_set else None,
        pasted=form if isinstance(form, PasteForm) else PasteForm(formdata=None),
        calendar=document,
        year=shown,
        months=year(calendar, shown, spans, today),
        spans=spans,
        today=today,
        zone=now().tzinfo,
        week=[
            (TERMS[name], TERMS[name].in_words(value))
            for name, value in (
                (WEEKDAYS, week.weekdays),
                (OPENS, week.opens),
                (CLOSES, week.closes),
            )
        ],
        years=[
            url_for("calendar.index", year=other) if FIRST_YEAR <= other <= LAST_YEAR else None
            for other in (shown - 1, shown + 1)
        ],
        entries=[] if actor().is_dealer else timeline.of(document),
        may_set=may_set,
        reads_policy=actor().can(policy.READ),
    )
