"""The page of the labour on a draft: by the schedule of service fees, old part by old part (R1)."""

from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.claims import forms, labour, labour_queries, policy, queries
from portal.claims.models import Claim
from portal.core.errors import WrongState
from portal.core.i18n import _
from portal.fees.workflow import UNITS
from portal.web import languages, presses
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("labour", __name__)
URL = "/claims/<name>/labour"


def _after() -> int:
    return max(0, min(request.args.get("after", 0, type=int), queries.FAR))


def _page(claim: Claim, form: Any = None) -> ResponseReturnValue:
    rows = labour_queries.page(claim, _after())
    shown = rows[: queries.LINES]
    rates = labour_queries.rates_for(claim, shown, languages.code())
    form = form or forms.labour_form(shown, rates, formdata=None)
    return render(
        "claims/labour.html",
        status=form.status,
        claim=claim,
        rows=shown,
        rates=rates,
        units=UNITS,
        may_add=labour_queries.is_reimbursed(now()),
        form=form,
        after=_after(),
        more_after=shown[-1].position if len(rows) > queries.LINES else None,
    )


def _gone(claim: Claim) -> bool:
    """Whether a claim is no draft any more; that is told."""
    if claim.status == "draft":
        return False
    flash(str(WrongState()), "warning")
    return True


@pages.get(URL, needs=policy.WRITE)
def show(name: str) -> ResponseReturnValue:
    """The old parts of a draft, each with its labour, or the services to choose from."""
    claim = load(Claim, name)
    return go("claims.show", name=name) if _gone(claim) else _page(claim)


@pages.post(URL, needs=policy.WRITE)
def add(name: str) -> ResponseReturnValue:
    """Put the labour that is chosen on the draft."""
    claim = load(Claim, name)
    shown = labour_queries.page(claim, _after())[: queries.LINES]
    rates = labour_queries.rates_for(claim, shown, languages.code())
    form = forms.labour_form(shown, rates)
    if form.validate_on_submit():
        with form.refusals():
            labour.add(claim, form.works(), page=presses.key(), by=actor(), now=now())
            flash(_("The labour is on the claim."), "success")
            return go("labour.show", name=name, after=_after() or None)
    return _page(claim, form)


@pages.post(f"{URL}/<old_part>/remove", needs=policy.WRITE)
def remove(name: str, old_part: str) -> ResponseReturnValue:
    """Take the labour of an old part off the draft."""
    claim, form = load(Claim, name), ActionForm()
    if form.validate_on_submit():
        labour.remove(claim, old_part, page=presses.key(), by=actor(), now=now())
        flash(_("The labour is no longer on the claim."), "success")
    return go("labour.show", name=name, after=_after() or None)
