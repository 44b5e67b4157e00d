"""Ways to get lines into a draft besides typing them: pasted, scanned, or ordered before (A1)."""

from collections.abc import Sequence
from datetime import datetime

from portal.applications import queries, services
from portal.applications.editor import CHECKED, Row, new_line, next_line, with_rows
from portal.applications.models import Application
from portal.applications.sheet_rows import lines_of, pasted_table
from portal.catalogue.labels import labelled
from portal.catalogue.queries import find_parts, replacements_of
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.sheets.table import pasted as rows_pasted


def _begun(rows: Sequence[Row]) -> list[Row]:
    """The lines that name a part: an empty one gives way to what is added."""
    return [row for row in rows if row["part"]]


def pasted(typed: dict[str, str], rows: Sequence[Row], now: datetime) -> dict[str, str]:
    """The form with what was pasted as lines of its own; what finds no room stays pasted."""
    records = rows_pasted(typed.get("pasted", ""))
    if not records:
        return typed
    headings, body, mapping = pasted_table(records)
    kept = _begun(rows)
    room = services.MOST_LINES - len(kept)
    lines, _head = lines_of(headings, body[:room], mapping, now.date())
    left = "\n".join("\t".join(record) for record in body[room:])
    return with_rows(typed | {"pasted": left, CHECKED: "1"}, [*kept, *lines])


def scanned(rows: Sequence[Row], texts: Sequence[str]) -> tuple[list[Row], list[str]]:
    """The lines with one for each part whose label was scanned, and the texts that name none.

    A label holds the address of the part's page, or its number.
    """
    parts = labelled(texts)
    lines = _begun(rows)
    for text in texts:
        if text in parts and len(lines) < services.MOST_LINES:
            lines.append(next_line(lines) | {"part": parts[text].number})
    return lines or list(rows), [text for text in texts if text not in parts]


def replaced(rows: Sequence[Row], number: int) -> list[Row]:
    """The lines with the part of one of them replaced by its successor, if it has one."""
    lines = list(rows)
    for part in find_parts(row["part"] for row in rows[number : number + 1]).values():
        if instead := replacements_of([part]).get(part.id):
            lines[number] = lines[number] | {"part": instead.number}
    return lines


def order_again(earlier: Application, *, by: Actor, now: datetime) -> tuple[Application, list[str]]:
    """Begin a draft with the parts of an earlier application, and what was done otherwise.

    A part that is withdrawn gives way to its successor. Whose product it was and what was wrong
    with it is another repair's: of it only the model is taken over.
    """
    rows = [
        new_line(
            part=row.asked_number,
            quantity=str(row.ApplicationLine.quantity),
            purpose=row.ApplicationLine.purpose,
            product_model=row.ApplicationLine.product_model,
        )
        for row in queries.lines_of(earlier)
    ]
    rows, notes = _in_force(rows)
    typed = {
        "contact": earlier.contact,
        "phone": earlier.phone,
        "delivery_address": earlier.delivery_address,
    }
    made = services.start(with_rows(typed, rows or [new_line()]), by=by, now=now)
    return made, notes


def _in_force(rows: Sequence[Row]) -> tuple[list[Row], list[str]]:
    parts = find_parts(row["part"] for row in rows)
    instead = replacements_of(part for part in parts.values() if part.status != "active")
    notes, lines = [], []
    for row in rows:
        part = parts.get(row["part"])
        new = instead.get(part.id) if part else None
        lines.append(row | {"part": new.number} if new else row)
        if part and new:
            told = _(
                "%(part)s is withdrawn; %(new)s replaces it.", part=part.number, new=new.number
            )
            notes.append(str(told))
    return lines, list(dict.fromkeys(notes))
