"""The pages of a dealer's own form, uploaded in place of the portal's (A11)."""

from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue
from flask_babel import force_locale

from portal.applications import policy, sheets
from portal.applications.sheet_columns import COLUMNS, EXAMPLE, TEMPLATE, merit, proposed
from portal.applications.sheet_models import ApplicationSheet
from portal.catalogue.forms import ColumnsForm, ImportForm, columns_form
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _, ngettext
from portal.files.services import clean_name
from portal.sheets.table import LARGEST, Table, read_table
from portal.sheets.writing import Cell, write_xlsx
from portal.web import exports, languages, presses
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now, writing

pages = Pages("sheets", __name__)

SheetColumnsForm = columns_form(COLUMNS)


def _upload_page(form: ImportForm) -> ResponseReturnValue:
    return render(
        "applications/upload.html",
        status=form.status,
        form=form,
        native=languages.NATIVE,
    )


@pages.get("/applications/upload", needs=policy.WRITE)
def new() -> ResponseReturnValue:
    """Where a spreadsheet is sent in place of the form."""
    return _upload_page(ImportForm())


@pages.post("/applications/upload", needs=policy.WRITE, own_transactions=True)
def upload() -> ResponseReturnValue:
    """Read a spreadsheet: it becomes a draft, or its columns are asked for once."""
    if (done := presses.repeated()) is not None:
        return done
    form, sent = ImportForm(), request.files.get("file")
    if sent is None or not sent.filename:
        form.refuse(Invalid(_("Choose a file first."), field="file"))
        return _upload_page(form)
    name = clean_name(sent.filename)
    try:
        table = read_table(sent.stream.read(LARGEST + 1), name, merit)
        content = sheets.content_of(table)
    except Invalid as refusal:
        form.refuse(Invalid(refusal.sentence, field="file"))
        return _upload_page(form)
    return writing(_taken)(content=content, table=table, file_name=name)


def _taken(content: dict[str, Any], table: Table, file_name: str) -> ResponseReturnValue:
    for note in table.notes:
        flash(note, "info")
    mapping = sheets.remembered(table.headings, by=actor())
    if mapping is None:
        sheet = sheets.keep(content, file_name, by=actor(), now=now())
        return go("sheets.columns", name=sheet.public_id)
    made = sheets.draft_of(content, mapping, file_name, by=actor(), now=now())
    _tell(len(table.rows))
    return go("drafts.edit", name=made.public_id)


def _tell(rows: int) -> None:
    flash(
        ngettext(
            "%(num)d row was read. Look at the lines, then submit.",
            "%(num)d rows were read. Look at the lines, then submit.",
            rows,
        ),
        "success",
    )


def _columns_page(sheet: ApplicationSheet, form: ColumnsForm) -> ResponseReturnValue:
    return render(
        "applications/columns.html",
        status=form.status,
        sheet=sheet,
        form=form,
        headings=sheet.content["headings"],
        samples=sheet.content["rows"][: sheets.SAMPLES],
    )


@pages.get("/applications/upload/<name>", needs=policy.WRITE)
def columns(name: str) -> ResponseReturnValue:
    """Which column of the table is which: a proposal, to be confirmed once."""
    sheet, form = sheets.find(name, by=actor()), SheetColumnsForm()
    form.offer(sheet.content["headings"])
    form.take(proposed(sheet.content["headings"]))
    return _columns_page(sheet, form)


@pages.post("/applications/upload/<name>", needs=policy.WRITE)
def choose(name: str) -> ResponseReturnValue:
    """Remember the choice, and make the draft."""
    sheet, form = sheets.find(name, by=actor(), lock=True), SheetColumnsForm()
    form.offer(sheet.content["headings"])
    if form.validate_on_submit():
        with form.refusals():
            rows = len(sheet.content["rows"])
            made = sheets.confirm(sheet, form.chosen, by=actor(), now=now())
            _tell(rows)
            return go("drafts.edit", name=made.public_id)
    return _columns_page(sheet, form)


@pages.get("/applications/template/<language>.xlsx", needs=policy.WRITE)
def template(language: str) -> ResponseReturnValue:
    """A table to fill in, with its headings in one of the portal's languages and one example."""
    if language not in languages.CODES:
        raise NotFound()
    with force_locale(language.replace("-", "_")):
        headings = [str(column.label) for column in TEMPLATE]
        example: dict[str, Cell] = {"part": EXAMPLE, "quantity": 2, "purpose": _("Warranty repair")}
        title = _("Parts application")
    row = [example.get(column.key) for column in TEMPLATE]
    return exports.attachment(write_xlsx(headings, [row], title), title, "xlsx")
