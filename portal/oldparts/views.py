"""The pages of old parts: the lists, the registration, the piece and its review."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.applications.models import WARRANTY, Shipment, ShipmentLine
from portal.core.db import AnyRow
from portal.core.documents import DocumentKind
from portal.core.documents import register as register_kind
from portal.core.errors import NotFound
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files.queries import of_document
from portal.files.views import linked, with_uploads
from portal.ledger.kinds import KINDS
from portal.oldparts import (
    charge_queries,
    forms,
    inspecting,
    inspections,
    policy,
    queries,
    registering,
    scrapping,
    services,
)
from portal.oldparts.charge_models import OWED, OldPartCharge, OwedLine
from portal.oldparts.history import VALUES, WORDS
from portal.oldparts.inspection_views import found
from portal.oldparts.models import OldPart
from portal.oldparts.payments import PAYMENTS, payment_of
from portal.oldparts.same_photos import same_photos
from portal.oldparts.way import Stop, way_of
from portal.oldparts.workflow import REJECTION_REASONS
from portal.terms.values import value
from portal.web import frame, languages, lists, steps, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, needs_of, now

pages = Pages("oldparts", __name__, url_prefix="/old-parts")
register_kind(
    DocumentKind(
        OldPart,
        _l("Old part"),
        "oldparts.show",
        policy.visible_old_parts,
        words=WORDS,
        values=VALUES,
    )
)
frame.room(20, _l("Old parts"), "oldparts", "oldparts.index", policy.READ)


def shown() -> lists.Selection:
    """What the URL asks for of the old parts; what waits for review comes with the oldest first."""
    tab = lists.current(queries.TABS)
    statement = queries.listed(actor(), lists.typed(), tab, languages.code())
    oldest_first = tab.name == "registered"
    return lists.Selection(statement, OldPart.created_at, OldPart.id, oldest_first=oldest_first)


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of old parts."""
    numbers = lists.counts(OldPart, queries.scope(actor(), lists.typed()), queries.TABS)
    return render(
        "oldparts/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(queries.TABS, numbers),
        tab=lists.current(queries.TABS),
        q=lists.typed(),
        state=OldPart.workflow.state,
        payments=PAYMENTS,
    )


@dataclass(frozen=True)
class _Deadline:
    """When a line's pieces must be registered; ``state`` as the ``due`` component takes it."""

    at: datetime
    state: str


def deadline(at: datetime) -> _Deadline:
    """A deadline as the lists show it."""
    left = at - now()
    return _Deadline(at, "over" if left.days < 0 else "soon" if left.days < 3 else "")


def shown_to_register() -> lists.Selection:
    """What the URL asks for of what is to be registered, the first due first."""
    tab = lists.current(queries.OPEN_TABS)
    statement = queries.open_listed(actor(), lists.typed(), tab, languages.code())
    return lists.Selection(statement, OwedLine.register_by, ShipmentLine.id, oldest_first=True)


@pages.get("/to-register", needs=policy.REGISTER)
def to_register() -> ResponseReturnValue:
    """What arrived for a warranty repair and whose old part is not registered."""
    scope = queries.open_scope(actor(), lists.typed())
    numbers = lists.counts(queries.open_lines(), scope, queries.OPEN_TABS)
    return render(
        "oldparts/to_register.html",
        fragments={"results"},
        listed=shown_to_register().page(),
        tabs=lists.tab_items(queries.OPEN_TABS, numbers),
        tab=lists.current(queries.OPEN_TABS),
        q=lists.typed(),
        deadline=deadline,
        charge_state=lists.states(OldPartCharge.workflow),
    )


def _parts(origin: AnyRow) -> dict[str, int]:
    """The parts that may have been replaced, by number: as asked for, and as shipped (A3)."""
    return {origin.asked_number: origin.asked_part_id, origin.part_number: origin.part_id}


def _registration_form(origin: AnyRow, **options: Any) -> forms.RegistrationForm:
    form = forms.RegistrationForm(**options)
    names = {origin.asked_number: origin.asked_name, origin.part_number: origin.part_name}
    form.offer_parts([(number, f"{number} {name}") for number, name in names.items()])
    return form


def _registration_page(
    template: str, form: forms.RegistrationForm, origin: AnyRow, **more: Any
) -> ResponseReturnValue:
    return render(
        template,
        status=form.status,
        form=form,
        origin=origin,
        fault_codes=registering.fault_codes(
            actor(), [origin.part_id, origin.asked_part_id], languages.code()
        ),
        least_photos=value("oldpart.photos", now().date()),
        today=now().date(),
        **more,
    )


@pages.get("/register/<shipment>/<int:position>", needs=policy.REGISTER)
def new(shipment: str, position: int) -> ResponseReturnValue:
    """The registration of a piece, filled in with what its application knows."""
    origin = queries.line_at(load(Shipment, shipment), position, languages.code())
    if origin.purpose != WARRANTY:
        raise NotFound()
    if origin.shipment_status != "received":
        flash(_("First confirm that this shipment arrived."), "warning")
        return go("shipments.show", name=shipment)
    if origin.registered == origin.quantity:
        flash(_("Every piece of this line is registered already."), "info")
        return go("oldparts.to_register")
    like = request.args.get("like")
    before = load(OldPart, like) if like else None
    known = _as_before(before, origin) if before else _as_asked(origin)
    own = {"seen": origin.registered + 1, "part": origin.asked_number}
    return _new_page(_registration_form(origin, data=known | own), origin)


def _as_asked(origin: AnyRow) -> dict[str, Any]:
    """What the application knows of the repair."""
    return {
        "product_model": origin.product_model,
        "product_serial": origin.serial if origin.quantity == 1 else "",
        "purchase_date": origin.purchase_date,
        "complaint": origin.fault,
    }


_SAME = (
    "customer_name",
    "customer_phone",
    "product_model",
    "purchase_date",
    "failed_on",
    "replaced_on",
    "complaint",
    "cause",
    "remedy",
    "fault_code",
)


def _as_before(before: OldPart, origin: AnyRow) -> dict[str, Any]:
    """What is the same for the next piece of a repair; the same part is in another product."""
    same = {name: getattr(before, name) for name in _SAME}
    if before.part_id not in (origin.part_id, origin.asked_part_id):
        same["product_serial"] = before.product_serial
    return same


def _new_page(form: forms.RegistrationForm, origin: AnyRow) -> ResponseReturnValue:
    due = deadline(origin.register_by) if origin.owed == OWED else None
    more = origin.quantity - origin.registered > 1 or registering.has_other(origin, actor())
    return _registration_page(
        "oldparts/register.html", form, origin, deadline=due, more_pieces=more
    )


@pages.post("/register/<shipment>/<int:position>", needs=policy.REGISTER, own_transactions=True)
@with_uploads("photos")
def register(shipment: str, position: int) -> ResponseReturnValue:
    """Register a piece (O1, O2)."""
    origin = queries.line_at(load(Shipment, shipment), position, languages.code())
    form = _registration_form(origin)
    command = form.command(_parts(origin))
    # A phone without a connection went on to the next piece: whichever number that gets.
    piece = None if request.form.get("seen") == "" else form.seen.data
    if form.validate_on_submit():
        with form.refusals():
            old_part = services.register(
                origin.id, command, form.photos.data, by=actor(), now=now(), piece=piece
            )
            flash(_("Registered as %(number)s.", number=old_part.number), "success")
            for one in registering.look_alikes(
                actor(),
                old_serial=command.old_serial,
                product_serial=command.product_serial,
                but=old_part.id,
            ):
                flash(one.sentence, "warning")
            if request.form.get("do") == "next":
                return _on_to_next(old_part, origin)
            return go("oldparts.show", name=old_part.public_id)
    else:
        form.complete(services.problems(command, today=now().date()))
    if form.status == 409:
        # The next try means the piece that is free now.
        origin = queries.line_at(load(Shipment, shipment), position, languages.code())
        form.seen.raw_data = [str(origin.registered + 1)]
    return _new_page(form, origin)


def _on_to_next(old_part: OldPart, origin: AnyRow) -> ResponseReturnValue:
    """To the form of the next piece of the repair, or to the list if that was the last."""
    line = registering.next_open(origin, actor(), languages.code())
    if line is None:
        flash(_("Every piece of this application is registered."), "info")
        return go("oldparts.to_register")
    return go(
        "oldparts.new",
        shipment=line.shipment_public_id,
        position=line.position,
        like=old_part.public_id,
    )


def _page(
    old_part: OldPart, form: Any = None, photos_form: Any = None, **more: Any
) -> ResponseReturnValue:
    """The piece's page; a refused step shows why above it and stays open."""
    files, entries = of_document(old_part), timeline.of(old_part)
    origin = queries.origin_of(old_part, languages.code())
    may_add = actor().can(policy.REGISTER) and old_part.status in services.ADDING
    return render(
        "oldparts/show.html",
        found=found(old_part, entries),
        status=(form or photos_form).status if form or photos_form else 200,
        old_part=old_part,
        state=old_part.workflow.state(old_part.status),
        steps=steps.of(old_part, {"correct": "oldparts.correction", "scrap": "scrapping.new"})
        + steps.of(old_part, "oldparts.act"),
        part=queries.part_of(old_part, languages.code()),
        origin=origin,
        more_pieces=origin.quantity - origin.registered if actor().can(policy.REGISTER) else 0,
        photos=linked(row for row in files if row.purpose == "photo" and row.place is None),
        same_photos=same_photos(old_part, actor()),
        entries=entries,
        verdict=_verdict(old_part, entries),
        payment=payment_of(old_part, actor()),
        way=way_of(old_part, _own_stops(old_part, origin), actor()),
        whereabouts=queries.whereabouts_of(old_part, actor()),
        charge=charge_queries.of_old_part(old_part, actor()),
        charge_state=OldPartCharge.workflow.state,
        rejection=REJECTION_REASONS.get(old_part.rejection_code or ""),
        form=form or photos_form,
        photos_form=(photos_form or forms.PhotosForm(formdata=None)) if may_add else None,
        **more,
    )


def _own_stops(old_part: OldPart, origin: AnyRow) -> dict[str, Stop]:
    """Where a piece came by, as far as old parts know it."""
    agreed = queries.agreed_of(old_part)
    name, version = agreed.public_id, agreed.version
    quote = str(_("Quote %(version)s", version=version))
    stops = {
        "asked": Stop(agreed.submitted_at, agreed.number, _open("applications.show", name=name)),
        "quoted": Stop(
            agreed.made_at,
            quote,
            _open("quotes.show", name=name, version=version),
            agreed.unit_price,
        ),
        "registered": Stop(old_part.created_at, old_part.number),
    }
    if agreed.entry:
        entry = _open("ledger.entry", name=agreed.entry)
        label = KINDS["parts_deduction"]
        stops["deducted"] = Stop(agreed.deducted_at, label, entry, old_part.unit_price)
    if origin.received_at:
        shipment = _open("shipments.show", name=origin.shipment_public_id)
        stops["shipped"] = Stop(origin.received_at, origin.shipment_number, shipment)
    if inspection := inspections.of(old_part):
        passed = old_part.workflow.state("failed" if inspection.failure_code else "passed")
        stops["inspected"] = Stop(inspection.inspected_at, passed.label)
    return stops


def _open(endpoint: str, **place: Any) -> str | None:
    """Where a page is that this person may open."""
    return url_for(endpoint, **place) if actor().can(needs_of(endpoint)) else None


def _verdict(old_part: OldPart, entries: Sequence[timeline.Entry]) -> timeline.Entry | None:
    """Who returned or rejected it last and why, while it stays so."""
    return timeline.latest_move(entries) if old_part.status in ("returned", "rejected") else None


@pages.get("/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One piece."""
    return _page(load(OldPart, name))


@pages.get("/<name>/correct", needs=policy.REGISTER)
def correction(name: str) -> ResponseReturnValue:
    """The correction of a returned registration."""
    old_part = load(OldPart, name)
    if old_part.workflow.find("correct", old_part.status) is None:
        return go("oldparts.show", name=name)
    origin = queries.origin_of(old_part, languages.code())
    numbers = {part_id: number for number, part_id in _parts(origin).items()}
    form = _registration_form(
        origin,
        obj=old_part,
        data={"seen": old_part.version, "part": numbers.get(old_part.part_id)},
    )
    return _correction_page(form, origin, old_part)


def _correction_page(
    form: forms.RegistrationForm, origin: AnyRow, old_part: OldPart
) -> ResponseReturnValue:
    return _registration_page(
        "oldparts/correct.html",
        form,
        origin,
        old_part=old_part,
        verdict=_verdict(old_part, timeline.of(old_part)),
        photos=linked(row for row in of_document(old_part) if row.purpose == "photo"),
    )


@pages.post("/<name>/correct", needs=policy.REGISTER, own_transactions=True)
@with_uploads("photos")
def correct(name: str) -> ResponseReturnValue:
    """Send the correction (O5)."""
    old_part = load(OldPart, name)
    origin = queries.origin_of(old_part, languages.code())
    form = _registration_form(origin)
    command, seen = form.command(_parts(origin)), form.seen.data
    if form.validate_on_submit():
        with form.refusals():
            services.correct(old_part, command, form.photos.data, seen=seen, by=actor(), now=now())
            flash(_("The correction was sent."), "success")
            return go("oldparts.show", name=name)
    else:
        form.complete(services.problems(command, today=now().date()))
    if form.status == 409:
        form.seen.raw_data = [str(old_part.version)]
    return _correction_page(form, origin, old_part)


@pages.post("/<name>/photos", needs=policy.REGISTER, own_transactions=True)
@with_uploads("photos")
def add_photos(name: str) -> ResponseReturnValue:
    """Add photos to a registration that is not decided yet."""
    old_part = load(OldPart, name)
    form = forms.PhotosForm()
    if form.validate_on_submit():
        with form.refusals():
            services.add_photos(old_part, form.photos.data, by=actor(), now=now())
            return go("oldparts.show", name=name)
    return _page(old_part, photos_form=form)


@pages.post("/<name>/steps/<step>", needs=policy.REVIEW)
def act(name: str, step: str) -> ResponseReturnValue:
    """Accept, return or reject it (O5); have it scrapped (O7); decide on an inspection (O8)."""
    old_part = load(OldPart, name)
    known, form = steps.direct(old_part, step), steps.form_for(step)

    def do() -> None:
        if step in inspecting.DECISIONS:
            seen, reason = form.seen.data, form.reason.data or ""
            inspecting.decide(old_part, step, seen=seen, reason=reason, by=actor(), now=now())
        elif step in scrapping.DECISIONS:
            scrapping.decide(old_part, step, **form.asked(), by=actor(), now=now())
        else:
            services.review(old_part, step, **form.asked(), by=actor(), now=now())

    return steps.taken(old_part, form, do, told=known.told) or _page(old_part, form)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    if who.can(policy.REGISTER):
        count, due, overdue = queries.to_register(who, at)
        yield frame.Task(
            _l("Old parts to register"), count, url_for("oldparts.to_register"), due, overdue
        )
        yield frame.Task(
            _l("Old parts returned for correction"),
            queries.count(who, "returned"),
            url_for("oldparts.index", tab="returned"),
        )
    if who.can(policy.SCRAP):
        yield frame.Task(
            _l("Old parts to scrap"),
            queries.count(who, "to_scrap"),
            url_for("oldparts.index", tab="to_scrap"),
        )
    if who.can(policy.REVIEW):
        yield frame.Task(
            _l("Old parts to review"),
            queries.count(who, "registered"),
            url_for("reviews.index"),
        )


@frame.finder
def _find(who: Actor, text: str) -> Iterator[frame.Find]:
    if not who.can(policy.READ):
        return
    for row in queries.found(who, text, languages.code()):
        facts = (row.part_name, row.customer_name, row.product_serial)
        yield frame.Find(
            _l("Old part"),
            row.number,
            " · ".join(filter(None, facts)),
            url_for("oldparts.show", name=row.public_id),
        )
