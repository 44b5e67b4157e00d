"""The pages of customer invoices: recorded, flagged, and what follows (F2, F3)."""

from collections.abc import Iterator
from datetime import datetime

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import session
from portal.core.documents import DocumentKind, register
from portal.core.errors import WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.corrections import policy as correction_policy
from portal.corrections.grounds import Ground, tells_ground
from portal.corrections.models import Correction
from portal.fees import items
from portal.fees import queries as fees
from portal.fees.workflow import UNITS
from portal.files.queries import of_document
from portal.files.views import linked, with_uploads
from portal.invoices import policy, queries, services
from portal.invoices.forms import InvoiceForm, PenaltyForm, services_of
from portal.invoices.history import VALUES
from portal.invoices.models import CustomerInvoice
from portal.people.models import Dealer
from portal.web import exports, filters, frame, languages, lists, steps, timeline
from portal.web.exports import Column
from portal.web.forms import Form
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("invoices", __name__, url_prefix="/invoices")
register(
    DocumentKind(
        CustomerInvoice,
        _l("Customer invoice"),
        "invoices.show",
        policy.visible_invoices,
        values=VALUES,
    )
)
frame.room(46, _l("Customer invoices"), "file", "invoices.index", policy.READ)


def shown() -> lists.Selection:
    """What the URL asks for of the invoices."""
    return lists.Selection(
        queries.listed(actor(), lists.typed()),
        CustomerInvoice.created_at,
        CustomerInvoice.id,
        tab=lists.current(queries.TABS),
    )


def _record_url() -> str | None:
    """Where this person records one."""
    if actor().can(policy.RECORD):
        return url_for("invoices.new")
    return url_for("invoices.whose") if actor().can(policy.REPORT) else None


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of invoices."""
    text = lists.typed()
    numbers = lists.counts(CustomerInvoice, queries.scope(actor(), text), queries.TABS)
    return render(
        "invoices/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(queries.TABS, numbers),
        tab=lists.current(queries.TABS),
        q=text,
        state=lists.states(CustomerInvoice.workflow),
        record_url=_record_url(),
    )


@exports.offers(pages, "", of="invoices.index", needs=policy.READ)
def export() -> exports.Table:
    """The invoices as the list shows them."""
    money = exports.money()
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(CustomerInvoice.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Number on the paper"), "paper_number"),
        Column(_("Invoice date"), "issued_on"),
        Column(_("Customer's name"), "customer_name"),
        Column(_("Invoiced"), "charged", money),
        Column(_("Above the rates"), "above", money),
    ]
    return exports.Table(_("Customer invoices"), shown().whole, columns)


# --- It is recorded -------------------------------------------------------------------------


def _form_page(form: InvoiceForm, dealer: Dealer) -> ResponseReturnValue:
    form.add_blanks()
    _offer(form, dealer)
    return render("invoices/form.html", status=form.status, form=form, dealer=dealer)


def _offer(form: InvoiceForm, dealer: Dealer) -> None:
    schedule = fees.in_force(dealer.id, now().date())
    own = fees.lines_of(schedule, "en") if schedule else ()
    form.offer(services_of(items.offered(), own, languages.code()))


def _record(dealer: Dealer) -> ResponseReturnValue:
    form = InvoiceForm()
    _offer(form, dealer)
    if "more" not in request.form and form.validate_on_submit():
        with form.refusals():
            asked = form.asked(dealer.id, items.offered())
            made = services.record(asked, by=actor(), now=now())
            if made.status == "flagged":
                flash(_("Recorded. It is above the rates: headquarters looks at it."), "warning")
            else:
                flash(_("Recorded. It keeps to the rates in force."), "success")
            return go("invoices.show", name=made.public_id)
    return _form_page(form, dealer)


def _own() -> Dealer:
    return session.get_one(Dealer, actor().dealer_id)


@pages.get("/new", needs=policy.RECORD)
def new() -> ResponseReturnValue:
    """The form for an invoice."""
    return _form_page(InvoiceForm(formdata=None), _own())


@pages.post("/new", needs=policy.RECORD, own_transactions=True)
@with_uploads("files")
def record() -> ResponseReturnValue:
    """Keep it, and check it against the rates in force on its day (F2)."""
    return _record(_own())


@pages.get("/whose", needs=policy.REPORT)
def whose() -> ResponseReturnValue:
    """Headquarters chooses the dealer whose invoice a customer has sent."""
    if name := request.args.get("dealer"):
        return go("invoices.new_of", name=load(Dealer, name).public_id)
    return render("invoices/whose.html", dealers=queries.dealers(actor()))


@pages.get("/of/<name>", needs=policy.REPORT)
def new_of(name: str) -> ResponseReturnValue:
    """The form for an invoice of a dealer's."""
    return _form_page(InvoiceForm(formdata=None), load(Dealer, name))


@pages.post("/of/<name>", needs=policy.REPORT, own_transactions=True)
@with_uploads("files")
def record_of(name: str) -> ResponseReturnValue:
    """Keep what a customer has sent, and check it (F2)."""
    return _record(load(Dealer, name))


# --- One invoice ----------------------------------------------------------------------------


@pages.get("/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One invoice, each line beside its rate."""
    return _page(load(CustomerInvoice, name))


def _page(invoice: CustomerInvoice, form: Form | None = None) -> ResponseReturnValue:
    offered = steps.of(invoice, {"penalize": "invoices.penalty"})
    offered += steps.of(invoice, "invoices.act")
    refusals = {step.name: services.why_not(invoice, step.name, actor()) for step, _url in offered}
    entries = timeline.of(invoice)
    return render(
        "invoices/show.html",
        status=form.status if form else 200,
        invoice=invoice,
        state=CustomerInvoice.workflow.state(invoice.status),
        steps=[(step, url) for step, url in offered if not refusals[step.name]],
        why_not=refusals.get("accept"),
        heading=queries.heading(invoice),
        lines=queries.lines_of(invoice, languages.code()),
        units=UNITS,
        papers=linked(of_document(invoice)),
        verdict=timeline.latest_move(entries) if invoice.status in ("accepted", "voided") else None,
        may_see_penalty=actor().can(correction_policy.READ),
        entries=entries,
        form=form,
    )


@pages.post("/<name>/steps/<step>", needs=policy.READ)
def act(name: str, step: str) -> ResponseReturnValue:
    """Accept what is above the rates, or take back what was recorded by mistake."""
    invoice = load(CustomerInvoice, name)
    answer, form = steps.act(invoice, step, services.act)
    return answer or _page(invoice, form)


@pages.get("/<name>/penalty", needs=correction_policy.PROPOSE)
def penalty(name: str) -> ResponseReturnValue:
    """The form for a penalty, with what is above the rates as its amount."""
    invoice = load(CustomerInvoice, name)
    if invoice.workflow.find("penalize", invoice.status) is None:
        flash(str(WrongState()), "warning")
        return go("invoices.show", name=name)
    amount = invoice.above or None
    data = {"seen": invoice.version, "amount": amount}
    return _penalty_page(invoice, PenaltyForm(formdata=None, data=data))


def _penalty_page(invoice: CustomerInvoice, form: PenaltyForm) -> ResponseReturnValue:
    form.now_shows(invoice.version)
    return render(
        "invoices/penalty.html",
        status=form.status,
        invoice=invoice,
        heading=queries.heading(invoice),
        form=form,
    )


@pages.post("/<name>/penalty", needs=correction_policy.PROPOSE)
def penalize(name: str) -> ResponseReturnValue:
    """Announce it: the dealer may answer, and another one of finance books it (F3, L8)."""
    invoice, form = load(CustomerInvoice, name), PenaltyForm()

    def do() -> Correction:
        amount, reason = form.amount.data, form.reason.data or ""
        seen = form.seen.data
        return services.penalize(invoice, amount, reason, seen=seen, by=actor(), now=now())

    told = _("Announced: the dealer may answer. Another one of finance books it.")
    return steps.taken(invoice, form, do, told=told) or _penalty_page(invoice, form)


@tells_ground
def _ground(correction: Correction, who: Actor) -> Ground | None:
    """The invoice that a penalty is for."""
    found = queries.about(correction, who)
    url = url_for("invoices.show", name=found.public_id) if found else ""
    return Ground(found.number, url) if found else None


@frame.tasks
def _tasks(who: Actor, _at: datetime) -> Iterator[frame.Task]:
    """The invoices above the rates."""
    if who.can(policy.DECIDE) or who.can(correction_policy.PROPOSE):
        url = url_for("invoices.index", tab="flagged")
        yield frame.Task(_l("Customer invoices above the rates"), queries.to_decide(who), url)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Invoices by their numbers, customer or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            state = CustomerInvoice.workflow.state(row.status)
            yield frame.Find(
                _l("Customer invoice"),
                row.number,
                f"{row.customer_name} · {state.label} · {filters.money(row.charged)}",
                url_for("invoices.show", name=row.public_id),
            )
