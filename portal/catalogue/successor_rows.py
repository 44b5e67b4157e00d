"""Supersession by spreadsheet (C1): which part comes instead of which; a loop is refused."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.catalogue.models import Part
from portal.catalogue.price_columns import NUMBER
from portal.catalogue.queries import AT_ONCE, Known, known_parts, number_key
from portal.catalogue.sheet_preview import Preview, SheetRow, previewed
from portal.core.db import session
from portal.core.events import record_many
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.sheets.cells import word
from portal.sheets.columns import Column, Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table

COLUMNS = (
    Column(
        "number",
        _l("Part number"),
        required=True,
        names=(
            "Old number", "Old part", "Old part number", "Part", "Superseded", "Replaced part",
            "旧零件号", "旧件号", "旧编号", "原零件号", "原件号", "零件号", "被替代件",
            "Stary numer", "Numer zastępowany", "Stara część", "Numer części",
        ),
    ),
    Column(
        "successor",
        _l("Replaced by"),
        required=True,
        names=(
            "New number", "New part", "New part number", "Successor", "Superseded by",
            "Replacement", "新零件号", "新件号", "新编号", "替代件", "替代零件号", "Nowy numer",
            "Zamiennik", "Następca", "Nowa część", "Zastąpiona przez",
        ),
    ),
)  # fmt: skip
LONGEST_SHOWN = 6


def judge(table: Table, mapping: Mapped, now: datetime) -> Preview[SheetRow]:
    """Say for each row what it would do, or why it cannot be imported."""
    cells = [row.cells[at] for at in mapping.values() if at is not None for row in table.rows]
    known = known_parts(cells, now.date())
    chains = dict(
        session.execute(
            select(Part.id, Part.successor_id).where(Part.successor_id.is_not(None))
        ).all()
    )
    readers = [RowReader(line, COLUMNS, mapping) for line in table.rows]
    first: dict[int, int] = {}
    wanted: dict[int, tuple[RowReader, Known, Known]] = {}
    for reader in readers:
        pair = _pair(reader, known, first)
        if pair is not None:
            wanted[pair[0].id] = (reader, *pair)
    numbers = {part.id: part.number for part in known.values()}
    _refuse_loops(wanted, chains, numbers)
    rows = [_said(*one, chains.get(part_id)) for part_id, one in wanted.items()]
    issues: list[RowIssue] = [issue for reader in readers for issue in reader.issues]
    return previewed(len(table.rows), rows, issues)


def _pair(
    reader: RowReader, known: Mapping[str, Known], first: dict[int, int]
) -> tuple[Known, Known] | None:
    """The part and its successor; None with an error if there are not both, or not alike."""
    found = {}
    for key in ("number", "successor"):
        number = reader.read(key, word, NUMBER)
        part = known.get(number) or known.get(number_key(number)) if number else None
        if number and part is None:
            reader.error(key, _("There is no part “%(number)s”.", number=number))
        found[key] = part
    part, successor = found["number"], found["successor"]
    if part is None or successor is None:
        return None
    if part.id == successor.id:
        reader.error("successor", _("A part cannot replace itself."))
        return None
    before = first.setdefault(part.id, reader.row.number)
    if before != reader.row.number:
        reader.error("number", _("This part stands in row %(row)d already.", row=before))
        return None
    return part, successor


def _refuse_loops(
    wanted: dict[int, tuple[RowReader, Known, Known]],
    chains: Mapping[int, int | None],
    numbers: Mapping[int, str],
) -> None:
    """Take out the rows that close a loop, together with what is in the catalogue (C1).

    All rows are laid over the chains first, so their order in the file does not matter. What is
    taken out leaves the part as it is, which may close another loop: so it is looked at again.
    """
    while True:
        merged = dict(chains) | {part_id: one[2].id for part_id, one in wanted.items()}
        loops = _loops(wanted, merged)
        if not loops:
            return
        for loop in loops:
            shown = [numbers.get(part_id, "…") for part_id in (*loop, loop[0])]
            if len(shown) > LONGEST_SHOWN:
                shown[LONGEST_SHOWN - 2 : -1] = ["…"]
            for part_id in loop:
                if part_id in wanted:
                    reader, _part, _successor = wanted.pop(part_id)
                    reader.error(
                        "successor",
                        _("This closes a loop: %(chain)s.", chain=" → ".join(shown)),
                    )


def _loops(begins: Iterable[int], chains: Mapping[int, int | None]) -> list[list[int]]:
    """Every loop that can be reached from some parts; each part is walked through once."""
    found: list[list[int]] = []
    done: set[int] = set()
    for begin in begins:
        path: dict[int, int] = {}
        at: int | None = begin
        while at is not None and at not in done:
            if at in path:
                found.append(list(path)[path[at] :])
                break
            path[at] = len(path)
            at = chains.get(at)
        done.update(path)
    return found


def _said(reader: RowReader, part: Known, successor: Known, before: int | None) -> SheetRow:
    kind = "new" if before is None else "unchanged" if before == successor.id else "changed"
    return SheetRow(reader.row.number, kind, (part.id, successor.id, successor.number))


def write(rows: Sequence[SheetRow], *, by: Actor, now: datetime) -> None:
    """Give the parts their successors, each with its event (P4)."""
    wanted: dict[Any, Any] = {row.values[0]: row.values[1:] for row in rows}
    ids = sorted(wanted)
    for start in range(0, len(ids), AT_ONCE):
        parts = session.scalars(
            select(Part)
            .where(Part.id.in_(ids[start : start + AT_ONCE]))
            .order_by(Part.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        _replace(parts, wanted, by=by, now=now)


def _replace(
    parts: Sequence[Part], wanted: Mapping[int, tuple[int, str]], *, by: Actor, now: datetime
) -> None:
    old = [part.successor_id for part in parts if part.successor_id is not None]
    numbers = dict(session.execute(select(Part.id, Part.number).where(Part.id.in_(old))).all())
    values = {
        part.id: {"successor": [numbers.get(part.successor_id or 0, ""), wanted[part.id][1]]}
        for part in parts
    }
    for part in parts:
        part.successor_id = wanted[part.id][0]
        part.version += 1
    for status in sorted({part.status for part in parts}):
        alike = [part for part in parts if part.status == status]
        record_many(alike, "edit", by=by, now=now, from_status=status, values=values)
