"""The pages of the review at headquarters: one piece after another, or many at once (O5)."""

from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.catalogue.queries import name_in
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _, ngettext
from portal.files.queries import of_document
from portal.files.views import linked
from portal.oldparts import policy, queries, reviewing, services
from portal.oldparts.findings import judged
from portal.oldparts.forms import AcceptForm
from portal.oldparts.models import OldPart
from portal.oldparts.payments import PAYMENTS, payment_of
from portal.oldparts.same_photos import same_photos
from portal.web import languages, lists, steps, timeline
from portal.web.forms import ActionForm, clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("reviews", __name__, url_prefix="/old-parts/review")
DECISIONS = ("accept", "return", "reject")
MOST_TOLD = 5
"""So many of those that were not accepted are told with their reasons."""


@pages.get("", needs=policy.REVIEW)
def index() -> ResponseReturnValue:
    """What waits longest: what is suspicious by itself, and the others to be accepted at once."""
    return _queue(AcceptForm(formdata=None))


def _queue(form: AcceptForm) -> ResponseReturnValue:
    text = lists.typed()
    rows = reviewing.queue(actor(), text, name_in(languages.code()), now=now())
    suspicious = request.args.get("tab") == "suspicious"
    return render(
        "oldparts/review_list.html",
        fragments={"results"},
        status=form.status,
        form=form,
        clear=[row for row in rows if not row.judged.findings],
        suspicious=[row for row in rows if row.judged.findings],
        shows_suspicious=suspicious,
        state=OldPart.workflow.state,
        payments=PAYMENTS,
        q=text,
        most=reviewing.MOST if len(rows) == reviewing.MOST else None,
    )


@pages.post("", needs=policy.REVIEW)
def accept() -> ResponseReturnValue:
    """Accept what is ticked, as long as nothing is suspicious about it."""
    form = AcceptForm()
    picked = [clean(name) for name in request.form.getlist("pick")[: reviewing.MOST]]
    seen = {name: request.form.get(f"seen-{name}", -1, type=int) for name in picked}
    if form.validate_on_submit():
        with form.refusals():
            if not seen:
                raise Invalid(_("Tick at least one piece."))
            _tell(reviewing.accept_many(seen, by=actor(), now=now()))
            return go("reviews.index", q=request.args.get("q") or None)
    return _queue(form)


def _tell(outcome: reviewing.Outcome) -> None:
    if outcome.done:
        count = len(outcome.done)
        said = ngettext("%(num)d piece is accepted.", "%(num)d pieces are accepted.", count)
        flash(said, "success")
    for piece, refusal in outcome.refused[:MOST_TOLD]:
        flash(f"{piece.number}: {refusal}", "warning")
    if more := len(outcome.refused[MOST_TOLD:]):
        flash(
            ngettext(
                "%(num)d more piece is not accepted.", "%(num)d more pieces are not accepted.", more
            ),
            "warning",
        )


@pages.get("/next", needs=policy.REVIEW)
def following() -> ResponseReturnValue:
    """On to the registration that waits longest, or the one after a given piece."""
    after = request.args.get("after")
    return _go_on(reviewing.following(actor(), load(OldPart, after) if after else None))


def _go_on(name: str | None) -> ResponseReturnValue:
    if name is None:
        flash(_("No old part waits for review."), "info")
        return go("oldparts.index")
    return go("reviews.show", name=name)


@pages.get("/<name>", needs=policy.REVIEW)
def show(name: str) -> ResponseReturnValue:
    """One piece to decide on: large photos, and beside them what is known."""
    return _page(load(OldPart, name))


def _page(piece: OldPart, form: ActionForm | None = None) -> ResponseReturnValue:
    entries = timeline.of(piece)
    returned = [one for one in entries if one.to_state and one.to_state.name == "returned"]
    known: dict[str, Any] = {"following": None, "preceding": None}
    if reviewing.waiting(actor()) > 1 or piece.status != "registered":
        known["following"] = reviewing.following(actor(), piece)
        known["preceding"] = reviewing.preceding(actor(), piece)
    return render(
        "oldparts/review.html",
        status=form.status if form else 200,
        old_part=piece,
        state=piece.workflow.state(piece.status),
        payment=payment_of(piece, actor()),
        steps=dict(_by_name(piece)),
        part=queries.part_of(piece, languages.code()),
        origin=queries.origin_of(piece, languages.code()),
        photos=linked(
            row for row in of_document(piece) if row.purpose == "photo" and row.place is None
        ),
        same_photos=same_photos(piece, actor()),
        judged=judged([piece], now=now())[piece.id],
        history=reviewing.history_of(piece, now()),
        waiting=reviewing.waiting(actor()),
        asked_for=returned[-1] if returned else None,
        form=form,
        **known,
    )


def _by_name(piece: OldPart) -> Any:
    for step, url in steps.of(piece, "reviews.decide"):
        if step.name in DECISIONS:
            yield step.name, (step, url)


@pages.post("/<name>/<step>", needs=policy.REVIEW)
def decide(name: str, step: str) -> ResponseReturnValue:
    """Accept it, return it for correction or reject it; then the next one comes (O5)."""
    piece = load(OldPart, name)
    if step not in DECISIONS:
        raise NotFound()
    known, form = steps.direct(piece, step), steps.form_for(step)
    if form.validate_on_submit():
        with form.refusals():
            services.review(piece, step, **form.asked(), by=actor(), now=now())
            flash(f"{piece.number}: {known.told}", "success")
            return _go_on(reviewing.following(actor(), piece))
    return _page(piece, form)
