"""The pages of shipments: what the warehouse sends and cancels, and what is on its way (A7)."""

from collections.abc import Iterator
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.applications import (
    compensation,
    forms,
    policy,
    queries,
    quoting,
    receipt,
    shipment_queries,
    shipping,
    views,
)
from portal.applications.compensation_models import Compensation
from portal.applications.history import SHIPMENT_VALUES, SHIPMENT_WORDS
from portal.applications.models import Application, DeliveryReport, Shipment
from portal.core.db import session
from portal.core.documents import DocumentKind, find, register
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.web import exports, frame, lists, steps, timeline
from portal.web.exports import Column
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, load, now

pages = Pages("shipments", __name__)
register(
    DocumentKind(
        Shipment,
        _l("Shipment"),
        "shipments.show",
        policy.visible_shipments,
        words=SHIPMENT_WORDS,
        values=SHIPMENT_VALUES,
    )
)
frame.room(15, _l("Shipments"), "truck", "shipments.index", policy.READ)


def _pieces_page(
    template: str, base: type[Any], application: Application, *, fills: bool = False, **more: Any
) -> tuple[Any, Any]:
    """A form with the pieces that are still to be sent, and its page.

    The buttons called ``fill`` write all that is left into it, or nothing, and so do the pages
    that say ``fills`` at first; ``more`` stands in its other fields.
    """
    lines = [row for row in queries.lines_of(application) if row.QuoteLine and row.QuoteLine.rest]
    rests = {row.QuoteLine.id: row.QuoteLine.rest for row in lines}
    numbers = {row.QuoteLine.id: row.sent_number for row in lines}
    form = forms.pieces_form(base, rests, numbers)(data={"seen": application.version} | more)
    if fill := request.form.get("fill", "all" if fills else ""):
        forms.fill(form, rests if fill == "all" else dict.fromkeys(rests))

    def page(**shown: Any) -> ResponseReturnValue:
        status = form.status if request.method == "POST" else 200
        if status == 422 and not any(form[f"pieces-{line_id}"].errors for line_id in rests):
            its = {row.QuoteLine.id: row.QuoteLine for row in lines}
            form.complain(shipping.wrong_pieces(form.pieces(), its))
        form.now_shows(application.version)
        return render(
            template,
            status=status,
            application=application,
            form=form,
            lines=lines,
            quote=quoting.current_quote(application),
            dealer=queries.dealer_of(application),
            **shown,
        )

    return form, page


def _ship_page(application: Application) -> tuple[Any, Any]:
    more = {
        "carrier": shipment_queries.last_carrier(application),
        "shipped_on": now().date(),
    }
    return _pieces_page(
        "shipments/new.html", forms.ShipForm, application, fills=not request.form, **more
    )


def _cancel_page(application: Application) -> tuple[Any, Any]:
    return _pieces_page("shipments/cancel.html", forms.CancelForm, application)


@pages.get("/applications/<name>/ship", needs=policy.SHIP)
def new(name: str) -> ResponseReturnValue:
    """What is still to be sent."""
    application = load(Application, name)
    if not application.workflow.find("ship", application.status):
        return views.too_late(application)
    _form, page = _ship_page(application)
    answer: ResponseReturnValue = page()
    return answer


@pages.post("/applications/<name>/ship", needs=policy.SHIP)
def send(name: str) -> ResponseReturnValue:
    """Send it (A7); or write all that is left into the form, or nothing."""
    application = load(Application, name)
    form, page = _ship_page(application)

    def do() -> Shipment:
        seen = form.seen.data
        return shipping.ship(application, form.consignment(), seen=seen, by=actor(), now=now())

    told = _("It is on its way. The dealer confirms that it arrived.")
    taken = None if "fill" in request.form else steps.taken(application, form, do, told=told)
    answer: ResponseReturnValue = taken or page()
    return answer


@pages.get("/applications/<name>/cancel-lines", needs=policy.SHIP)
def cancelling(name: str) -> ResponseReturnValue:
    """What is still to be sent, to cancel it."""
    application = load(Application, name)
    if not application.workflow.find("cancel_some", application.status):
        return views.too_late(application)
    _form, page = _cancel_page(application)
    answer: ResponseReturnValue = page()
    return answer


@pages.post("/applications/<name>/cancel-lines", needs=policy.SHIP)
def cancel(name: str) -> ResponseReturnValue:
    """Cancel what cannot be sent; it is refunded exactly (A7), once the refund was shown."""
    application = load(Application, name)
    form, page = _cancel_page(application)
    asked = {"reason": form.reason.data or "", "seen": form.seen.data, "by": actor()}

    def do() -> None:
        shipping.cancel_lines(application, form.pieces(), **asked, now=now())

    due = None
    if "fill" not in request.form and form.validate_on_submit():
        with form.refusals():
            due = shipping.preview(application, form.pieces(), **asked)
    taken = None
    if due and due.refund == form.agreed.data:
        told = _("Cancelled. The amount is on the dealer's account again.")
        taken = steps.taken(application, form, do, told=told)
    elif due:
        form.agreed.raw_data = [str(due.refund)]
    answer: ResponseReturnValue = taken or page(due=due)
    return answer


def _shown() -> lists.Selection:
    """What the URL asks for of the shipments."""
    tab = lists.current(shipment_queries.TABS)
    statement = shipment_queries.listed(actor(), lists.typed(), tab)
    return lists.Selection(statement, Shipment.created_at, Shipment.id)


@pages.get("/shipments", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of shipments."""
    tabs, scope = shipment_queries.TABS, shipment_queries.scope(actor(), lists.typed())
    return render(
        "shipments/list.html",
        fragments={"results"},
        q=lists.typed(),
        tab=lists.current(tabs).name,
        listed=_shown().page(),
        tabs=lists.tab_items(tabs, lists.counts(Shipment, scope, tabs)),
        state=lists.states(Shipment.workflow),
        report_state=lists.states(DeliveryReport.workflow),
    )


@exports.offers(pages, "/shipments", of="shipments.index", needs=policy.READ)
def export() -> exports.Table:
    """The shipments as the list shows them."""
    report = exports.states(DeliveryReport.workflow)
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(Shipment.workflow)),
        Column(_("Delivery report"), "report_status", lambda status: status and report(status)),
        Column(_("Application"), "application_number"),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Carrier"), "carrier"),
        Column(_("Tracking number"), "tracking_number"),
        Column(_("Pieces"), "pieces", int),
        Column(_("Shipped on"), "shipped_on"),
        Column(_("Due"), "due_at", exports.moments()),
    ]
    return exports.Table(_("Shipments"), _shown().whole, columns)


def _shipment_page(shipment: Shipment, form: ActionForm | None = None) -> ResponseReturnValue:
    application = session.get_one(Application, shipment.application_id)
    lines = shipment_queries.lines_of(shipment)
    pieces = sum(row.ShipmentLine.sent for row in lines)
    report = shipment_queries.report_of(shipment)
    return render(
        "shipments/show.html",
        status=form.status if form else 200,
        shipment=shipment,
        application=application,
        dealer=queries.dealer_of(application),
        state=Shipment.workflow.state(shipment.status),
        steps=steps.of(shipment, {"receive": "shipments.receive", "report": "receipts.new"}),
        asks={
            "receive": ngettext(
                "You confirm that all of it arrived: %(num)d piece.",
                "You confirm that all of it arrived: %(num)d pieces.",
                pieces,
            )
        },
        lines=lines,
        report=report,
        report_state=report and DeliveryReport.workflow.state(report.status),
        to_register=queries.pieces_to_register(application, actor())
        if shipment.status == "received"
        else 0,
        entries=timeline.of(shipment),
        late=compensation.of_shipment(shipment),
        compensation_state=Compensation.workflow.state,
        form=form,
    )


@pages.get("/shipments/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One shipment."""
    return _shipment_page(load(Shipment, name))


@pages.post("/shipments/<name>/receive", needs=policy.RECEIVE)
def receive(name: str) -> ResponseReturnValue:
    """Confirm that all of it arrived (A8)."""
    # Not locked yet: the service locks the application's row before the shipment's.
    shipment = find(Shipment, name, actor())
    form = steps.form_for("receive")

    def do() -> None:
        receipt.receive(shipment, seen=form.seen.data, by=actor(), now=now())

    answer = steps.taken(shipment, form, do, told=lambda: _received(shipment))
    return answer or _shipment_page(shipment, form)


def _received(shipment: Shipment) -> str:
    """What happened, and what happens next."""
    application = session.get_one(Application, shipment.application_id)
    if queries.pieces_to_register(application, actor()):
        return str(_("Received. Next, register the old parts that it replaces."))
    return str(_("Received. Nothing more is to be done."))


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Shipments by number, tracking number or carrier, or by the number of their report."""
    if who.can(policy.READ):
        for row in shipment_queries.found(who, text):
            yield frame.Find(
                _l("Shipment"),
                row.number,
                f"{row.dealer_name} · {row.carrier} {row.tracking_number}",
                url_for("shipments.show", name=row.public_id),
            )
