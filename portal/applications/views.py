"""The pages of parts applications and shipments."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from flask import Flask, flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.applications import checks as checks  # ledger verify finds them
from portal.applications import forms, policy, queries, services
from portal.applications.history import ALONE, SHIPMENT_WORDS, VALUES, WORDS
from portal.applications.models import Application, Shipment
from portal.catalogue.queries import find_parts, prices_of, successors_of
from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import AnyRow, in_transaction, reading, session
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import NotFound, TooLittleMoney, WrongState
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.ledger import policy as ledger_policy
from portal.ledger import queries as ledger
from portal.ledger.kinds import KINDS
from portal.web import filters, frame, languages, lists, presses, timeline
from portal.web.forms import ActionForm, SelectChoice, clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

log = structlog.get_logger()
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
register(
    DocumentKind(
        Shipment,
        _l("Shipment"),
        "applications.shipment",
        policy.visible_shipments,
        words=SHIPMENT_WORDS,
    )
)
frame.room(10, _l("Applications"), "applications", "applications.index", policy.READ)
frame.room(15, _l("Shipments"), "truck", "applications.shipments", policy.READ)

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
    "submit": "edit",
    "quote": "quote",
    "ship": "ship",
    "cancel_some": "cancel_lines",
}
"""Steps that have a page of their own, by its endpoint."""
_DIRECT = ("return", "reject", "withdraw", "requote", "cancel", "release")
_DONE = {
    "return": _l("Returned. The dealer corrects it and submits it again."),
    "reject": _l("Rejected. The dealer is told why."),
    "withdraw": _l("Withdrawn. Nobody waits for it any more."),
    "requote": _l("Headquarters is asked for a new quote."),
    "cancel": _l("Cancelled. The reserved money is available to the dealer again."),
    "release": _l("Released. The warehouse can ship it now."),
}
"""What a step did, and what happens next."""


@pages.get("/applications", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of applications."""
    text = clean(request.args.get("q", ""))[:100]
    tabs = queries.tabs_for(actor())
    rows, counts, values = queries.asked(actor(), text)
    return render(
        "applications/list.html",
        fragments={"results"},
        whole=lambda: {"tabs": lists.tab_items(tabs, lists.counted(counts, values))},
        listed=lists.page(
            rows,
            Application.created_at,
            Application.id,
            tab=lists.current(tabs),
            values=values,
        ),
        q=text,
        state=lists.states(Application.workflow),
    )


@pages.post("/applications/new", needs=policy.WRITE)
def new() -> ResponseReturnValue:
    """Begin a draft, for the contact and the address of the dealer's last application."""
    application = services.start(queries.last_delivery(actor()), by=actor(), now=now())
    return go("applications.edit", name=application.public_id)


def _page(
    application: Application, form: ActionForm | None = None, **more: Any
) -> ResponseReturnValue:
    """The document page; a refused step shows why above it."""
    state = Application.workflow.state(application.status)
    quotes = queries.quotes_of(application)
    shipments = queries.shipments_of(application)
    status = form.status if form else 200
    return render(
        "applications/show.html",
        status=status,
        application=application,
        state=state,
        main_line=[(name, Application.workflow.state(name).label) for name in MAIN_LINE],
        steps=_steps(application),
        dealer=queries.dealer_of(application),
        lines=queries.lines_of(application),
        quote=quotes[0] if quotes else None,
        earlier=quotes[1:],
        shipments=shipments,
        shipment_state=Shipment.workflow.state,
        entries=timeline.of(application),
        typed_rows=forms.typed_rows(application.typed),
        form=form,
        arriving=_arriving(shipments),
        to_register=queries.pieces_to_register(application, actor()) if shipments else 0,
        money_entries=_entries(application) if quotes else (),
        kinds=KINDS,
        may_confirm=application.status == "quoted" and actor().can(policy.CONFIRM),
        **more,
    )


def _arriving(shipments: Sequence[Shipment]) -> Shipment | None:
    """The first shipment whose receipt this person may confirm."""
    if not actor().can(policy.RECEIVE):
        return None
    return next((sent for sent in shipments if sent.status == "sent"), None)


def _entries(application: Application) -> Sequence[AnyRow]:
    """The entries that an application caused, for whoever sees the ledger."""
    return ledger.caused_by(application, actor()) if actor().can(ledger_policy.READ) else ()


def _steps(application: Application) -> list[tuple[Any, str]]:
    name = application.public_id
    steps = []
    for step in Application.workflow.available(application.status, actor()):
        if step.name in _OWN_PAGES:
            steps.append((step, url_for(f"applications.{_OWN_PAGES[step.name]}", name=name)))
        elif step.name in _DIRECT:
            steps.append((step, url_for("applications.act", name=name, step=step.name)))
    return steps


@pages.get("/applications/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One application."""
    return _page(load(Application, name))


@pages.post("/applications/<name>/steps/<step>", needs=policy.READ)
def act(name: str, step: str) -> ResponseReturnValue:
    """A step that needs nothing but a press and perhaps a reason."""
    application = load(Application, name)
    known = Application.workflow.named(step)
    if step not in _DIRECT or known is None:
        raise NotFound()
    actor().must(known.capability)
    form = ActionForm()
    if form.validate_on_submit():
        with form.refusals():
            seen = form.seen.data
            if step == "release":
                services.release(application, seen=seen, by=actor(), now=now())
            else:
                services.step(
                    application,
                    step,
                    seen=seen,
                    reason=form.reason.data or "",
                    by=actor(),
                    now=now(),
                )
            is_draft = application.number is None
            flash(_("The draft is discarded.") if is_draft else str(_DONE[step]), "success")
            return go("applications.show", name=name)
    return _page(application, form)


@pages.post("/applications/<name>/confirm", needs=policy.CONFIRM)
def confirm(name: str) -> ResponseReturnValue:
    """Confirm the quote that was seen (A4, A5)."""
    application = load(Application, name)
    form = forms.ConfirmForm()
    missing = None
    if form.validate_on_submit():
        with form.refusals():
            try:
                services.confirm(
                    application,
                    quote_version=form.quote_version.data,
                    seen=form.seen.data,
                    by=actor(),
                    now=now(),
                )
            except TooLittleMoney as refusal:
                missing = refusal.missing
                raise
            flash(_confirmed(application), "success")
            return go("applications.show", name=name)
    return _page(application, form, missing=missing)


def _confirmed(application: Application) -> str:
    if application.status == "released":  # by policy at once (A6)
        return str(_DONE["release"])
    return str(
        _(
            "Confirmed. %(amount)s are reserved until headquarters releases them.",
            amount=filters.money(application.total),
        )
    )


def _estimate(typed: dict[str, str]) -> dict[str, Any]:
    """What the typed lines would cost at today's list, as far as they can be read (A1)."""
    rows = [row for row in forms.typed_rows(typed) if row["part"]]
    parts = find_parts([row["part"] for row in rows])
    prices = prices_of([part.id for part in parts.values()], now().date())
    lines, total = [], 0
    for row in rows:
        part = parts.get(row["part"])
        price = prices.get(part.id) if part else None
        quantity = int(row["quantity"]) if row["quantity"].isdecimal() else 0
        amount = price.cost * quantity if price and quantity <= services.MOST_PIECES else None
        total += amount or 0
        lines.append({"typed": row, "part": part, "price": price, "amount": amount})
    return {"lines": lines, "total": total}


def _form_page(
    application: Application, form: forms.ApplicationForm, status: int = 200
) -> ResponseReturnValue:
    typed = forms.as_typed(request.form) if request.method == "POST" else application.typed
    form.now_shows(application.version)
    return render(
        "applications/form.html",
        fragments={"lines", "estimate"},
        status=status,
        application=application,
        form=form,
        estimate=_estimate(typed),
    )


@pages.get("/applications/<name>/edit", needs=policy.WRITE)
def edit(name: str) -> ResponseReturnValue:
    """The form, as it was left."""
    application = load(Application, name)
    if not application.workflow.find("submit", application.status):
        flash(_("This application can no longer be edited."), "info")
        return go("applications.show", name=name)
    return _form_page(application, forms.of_typed(application.typed, application.version))


@pages.post("/applications/<name>/edit", needs=policy.WRITE, keeps_refused=True)
def write(name: str) -> ResponseReturnValue:
    """Keep what is typed; then add or remove a line, or submit."""
    application = load(Application, name)
    wish = request.form.get("do", "save")
    typed = forms.as_typed(request.form)
    form = forms.ApplicationForm()
    if wish == "submit":
        return _submit(application, form, typed)
    typed = _with_wish(typed, wish)
    last = len(forms.typed_rows(typed)) - 1
    return _save(application, form, typed, f"lines-{last}-part" if wish == "add" else "lines")


def _with_wish(typed: dict[str, str], wish: str) -> dict[str, str]:
    rows = forms.typed_rows(typed)
    if wish == "add":
        rows.append(dict(forms.NEW_LINE))
    else:
        rows = [row for index, row in enumerate(rows) if wish != f"remove-{index}"]
    return forms.with_rows(typed, rows)


def _save(
    application: Application, form: forms.ApplicationForm, typed: dict[str, str], then: str
) -> ResponseReturnValue:
    """Keep what is typed, and go to an anchor; a script that saves goes on with its page."""
    goes_on = request.headers.get("HX-Request") == "true"
    with form.refusals():
        _keep(application, form, typed, leaves=not goes_on)
    if form.status != 200:
        return _form_page(application, form, form.status)
    if goes_on:
        return _form_page(application, forms.of_typed(typed, application.version))
    return go("applications.edit", name=application.public_id, _anchor=then)


def _keep(
    application: Application, form: forms.ApplicationForm, typed: dict[str, str], *, leaves: bool
) -> None:
    services.save(
        application,
        typed,
        seen=form.version,
        page=presses.key(),
        leaves=leaves,
        by=actor(),
        now=now(),
    )


def _submit(
    application: Application, form: forms.ApplicationForm, typed: dict[str, str]
) -> ResponseReturnValue:
    """Submit; whatever is refused, what was typed is kept (A1)."""
    parts = find_parts([row.part.data or "" for row in form.lines])
    asked = form.request({number: part.id for number, part in parts.items()})
    if not form.validate_on_submit():
        form.complain(services.wrong_in(asked.lines, now()))
    else:
        with form.refusals():
            services.submit(
                application,
                asked,
                typed=typed,
                seen=form.version,
                page=presses.key(),
                by=actor(),
                now=now(),
            )
            flash(_("Submitted as %(number)s.", number=application.number), "success")
            return go("applications.show", name=application.public_id)
    if form.status == 422:
        with form.refusals():
            _keep(application, form, typed, leaves=False)
    return _form_page(application, form, form.status)


def _quote_form(
    application: Application, lines: Any, quotes: Any, *, typed: bool
) -> forms.QuoteForm:
    """The form as it was typed, or a quote at list price: what was asked, or quoted before."""
    last = quotes[0] if quotes else None
    return forms.QuoteForm(
        formdata=request.form if typed else None,
        data={
            "seen": application.version,
            "freight": last.freight if last else None,
            "packing": last.packing if last else None,
            "promised_on": last.promised_on if last and last.promised_on >= now().date() else None,
            "remark": last.remark if last else "",
            "lines": [
                {
                    "line_id": row.ApplicationLine.id,
                    "part": row.QuoteLine.part_id if row.QuoteLine else row.ApplicationLine.part_id,
                    "quantity": row.QuoteLine.quantity
                    if row.QuoteLine
                    else row.ApplicationLine.quantity,
                    "remark": row.QuoteLine.remark if row.QuoteLine else "",
                }
                for row in lines
            ],
        },
    )


def _quote_page(
    application: Application, form: forms.QuoteForm, lines: Any, status: int = 200
) -> ResponseReturnValue:
    chains = successors_of([row.ApplicationLine.part_id for row in lines])
    ids = {part.id for chain in chains.values() for part in chain}
    prices = prices_of(sorted(ids | {row.ApplicationLine.part_id for row in lines}), now().date())
    for row, entry in zip(lines, form.lines, strict=False):
        asked = row.ApplicationLine.part_id
        part: Any = entry.form.part
        part.choices = [
            SelectChoice(asked, row.asked_number),
            *(SelectChoice(new.id, f"{new.number} · {new.name}") for new in chains[asked]),
        ]
    return render(
        "applications/quote.html",
        status=status,
        application=application,
        form=form,
        lines=lines,
        prices=prices,
        dealer=queries.dealer_of(application),
    )


def _too_late(application: Application) -> ResponseReturnValue:
    """Instead of a form that leads to nothing (any more): the document, and why."""
    flash(str(WrongState()), "warning")
    return go("applications.show", name=application.public_id)


@pages.get("/applications/<name>/quote", needs=policy.QUOTE)
def quote(name: str) -> ResponseReturnValue:
    """The request, and the answer beside it."""
    application = load(Application, name)
    if not application.workflow.find("quote", application.status):
        return _too_late(application)
    lines = queries.lines_of(application)
    form = _quote_form(application, lines, queries.quotes_of(application), typed=False)
    return _quote_page(application, form, lines)


@pages.post("/applications/<name>/quote", needs=policy.QUOTE)
def send_quote(name: str) -> ResponseReturnValue:
    """Send the quote (A3)."""
    application = load(Application, name)
    lines = queries.lines_of(application)
    quotes = queries.quotes_of(application)
    form = _quote_form(application, lines, quotes, typed=True)
    if form.validate_on_submit():
        with form.refusals():
            made = services.quote(
                application, form.answer(), seen=form.seen.data, by=actor(), now=now()
            )
            until = filters.day(made.expires_at)
            flash(_("Sent. The dealer can confirm this quote until %(day)s.", day=until), "success")
            return go("applications.show", name=name)
    form.now_shows(application.version)
    if not form.answers(row.ApplicationLine.id for row in lines):
        # The dealer has corrected the lines meanwhile: these are others.
        form.take_lines(_quote_form(application, lines, quotes, typed=False))
    return _quote_page(application, form, lines, form.status)


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
            quote=services.current_quote(application),
            dealer=queries.dealer_of(application),
        )

    return form, page


@pages.get("/applications/<name>/ship", needs=policy.SHIP)
def ship(name: str) -> ResponseReturnValue:
    """What is still to be sent."""
    application = load(Application, name)
    if not application.workflow.find("ship", application.status):
        return _too_late(application)
    _form, page = _pieces_page("applications/ship.html", forms.ShipForm, application, True)
    answer: ResponseReturnValue = page()
    return answer


@pages.post("/applications/<name>/ship", needs=policy.SHIP)
def do_ship(name: str) -> ResponseReturnValue:
    """Send it (A7)."""
    application = load(Application, name)
    form, page = _pieces_page("applications/ship.html", forms.ShipForm, application, True)
    if form.validate_on_submit():
        with form.refusals():
            shipment = services.ship(
                application, form.consignment(), seen=form.seen.data, by=actor(), now=now()
            )
            flash(
                _(
                    "%(number)s is on its way. The dealer confirms that it arrived.",
                    number=shipment.number,
                ),
                "success",
            )
            return go("applications.shipment", name=shipment.public_id)
    answer: ResponseReturnValue = page()
    return answer


@pages.get("/applications/<name>/cancel-lines", needs=policy.SHIP)
def cancel_lines(name: str) -> ResponseReturnValue:
    """What is still to be sent, to cancel it."""
    application = load(Application, name)
    if not application.workflow.find("cancel_some", application.status):
        return _too_late(application)
    _form, page = _pieces_page("applications/cancel.html", forms.CancelForm, application, False)
    answer: ResponseReturnValue = page()
    return answer


@pages.post("/applications/<name>/cancel-lines", needs=policy.SHIP)
def do_cancel_lines(name: str) -> ResponseReturnValue:
    """Cancel what cannot be sent; it is refunded exactly (A7)."""
    application = load(Application, name)
    form, page = _pieces_page("applications/cancel.html", forms.CancelForm, application, False)
    if form.validate_on_submit():
        with form.refusals():
            services.cancel_lines(
                application,
                form.pieces(),
                reason=form.reason.data or "",
                seen=form.seen.data,
                by=actor(),
                now=now(),
            )
            flash(_("Cancelled. The amount is on the dealer's account again."), "success")
            return go("applications.show", name=name)
    answer: ResponseReturnValue = page()
    return answer


@pages.get("/shipments", needs=policy.READ)
def shipments() -> ResponseReturnValue:
    """The list of shipments."""
    tabs = queries.SHIPMENT_TABS
    statement = queries.shipments_listed(actor(), lists.current(tabs))
    scope = queries.shipment_scope(actor())
    return render(
        "applications/shipments.html",
        listed=lists.page(statement, Shipment.created_at, Shipment.id),
        tabs=lists.tab_items(tabs, lists.counts(Shipment, scope, tabs)),
        state=lists.states(Shipment.workflow),
    )


def _shipment_page(shipment: Shipment, form: ActionForm | None = None) -> ResponseReturnValue:
    application = session.get_one(Application, shipment.application_id)
    steps = [
        (step, url_for("applications.receive", name=shipment.public_id))
        for step in Shipment.workflow.available(shipment.status, actor())
    ]
    lines = queries.shipment_lines(shipment)
    pieces = sum(row.ShipmentLine.quantity for row in lines)
    return render(
        "applications/shipment.html",
        status=form.status if form else 200,
        shipment=shipment,
        application=application,
        dealer=queries.dealer_of(application),
        state=Shipment.workflow.state(shipment.status),
        steps=steps,
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
def shipment(name: str) -> ResponseReturnValue:
    """One shipment."""
    return _shipment_page(load(Shipment, name))


@pages.post("/shipments/<name>/receive", needs=policy.RECEIVE)
def receive(name: str) -> ResponseReturnValue:
    """Confirm that it arrived (A8)."""
    # Not locked yet: the service locks the application's row before the shipment's.
    shipment = find(Shipment, name, actor())
    form = ActionForm()
    if form.validate_on_submit():
        with form.refusals():
            services.receive(shipment, seen=form.seen.data, by=actor(), now=now())
            flash(_received(shipment), "success")
            return go("applications.shipment", name=name)
    return _shipment_page(shipment, form)


def _received(shipment: Shipment) -> str:
    """What happened, and what happens next."""
    application = session.get_one(Application, shipment.application_id)
    if queries.pieces_to_register(application, actor()):
        return str(_("Received. Next, register the old parts that it replaces."))
    return str(_("Received. Nothing more is to be done."))


_WAITING = (
    (policy.WRITE, "draft", _l("Drafts and returned applications to finish")),
    (policy.CONFIRM, "quoted", _l("Quotes to confirm")),
    (policy.QUOTE, "submitted", _l("Applications to quote")),
    (policy.RELEASE, "confirmed", _l("Confirmed applications to release")),
    (policy.SHIP, "released", _l("Applications to ship")),
)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The applications and shipments that wait for somebody."""
    for capability, tab, label in _WAITING:
        if who.can(capability):
            row = queries.waiting(who, tab, at)
            url = url_for("applications.index", tab=tab)
            yield frame.Task(label, row.number, url, row.first, row.late)
    if who.can(policy.RECEIVE):
        count = queries.shipments_waiting(who)
        yield frame.Task(
            _l("Shipments to confirm on arrival"),
            count,
            url_for("applications.shipments", tab="sent"),
        )


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


@jobs.timer("expire quotes")
def _expire(clock: Clock) -> None:
    """Let quotes expire that nobody confirmed in time, each in a transaction of its own."""
    with reading():
        due = list(queries.expired(clock.now()))
    for application in due:
        try:
            in_transaction(partial(services.expire, application, now=clock.now()))
        except Exception:
            # The others expire all the same; this one is tried again in the next round.
            log.exception("quote did not expire", application=application.number)


def init_app(app: Flask) -> None:
    """Let templates name a part in the reader's language."""
    app.add_template_filter(_part_name, "part_name")


def _part_name(row: Any, prefix: str = "") -> str:
    names = {"zh-Hans": f"{prefix}name_zh", "pl": f"{prefix}name_pl"}
    return str(
        getattr(row, names.get(languages.code(), f"{prefix}name")) or getattr(row, f"{prefix}name")
    )
