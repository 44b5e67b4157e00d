"""The pages of the quote: headquarters makes it, the dealer confirms it (A3–A5)."""

from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from portal.applications import forms, policy, queries, quoting, views
from portal.applications.models import Application
from portal.catalogue.queries import prices_of, successors_of
from portal.core.errors import TooLittleMoney
from portal.core.i18n import _
from portal.web import filters, steps
from portal.web.forms import SelectChoice
from portal.web.htmx import render
from portal.web.routes import Pages, actor, load, now

pages = Pages("quotes", __name__)


@pages.post("/applications/<name>/confirm", needs=policy.CONFIRM)
def confirm(name: str) -> ResponseReturnValue:
    """Confirm the quote that was seen (A4, A5)."""
    application = load(Application, name)
    form = forms.ConfirmForm()
    missing = None

    def do() -> None:
        nonlocal missing
        try:
            quoting.confirm(
                application,
                quote_version=form.quote_version.data,
                seen=form.seen.data,
                by=actor(),
                now=now(),
            )
        except TooLittleMoney as refusal:
            missing = refusal.missing
            raise

    answer = steps.taken(application, form, do, told=lambda: _confirmed(application))
    return answer or views.page(application, form, missing=missing)


def _confirmed(application: Application) -> str:
    if application.status == "released":  # by policy at once (A6)
        return str(steps.told(application, "release"))
    return str(
        _(
            "Confirmed. %(amount)s are reserved until headquarters releases them.",
            amount=filters.money(application.total),
        )
    )


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


@pages.get("/applications/<name>/quote", needs=policy.QUOTE)
def edit(name: str) -> ResponseReturnValue:
    """The request, and the answer beside it."""
    application = load(Application, name)
    if not application.workflow.find("quote", application.status):
        return views.too_late(application)
    lines = queries.lines_of(application)
    form = _quote_form(application, lines, queries.quotes_of(application), typed=False)
    return _quote_page(application, form, lines)


@pages.post("/applications/<name>/quote", needs=policy.QUOTE)
def send(name: str) -> ResponseReturnValue:
    """Send the quote (A3)."""
    application = load(Application, name)
    lines = queries.lines_of(application)
    quotes = queries.quotes_of(application)
    form = _quote_form(application, lines, quotes, typed=True)

    def do() -> None:
        quoting.quote(application, form.answer(), seen=form.seen.data, by=actor(), now=now())

    answer = steps.taken(application, form, do, told=lambda: _sent(application))
    if answer:
        return answer
    form.now_shows(application.version)
    if not form.answers(row.ApplicationLine.id for row in lines):
        # The dealer has corrected the lines meanwhile: these are others.
        form.take_lines(_quote_form(application, lines, quotes, typed=False))
    return _quote_page(application, form, lines, form.status)


def _sent(application: Application) -> str:
    until = filters.day(quoting.current_quote(application).expires_at)
    return _("Sent. The dealer can confirm this quote until %(day)s.", day=until)
