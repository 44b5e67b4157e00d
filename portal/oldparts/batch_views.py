"""The pages of registering in bulk (O3): upload, columns, preview with photos, progress, result."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import IO, Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from sqlalchemy import select
from wtforms import FileField, MultipleFileField

from portal.catalogue import sheet_pages, uploads
from portal.catalogue.forms import ColumnsForm, columns_form
from portal.catalogue.sheet_preview import Line
from portal.core import jobs
from portal.core.db import in_transaction, reading, session
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import Invalid, NotFound, Refusal
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.files.services import drop
from portal.oldparts import batch_photos, batches, policy, queries
from portal.oldparts.batch_columns import COLUMNS, TEMPLATE, merit
from portal.oldparts.batch_models import OldPartBatch
from portal.oldparts.batch_photos import Taken
from portal.oldparts.batch_rows import COUNTS, MOST_ROWS, Judged, unregistered
from portal.oldparts.history import BATCH_VALUES, BATCH_WORDS
from portal.people.models import User
from portal.sheets.columns import Mapped
from portal.sheets.table import Row, SheetRefused, Table
from portal.sheets.writing import Cell, write_xlsx
from portal.web import exports, frame, languages, lists, presses, steps, timeline
from portal.web.forms import ActionForm, Form, needed
from portal.web.htmx import render, wanted
from portal.web.lists import Tab
from portal.web.routes import Pages, actor, go, load, now, writing

LARGEST = 512 << 20
"""Bytes of a request that brings photos."""
SHOWN_LOOSE = 48
"""How many photos of no row a page shows."""
SHOWN = ("part", "product_serial", "customer_name", "failed_on")
"""The columns that a preview shows beside the photos."""

pages = Pages("oldpartbatches", __name__, url_prefix="/old-parts/many")
register(
    DocumentKind(
        OldPartBatch,
        _l("Registration in bulk"),
        "oldpartbatches.show",
        policy.visible_batches,
        takes_comments=False,
        words=BATCH_WORDS,
        values=BATCH_VALUES,
    )
)
BatchColumnsForm = columns_form(COLUMNS)


class BatchForm(Form):
    """A spreadsheet of old parts, and their photos."""

    file = FileField(
        _l("Spreadsheet"),
        [needed()],
        description=_l("Excel (.xlsx) or text (.csv) with headings; one row is one piece."),
    )
    photos = MultipleFileField(_l("Photos"))


class PhotosForm(Form):
    """More photos for a preview."""

    photos = MultipleFileField(_l("Photos"))


@frame.tasks
def waiting(who: Actor, _at: datetime) -> Iterable[frame.Task]:
    """Uploads that were neither registered nor discarded."""
    if who.can(policy.REGISTER):
        count = lists.capped(
            OldPartBatch, policy.visible_batches(who), OldPartBatch.status == "preview"
        )
        yield frame.Task(
            _l("Spreadsheets of old parts to register"),
            session.scalar(select(count)) or 0,
            url_for("oldpartbatches.overview", tab="preview"),
        )


def _overview(form: BatchForm) -> ResponseReturnValue:
    tabs = (
        Tab("all", _l("All")),
        *(
            Tab(state.name, state.label, OldPartBatch.status == state.name)
            for state in OldPartBatch.workflow.states
        ),
    )
    visible, where = policy.visible_batches(actor()), lists.current(tabs).where
    statement = (
        select(
            OldPartBatch.id,
            OldPartBatch.public_id,
            OldPartBatch.created_at,
            OldPartBatch.status,
            OldPartBatch.file_name,
            User.name.label("sent_by"),
        )
        .join(User, User.id == OldPartBatch.uploaded_by_id)
        .where(visible, *(() if where is None else (where,)))
    )
    return render(
        "oldparts/batches.html",
        fragments={"results"},
        status=form.status,
        form=form,
        listed=lists.page(statement, OldPartBatch.created_at, OldPartBatch.id),
        tabs=lists.tab_items(tabs, lists.counts(OldPartBatch, [visible], tabs)),
        state=OldPartBatch.workflow.state,
        native=languages.NATIVE,
    )


@pages.get("", needs=policy.REGISTER)
def overview() -> ResponseReturnValue:
    """Where a spreadsheet and its photos are sent, and those that were."""
    return _overview(BatchForm(formdata=None))


def _sent() -> Iterator[tuple[str, IO[bytes]]]:
    """The photos and archives of the request."""
    for item in request.files.getlist("photos"):
        if item.filename:
            yield item.filename, item.stream


def _forget(taken: Iterable[Taken], *keys: str) -> None:
    """Let go of what was stored for a request that is refused."""
    gone = [*keys, *(one.raw_key for one in taken if one.raw_key)]
    at = now()
    in_transaction(lambda: drop(gone, now=at))


@pages.post("", needs=policy.REGISTER, own_transactions=True, most_bytes=LARGEST)
def upload() -> ResponseReturnValue:
    """Take in a spreadsheet with its photos; then its columns are looked at, or its preview."""
    if (done := presses.repeated()) is not None:
        return done
    form, name = BatchForm(), request.args.get("instead")
    if name:
        with reading():
            find(OldPartBatch, name, actor())
    if form.validate_on_submit():
        try:
            received = sheet_pages.receive(form.file.data, merit)
        except SheetRefused as refusal:
            form.refuse(Invalid(refusal.sentence, field="file"))
        else:
            return _taken(form, received, name)
    with reading():
        return _overview(form)


def _taken(form: BatchForm, received: uploads.Upload, name: str | None) -> ResponseReturnValue:
    taken, refusals = batch_photos.take(_sent())

    def keep() -> ResponseReturnValue:
        instead = load(OldPartBatch, name) if name else None
        if form.validate_on_submit():
            with form.refusals():
                made = batches.upload(received, taken, instead=instead, by=actor(), now=now())
                _tell(refusals)
                end = "columns" if batches.needs_asking(made) else "show"
                return go(f"oldpartbatches.{end}", name=made.public_id)
        return _overview(form)

    answer = writing(keep)()
    if answer.status_code >= 400:
        _forget(taken, received.file_key)
    return answer


def _tell(refusals: Iterable[Refusal]) -> None:
    for refusal in refusals:
        flash(str(refusal), "warning")


@pages.get("/template/<language>.xlsx", needs=policy.REGISTER)
def template(language: str) -> ResponseReturnValue:
    """The dealer's own open pieces, a row each, in one of the portal's languages: to fill in."""
    if language not in languages.CODES:
        raise NotFound()
    pieces = queries.open_pieces(actor(), language, MOST_ROWS)
    with force_locale(language.replace("-", "_")):
        headings = [str(column.label) for column in TEMPLATE]
        title = _("Old parts to register")
    rows: list[list[Cell]] = []
    for number, piece in enumerate(pieces, 1):
        known: dict[str, Cell] = {
            "number": number,
            "part": piece.asked_number,
            "part_name": piece.asked_name,
            "shipment": piece.shipment_number,
            "application": piece.application_number,
            "product_model": piece.product_model,
            "product_serial": piece.serial if piece.quantity == 1 else "",
            "purchase_date": piece.purchase_date,
            "complaint": piece.fault,
        }
        rows.append([known.get(column.key) for column in TEMPLATE])
    return exports.attachment(write_xlsx(headings, rows, title), title, "xlsx")


def _columns_page(batch: OldPartBatch, form: ColumnsForm) -> ResponseReturnValue:
    return sheet_pages.columns_page(
        batch,
        form,
        url=url_for("oldpartbatches.show", name=batch.public_id),
        room=(_("Register many at once"), url_for("oldpartbatches.overview")),
    )


@pages.get("/<name>/columns", needs=policy.REGISTER)
def columns(name: str) -> ResponseReturnValue:
    """Which column of the file is which: a proposal, to be confirmed once."""
    batch = load(OldPartBatch, name)
    return _columns_page(batch, sheet_pages.proposed(batch, BatchColumnsForm()))


@pages.post("/<name>/columns", needs=policy.REGISTER)
def choose(name: str) -> ResponseReturnValue:
    """Keep the choice, and remember it."""
    batch = load(OldPartBatch, name)
    form = BatchColumnsForm()
    form.offer(batch.mapping["headings"])

    def do() -> None:
        batches.choose_columns(batch, form.chosen, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(batch, form, do) or _columns_page(batch, form)


def _table(name: str) -> Table | None:
    """The rows of an upload whose columns are chosen; read outside of any transaction."""
    return sheet_pages.rows_of(
        OldPartBatch, name, lambda _batch: COLUMNS, ("preview", "imported"), merit
    )


def _judged(batch: OldPartBatch, table: Table) -> Judged:
    found = batches.preview(batch, table, by=actor(), now=now())
    return unregistered(found) if batch.status == "imported" else found


def _page(
    batch: OldPartBatch, form: Form | None = None, table: Table | None = None
) -> ResponseReturnValue:
    progress = _progress(batch)
    judged = None if table is None else _judged(batch, table)
    more: dict[str, Any] = {"lacking": uploads.lacking(batch, COLUMNS)}
    if judged is not None and table is not None:
        more |= _preview(batch, judged, table)
    can_import = batch.status == "preview" and judged is not None and judged.counts["new"] > 0
    return render(
        "oldparts/batch.html",
        status=form.status if form else 200,
        sheet=batch,
        state=OldPartBatch.workflow.state(batch.status),
        steps=_steps(batch, can_import=can_import and not progress["reading"]),
        counts=batch.mapping.get("counts", {}),
        labels=COUNTS,
        columns=[column for column in COLUMNS if column.key in SHOWN],
        entries=timeline.of(batch),
        form=form,
        **progress,
        **more,
    )


def _steps(batch: OldPartBatch, *, can_import: bool) -> Any:
    return sheet_pages.steps_of(batch, "oldpartbatches", can_import=can_import)


def _progress(batch: OldPartBatch) -> dict[str, Any]:
    """How far the photos are read, and the rows registered."""
    importing = batch.status == "importing"
    left, photos = batch_photos.waiting(batch)
    return {
        "reading": left,
        "photo_count": photos,
        "done": batches.registered(batch) if importing else 0,
        "job": jobs.state_of(batches.job_key(batch)) if importing else None,
        "given_up": jobs.MOST_ATTEMPTS,
    }


def _preview(batch: OldPartBatch, judged: Judged, table: Table) -> dict[str, Any]:
    shown = sheet_pages.shares_of(batch, judged, table, COLUMNS, COUNTS, "oldpartbatches.show")
    photos = {photo.id: _shown(photo) for photo in batch_photos.of(batch)}
    lines: Iterable[Line] = shown["rows"]
    loose = [key for key in judged.loose if not photos[key]["why"]]
    return shown | {
        "photos_of": {
            line.row: [photos[key] for key in judged.photos.get(line.row, ()) if key in photos]
            for line in lines
        },
        "loose": [photos[key] for key in loose[:SHOWN_LOOSE]],
        "loose_count": len(loose),
        "refused": [one["why"] for one in photos.values() if one["why"]],
    }


def _shown(photo: Any) -> dict[str, Any]:
    """A photo as a page shows it; one that is not read yet has no picture."""
    return {
        "name": photo.name,
        "why": str(batch_photos.why(photo)) if photo.refused else "",
        "url": photo.photo and url_for("files.show", public_id=photo.photo),
        "thumb_url": photo.photo and url_for("files.thumbnail", public_id=photo.photo),
    }


@pages.get("/<name>", needs=policy.REGISTER, own_transactions=True)
def show(name: str) -> ResponseReturnValue:
    """One upload: its preview, how far it is, or what it brought."""
    if wanted({"standing"}) is not None:
        return _how_far(name)
    return _whole(name)


def _how_far(name: str) -> ResponseReturnValue:
    """Only how far it is; once nothing is under way any more, the page as it then is."""
    with reading():
        batch = find(OldPartBatch, name, actor())
        progress = _progress(batch)
        if not progress["reading"] and batch.status != "importing":
            return "", {"HX-Redirect": url_for("oldpartbatches.show", name=name)}
        return render(
            "oldparts/batch.html",
            fragments={"standing"},
            sheet=batch,
            counts=batch.mapping.get("counts", {}),
            **progress,
        )


def _whole(name: str, form: Form | None = None) -> ResponseReturnValue:
    table = _table(name)
    with reading():
        return _page(find(OldPartBatch, name, actor()), form, table)


@pages.post("/<name>/photos", needs=policy.REGISTER, own_transactions=True, most_bytes=LARGEST)
def add_photos(name: str) -> ResponseReturnValue:
    """Add photos to a preview: many files, archives, or both."""
    if (done := presses.repeated()) is not None:
        return done
    with reading():
        find(OldPartBatch, name, actor())
    form = PhotosForm()
    taken, refusals = batch_photos.take(_sent())

    def keep() -> ResponseReturnValue:
        batch = load(OldPartBatch, name)
        if form.validate_on_submit():
            with form.refusals():
                if not taken and not refusals:
                    raise Invalid(_("Choose at least one photo."), field="photos")
                added = batches.add_photos(batch, taken, by=actor(), now=now())
                _tell(refusals)
                told = ngettext("%(num)d photo was added.", "%(num)d photos were added.", added)
                flash(told, "success")
                return go("oldpartbatches.show", name=name)
        return "", form.status

    answer = writing(keep)()
    if answer.status_code < 400:
        return answer
    _forget(taken)
    return _whole(name, form)


@pages.post("/<name>/import", needs=policy.REGISTER, own_transactions=True)
def take_in(name: str) -> ResponseReturnValue:
    """Have the good rows registered by a job."""
    if (done := presses.repeated()) is not None:
        return done
    table = _table(name)
    form = ActionForm()

    def begin() -> ResponseReturnValue:
        batch = load(OldPartBatch, name)

        def do() -> None:
            batches.register_all(batch, table, seen=form.seen.data, by=actor(), now=now())

        told = steps.told(batch, "import")
        return steps.taken(batch, form, do, told=told) or ("", form.status)

    answer = writing(begin)()
    return answer if answer.status_code == 303 else _whole(name, form)


@pages.post("/<name>/go-on", needs=policy.REGISTER)
def go_on(name: str) -> ResponseReturnValue:
    """Set a registration that has given up going again."""
    batches.go_on(load(OldPartBatch, name), by=actor(), now=now())
    return go("oldpartbatches.show", name=name)


@pages.post("/<name>/discard", needs=policy.REGISTER, own_transactions=True)
def discard(name: str) -> ResponseReturnValue:
    """Give up a preview."""
    return sheet_pages.discarded(OldPartBatch, name, batches.discard, _whole)


@pages.get("/<name>/errors.xlsx", needs=policy.REGISTER, own_transactions=True)
def errors(name: str) -> ResponseReturnValue:
    """The rows that have an error now, as they came, with one more column: the error."""
    table = _table(name)
    if table is None:
        raise NotFound()
    with reading():
        batch = find(OldPartBatch, name, actor())
        judged = _judged(batch, table)
        numbered = _numbered(table, batch.mapping["columns"])
        return sheet_pages.errors_file(batch, numbered, judged, COLUMNS)


def _numbered(table: Table, mapping: Mapped) -> Table:
    """The table with its rows' numbers, by which their photos are known, if it has none."""
    if mapping["number"] is not None:
        return table
    return replace(
        table,
        headings=(*table.headings, _("No.")),
        rows=tuple(Row(row.number, (*row.cells, str(row.number))) for row in table.rows),
    )


@pages.get("/<name>/file", needs=policy.REGISTER)
def original(name: str) -> ResponseReturnValue:
    """The file as it was sent."""
    return sheet_pages.original_file(load(OldPartBatch, name))
