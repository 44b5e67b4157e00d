"""The pages of shipments: what the warehouse sends, cancels, and what arrives (A7, A8)."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from portal.applications import compensation, forms, policy, queries, quoting, shipping, views
from portal.applications.compensation_models import Compensation
from portal.applications.history import SHIPMENT_WORDS
from portal.applications.models import Application, Shipment
from portal.core.db import session
from portal.core.documents import DocumentKind, find, register
from portal.core.i18n import _, _l, ngettext
from portal.web import frame, lists, steps, timeline
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
    )
)
frame.room(15, _l("Shipments"), "truck", "shipments.index", policy.READ)


def _to_send(lines: Any) -> dict[int, int]:
    """What each quoted line still has to send."""
    rests = {
        row.QuoteLine.id: row.QuoteLine.quantity - row.QuoteLine.shipped - row.QuoteLine.cancelled
        for row in lines
        if row.QuoteLine
    }
    return {line_id: rest for line_id, rest in rests.items() if rest}


def _pieces_page(
    template: str, base: type[Any], application: Application, defaults: bool
) -> tuple[Any, Any]:
    lines = queries.lines_of(application)
    rests = _to_send(lines)
    numbers = {row.QuoteLine.id: row.sent_number for row in lines if row.QuoteLine}
    form = forms.pieces_form(base, rests, numbers)(
        data={
            "seen": application.version,
            "shipped_on": now().date(),
            **({f"pieces-{line_id}": rest for line_id, rest in rests.items()} if defaults else {}),
        }
    )

    def page() -> ResponseReturnValue:
        status = form.status if request.method == "POST" else 200
        form.now_shows(application.version)
        return render(
            template,
            status=status,
            application=application,
            form=form,
            lines=lines,
            rests=rests,
            quote=quoting.current_quote(application),
            dealer=queries.dealer_of(application),
        )

    return form, page


@pages.get("/applications/<name>/ship", needs=policy.SHIP)
def new(name: str) -> ResponseReturnValue:
    """What is still to be sent."""
    application = load(Application, name)
    if not application.workflow.find("ship", application.status):
        return views.too_late(application)
    _form, page = _pieces_page("shipments/new.html", forms.ShipForm, application, True)
    answer: ResponseReturnValue = page()
    return answer


@pages.post("/applications/<name>/ship", needs=policy.SHIP)
def send(name: str) -> ResponseReturnValue:
    """Send it (A7)."""
    application = load(Application, name)
    form, page = _pieces_page("shipments/new.html", forms.ShipForm, application, True)

    def do() -> Shipment:
        seen = form.seen.data
        return shipping.ship(application, form.consignment(), seen=seen, by=actor(), now=now())

    told = _("It is on its way. The dealer confirms that it arrived.")
    answer: ResponseReturnValue = steps.taken(application, form, do, told=told) or page()
    return answer


@pages.get("/applications/<name>/cancel-lines", needs=policy.SHIP)
def cancelling(name: str) -> ResponseReturnValue:
    """What is still to be sent, to cancel it."""
    application = load(Application, name)
    if not application.workflow.find("cancel_some", application.status):
        return views.too_late(application)
    _form, page = _pieces_page("shipments/cancel.html", forms.CancelForm, application, False)
    answer: ResponseReturnValue = page()
    return answer


@pages.post("/applications/<name>/cancel-lines", needs=policy.SHIP)
def cancel(name: str) -> ResponseReturnValue:
    """Cancel what cannot be sent; it is refunded exactly (A7)."""
    application = load(Application, name)
    form, page = _pieces_page("shipments/cancel.html", forms.CancelForm, application, False)

    def do() -> None:
        shipping.cancel_lines(
            application,
            form.pieces(),
            reason=form.reason.data or "",
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    told = _("Cancelled. The amount is on the dealer's account again.")
    answer: ResponseReturnValue = steps.taken(application, form, do, told=told) or page()
    return answer


@pages.get("/shipments", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of shipments."""
    tabs = queries.SHIPMENT_TABS
    statement = queries.shipments_listed(actor(), lists.current(tabs))
    scope = queries.shipment_scope(actor())
    return render(
        "shipments/list.html",
        listed=lists.page(statement, Shipment.created_at, Shipment.id),
        tabs=lists.tab_items(tabs, lists.counts(Shipment, scope, tabs)),
        state=lists.states(Shipment.workflow),
    )


def _shipment_page(shipment: Shipment, form: ActionForm | None = None) -> ResponseReturnValue:
    application = session.get_one(Application, shipment.application_id)
    lines = queries.shipment_lines(shipment)
    pieces = sum(row.ShipmentLine.quantity for row in lines)
    return render(
        "shipments/show.html",
        status=form.status if form else 200,
        shipment=shipment,
        late=compensation.of_shipment(shipment),
        compensation_state=Compensation.workflow.state,
        application=application,
        dealer=queries.dealer_of(application),
        state=Shipment.workflow.state(shipment.status),
        steps=steps.of(shipment, {"receive": "shipments.receive"}),
        asks={
            "receive": ngettext(
                "You confirm that all of it arrived: %(num)d piece.",
                "You confirm that all of it arrived: %(num)d pieces.",
                pieces,
            )
        },
        lines=lines,
        to_register=queries.pieces_to_register(application, actor())
        if shipment.status == "received"
        else 0,
        entries=timeline.of(shipment),
        form=form,
    )


@pages.get("/shipments/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One shipment."""
    return _shipment_page(load(Shipment, name))


@pages.post("/shipments/<name>/receive", needs=policy.RECEIVE)
def receive(name: str) -> ResponseReturnValue:
    """Confirm that it arrived (A8)."""
    # Not locked yet: the service locks the application's row before the shipment's.
    shipment = find(Shipment, name, actor())
    form = steps.form_for("receive")

    def do() -> None:
        shipping.receive(shipment, seen=form.seen.data, by=actor(), now=now())

    answer = steps.taken(shipment, form, do, told=lambda: _received(shipment))
    return answer or _shipment_page(shipment, form)


def _received(shipment: Shipment) -> str:
    """What happened, and what happens next."""
    application = session.get_one(Application, shipment.application_id)
    if queries.pieces_to_register(application, actor()):
        return str(_("Received. Next, register the old parts that it replaces."))
    return str(_("Received. Nothing more is to be done."))
