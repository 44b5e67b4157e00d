"""The pages on which a dealer writes an application (A1)."""

from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.applications import forms, policy, queries, services
from portal.applications.models import Application
from portal.catalogue.queries import find_parts, prices_of
from portal.core.i18n import _
from portal.web import presses
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("drafts", __name__)


@pages.post("/applications/new", needs=policy.WRITE)
def new() -> ResponseReturnValue:
    """Begin a draft, for the contact and the address of the dealer's last application."""
    application = services.start(queries.last_delivery(actor()), by=actor(), now=now())
    return go("drafts.edit", name=application.public_id)


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
    return go("drafts.edit", name=application.public_id, _anchor=then)


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
