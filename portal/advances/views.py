"""The pages of advance compensation: the dealer's request, and headquarters' decision (S4)."""

from collections.abc import Iterator
from datetime import datetime

from flask import flash, url_for
from flask.typing import ResponseReturnValue

from portal.advances import policy, queries, services
from portal.advances.claimed import claimed
from portal.advances.forms import ApprovalForm, RequestForm
from portal.advances.history import VALUES
from portal.advances.models import Advance
from portal.core.documents import DocumentKind, register
from portal.core.errors import WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files.queries import Shown, by_place
from portal.files.views import linked, with_uploads
from portal.web import exports, filters, frame, lists, steps, timeline
from portal.web.exports import Column
from portal.web.forms import Form
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("advances", __name__)
register(
    DocumentKind(
        Advance, _l("Compensation request"), "advances.show", policy.visible_advances, values=VALUES
    )
)
frame.room(32, _l("Compensations"), "user", "advances.index", policy.READ)


def shown() -> lists.Selection:
    """What the URL asks for of the requests."""
    return lists.Selection(
        queries.listed(actor(), lists.typed()),
        Advance.created_at,
        Advance.id,
        tab=lists.current(queries.TABS),
    )


@pages.get("/advances", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of requests."""
    text = lists.typed()
    numbers = lists.counts(Advance, queries.scope(actor(), text), queries.TABS)
    return render(
        "advances/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(queries.TABS, numbers),
        tab=lists.current(queries.TABS),
        q=text,
        state=lists.states(Advance.workflow),
    )


@exports.offers(pages, "/advances", of="advances.index", needs=policy.READ)
def export() -> exports.Table:
    """The requests as the list shows them."""
    money = exports.money()
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(Advance.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Customer's name"), "customer_name"),
        Column(_("Product model"), "product_model"),
        Column(_("Product serial"), "product_serial"),
        Column(_("Amount asked for"), "asked", money),
        Column(_("Approved"), "approved", money),
        Column(_("Requested on"), "created_at", exports.moments()),
    ]
    return exports.Table(_("Customer compensation"), shown().whole, columns)


# --- The dealer's side ----------------------------------------------------------------------


def _form_page(form: RequestForm, advance: Advance | None = None) -> ResponseReturnValue:
    entries = timeline.of(advance) if advance else []
    return render(
        "advances/form.html",
        status=form.status,
        advance=advance,
        verdict=timeline.latest_move(entries),
        evidence=linked(_evidence(advance)) if advance else [],
        form=form,
    )


def _evidence(advance: Advance) -> list[Shown]:
    return by_place(advance).get(services.EVIDENCE, [])


@pages.get("/advances/new", needs=policy.REQUEST)
def new() -> ResponseReturnValue:
    """What the dealer asks for."""
    return _form_page(RequestForm())


@pages.post("/advances/new", needs=policy.REQUEST, own_transactions=True)
@with_uploads("files")
def send() -> ResponseReturnValue:
    """Send it to headquarters (S4)."""
    form = RequestForm()
    if form.validate_on_submit():
        with form.refusals():
            files = form.files.data or ()
            advance = services.request(form.request(), files, by=actor(), now=now())
            flash(_("Sent. Headquarters decides on it, and you are told."), "success")
            return go("advances.show", name=advance.public_id)
    elif not form.files.data:
        form.complain({"files": services.NO_EVIDENCE})
    return _form_page(form)


@pages.get("/advances/<name>/correct", needs=policy.REQUEST)
def correction(name: str) -> ResponseReturnValue:
    """The correction of a returned request."""
    advance = load(Advance, name)
    if advance.workflow.find("correct", advance.status) is None:
        flash(str(WrongState()), "warning")
        return go("advances.show", name=name)
    number = queries.heading(advance).old_part_number
    data = {"seen": advance.version, "old_part": number}
    return _form_page(RequestForm(obj=advance, data=data), advance)


@pages.post("/advances/<name>/correct", needs=policy.REQUEST, own_transactions=True)
@with_uploads("files")
def correct(name: str) -> ResponseReturnValue:
    """Send the correction."""
    advance, form = load(Advance, name), RequestForm()

    def do() -> None:
        seen, files = form.seen.data, form.files.data or ()
        services.correct(advance, form.request(), files, seen=seen, by=actor(), now=now())

    answer = steps.taken(advance, form, do, told=_("The correction was sent."))
    form.now_shows(advance.version)
    return answer or _form_page(form, advance)


# --- One request ----------------------------------------------------------------------------


@pages.get("/advances/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One request with its evidence, what was decided, and the claim that claims it."""
    return _page(load(Advance, name))


def _page(
    advance: Advance, form: Form | None = None, approval: ApprovalForm | None = None
) -> ResponseReturnValue:
    refused = approval or form
    asked = advance.status == "requested" and actor().can(policy.DECIDE)
    if asked and approval is None:
        approval = ApprovalForm(
            formdata=None, data={"seen": advance.version, "amount": advance.asked}
        )
    if approval is not None:
        approval.now_shows(advance.version)
    entries = timeline.of(advance)
    return render(
        "advances/show.html",
        status=refused.status if refused else 200,
        advance=advance,
        state=Advance.workflow.state(advance.status),
        steps=steps.of(advance, {"correct": "advances.correction"})
        + steps.of(advance, "advances.act"),
        heading=queries.heading(advance),
        evidence=linked(_evidence(advance)),
        verdict=timeline.latest_move(entries),
        claim=claimed(advance, actor()) if advance.status == "approved" else None,
        entries=entries,
        form=form,
        refused=refused,
        approval=approval if asked else None,
    )


@pages.post("/advances/<name>/steps/<step>", needs=policy.READ)
def act(name: str, step: str) -> ResponseReturnValue:
    """Withdraw it; return it for correction; reject it."""
    advance = load(Advance, name)
    answer, form = steps.act(advance, step, services.act)
    return answer or _page(advance, form)


@pages.post("/advances/<name>/approve", needs=policy.DECIDE)
def approve(name: str) -> ResponseReturnValue:
    """Let the dealer pay it, or a part of it (S4)."""
    advance, form = load(Advance, name), ApprovalForm()

    def do() -> None:
        amount, reason = form.amount.data, form.reason.data or ""
        seen = form.seen.data
        services.approve(advance, amount, seen=seen, reason=reason, by=actor(), now=now())

    def told() -> str:
        amount = filters.money(advance.approved)
        return _("Approved: the dealer pays at most %(amount)s and claims it.", amount=amount)

    return steps.taken(advance, form, do, told=told) or _page(advance, approval=form)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The requests to decide on, and those to correct."""
    for needs, tab, label in (
        (policy.DECIDE, "requested", _l("Compensations to approve")),
        (policy.REQUEST, "returned", _l("Compensation requests returned for correction")),
    ):
        if who.can(needs):
            url = url_for("advances.index", tab=tab)
            yield frame.Task(label, queries.waiting(who, tab), url)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Requests by their number, customer, product or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            state = Advance.workflow.state(row.status)
            yield frame.Find(
                _l("Compensation request"),
                row.number,
                f"{row.customer_name} · {state.label} · {filters.money(row.asked)}",
                url_for("advances.show", name=row.public_id),
            )
