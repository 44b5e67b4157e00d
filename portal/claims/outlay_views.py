"""The pages of what a dealer paid and claims: put on a draft with its receipt, taken off it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from portal.advances.claimed import Claimed, tells_claim
from portal.advances.models import Advance
from portal.claims import eligibility, forms, outlay_queries, outlays, policy, run_days
from portal.claims.appeal_models import Appeal
from portal.claims.models import ADVANCE, FREIGHT, Claim, ClaimLine
from portal.claims.outlay_kinds import OUTLAYS
from portal.claims.workflow import LINE
from portal.core.clock import Month
from portal.core.db import AnyRow, session
from portal.core.errors import WrongState
from portal.core.i18n import _l, ngettext
from portal.core.permissions import Actor
from portal.files.queries import by_place
from portal.files.views import linked, with_uploads
from portal.web import frame, presses
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("outlays", __name__)
URL = f"/claims/<name>/<any({', '.join(OUTLAYS)}):kind>"
ADDED = {
    FREIGHT: _l("The freight is on the claim."),
    ADVANCE: _l("The compensation is on the claim."),
}
REMOVED = {
    FREIGHT: _l("The freight is no longer on the claim."),
    ADVANCE: _l("The compensation is no longer on the claim."),
}


def receipts_beside(
    claim: Claim, lines: Sequence[AnyRow]
) -> Mapping[str, Sequence[dict[str, Any]]]:
    """The receipts beside some lines of a visible claim, by the public id of what they claim."""
    if all(line.kind not in OUTLAYS for line in lines):
        return {}
    return {place: linked(shown) for place, shown in by_place(claim).items()}


def _page(claim: Claim, kind: str, form: forms.OutlayForm) -> ResponseReturnValue:
    documents = outlay_queries.claimable(claim, kind, now())
    form.offer(documents)
    return render(
        "claims/outlay.html",
        status=form.status,
        claim=claim,
        kind=kind,
        documents=documents,
        form=form,
    )


@pages.get(URL, needs=policy.WRITE)
def new(name: str, kind: str) -> ResponseReturnValue:
    """What the dealer paid for sending a consignment in, or to a customer."""
    claim = load(Claim, name)
    if claim.status != "draft":
        flash(str(WrongState()), "warning")
        return go("claims.show", name=name)
    return _page(claim, kind, forms.OUTLAY_FORMS[kind]())


@pages.post(URL, needs=policy.WRITE, own_transactions=True)
@with_uploads("files")
def add(name: str, kind: str) -> ResponseReturnValue:
    """Put it on the draft, with the receipt (R1)."""
    claim = load(Claim, name)
    form = forms.OUTLAY_FORMS[kind]()
    if form.validate_on_submit():
        with form.refusals():
            outlays.add(claim, form.paid(kind), page=presses.key(), by=actor(), now=now())
            flash(str(ADDED[kind]), "success")
            return go("claims.show", name=name)
    if not form.files.data:
        form.complain({"files": OUTLAYS[kind].no_receipt})
    return _page(claim, kind, form)


@pages.post(f"{URL}/<document>/remove", needs=policy.WRITE)
def remove(name: str, kind: str, document: str) -> ResponseReturnValue:
    """Take it off the draft, with its receipt."""
    claim = load(Claim, name)
    form = ActionForm()
    if form.validate_on_submit():
        outlays.remove(claim, kind, document, page=presses.key(), by=actor(), now=now())
        flash(str(REMOVED[kind]), "success")
    return go("claims.show", name=name)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """What a dealer can claim of last month beside its old parts."""
    if who.can(policy.WRITE) and who.dealer_id is not None:
        (last,) = eligibility.outlays_for(who.dealer_id, [Month.of(at).plus(-1)], at)
        url, due = url_for("claims.new"), run_days.next_cutoff(at)
        freight = ngettext(
            "Freight to claim: %(num)d consignment",
            "Freight to claim: %(num)d consignments",
            last[FREIGHT],
        )
        yield frame.Task(freight, last[FREIGHT], url, due)
        yield frame.Task(_l("Approved compensations to claim"), last[ADVANCE], url, due)


@tells_claim
def _claimed(advance: Advance, who: Actor) -> Claimed | None:
    """The line that claims a compensation, once the actor sees its claim (P1)."""
    seen = Claim.dealer_id == who.dealer_id if who.is_dealer else Claim.submitted_at.is_not(None)
    approved = ClaimLine.approved + func.coalesce(Appeal.amount, 0)
    row = session.execute(
        select(Claim.number, Claim.public_id, Claim.status, ClaimLine.claimed)
        .add_columns(ClaimLine.status.label("decision"), ClaimLine.position)
        .add_columns(approved.label("approved"))
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .outerjoin(Appeal, (Appeal.line_id == ClaimLine.id) & (Appeal.status == "settled"))
        .where(ClaimLine.advance_id == advance.id, seen)
    ).one_or_none()
    if row is None:
        return None
    page = url_for("claims.show", name=row.public_id, _anchor=f"line-{row.position}")
    return Claimed(
        row.number,
        page if who.can(policy.READ) else None,
        LINE.state(row.decision),
        Claim.workflow.state(row.status),
        row.claimed,
        row.approved,
    )
