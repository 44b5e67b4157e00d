"""The pages of parts applications and shipments."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from flask import Flask, current_app, flash, url_for
from flask.typing import ResponseReturnValue

from portal.applications import checks as checks  # ledger verify finds them
from portal.applications import (
    compensation,
    forms,
    policy,
    queries,
    quoting,
    services,
    shipment_queries,
)
from portal.applications import open_quantities as open_quantities  # a part's page asks them
from portal.applications import timers as timers  # the worker finds them
from portal.applications.compensation_models import Compensation
from portal.applications.differences import Change, changes
from portal.applications.estimate import at_list
from portal.applications.history import ALONE, VALUES, WORDS
from portal.applications.list_views import chips, wish
from portal.applications.models import Application, DeliveryReport, Quote, Shipment
from portal.applications.quote_queries import versions_of
from portal.core.db import AnyRow, AnySelect
from portal.core.documents import DocumentKind, register
from portal.core.errors import WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files import views as files
from portal.files.queries import by_place
from portal.ledger import policy as ledger_policy
from portal.ledger import queries as ledger
from portal.ledger.kinds import KINDS
from portal.terms.calendar import end_of
from portal.web import filters, frame, lists, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("applications", __name__)
register(
    DocumentKind(
        Application,
        _l("Parts application"),
        "applications.show",
        policy.visible_applications,
        words=WORDS,
        alone=ALONE,
        values=VALUES,
    )
)
frame.room(10, _l("Applications"), "applications", "applications.index", policy.READ)

MAIN_LINE = (
    "draft",
    "submitted",
    "quoted",
    "confirmed",
    "released",
    "shipped",
    "received",
    "closed",
)
_OWN_PAGES = {
    "submit": "drafts.edit",
    "quote": "quotes.edit",
    "correct": "quotes.edit",
    "ship": "shipments.new",
    "cancel_some": "shipments.cancelling",
}
"""Steps that have a page of their own, by its endpoint."""


@pages.get("/applications", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of applications."""
    asked, tabs = wish(), queries.tabs_for(actor())
    tab = lists.current(tabs)
    rows, counts, values = queries.asked(actor(), asked)
    numbers = cache(lambda: lists.counted(counts, values))
    many = _many(tab)
    return render(
        "applications/list.html",
        fragments={"results"},
        whole=lambda: {"tabs": lists.tab_items(tabs, numbers())},
        chips=chips(asked),
        listed=_listed(rows, tab, values),
        many=many,
        matching=numbers()[tabs.index(tab)] if many else None,
        kept=lists.filters_on() if many else (),
        q=asked.text,
        state=lists.states(Application.workflow),
    )


def _many(tab: lists.Tab) -> str | None:
    """The page of what this person may do with many rows of a tab at once."""
    for step, (name, needs) in {
        "many.quote": ("submitted", policy.QUOTE),
        "many.release": ("confirmed", policy.RELEASE),
    }.items():
        if tab.name == name and actor().can(needs):
            return step
    return None


def _listed(statement: AnySelect, tab: lists.Tab, values: Mapping[str, Any]) -> lists.Listed:
    """A page of the list: a queue by when it is due, any other newest first (A10)."""
    if tab.name not in queries.QUEUES:
        at = Application.created_at
        return lists.page(statement, at, Application.id, tab=tab, values=values)
    return lists.page(
        statement,
        queries.WAITS_UNTIL,
        Application.id,
        tab=tab,
        oldest_first=True,
        values=values,
        at_of=lambda row: row.due_at or row.created_at,
    )


def page(
    application: Application, form: ActionForm | None = None, **more: Any
) -> ResponseReturnValue:
    """The document page; a refused step shows why above it."""
    state = Application.workflow.state(application.status)
    quotes = queries.quotes_of(application)
    shipments = shipment_queries.of(application)
    reports = shipment_queries.reports_of(application) if shipments else {}
    entries, lines = timeline.of(application), queries.lines_of(application)
    status = form.status if form else 200
    return render(
        "applications/show.html",
        status=status,
        application=application,
        state=state,
        main_line=[(name, Application.workflow.state(name).label) for name in MAIN_LINE],
        steps=steps.of(application, _OWN_PAGES) + steps.of(application, "applications.act"),
        dealer=queries.dealer_of(application),
        lines=lines,
        estimate=_estimate(application, lines),
        quote=quotes[0] if quotes else None,
        earlier=quotes[1:],
        shipments=shipments,
        compensations=compensation.of_application(application) if shipments else [],
        compensation_state=Compensation.workflow.state,
        shipment_state=Shipment.workflow.state,
        reports=reports,
        report_state=DeliveryReport.workflow.state,
        waits_for=_waits_for(application, shipments, reports),
        entries=entries,
        returned=timeline.latest_move(entries) if application.status == "returned" else None,
        typed_rows=forms.typed_rows(application.typed),
        photos={place: files.linked(some) for place, some in by_place(application).items()},
        form=form,
        arriving=_arriving(shipments),
        to_register=queries.pieces_to_register(application, actor()) if shipments else 0,
        changed=_changed(application, quotes),
        old_parts=queries.old_parts_of(application, actor()) if shipments else (),
        money_entries=_entries(application) if quotes else (),
        kinds=KINDS,
        **_confirming(application, quotes),
        **more,
    )


def _estimate(application: Application, lines: Sequence[AnyRow]) -> int | None:
    """What is asked for costs so much at today's list, as long as there is no quote (A1)."""
    if application.status not in ("submitted", "returned") or application.quote_version:
        return None
    return at_list((row.ApplicationLine for row in lines), now().date()) or None


def _waits_for(
    application: Application, shipments: Sequence[Shipment], reports: Mapping[int, DeliveryReport]
) -> Any:
    """Who has the next step: also of what has all been sent, but did not all arrive well (A8)."""
    if application.status == "shipped" and all(one.status == "received" for one in shipments):
        unsettled = (one.workflow.state(one.status).waits_for for one in reports.values())
        return next(filter(None, unsettled), None)
    return application.workflow.state(application.status).waits_for


def _confirming(application: Application, quotes: Sequence[Quote]) -> dict[str, Any]:
    """What whoever may confirm the quote looks at: what is available, and what is missing (A5)."""
    if application.status != "quoted" or not actor().can(policy.CONFIRM):
        return {"may_confirm": False}
    available = ledger.account(actor()).available
    return {
        "may_confirm": True,
        "available": available,
        "missing": max(0, application.total - available),
        "bank_details": current_app.extensions["settings"].bank_details,
        "promised_at": end_of(quotes[0].promised_on, now().tzinfo),
    }


def _changed(application: Application, quotes: Sequence[Quote]) -> list[Change] | None:
    """What a quote that waits to be confirmed changed; None if there was none before (A4)."""
    if application.status != "quoted" or len(quotes) < 2:
        return None
    *_older, before, present = versions_of(application)
    return changes(before.figures, present.figures)


def _arriving(shipments: Sequence[Shipment]) -> Shipment | None:
    """The first shipment whose receipt this person may confirm."""
    if not actor().can(policy.RECEIVE):
        return None
    return next((sent for sent in shipments if sent.status == "sent"), None)


def _entries(application: Application) -> Sequence[AnyRow]:
    """The entries that an application caused, for whoever sees the ledger."""
    return ledger.caused_by(application, actor()) if actor().can(ledger_policy.READ) else ()


@pages.get("/applications/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One application."""
    return page(load(Application, name))


@pages.post("/applications/<name>/steps/<step>", needs=policy.READ)
def act(name: str, step: str) -> ResponseReturnValue:
    """A step that needs nothing but a press and perhaps a reason."""
    application = load(Application, name)
    known, form = steps.direct(application, step), steps.form_for(step)
    told = known.told if application.number else _("The draft is discarded.")

    def do() -> None:
        if step == "release":
            quoting.release(application, seen=form.seen.data, by=actor(), now=now())
        else:
            services.step(application, step, **form.asked(), by=actor(), now=now())

    return steps.taken(application, form, do, told=told) or page(application, form)


def too_late(application: Application) -> ResponseReturnValue:
    """Instead of a form that leads to nothing (any more): the document, and why."""
    flash(str(WrongState()), "warning")
    return go("applications.show", name=application.public_id)


_WAITING = (
    (policy.WRITE, "draft", _l("Drafts and returned applications to finish")),
    (policy.CONFIRM, "quoted", _l("Quotes to confirm")),
    (policy.QUOTE, "submitted", _l("Applications to quote")),
    (policy.RELEASE, "confirmed", _l("Confirmed applications to release")),
    (policy.SHIP, "released", _l("Applications to ship")),
)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The applications that wait for somebody."""
    for capability, tab, label in _WAITING:
        if who.can(capability):
            row = queries.waiting(who, tab, at)
            url = url_for("applications.index", tab=tab)
            yield frame.Task(label, row.number, url, row.first, row.late)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Applications by number, part, serial, contact or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            yield frame.Find(
                _l("Parts application"),
                row.number or _("Draft"),
                f"{row.dealer_name} · {filters.day(row.created_at)}",
                url_for("applications.show", name=row.public_id),
            )


def init_app(app: Flask) -> None:
    """Let templates name a part in the reader's language."""
    app.add_template_filter(queries.part_name)
