"""What the pages of all spreadsheets share: price lists, and master data."""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import PurePath
from typing import Any, TypeVar

from flask import request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage

from portal.catalogue import sheet_preview, uploads
from portal.catalogue.forms import ColumnsForm
from portal.catalogue.models import Sheet
from portal.catalogue.sheet_preview import GoodRow, Preview
from portal.catalogue.uploads import Upload
from portal.core.db import LINE, reading
from portal.core.documents import find
from portal.core.errors import WrongState
from portal.core.i18n import _
from portal.core.workflow import Transition
from portal.files.services import clean_name
from portal.files.storage import new_key, storage
from portal.sheets.columns import Column
from portal.sheets.rows import refused_rows
from portal.sheets.table import LARGEST, Merit, Table, read_table
from portal.sheets.writing import write_xlsx
from portal.web import exports, steps
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import actor, load, now, writing

S = TypeVar("S", bound=Sheet)
F = TypeVar("F", bound=ColumnsForm)


def receive(item: FileStorage, merit: Merit | None = None) -> Upload:
    """Read what was sent, in a child process, and keep its bytes; SheetRefused.

    ``merit`` finds the row of headings.
    """
    content = item.stream.read(LARGEST + 1)
    # The end is kept: it says what kind of file it claims to be.
    name = clean_name(item.filename or "")[-LINE:]
    table = read_table(content, name, merit)
    key = new_key()
    storage().put(key, content)
    return Upload(name, key, sha256(content).hexdigest(), table)


def proposed(sheet: Sheet, form: F) -> F:
    """The form with the columns that are proposed; WrongState once the sheet is no preview."""
    if sheet.status != "preview":
        raise WrongState()
    form.offer(sheet.mapping["headings"])
    form.take(sheet.mapping["columns"])
    return form


def columns_page(
    sheet: Sheet, form: ColumnsForm, *, url: str, room: tuple[str, str]
) -> ResponseReturnValue:
    """The page on which the columns are confirmed; ``url`` is the sheet's own."""
    return render(
        "catalogue/columns.html",
        status=form.status,
        sheet=sheet,
        url=url,
        room=room,
        form=form,
    )


def rows_of(
    model: type[S],
    name: str,
    columns: Callable[[S], Sequence[Column]],
    statuses: Sequence[str] = ("preview",),
    merit: Merit | None = None,
) -> Table | None:
    """The rows of a sheet whose columns are chosen, in one of some states; else None.

    None as well if its file is not kept any more.

    A child process reads the file, in its own time: outside a transaction, or nobody could write.
    """
    with reading():
        sheet = find(model, name, actor())
    if sheet.status not in statuses or not sheet.file_key:
        return None
    if uploads.lacking(sheet, columns(sheet)):
        return None
    return read_table(uploads.content_of(sheet), sheet.file_name, merit)


def shares_of(
    sheet: Sheet,
    preview: Preview[GoodRow],
    table: Table,
    columns: Sequence[Column],
    labels: Mapping[str, Any],
    endpoint: str,
) -> dict[str, Any]:
    """What the page of a preview shows: a page of the share of its rows that the URL names."""
    share = sheet_preview.share_shown(preview, request.args.get("show"))

    def here(show: str, page: int = 1) -> str:
        return url_for(endpoint, name=sheet.public_id, show=show, page=page if page > 1 else None)

    number = request.args.get("page", "1")
    page = int(number) if re.fullmatch("[1-9][0-9]{0,3}", number) else 1
    mapping = sheet.mapping["columns"]
    rows, more = sheet_preview.lines(preview, table, columns, mapping, share, page)
    return {
        "preview": preview,
        "rows": rows,
        "file_notes": table.notes,
        "shares": [
            (labels[one], preview.counts[one], here(one), one == share)
            for one in sheet_preview.SHARES
            if one in preview.counts
        ],
        "next_url": here(share, page + 1) if more else None,
        "prev_url": here(share, page - 1) if page > 1 else None,
    }


def steps_of(sheet: Sheet, feature: str, *, can_import: bool) -> list[tuple[Transition, str]]:
    """The steps that are of use now, with their addresses."""
    ends = {"discard": f"{feature}.discard"} | (
        {"import": f"{feature}.take_in"} if can_import else {}
    )
    return steps.of(sheet, ends)


def discarded(
    model: type[S],
    name: str,
    service: Callable[..., None],
    shown: Callable[[str, ActionForm], ResponseReturnValue],
) -> ResponseReturnValue:
    """Give a preview up as its box asks for it; ``shown`` is its page if that is refused.

    ``service`` is given the sheet, ``seen``, ``by`` and ``now``.
    """
    form = ActionForm()

    def end() -> ResponseReturnValue:
        sheet = load(model, name)

        def do() -> None:
            service(sheet, seen=form.seen.data, by=actor(), now=now())

        return steps.taken(sheet, form, do, told=steps.told(sheet, "discard")) or ("", form.status)

    answer = writing(end)()
    return answer if answer.status_code == 303 else shown(name, form)


def errors_file(
    sheet: Sheet, table: Table, preview: Preview[GoodRow], columns: Sequence[Column]
) -> ResponseReturnValue:
    """The rows that have an error, as they came, with one more column: the error."""
    content = write_xlsx(*refused_rows(table, sheet_preview.told(preview.issues, columns)))
    name = f"{PurePath(sheet.file_name).stem} – {_('errors')}"
    return exports.attachment(content, name, "xlsx")


def original_file(sheet: Sheet) -> ResponseReturnValue:
    """The file as it was sent, to be kept."""
    return exports.saved(BytesIO(uploads.content_of(sheet)), sheet.file_name)
