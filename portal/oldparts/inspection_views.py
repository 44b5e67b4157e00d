"""The pages of the inspection: what waits, one piece after another, and the objection (O8)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.catalogue.queries import name_in
from portal.core.documents import find
from portal.core.errors import Invalid, WrongState
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.files.queries import of_document
from portal.files.views import linked, with_uploads
from portal.oldparts import inspecting, inspections, policy, queries
from portal.oldparts.inspection_forms import DisposeForm, InspectionForm, ObjectionForm
from portal.oldparts.label_codes import named_by
from portal.oldparts.models import OldPart
from portal.oldparts.payments import PAYMENTS, payment_of
from portal.oldparts.workflow import FAILURE_REASONS
from portal.web import frame, languages, lists, steps, timeline
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("inspections", __name__, url_prefix="/old-parts")


@pages.get("/inspect", needs=policy.INSPECT)
def index() -> ResponseReturnValue:
    """What is to be inspected or disposed of, what failed, and the field for the scanner."""
    return _queue(DisposeForm(formdata=None))


def _queue(form: DisposeForm) -> ResponseReturnValue:
    text, tab = lists.typed(), lists.current(inspections.TABS)
    numbers = lists.counts(OldPart, queries.scope(actor(), text), inspections.TABS)
    return render(
        "oldparts/inspect_list.html",
        fragments={"results"},
        status=form.status,
        form=form,
        rows=inspections.queue(actor(), text, tab, name_in(languages.code())),
        tabs=lists.tab_items(inspections.TABS, numbers),
        tab=tab,
        q=text,
        most=inspections.MOST,
        state=OldPart.workflow.state,
        payments=PAYMENTS,
        reasons=FAILURE_REASONS,
    )


@pages.post("/inspect", needs=policy.INSPECT)
def dispose() -> ResponseReturnValue:
    """Dispose of what is ticked."""
    form = DisposeForm()
    if form.validate_on_submit():
        with form.refusals():
            seen = form.asked(request.form)
            if not 0 < len(seen) <= inspections.MOST:
                raise Invalid(_("Tick at least one piece."))
            done, left = inspecting.dispose_many(seen, by=actor(), now=now())
            if not done:
                raise WrongState()
            _tell(len(done), left)
            return go("inspections.index", tab="passed")
    return _queue(form)


def _tell(done: int, left: list[OldPart]) -> None:
    said = ngettext("%(num)d piece is disposed of.", "%(num)d pieces are disposed of.", done)
    flash(said, "success")
    for piece in left[:5]:
        flash(f"{piece.number}: {WrongState()}", "warning")


@pages.get("/inspect/scan", needs=policy.INSPECT)
def scan() -> ResponseReturnValue:
    """Open the piece of the label that was scanned."""
    code = clean(request.args.get("code", ""))[:200]
    piece = named_by(code, policy.visible_old_parts(actor())) if code else None
    if piece is None:
        flash(_("Unknown: no old part has this label."), "warning")
        return go("inspections.index")
    return go("inspections.show", name=piece)


@pages.get("/<name>/inspect", needs=policy.INSPECT)
def show(name: str) -> ResponseReturnValue:
    """One piece to inspect: large photos, and what was registered beside them."""
    old_part = load(OldPart, name)
    return _page(old_part, InspectionForm(data={"seen": old_part.version}))


def _page(old_part: OldPart, form: InspectionForm) -> ResponseReturnValue:
    form.now_shows(old_part.version)
    return render(
        "oldparts/inspect.html",
        status=form.status,
        old_part=old_part,
        state=old_part.workflow.state(old_part.status),
        payment=payment_of(old_part, actor()),
        may_inspect=old_part.status == "received",
        part=queries.part_of(old_part, languages.code()),
        photos=linked(row for row in of_document(old_part) if row.place is None),
        found=found(old_part, timeline.of(old_part)),
        following=inspections.following(actor(), old_part),
        form=form,
    )


@pages.post("/<name>/inspect", needs=policy.INSPECT, own_transactions=True)
@with_uploads("photos")
def inspect(name: str) -> ResponseReturnValue:
    """Let it pass or fail; then the next one comes."""
    # The service locks it, so that a claim can still refer to it.
    old_part, form = find(OldPart, name, actor()), InspectionForm()
    if form.validate_on_submit():
        with form.refusals():
            inspecting.inspect(
                old_part,
                form.finding,
                form.photos.data,
                seen=form.seen.data,
                by=actor(),
                now=now(),
            )
            told = steps.told(old_part, "pass" if form.finding.passed else "fail")
            flash(f"{old_part.number}: {told}", "success")
            following = inspections.following(actor(), old_part)
            return go("inspections.show", name=following) if following else go("inspections.index")
    return _page(old_part, form)


def found(old_part: OldPart, entries: Sequence[timeline.Entry]) -> dict[str, Any] | None:
    """What the warehouse found, and what was said of it last: as a page shows it."""
    inspection = inspections.of(old_part)
    if inspection is None or inspection.failure_code is None:
        return None
    files, move = of_document(old_part), timeline.latest_move(entries)
    return {
        "inspection": inspection,
        "reason": next(
            (
                entry.reason
                for entry in entries
                if entry.to_state and entry.to_state.name == "failed"
            ),
            FAILURE_REASONS[inspection.failure_code],
        ),
        "said": move.reason if move else "",
        "photos": linked(row for row in files if row.place == inspecting.INSPECTED),
        "evidence": linked(row for row in files if row.place == inspecting.OBJECTED),
        "may_object": actor().can(policy.OBJECT)
        and inspecting.may_object(old_part, inspection, now()),
    }


@pages.get("/<name>/object", needs=policy.OBJECT)
def objection(name: str) -> ResponseReturnValue:
    """What the dealer says against an inspection, with evidence."""
    old_part = load(OldPart, name)
    if not inspecting.may_object(old_part, inspections.of(old_part), now()):
        flash(str(WrongState()), "warning")
        return go("oldparts.show", name=name)
    return _objection_page(old_part, ObjectionForm(data={"seen": old_part.version}))


def _objection_page(old_part: OldPart, form: ObjectionForm) -> ResponseReturnValue:
    form.now_shows(old_part.version)
    return render(
        "oldparts/object.html",
        status=form.status,
        old_part=old_part,
        part=queries.part_of(old_part, languages.code()),
        found=found(old_part, timeline.of(old_part)),
        form=form,
    )


@pages.post("/<name>/object", needs=policy.OBJECT, own_transactions=True)
@with_uploads("photos")
def send_objection(name: str) -> ResponseReturnValue:
    """Object: the desk decides on it."""
    old_part, form = load(OldPart, name), ObjectionForm()

    def do() -> None:
        inspecting.object_to(
            old_part,
            form.reason.data or "",
            form.photos.data,
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    told = steps.told(old_part, "object")
    return steps.taken(old_part, form, do, told=told) or _objection_page(old_part, form)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    if who.can(policy.INSPECT):
        yield frame.Task(
            _l("Old parts to inspect"), queries.count(who, "received"), url_for("inspections.index")
        )
    if who.can(policy.REVIEW):
        yield frame.Task(
            _l("Inspections objected to"),
            queries.count(who, "objected"),
            url_for("oldparts.index", tab="objected"),
        )
