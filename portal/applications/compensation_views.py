"""The pages of compensations for late delivery (A9)."""

from collections.abc import Iterator
from datetime import datetime

from flask import url_for
from flask.typing import ResponseReturnValue

from portal.applications import compensation as services
from portal.applications import policy, queries
from portal.applications.compensation_models import Compensation
from portal.applications.history import (
    COMPENSATION_ALONE,
    COMPENSATION_VALUES,
)
from portal.applications.models import Application, Shipment
from portal.core.db import session
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.ledger import services as ledger
from portal.web import exports, filters, frame, lists, steps, timeline
from portal.web.exports import Column
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, load

pages = Pages("compensations", __name__)
register(
    DocumentKind(
        Compensation,
        _l("Late-delivery compensation"),
        "compensations.show",
        policy.visible_compensations,
        alone=COMPENSATION_ALONE,
        values=COMPENSATION_VALUES,
    )
)


def _shown() -> lists.Selection:
    """What the URL asks for of the compensations."""
    statement = services.listed(policy.visible_compensations(actor()))
    tab = lists.current(services.TABS)
    return lists.Selection(statement, Compensation.created_at, Compensation.id, tab=tab)


@pages.get("/compensations", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of compensations."""
    tabs, scope = services.TABS, [policy.visible_compensations(actor())]
    return render(
        "compensations/list.html",
        listed=_shown().page(),
        tabs=lists.tab_items(tabs, lists.counts(Compensation, scope, tabs)),
        state=lists.states(Compensation.workflow),
    )


@exports.offers(pages, "/compensations", of="compensations.index", needs=policy.READ)
def export() -> exports.Table:
    """The compensations as the list shows them, with what their amount follows from."""
    money = exports.money()
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(Compensation.workflow)),
        Column(_("Shipment"), "shipment_number"),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Promised ship date"), "promised_on"),
        Column(_("Shipped on"), "shipped_on"),
        Column(_("Late days"), "late_days"),
        Column(_("Amount of the late pieces"), "late_amount", money),
        Column(_("Amount"), "amount", money),
        Column(_("Due"), "due_at", exports.moments()),
    ]
    worked_out_from = (
        Compensation.promised_on, Compensation.shipped_on, Compensation.late_amount,
    )  # fmt: skip
    statement = _shown().whole.add_columns(*worked_out_from)
    return exports.Table(_("Late-delivery compensation"), statement, columns)


@pages.get("/compensations/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One compensation with all that it was worked out from."""
    return _page(load(Compensation, name))


@pages.post("/compensations/<name>/<step>", needs=policy.FOLLOW_COMPENSATION)
def act(name: str, step: str) -> ResponseReturnValue:
    """Book it, or excuse the delay."""
    compensation = load(Compensation, name)
    answer, form = steps.act(compensation, step, services.decide)
    return answer or _page(compensation, form)


def _page(compensation: Compensation, form: ActionForm | None = None) -> ResponseReturnValue:
    application = session.get_one(Application, compensation.application_id)
    shipment = session.get_one(Shipment, compensation.shipment_id)
    return render(
        "compensations/show.html",
        status=form.status if form else 200,
        compensation=compensation,
        state=Compensation.workflow.state(compensation.status),
        steps=steps.of(compensation, "compensations.act"),
        application=application,
        shipment=shipment,
        dealer=queries.dealer_of(application),
        lines=services.late_lines(shipment.id),
        entry=ledger.booked(services.cause_of(shipment)),
        entries=timeline.of(compensation),
        form=form,
    )


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The compensations that finance has not booked yet, nor the desk excused."""
    if who.can(policy.BOOK_COMPENSATION) or who.can(policy.EXCUSE_DELAY):
        row = services.waiting()
        label = (
            _l("Compensations to book")
            if who.can(policy.BOOK_COMPENSATION)
            else _l("Late shipments to excuse, where there is a reason")
        )
        url = url_for("compensations.index", tab="proposed")
        yield frame.Task(label, row.number, url, row.first)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """A compensation by its number."""
    if who.can(policy.READ):
        for row in services.numbered(text, policy.visible_compensations(who)):
            url = url_for("compensations.show", name=row.public_id)
            yield frame.Find(
                _l("Late-delivery compensation"), row.number, filters.money(row.amount), url
            )
