"""The pages of the freight that a dealer claims: put on a draft with its receipt, taken off it."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash
from flask.typing import ResponseReturnValue

from portal.claims import forms, freight, freight_queries, policy
from portal.claims.models import FREIGHT, Claim
from portal.core.db import AnyRow
from portal.core.errors import WrongState
from portal.core.i18n import _
from portal.files.queries import by_place
from portal.files.views import linked, with_uploads
from portal.web import presses
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("freight", __name__)


def receipts_beside(
    claim: Claim, lines: Sequence[AnyRow]
) -> Mapping[str, Sequence[dict[str, Any]]]:
    """The receipts beside some lines of a visible claim, by the consignment's public id."""
    if not any(line.kind == FREIGHT for line in lines):
        return {}
    return {place: linked(shown) for place, shown in by_place(claim).items()}


def _page(claim: Claim, form: forms.FreightForm) -> ResponseReturnValue:
    consignments = freight_queries.claimable(claim, now())
    form.offer(consignments)
    return render(
        "claims/freight.html",
        status=form.status,
        claim=claim,
        consignments=consignments,
        form=form,
    )


@pages.get("/claims/<name>/freight", needs=policy.WRITE)
def new(name: str) -> ResponseReturnValue:
    """What the dealer paid for sending a consignment in."""
    claim = load(Claim, name)
    if claim.status != "draft":
        flash(str(WrongState()), "warning")
        return go("claims.show", name=name)
    return _page(claim, forms.FreightForm())


@pages.post("/claims/<name>/freight", needs=policy.WRITE, own_transactions=True)
@with_uploads("files")
def add(name: str) -> ResponseReturnValue:
    """Put it on the draft, with the carrier's receipt (R1)."""
    claim = load(Claim, name)
    form = forms.FreightForm()
    if form.validate_on_submit():
        with form.refusals():
            freight.add(claim, form.freight(), page=presses.key(), by=actor(), now=now())
            flash(_("The freight is on the claim."), "success")
            return go("claims.show", name=name)
    if not form.files.data:
        form.complain({"files": freight.NO_RECEIPT})
    return _page(claim, form)


@pages.post("/claims/<name>/freight/<consignment>/remove", needs=policy.WRITE)
def remove(name: str, consignment: str) -> ResponseReturnValue:
    """Take it off the draft, with its receipt."""
    claim = load(Claim, name)
    form = ActionForm()
    if form.validate_on_submit():
        freight.remove(claim, consignment, page=presses.key(), by=actor(), now=now())
        flash(_("The freight is no longer on the claim."), "success")
    return go("claims.show", name=name)
