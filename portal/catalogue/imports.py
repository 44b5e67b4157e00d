"""Master data by spreadsheet: all good rows are imported, the others are handed back."""

from datetime import datetime

from portal.catalogue import policy, uploads
from portal.catalogue.models import SheetImport
from portal.catalogue.sheet_preview import Preview, SheetRow
from portal.catalogue.subjects import SUBJECTS, Subject
from portal.catalogue.uploads import Upload
from portal.core import workflow
from portal.core.documents import relock
from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.sheets.table import Table


def subject_of(sheet: SheetImport) -> Subject:
    """What a spreadsheet is about."""
    return SUBJECTS[sheet.subject]


def upload(sent: Upload, subject: Subject, *, by: Actor, now: datetime) -> SheetImport:
    """Begin a spreadsheet's preview; its columns are proposed, nothing of it counts yet."""
    by.must(policy.MASTER_DATA_IMPORT)
    sheet = SheetImport(subject=subject.name)
    earlier = uploads.last_mapping(SheetImport, SheetImport.subject == subject.name)
    uploads.begin(sheet, sent, subject.columns, earlier, by=by, now=now)
    return sheet


def preview(sheet: SheetImport, table: Table, *, now: datetime) -> Preview[SheetRow]:
    """What its rows would do to what is there now."""
    return subject_of(sheet).judge(table, sheet.mapping["columns"], now)


def import_sheet(
    sheet: SheetImport, table: Table | None, *, seen: int | None, by: Actor, now: datetime
) -> Preview[SheetRow]:
    """Import the good rows; the same file twice changes nothing.

    ``table`` is the file's, if its columns are chosen. Invalid if they are not, or if no row is
    good; Stale, WrongState.
    """
    subject = subject_of(sheet)
    subject.wait()
    sheet = relock(sheet)
    workflow.check(sheet, "import", by=by, seen=seen)
    table = uploads.ready(sheet, subject.columns, table)
    found = preview(sheet, table, now=now)
    if not found.rows:
        raise Invalid(_("Every row has an error, so there is nothing to import."))
    rows = [row for row in found.rows if row.kind != "unchanged"]
    said = subject.write(rows, sheet, by, now)
    sheet.mapping = {**sheet.mapping, "counts": dict(found.counts)}
    workflow.apply(sheet, "import", by=by, now=now, seen=seen, values=dict(found.counts) | said)
    return found
