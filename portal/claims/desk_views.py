"""The reviewer's desk: one line after another that is decided by itself, also by keyboard (R5)."""

from collections.abc import Sequence
from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.advances import services as advances
from portal.advances.models import Advance
from portal.claims import desk, findings, forms, labour_queries, notes, policy, queries, services
from portal.claims.models import ADVANCE, FREIGHT, LABOUR, Claim, ClaimLine, Run
from portal.claims.pictures import side_by_side
from portal.claims.workflow import LINE, REASONS
from portal.collections.models import Consignment
from portal.core.db import session
from portal.core.i18n import _
from portal.fees.workflow import UNITS
from portal.files.queries import by_place, of_document
from portal.files.views import linked
from portal.oldparts.models import OldPart
from portal.oldparts.queries import origin_of, part_of
from portal.oldparts.reviewing import history_of
from portal.web import languages
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("desk", __name__)
KEYS = {"approve": "a", "reduce": "r", "reject": "x"}


@pages.get("/runs/<name>/next", needs=policy.DECIDE)
def following(name: str) -> ResponseReturnValue:
    """On to the first line of a run that is decided by itself, or the one after a given line."""
    run, claim_name = load(Run, name), request.args.get("claim")
    claim = load(Claim, claim_name) if claim_name else None
    return _go_on(run, claim, request.args.get("line", 0, type=int))


def _go_on(run: Run, claim: Claim | None = None, position: int = 0) -> ResponseReturnValue:
    spot = desk.beside(run, actor(), claim, max(0, min(position, 999999)))
    if spot is None:
        none = _("No line is left here that has to be looked at by itself.")
        others = _("No line of yours is left here. What is left is for other reviewers to look at.")
        flash(others if desk.others_have_some(run) else none, "info")
        return go("runs.show", name=run.public_id)
    return go("desk.show", name=spot.claim, position=spot.position)


@pages.get("/claims/<name>/review/<int(max=999999):position>", needs=policy.DECIDE)
def show(name: str, position: int) -> ResponseReturnValue:
    """One line to decide: large photos, and beside them what is known."""
    claim = load(Claim, name)
    if claim.status != "in_review":
        return go("claims.show", name=name)
    return _page(claim, desk.line_at(claim, position))


def _about(claim: Claim, line: ClaimLine, found: Sequence[findings.Told]) -> dict[str, Any]:
    """What is known of what a line claims: its piece, or what was paid, with the receipts."""
    if line.kind == FREIGHT:
        consignment = session.get_one(Consignment, line.consignment_id)
        return {
            "outlay": consignment,
            "state_of_outlay": Consignment.workflow.state(consignment.status),
            "receipts": linked(by_place(claim).get(consignment.public_id, ())),
        }
    if line.kind == ADVANCE:
        advance = session.get_one(Advance, line.advance_id)
        return {
            "outlay": advance,
            "state_of_outlay": Advance.workflow.state(advance.status),
            "receipts": linked(by_place(claim).get(advance.public_id, ())),
            "evidence": linked(by_place(advance).get(advances.EVIDENCE, ())),
        }
    piece = session.get_one(OldPart, line.old_part_id)
    pictures = side_by_side(piece, found, actor())
    compared = {one.photo for one in pictures}
    return {
        "work": labour_queries.line_of(line) if line.kind == LABOUR else None,
        "units": UNITS,
        "old_part": piece,
        "piece_state": OldPart.workflow.state(piece.status),
        "part": part_of(piece, languages.code()),
        "origin": origin_of(piece, languages.code()),
        "photos": linked(
            row
            for row in of_document(piece)
            if row.purpose == "photo" and row.place is None and row.public_id not in compared
        ),
        "pictures": pictures,
        "history": history_of(piece, now()),
    }


def _page(
    claim: Claim,
    line: ClaimLine,
    form: forms.DecisionForm | None = None,
    note: forms.NoteForm | None = None,
) -> ResponseReturnValue:
    run, refused = session.get_one(Run, claim.run_id), form or note
    found = findings.of_lines([line.id], actor())[line.id]
    return render(
        "claims/desk.html",
        status=refused.status if refused else 200,
        claim=claim,
        line=line,
        run=run,
        decided_by=desk.who_decided(line),
        heading=queries.heading(claim),
        state=LINE.state(line.status),
        steps=[(step, KEYS[step.name]) for step in LINE.available(line.status, actor())],
        reasons=REASONS,
        findings=found,
        waiting=desk.waiting(run, actor()),
        following=desk.beside(run, actor(), claim, line.position),
        preceding=desk.beside(run, actor(), claim, line.position, back=True),
        notes=notes.beside(claim, [line.id], actor())[line.id],
        form=form,
        note=note or forms.NoteForm(formdata=None),
        **_about(claim, line, found),
    )


@pages.post("/claims/<name>/review/<int(max=999999):position>/decide", needs=policy.DECIDE)
def decide(name: str, position: int) -> ResponseReturnValue:
    """Approve, reduce or reject it; then the next one comes (R6)."""
    claim = load(Claim, name)
    form = forms.DecisionForm()
    if form.validate_on_submit():
        with form.refusals():
            line = services.decide_line(
                claim, position, form.decision(), was=form.was.data or "", by=actor(), now=now()
            )
            told = {"claim": claim.number, "line": position, "state": LINE.state(line.status).label}
            flash(_("%(claim)s, line %(line)d: %(state)s", **told), "success")
            return _go_on(session.get_one(Run, claim.run_id), claim, position)
    if claim.status != "in_review":
        flash(_("This claim is not in review any more."), "warning")
        return go("claims.show", name=name)
    return _page(claim, desk.line_at(claim, position), form)


@pages.post("/claims/<name>/review/<int(max=999999):position>/note", needs=policy.DECIDE)
def note(name: str, position: int) -> ResponseReturnValue:
    """Note something on it for headquarters alone."""
    claim = load(Claim, name)
    line = desk.line_at(claim, position)
    form = forms.NoteForm()
    in_review = claim.status == "in_review"
    if form.validate_on_submit():
        with form.refusals():
            notes.add(claim, line, form.text.data or "", by=actor(), now=now())
            if in_review:
                return go("desk.show", name=name, position=position, _anchor="notes")
            flash(_("The note is kept. This claim is not in review any more."), "info")
            return go("claims.show", name=name, _anchor=f"line-{position}")
    if not in_review:
        flash(_("This claim is not in review any more."), "warning")
        return go("claims.show", name=name)
    return _page(claim, line, note=form)
