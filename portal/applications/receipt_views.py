"""The pages of the receipt: what arrived well, what did not, and what is done about it (A8)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.applications import forms, policy, queries, receipt, shipment_queries
from portal.applications.history import REPORT_VALUES, REPORT_WORDS
from portal.applications.models import Application, DeliveryReport, Shipment
from portal.core.db import session
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files.queries import of_document
from portal.files.views import linked, with_uploads
from portal.web import frame, steps, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("receipts", __name__)
register(
    DocumentKind(
        DeliveryReport,
        _l("Delivery report"),
        "receipts.show",
        policy.visible_reports,
        words=REPORT_WORDS,
        values=REPORT_VALUES,
    )
)


def _report_page(shipment: Shipment, form: Any) -> ResponseReturnValue:
    form.now_shows(shipment.version)
    return render(
        "shipments/report_form.html",
        status=form.status,
        shipment=shipment,
        lines=shipment_queries.lines_of(shipment),
        form=form,
    )


@pages.get("/shipments/<name>/report", needs=policy.RECEIVE)
def new(name: str) -> ResponseReturnValue:
    """What is missing or damaged, line by line."""
    shipment = load(Shipment, name)
    if not shipment.workflow.find("report", shipment.status):
        flash(str(WrongState()), "warning")
        return go("shipments.show", name=name)
    form = forms.report_form(shipment_queries.lines_of(shipment))
    return _report_page(shipment, form(data={"seen": shipment.version}))


@pages.post("/shipments/<name>/report", needs=policy.RECEIVE, own_transactions=True)
@with_uploads("photos")
def report(name: str) -> ResponseReturnValue:
    """Confirm the receipt of the rest, and report it (A8)."""
    # Not locked yet: the service locks the application's row before the shipment's.
    shipment = find(Shipment, name, actor())
    form = forms.report_form(shipment_queries.lines_of(shipment))()

    def do() -> DeliveryReport:
        return receipt.report(
            shipment,
            form.found(),
            remark=form.remark.data or "",
            photos=form.photos.data,
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    told = _("Reported. Headquarters sends it again, or refunds it.")
    return steps.taken(shipment, form, do, told=told) or _report_page(shipment, form)


def _page(document: DeliveryReport, form: Any = None) -> ResponseReturnValue:
    shipment = session.get_one(Shipment, document.shipment_id)
    application = session.get_one(Application, shipment.application_id)
    lines = [row for row in shipment_queries.lines_of(shipment) if row.ShipmentLine.unwell]
    may_settle = document.status == "open" and actor().can(policy.SETTLE)
    if form is None and may_settle:
        form = forms.settle_form(lines)(data={"seen": document.version})
    if form:
        form.now_shows(document.version)
    return render(
        "shipments/report.html",
        status=form.status if request.method == "POST" else 200,
        report=document,
        shipment=shipment,
        application=application,
        dealer=queries.dealer_of(application),
        state=document.workflow.state(document.status),
        lines=lines,
        photos=linked(of_document(document)),
        entries=timeline.of(document),
        form=form,
        may_settle=may_settle,
    )


@pages.get("/delivery-reports/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One report of what is missing or damaged."""
    return _page(load(DeliveryReport, name))


@pages.post("/delivery-reports/<name>/settle", needs=policy.SETTLE)
def settle(name: str) -> ResponseReturnValue:
    """Send again or refund, line by line (A8)."""
    # Not locked yet: the service locks the application's row before the report's.
    document = find(DeliveryReport, name, actor())
    shipment = session.get_one(Shipment, document.shipment_id)
    form = forms.settle_form(shipment_queries.lines_of(shipment))()

    def do() -> None:
        receipt.settle(
            document,
            form.decisions(),
            reason=form.reason.data or "",
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    told = _("Resolved. The dealer is told.")
    return steps.taken(document, form, do, told=told) or _page(document, form)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The shipments that wait for their dealer, and the reports that wait for headquarters."""
    if who.can(policy.RECEIVE):
        row = shipment_queries.arriving(who, at)
        url = url_for("shipments.index", tab="sent")
        label = _l("Shipments to confirm on arrival")
        yield frame.Task(label, row.number, url, row.first, row.late)
    if who.can(policy.SETTLE):
        count = shipment_queries.to_settle()
        url = url_for("shipments.index", tab="reported")
        yield frame.Task(_l("Delivery reports to resolve"), count, url)
