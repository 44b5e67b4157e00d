"""A spreadsheet on its way in, whatever it brings (C3): sent, its columns chosen, or given up.

Nothing of it counts before it is imported.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, select

from portal.catalogue.models import Sheet
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, NotFound
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.files.services import drop
from portal.files.storage import storage
from portal.sheets.columns import Column, Mapped, missing, propose
from portal.sheets.table import Table

S = TypeVar("S", bound=Sheet)

SAMPLES, SAMPLE = 3, 80
"""How many rows, and how much of a cell, the page that maps the columns shows."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A spreadsheet that was read once and lies in the storage."""

    file_name: str
    file_key: str
    sha256: str
    table: Table


def proposed(
    columns: Sequence[Column], headings: Sequence[str], earlier: Mapping[str, Any] | None = None
) -> Mapped:
    """Which column is which: as in the sheet before where a heading was in it, else by its name.

    ``earlier`` is that sheet's ``mapping``.
    """
    before: list[str] = list(earlier["headings"]) if earlier else []
    mapping = propose(columns, [name if name not in before else "" for name in headings])
    known: Mapped = dict(earlier["columns"]) if earlier else {}
    for key, index in known.items():
        if index is not None and before[index] in headings:
            mapping[key] = list(headings).index(before[index])
    return mapping


def begin(
    sheet: Sheet,
    upload: Upload,
    columns: Sequence[Column],
    earlier: Mapping[str, Any] | None,
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Begin the preview of a sheet; its columns are proposed. The caller has checked who may."""
    assert by.id is not None
    headings = [heading[:200] for heading in upload.table.headings]
    sheet.status = "preview"
    sheet.created_at = now
    sheet.file_name = upload.file_name
    sheet.file_key = upload.file_key
    sheet.sha256 = upload.sha256
    sheet.uploaded_by_id = by.id
    sheet.mapping = {
        "headings": headings,
        "samples": [[cell[:SAMPLE] for cell in row.cells] for row in upload.table.rows[:SAMPLES]],
        "columns": proposed(columns, headings, earlier),
    }
    session.add(sheet)
    workflow.begin(sheet, by=by, now=now, file=upload.file_name)


def lacking(sheet: Sheet, columns: Sequence[Column]) -> list[Column]:
    """The columns that have to be chosen before the rows can be read."""
    return missing(columns, sheet.mapping["columns"])


def ready(sheet: Sheet, columns: Sequence[Column], table: Table | None) -> Table:
    """The sheet's rows, if its columns are chosen; Invalid if they are not."""
    if table is None or lacking(sheet, columns):
        raise Invalid(_("Choose the columns first."))
    if not table.rows:
        raise Invalid(_("This file has headings only: there is nothing to import."))
    return table


def choose_columns(
    sheet: Sheet,
    columns: Sequence[Column],
    chosen: Mapping[str, str],
    *,
    seen: int,
    by: Actor,
    now: datetime,
) -> None:
    """Say which column of the file is which: for a column's key the index of a heading, or "".

    Invalid, with a sentence for each required column that the file has none for; Stale, WrongState.
    """
    sheet = relock(sheet)
    workflow.check(sheet, "import", by=by, seen=seen)
    headings = sheet.mapping["headings"]
    mapping = propose(columns, headings, {one.key: chosen.get(one.key, "") for one in columns})
    if unknown := missing(columns, mapping):
        sentence = _(
            "This column is needed. Choose it, or add it to the file and send that again: without "
            "it nothing can be imported."
        )
        raise Invalid(fields={column.key: sentence for column in unknown})
    if mapping != sheet.mapping["columns"]:
        sheet.mapping = {**sheet.mapping, "columns": mapping}
        # Whoever still looks at the preview before must not import this one unseen.
        sheet.version += 1
        read = {key: headings[index] for key, index in mapping.items() if index is not None}
        record(sheet, "edit", by=by, now=now, values=read)


def discard(sheet: Sheet, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Give up a preview; its file goes with it. Stale, WrongState."""
    sheet = relock(sheet)
    workflow.apply(sheet, "discard", by=by, now=now, seen=seen)
    empty(sheet, now=now)


def empty(sheet: Sheet, *, now: datetime) -> None:
    """Keep nothing of what a sheet says: its file, its headings and the first rows go."""
    drop([sheet.file_key], now=now)
    sheet.file_key = ""
    sheet.mapping = {**sheet.mapping, "headings": [], "samples": []}


def content_of(sheet: Sheet) -> bytes:
    """The file as it was sent; NotFound if it is gone."""
    try:
        with storage().open(sheet.file_key) as file:
            return file.read()
    except (FileNotFoundError, ValueError):
        raise NotFound(_("The file is not there any more.")) from None


def last_mapping(model: type[Sheet], *where: ColumnElement[bool]) -> dict[str, Any] | None:
    """How the columns of the sheet imported last were read, to be proposed again."""
    return session.scalars(
        select(model.mapping)
        .where(model.status == "imported", model.file_key != "", *where)
        .order_by(model.id.desc())
        .limit(1)
    ).one_or_none()


def same_file(sheet: S, *where: ColumnElement[bool]) -> S | None:
    """The sheet that the very same file was imported as before, if it was."""
    model = type(sheet)
    return session.scalars(
        select(model)
        .where(
            model.sha256 == sheet.sha256, model.status == "imported", model.id != sheet.id, *where
        )
        .order_by(model.id.desc())
        .limit(1)
    ).one_or_none()
