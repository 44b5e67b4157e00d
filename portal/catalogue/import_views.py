"""The pages of master data by spreadsheet: each of its subjects alike."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from portal.catalogue import forms, imports, policy, sheet_pages, uploads
from portal.catalogue.history import IMPORT_VALUES, IMPORT_WORDS
from portal.catalogue.models import SheetImport
from portal.catalogue.sheet_preview import COUNTS, Preview, SheetRow
from portal.catalogue.subjects import SUBJECTS, Subject
from portal.core.db import AnySelect, reading, session
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.people.models import User
from portal.people.policy import COMMENT
from portal.sheets.columns import Column
from portal.sheets.table import SheetRefused, Table
from portal.sheets.writing import write_xlsx
from portal.web import exports, frame, lists, presses, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.lists import Tab
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("imports", __name__)

register(
    DocumentKind(
        SheetImport,
        _l("Import"),
        "imports.detail",
        policy.visible_imports,
        words=IMPORT_WORDS,
        values=IMPORT_VALUES,
    )
)
frame.room(56, _l("Imports"), "upload", "imports.overview", policy.MASTER_DATA_READ)
_FORMS = {name: forms.columns_form(subject.columns) for name, subject in SUBJECTS.items()}
WITH_ROWS = ("preview", "imported")
"""In which states the rows with an error can be had."""


@frame.tasks
def waiting(who: Actor, _at: datetime) -> Iterable[frame.Task]:
    """Spreadsheets that were sent but neither imported nor discarded."""
    if who.can(policy.MASTER_DATA_IMPORT):
        count = select(func.count()).where(SheetImport.status == "preview")
        yield frame.Task(
            _l("Spreadsheets to import"),
            session.scalars(count).one(),
            url_for("imports.overview", tab="preview"),
        )


def _listed() -> AnySelect:
    return select(
        SheetImport.id,
        SheetImport.public_id,
        SheetImport.created_at,
        SheetImport.status,
        SheetImport.subject,
        SheetImport.file_name,
        User.name.label("sent_by"),
    ).join(User, User.id == SheetImport.uploaded_by_id)


@pages.get("/imports", needs=policy.MASTER_DATA_READ)
def overview() -> ResponseReturnValue:
    """The spreadsheets of master data."""
    tabs = (
        Tab("all", _l("All")),
        *(
            Tab(state.name, state.label, SheetImport.status == state.name)
            for state in SheetImport.workflow.states
        ),
    )
    visible = policy.visible_imports(actor())
    where = lists.current(tabs).where
    statement = _listed().where(visible, *(() if where is None else (where,)))
    return render(
        "catalogue/imports.html",
        fragments={"results"},
        listed=lists.page(statement, SheetImport.created_at, SheetImport.id),
        tabs=lists.tab_items(tabs, lists.counts(SheetImport, [visible], tabs)),
        state=SheetImport.workflow.state,
        subjects=SUBJECTS,
        may_import=actor().can(policy.MASTER_DATA_IMPORT),
    )


def _subject(name: str) -> Subject:
    if name not in SUBJECTS:
        raise NotFound()
    return SUBJECTS[name]


def _form_page(subject: Subject, form: forms.ImportForm) -> ResponseReturnValue:
    return render("catalogue/import_form.html", status=form.status, subject=subject, form=form)


@pages.get("/imports/new/<subject>", needs=policy.MASTER_DATA_IMPORT)
def new(subject: str) -> ResponseReturnValue:
    """The form to send a spreadsheet."""
    return _form_page(_subject(subject), forms.ImportForm())


@pages.get("/imports/new/<subject>/template.xlsx", needs=policy.MASTER_DATA_IMPORT)
def template(subject: str) -> ResponseReturnValue:
    """An empty spreadsheet with the headings, in the reader's language."""
    chosen = _subject(subject)
    content = write_xlsx([str(column.label) for column in chosen.columns], [])
    return exports.attachment(content, str(chosen.label), "xlsx")


@pages.post("/imports/new/<subject>", needs=policy.MASTER_DATA_IMPORT, own_transactions=True)
def upload(subject: str) -> ResponseReturnValue:
    """Read a spreadsheet and keep it; then its columns are chosen."""
    if (done := presses.repeated()) is not None:
        return done
    chosen, form = _subject(subject), forms.ImportForm()
    if form.validate_on_submit():
        try:
            received = sheet_pages.receive(form.file.data)
        except SheetRefused as refusal:
            form.refuse(Invalid(refusal.sentence, field="file"))
        else:
            return writing(_keep)(subject=chosen, received=received)
    return _form_page(chosen, form)


def _keep(subject: Subject, received: uploads.Upload) -> ResponseReturnValue:
    made = imports.upload(received, subject, by=actor(), now=now())
    return go("imports.columns", name=made.public_id)


def _columns(sheet: SheetImport) -> Sequence[Column]:
    return imports.subject_of(sheet).columns


def _columns_page(sheet: SheetImport, form: forms.ColumnsForm) -> ResponseReturnValue:
    return sheet_pages.columns_page(
        sheet,
        form,
        url=url_for("imports.detail", name=sheet.public_id),
        room=(_("Imports"), url_for("imports.overview")),
    )


@pages.get("/imports/<name>/columns", needs=policy.MASTER_DATA_IMPORT)
def columns(name: str) -> ResponseReturnValue:
    """Which column of the file is which: a proposal, to be looked at."""
    sheet = load(SheetImport, name)
    return _columns_page(sheet, sheet_pages.proposed(sheet, _FORMS[sheet.subject]()))


@pages.post("/imports/<name>/columns", needs=policy.MASTER_DATA_IMPORT)
def choose(name: str) -> ResponseReturnValue:
    """Keep the choice; then the preview is shown."""
    sheet = load(SheetImport, name)
    form = _FORMS[sheet.subject]()
    form.offer(sheet.mapping["headings"])

    def do() -> None:
        uploads.choose_columns(
            sheet, _columns(sheet), form.chosen, seen=form.seen.data, by=actor(), now=now()
        )

    return steps.taken(sheet, form, do) or _columns_page(sheet, form)


def _page(
    sheet: SheetImport, form: ActionForm | None = None, table: Table | None = None
) -> ResponseReturnValue:
    """The page of a spreadsheet: its preview, or what it brought."""
    more: dict[str, Any] = {}
    preview = None
    if sheet.status == "preview":
        preview = None if table is None else imports.preview(sheet, table, now=now())
        more = _preview_of(sheet, preview, table)
    return render(
        "catalogue/import.html",
        status=form.status if form else 200,
        sheet=sheet,
        subject=imports.subject_of(sheet),
        state=SheetImport.workflow.state(sheet.status),
        steps=sheet_pages.steps_of(
            sheet, "imports", can_import=preview is not None and bool(preview.rows)
        ),
        counts=sheet.mapping.get("counts", {}),
        labels=COUNTS,
        entries=timeline.of(sheet),
        may_comment=actor().can(COMMENT),
        may_import=actor().can(policy.MASTER_DATA_IMPORT),
        form=form,
        **more,
    )


def _preview_of(
    sheet: SheetImport, preview: Preview[SheetRow] | None, table: Table | None
) -> dict[str, Any]:
    columns = _columns(sheet)
    if preview is None or table is None:
        return {"lacking": uploads.lacking(sheet, columns)}
    shown = sheet_pages.shares_of(sheet, preview, table, columns, COUNTS, "imports.detail")
    same = uploads.same_file(sheet, SheetImport.subject == sheet.subject)
    return shown | {"same_file": same}


@pages.get("/imports/<name>", needs=policy.MASTER_DATA_READ, own_transactions=True)
def detail(name: str) -> ResponseReturnValue:
    """One spreadsheet."""
    return _shown(name)


def _shown(name: str, form: ActionForm | None = None) -> ResponseReturnValue:
    table = sheet_pages.rows_of(SheetImport, name, _columns)
    with reading():
        return _page(find(SheetImport, name, actor()), form, table)


@pages.post("/imports/<name>/import", needs=policy.MASTER_DATA_IMPORT, own_transactions=True)
def take_in(name: str) -> ResponseReturnValue:
    """Import the good rows."""
    if (done := presses.repeated()) is not None:
        return done
    table = sheet_pages.rows_of(SheetImport, name, _columns)
    return writing(_import)(name=name, table=table)


def _import(name: str, table: Table | None) -> ResponseReturnValue:
    sheet, form = load(SheetImport, name), ActionForm()
    if form.validate_on_submit():
        with form.refusals():
            done = imports.import_sheet(sheet, table, seen=form.seen.data, by=actor(), now=now())
            flash(_in_words(done), "success")
            return go("imports.detail", name=name)
    return _page(sheet, form, table)


def _in_words(done: Preview[SheetRow]) -> Any:
    if done.wrong:
        return ngettext(
            "Imported, but for %(num)d row with an error. It can be downloaded below.",
            "Imported, but for %(num)d rows with errors. They can be downloaded below.",
            done.wrong,
        )
    return _(
        "Imported. New: %(new)d, changed: %(changed)d, unchanged: %(unchanged)d.",
        **{name: done.counts[name] for name in ("new", "changed", "unchanged")},
    )


@pages.post("/imports/<name>/discard", needs=policy.MASTER_DATA_IMPORT, own_transactions=True)
def discard(name: str) -> ResponseReturnValue:
    """Give up a preview."""
    return sheet_pages.discarded(SheetImport, name, uploads.discard, _shown)


@pages.get("/imports/<name>/errors.xlsx", needs=policy.MASTER_DATA_READ, own_transactions=True)
def errors(name: str) -> ResponseReturnValue:
    """The rows that have an error now, as they came, with one more column: the error."""
    table = sheet_pages.rows_of(SheetImport, name, _columns, WITH_ROWS)
    if table is None:
        raise NotFound()
    with reading():
        sheet = find(SheetImport, name, actor())
        preview = imports.preview(sheet, table, now=now())
        return sheet_pages.errors_file(sheet, table, preview, _columns(sheet))


@pages.get("/imports/<name>/file", needs=policy.MASTER_DATA_READ)
def original(name: str) -> ResponseReturnValue:
    """The file as it was sent."""
    return sheet_pages.original_file(load(SheetImport, name))
