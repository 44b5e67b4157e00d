"""Every write of the catalogue: parts are edited by hand (C1), prices come by list (C2, C3)."""

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from portal.catalogue import policy, price_columns, price_rows, queries
from portal.catalogue.models import Part, Price, PriceList
from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import Preview, PriceRow
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.events import record
from portal.core.i18n import _, ngettext
from portal.core.permissions import Actor
from portal.core.search import normal
from portal.files.services import drop
from portal.sheets.columns import Mapped, missing
from portal.sheets.table import Table

SAMPLES, SAMPLE = 3, 80
"""How many rows, and how much of a cell, the page that maps the columns shows."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A spreadsheet that was read once and lies in the storage."""

    file_name: str
    file_key: str
    sha256: str
    table: Table


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What an administrator may change of a part; ``successor`` is a part's number, or ""."""

    name: str
    name_zh: str
    name_pl: str
    unit: str
    category: str
    active: bool
    return_required: bool
    successor: str


def upload_price_list(
    upload: Upload, *, name: str, effective_from: date, by: Actor, now: datetime
) -> PriceList:
    """Begin a price list's preview; its columns are proposed, nothing of it counts yet (C3)."""
    by.must(policy.PRICE_LIST_IMPORT)
    assert by.id is not None
    headings = [heading[:200] for heading in upload.table.headings]
    price_list = PriceList(
        status="preview",
        created_at=now,
        name=name,
        effective_from=effective_from,
        file_name=upload.file_name,
        file_key=upload.file_key,
        sha256=upload.sha256,
        mapping={
            "headings": headings,
            "samples": [
                [cell[:SAMPLE] for cell in row.cells] for row in upload.table.rows[:SAMPLES]
            ],
            "columns": price_columns.proposed(headings, queries.last_mapping()),
        },
        uploaded_by_id=by.id,
    )
    session.add(price_list)
    workflow.begin(price_list, by=by, now=now, file=upload.file_name)
    return price_list


def choose_columns(
    price_list: PriceList, columns: Mapping[str, str], *, seen: int, by: Actor, now: datetime
) -> None:
    """Say which column of the file is which: for a column's key the index of a heading, or "".

    Invalid, with a sentence for each required column that the file has none for; Stale, WrongState.
    """
    price_list = relock(price_list)
    workflow.check(price_list, "import", by=by, seen=seen)
    mapping = price_columns.chosen(price_list.mapping["headings"], columns)
    if lacking := missing(COLUMNS, mapping):
        raise Invalid(
            fields={
                column.key: _(
                    "A price list needs this column. Choose it, or add it to the file and send "
                    "that again: without it nothing can be imported."
                )
                for column in lacking
            }
        )
    if mapping != price_list.mapping["columns"]:
        price_list.mapping = {**price_list.mapping, "columns": mapping}
        # Whoever still looks at the preview before must not import this one unseen.
        price_list.version += 1
        headings = price_list.mapping["headings"]
        read = {key: headings[index] for key, index in mapping.items() if index is not None}
        record(price_list, "edit", by=by, now=now, values=read)


def preview(price_list: PriceList, table: Table, *, currency: str, digits: int) -> Preview:
    """What the list's import would do to the catalogue as it is now."""
    mapping: Mapped = price_list.mapping["columns"]
    numbers = price_columns.numbers_of(table, mapping)
    known = queries.known_parts(numbers, price_list.effective_from)
    return price_rows.judge(
        table, mapping, known, price_list.effective_from, currency=currency, digits=digits
    )


def import_price_list(
    price_list: PriceList,
    table: Table,
    *,
    currency: str,
    digits: int,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> Preview:
    """Import a whole list, or nothing of it (C3): new parts, and what it says of prices (C2).

    A price that the catalogue has for that very day already is not written again, so the same
    file twice changes nothing. Invalid if a row has an error or there is no row; Stale, WrongState.
    """
    _take_turns(PriceList)
    price_list = relock(price_list)
    workflow.check(price_list, "import", by=by, seen=seen)
    if missing(COLUMNS, price_list.mapping["columns"]):
        raise Invalid(_("Choose the columns first."))
    found = preview(price_list, table, currency=currency, digits=digits)
    if found.wrong:
        raise Invalid(
            ngettext(
                "%(num)d row has an error, so nothing was imported. Correct it in the file and "
                "send that again.",
                "%(num)d rows have errors, so nothing was imported. Correct them in the file and "
                "send that again.",
                found.wrong,
            )
        )
    if not found.total:
        raise Invalid(_("This file has headings only: there is nothing to import."))
    _write(price_list, found, now)
    price_list.mapping = {**price_list.mapping, "counts": dict(found.counts)}
    workflow.apply(price_list, "import", by=by, now=now, seen=seen, values=dict(found.counts))
    return found


def _write(price_list: PriceList, found: Preview, now: datetime) -> None:
    """Add the new parts and the prices; two statements, whatever the number of rows."""
    new = [row for row in found.rows if row.known is None]
    ids: dict[str, int] = {}
    if new:
        made = session.execute(
            insert(Part).returning(Part.number, Part.id), [_new_part(row, now) for row in new]
        )
        ids = dict(made.all())
    said = [
        {
            "part_id": row.known.id if row.known else ids[row.number],
            "price_list_id": price_list.id,
            "effective_from": price_list.effective_from,
            "cost": row.cost,
            "retail": row.retail,
        }
        for row in found.to_write
    ]
    if said:
        session.execute(insert(Price), said)


def _new_part(row: PriceRow, now: datetime) -> dict[str, Any]:
    return {
        "number": row.number,
        "number_key": queries.number_key(row.number),
        "name": row.name,
        "name_zh": row.name_zh,
        "name_pl": row.name_pl,
        "unit": row.unit,
        "category": row.category,
        "return_required": row.return_required,
        "search_text": normal(row.number, row.name, row.name_zh, row.name_pl),
        "created_at": now,
    }


def discard_price_list(
    price_list: PriceList, *, seen: int | None, by: Actor, now: datetime
) -> None:
    """Give up a preview; its file goes with it. Stale, WrongState."""
    price_list = relock(price_list)
    workflow.apply(price_list, "discard", by=by, now=now, seen=seen)
    drop([price_list.file_key], now=now)
    price_list.file_key = ""


def revision(part: Part) -> int:
    """A number that is another one once somebody has changed the part."""
    facts = (
        part.name, part.name_zh, part.name_pl, part.unit, part.category, part.active,
        part.return_required, part.successor_id,
    )  # fmt: skip
    return zlib.crc32(repr(facts).encode())


def edit_part(part: Part, facts: PartFacts, *, seen: int, by: Actor) -> None:
    """Change a part (C1). Stale if somebody was faster; Invalid for an impossible successor."""
    by.must(policy.PART_MANAGE)
    _take_turns(Part)
    part = queries.part_named(part.public_id, lock=True)
    if seen != revision(part):
        raise Stale()
    values = asdict(facts)
    part.successor_id = _successor(part, values.pop("successor"))
    for name, value in values.items():
        setattr(part, name, value)
    part.search_text = normal(part.number, part.name, part.name_zh, part.name_pl)


def _successor(part: Part, number: str) -> int | None:
    if not number:
        return None
    successor = queries.find_part(number)
    if successor is None:
        raise Invalid(_("There is no part “%(number)s”.", number=number[:60]), field="successor")
    if part.id in queries.chain_from(successor):
        raise Invalid(
            _(
                "%(successor)s is itself replaced by %(part)s in the end: a part cannot replace "
                "itself.",
                successor=successor.number,
                part=part.number,
            )
            if successor.id != part.id
            else _("A part cannot replace itself."),
            field="successor",
        )
    return successor.id


def _take_turns(model: Any) -> None:
    """Wait until nobody else imports, or changes a successor: each looks at more than one row."""
    first = select(model.id).order_by(model.id).limit(1)
    session.execute(first.with_for_update(key_share=True))
