"""The pages of the quote: headquarters makes it, the dealer confirms it (A3–A5)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.applications import clocks, forms, policy, queries, quote_queries, quoting, views
from portal.applications.answers import Basis, basis_of
from portal.applications.commands import Answer
from portal.applications.differences import Change, Figures, LineFigures, changes
from portal.applications.models import Application, Quote
from portal.applications.warranty import eligibility_of
from portal.core import documents
from portal.core.db import AnyRow, reading
from portal.core.errors import NotFound
from portal.core.i18n import _
from portal.web import filters, steps
from portal.web.forms import SelectChoice
from portal.web.htmx import render, wanted
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("quotes", __name__)
SUMS = "sums"
"""The block with what an answer comes to."""


# The dealer confirms


@pages.post("/applications/<name>/confirm", needs=policy.CONFIRM)
def confirm(name: str) -> ResponseReturnValue:
    """Confirm the quote that was seen (A4, A5)."""
    application = load(Application, name)
    form = forms.ConfirmForm()

    def do() -> None:
        quoting.confirm(
            application,
            quote_version=form.quote_version.data,
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    answer = steps.taken(application, form, do, told=lambda: _confirmed(application))
    return answer or views.page(application, form)


def _confirmed(application: Application) -> str:
    if application.status == "released":  # by policy at once (A6)
        return str(steps.told(application, "release"))
    return str(
        _(
            "Confirmed. %(amount)s are reserved until headquarters releases them.",
            amount=filters.money(application.total),
        )
    )


# Headquarters quotes


class Row(NamedTuple):
    """An asked line on the page of its quote: what is typed beside it, and what that comes to.

    Price and amount are in minor units; None where a part has no price, or nothing was read.
    """

    asked: AnyRow
    answer: Any
    cost: int | None
    amount: int | None
    eligibility: Any


class Sums(NamedTuple):
    """What an answer comes to as it is typed, in minor units."""

    parts: int
    freight: int
    packing: int

    @property
    def total(self) -> int:
        return sum(self)


def _quote_form(
    application: Application, lines: Sequence[AnyRow], last: Quote | None, *, typed: bool
) -> forms.QuoteForm:
    """The form as it was typed, or a quote at list price: what was asked, or quoted before."""
    promised_on = last.promised_on if last and last.promised_on >= now().date() else None
    return forms.QuoteForm(
        formdata=request.form if typed else None,
        data={
            "seen": application.version,
            "freight": last.freight if last else None,
            "packing": last.packing if last else None,
            "promised_on": promised_on or clocks.default_promise(now()),
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


def _rows(form: forms.QuoteForm, lines: Sequence[AnyRow], basis: Basis) -> list[Row]:
    """The lines of the page, each with the parts to choose from and what is typed worth."""
    verdicts = eligibility_of((row.ApplicationLine for row in lines), now())
    found = []
    for asked, entry in zip(lines, form.lines, strict=False):
        answer: Any = entry.form
        own, *newer = basis.parts[asked.ApplicationLine.part_id]
        answer.part.choices = [
            SelectChoice(own.id, own.number),
            *(
                SelectChoice(part.id, f"{part.number} · {queries.part_name(part)}")
                for part in newer
            ),
        ]
        cost, quantity = basis.cost(answer.part.data), answer.quantity.data
        amount = None if cost is None or quantity is None else cost * quantity
        found.append(Row(asked, answer, cost, amount, verdicts.get(asked.ApplicationLine.id)))
    return found


def _quote_page(
    application: Application, form: forms.QuoteForm, lines: Sequence[AnyRow], status: int = 200
) -> ResponseReturnValue:
    basis = basis_of([application], now())
    rows = _rows(form, lines, basis)
    versions = quote_queries.versions_of(application)
    quoted = application.status == "quoted"
    theirs = _theirs(form, versions[-1], basis) if quoted and status == 409 else ()
    return render(
        "applications/quote.html",
        fragments={SUMS},
        status=status,
        application=application,
        form=form,
        rows=rows,
        sums=Sums(
            sum(row.amount or 0 for row in rows), form.freight.data or 0, form.packing.data or 0
        ),
        only_sums=wanted({SUMS}) is not None,
        dealer=queries.dealer_of(application),
        versions=versions,
        asked_anew=quote_queries.asked_anew(application),
        corrects=versions[-1] if quoted else None,
        theirs=theirs,
        following=quote_queries.next_to_quote(actor(), application),
    )


def _theirs(form: forms.QuoteForm, sent: quote_queries.Version, basis: Basis) -> list[Change]:
    """What the quote that somebody else sent meanwhile says, and what is typed here."""
    return changes(sent.figures, _as_figures(form.answer(), sent.figures, basis))


def _as_figures(answer: Answer, sent: Figures, basis: Basis) -> Figures:
    numbers = {part.id: part.number for chain in basis.parts.values() for part in chain}
    lines = {
        line.line_id: LineFigures(
            sent.lines[line.line_id].place,
            sent.lines[line.line_id].asked,
            numbers.get(line.part_id, ""),
            line.quantity,
            basis.cost(line.part_id) or 0,
            line.remark,
        )
        for line in answer.lines
        if line.line_id in sent.lines
    }
    fees = answer.freight, answer.packing
    return Figures(lines, *fees, answer.promised_on, answer.remark, basis.total(answer))


@pages.get("/applications/next-to-quote", needs=policy.QUOTE)
def first() -> ResponseReturnValue:
    """The application that is to be answered first (A10)."""
    return _go_on(quote_queries.next_to_quote(actor()))


def _go_on(name: str | None) -> ResponseReturnValue:
    """To the form of the next in the queue, or to the queue if there is none."""
    if name is None:
        flash(_("No application waits for a quote any more."), "success")
        return go("applications.index", tab="submitted")
    return go("quotes.edit", name=name)


@pages.get("/applications/<name>/quote", needs=policy.QUOTE)
def edit(name: str) -> ResponseReturnValue:
    """The request, and the answer beside it; or the answer that was sent, to correct it."""
    application = load(Application, name)
    table = application.workflow
    if not any(table.find(step, application.status) for step in ("quote", "correct")):
        return views.too_late(application)
    lines = queries.lines_of(application)
    form = _quote_form(application, lines, _last(application), typed=False)
    return _quote_page(application, form, lines)


def _last(application: Application) -> Quote | None:
    return next(iter(queries.quotes_of(application)), None)


@pages.post("/applications/<name>/quote/figures", needs=policy.QUOTE, own_transactions=True)
def reckon(name: str) -> ResponseReturnValue:
    """What the answer comes to as it is typed; it locks nothing and sends nothing."""
    with reading():
        application = documents.find(Application, name, actor())
        lines = queries.lines_of(application)
        form = _quote_form(application, lines, None, typed=True)
        if not form.answers(row.ApplicationLine.id for row in lines):
            form.take_lines(_quote_form(application, lines, None, typed=False))
        return _quote_page(application, form, lines)


@pages.post("/applications/<name>/quote", needs=policy.QUOTE)
def send(name: str) -> ResponseReturnValue:
    """Send the quote, or its correction (A3, A4); then perhaps go on to the next in the queue."""
    application = load(Application, name)
    lines = queries.lines_of(application)
    last = _last(application)
    form = _quote_form(application, lines, last, typed=True)
    goes_on = request.form.get("do") == "next"
    following = quote_queries.next_to_quote(actor(), application) if goes_on else None

    # The row is locked: whoever saw another state is told by the version that they saw.
    answers = quoting.correct if application.status == "quoted" else quoting.quote

    def do() -> None:
        answers(application, form.answer(), seen=form.seen.data, by=actor(), now=now())

    answer = steps.taken(application, form, do, told=lambda: _sent(application, goes_on))
    if answer:
        return _go_on(following) if goes_on else answer
    form.now_shows(application.version)
    if not form.answers(row.ApplicationLine.id for row in lines):
        # The dealer has corrected the lines meanwhile: these are others.
        form.take_lines(_quote_form(application, lines, last, typed=False))
    return _quote_page(application, form, lines, form.status)


def _sent(application: Application, goes_on: bool) -> str:
    if goes_on:
        return _("The quote for %(number)s is sent.", number=application.number)
    until = filters.day(quoting.current_quote(application).expires_at)
    return _("Sent. The dealer can confirm this quote until %(day)s.", day=until)


@pages.get("/applications/<name>/quotes/<int:version>", needs=policy.READ)
def show(name: str, version: int) -> ResponseReturnValue:
    """One version of the quote, with what it changed (A4)."""
    application = load(Application, name)
    versions = quote_queries.versions_of(application)
    place = next((at for at, one in enumerate(versions) if one.quote.version == version), None)
    if place is None:
        raise NotFound()
    chosen = versions[place]
    return render(
        "applications/version.html",
        application=application,
        dealer=queries.dealer_of(application),
        versions=versions,
        version=chosen,
        quote=chosen.quote,
        lines=chosen.lines,
        changed=changes(versions[place - 1].figures, chosen.figures) if place else (),
        counts=chosen is versions[-1],
    )
