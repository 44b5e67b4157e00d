"""A dealer's own form, uploaded as a spreadsheet, becomes a draft (A11).

How its headings are read is confirmed once and then remembered for the dealer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select

from portal.applications import policy, services, sheet_columns
from portal.applications.editor import CHECKED, with_rows
from portal.applications.models import Application
from portal.applications.queries import last_delivery
from portal.applications.sheet_models import ApplicationSheet
from portal.applications.sheet_rows import head_above, lines_of
from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading, session
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _, ngettext
from portal.core.permissions import Actor
from portal.sheets import memory
from portal.sheets.columns import Mapped
from portal.sheets.table import Table

KEPT_FOR = timedelta(days=7)
SAMPLES = 5


def content_of(table: Table) -> dict[str, Any]:
    """What is kept of a table until its columns are confirmed.

    Invalid if it has no rows, or more than an application can have lines.
    """
    if not table.rows:
        raise Invalid(_("This file has headings, but no rows under them."), field="file")
    if len(table.rows) > services.MOST_LINES:
        raise Invalid(
            ngettext(
                "This table has %(rows)d rows. An application has at most %(num)d line: send it "
                "in several files.",
                "This table has %(rows)d rows. An application has at most %(num)d lines: send it "
                "in several files.",
                services.MOST_LINES,
                rows=len(table.rows),
            ),
            field="file",
        )
    return {
        "headings": list(table.headings),
        "rows": [list(row.cells) for row in table.rows],
        "above": [list(cells) for cells in table.above],
    }


def remembered(headings: Sequence[str], *, by: Actor) -> Mapped | None:
    """The columns of a table with these headings, if they need not be asked for."""
    mapping = sheet_columns.proposed(headings)
    if sheet_columns.is_template(headings, mapping):
        return mapping
    return memory.remembered(by.dealer_id, headings, mapping)


def keep(content: dict[str, Any], file_name: str, *, by: Actor, now: datetime) -> ApplicationSheet:
    """Keep a table until its columns are confirmed."""
    by.must(policy.WRITE)
    sheet = ApplicationSheet(
        dealer_id=by.dealer_id,
        sent_by_id=by.id,
        file_name=file_name[:200],
        content=content,
        created_at=now,
    )
    session.add(sheet)
    session.flush()
    return sheet


def find(name: str, *, by: Actor, lock: bool = False) -> ApplicationSheet:
    """The table of that name; NotFound for another dealer's, or once it has become a draft."""
    named = select(ApplicationSheet).where(
        ApplicationSheet.public_id == name, ApplicationSheet.dealer_id == by.dealer_id
    )
    sheet = session.scalar(named.with_for_update() if lock else named)
    if sheet is None:
        raise NotFound()
    return sheet


def confirm(
    sheet: ApplicationSheet, columns: Mapping[str, str], *, by: Actor, now: datetime
) -> Application:
    """Remember how a table's headings are read, and make a draft of it (A11).

    ``columns`` says for a column's key the index of a heading, or "". Invalid if none of them is
    the part.
    """
    headings = sheet.content["headings"]
    mapping = sheet_columns.chosen(headings, columns)
    if mapping["part"] is None and mapping["part_name"] is None:
        raise Invalid(_("Choose the column with the parts: without it there are no lines."), "part")
    memory.remember(by.dealer_id, headings, mapping, now=now)
    made = draft_of(sheet.content, mapping, sheet.file_name, by=by, now=now)
    session.delete(sheet)
    return made


def draft_of(
    content: Mapping[str, Any], mapping: Mapped, file_name: str, *, by: Actor, now: datetime
) -> Application:
    """A draft with each row of a table as a line, shown with all that is doubtful in it."""
    rows, head = lines_of(content["headings"], content["rows"], mapping, now.date())
    above, title = head_above(content["above"])
    typed = last_delivery(by) | head | above | {"remark": title, CHECKED: "1"}
    return services.start(with_rows(typed, rows), by=by, now=now, file=file_name)


@jobs.timer("applications.sheets.sweep")
def sweep(clock: Clock) -> None:
    """Forget tables whose columns nobody confirmed for a week."""
    old = ApplicationSheet.created_at < clock.now() - KEPT_FOR
    with reading():
        found = session.scalars(select(ApplicationSheet.id).where(old).limit(1)).first()
    if found:
        in_transaction(lambda: session.execute(delete(ApplicationSheet).where(old)))
