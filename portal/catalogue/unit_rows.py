"""Sold units by spreadsheet (C4): what each row would do, and the writing of those that are good.

Everything is read and written set by set: a file may have fifty thousand rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from typing import Any, NamedTuple

from sqlalchemy import bindparam, insert, select, update

from portal.catalogue.models import SoldUnit
from portal.catalogue.product_queries import models_by_key
from portal.catalogue.queries import AT_ONCE, number_key
from portal.catalogue.sheet_preview import Preview, SheetRow, previewed
from portal.core.db import LINE, session
from portal.core.i18n import _, _l
from portal.people.models import Dealer
from portal.sheets.cells import day, word
from portal.sheets.columns import Column, Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table
from portal.web import filters

EARLIEST = date(1990, 1, 1)
MOST_TOLD = 100
"""How many corrected units the event names."""

COLUMNS = (
    Column(
        "model",
        _l("Product model"),
        required=True,
        names=(
            "Model", "Model number", "Model no", "Product", "型号", "产品型号", "机型", "产品",
            "Model produktu", "Produkt", "Model wyrobu", "Symbol",
        ),
    ),
    Column(
        "serial",
        _l("Product serial"),
        required=True,
        names=(
            "Serial", "Serial number", "Serial no", "S/N", "SN", "序列号", "产品序列号", "出厂编号",
            "机身编号", "条码", "Numer seryjny", "Nr seryjny", "Nr fabryczny",
        ),
    ),
    Column(
        "sold_on",
        _l("Sold on"),
        required=True,
        names=(
            "Sale date", "Date of sale", "Sold", "Purchase date", "Invoice date", "销售日期",
            "售出日期", "购买日期", "购机日期", "开票日期", "Data sprzedaży", "Data zakupu",
            "Sprzedano",
        ),
    ),
    Column(
        "dealer",
        _l("Dealer"),
        names=(
            "Dealer code", "Dealer name", "Sold by", "经销商", "经销商编号", "经销商代码",
            "经销商名称", "Kod dealera", "Sprzedawca", "Dystrybutor",
        ),
    ),
)  # fmt: skip


class _Unit(NamedTuple):
    id: int
    sold_on: date
    dealer_id: int | None


@dataclass(frozen=True)
class _Known:
    """What the rows are held against."""

    models: Mapping[str, int]
    dealers: Mapping[str, int]
    units: Mapping[tuple[str, int], _Unit]


def judge(table: Table, mapping: Mapped, now: datetime) -> Preview[SheetRow]:
    """Say for each row what it would do, or why it cannot be imported."""
    known = _known(table, mapping)
    read_day = cache(partial(day, earliest=EARLIEST, latest=now.date()))
    rows: list[SheetRow] = []
    issues: list[RowIssue] = []
    first: dict[tuple[str, int], int] = {}
    for line in table.rows:
        reader = RowReader(line, COLUMNS, mapping)
        row = _row(reader, known, first, read_day)
        issues += reader.issues
        if row is not None:
            rows.append(row)
    return previewed(len(table.rows), rows, issues)


def _known(table: Table, mapping: Mapped) -> _Known:
    def cells(key: str) -> set[str]:
        index = mapping.get(key)
        return set() if index is None else {number_key(row.cells[index]) for row in table.rows}

    models = models_by_key(cells("model") - {""})
    dealers = session.execute(select(Dealer.id, Dealer.code, Dealer.name)).all()
    by_name = {number_key(name): dealer_id for dealer_id, _code, name in dealers}
    by_code = {number_key(code): dealer_id for dealer_id, code, _name in dealers}
    return _Known(models, by_name | by_code, _units(sorted(cells("serial") - {""})))


def _units(keys: Sequence[str]) -> dict[tuple[str, int], _Unit]:
    found: dict[tuple[str, int], _Unit] = {}
    columns = (
        SoldUnit.serial_key,
        SoldUnit.model_id,
        SoldUnit.id,
        SoldUnit.sold_on,
        SoldUnit.dealer_id,
    )
    for start in range(0, len(keys), AT_ONCE):
        some = SoldUnit.serial_key.in_(keys[start : start + AT_ONCE])
        for key, model_id, unit_id, sold_on, dealer_id in session.execute(
            select(*columns).where(some)
        ):
            found[key, model_id] = _Unit(unit_id, sold_on, dealer_id)
    return found


def _row(
    reader: RowReader, known: _Known, first: dict[tuple[str, int], int], read_day: Any
) -> SheetRow | None:
    model = reader.read("model", word, LINE)
    serial = reader.read("serial", word, LINE)
    sold_on: date | None = reader.read("sold_on", read_day)
    dealer = reader.read("dealer", word, LINE)
    model_id = known.models.get(number_key(model)) if model else None
    if model and model_id is None:
        reader.error("model", _("There is no product model “%(model)s”.", model=model[:60]))
    dealer_id = known.dealers.get(number_key(dealer)) if dealer else None
    if dealer and dealer_id is None:
        reader.error("dealer", _("There is no dealer “%(dealer)s”.", dealer=dealer[:60]))
    if not reader.ok or serial is None or sold_on is None or model_id is None:
        return None
    key = number_key(serial)
    if len(key) > LINE:
        reader.error("serial", _("This serial is too long."))
        return None
    before = first.setdefault((key, model_id), reader.row.number)
    if before != reader.row.number:
        reader.error("serial", _("This unit stands in row %(row)d already.", row=before))
        return None
    unit = known.units.get((key, model_id))
    return _said(reader, unit, (model_id, serial, key, sold_on, dealer_id))


def _said(
    reader: RowReader, unit: _Unit | None, values: tuple[int, str, str, date, int | None]
) -> SheetRow:
    """What a good row does; a dealer that the file does not name stays."""
    model_id, serial, key, sold_on, dealer_id = values
    number = reader.row.number
    if unit is None:
        return SheetRow(number, "new", (None, *values, None))
    dealer_id = dealer_id or unit.dealer_id
    if (unit.sold_on, unit.dealer_id) == (sold_on, dealer_id):
        return SheetRow(number, "unchanged")
    if unit.sold_on != sold_on:
        reader.note("sold_on", _("It was %(day)s.", day=filters.day(unit.sold_on)))
    if unit.dealer_id is not None and unit.dealer_id != dealer_id:
        reader.note("dealer", _("It was another dealer."))
    return SheetRow(
        number, "changed", (unit.id, model_id, serial, key, sold_on, dealer_id, unit.sold_on)
    )


def write(rows: Iterable[SheetRow], *, now: datetime) -> dict[str, Any]:
    """Add the new units, correct the changed ones; what the event has to say of them (P4)."""
    names = ("id", "model_id", "serial", "serial_key", "sold_on", "dealer_id", "before")
    values = [dict(zip(names, row.values, strict=True)) | {"kind": row.kind} for row in rows]
    added = [one for one in values if one["kind"] == "new"]
    changed = [one for one in values if one["kind"] == "changed"]
    table = SoldUnit.__table__
    if added:
        kept = ("model_id", "serial", "serial_key", "sold_on", "dealer_id")
        session.execute(
            insert(table),  # type: ignore[arg-type]
            [{name: one[name] for name in kept} | {"created_at": now} for one in added],
        )
    if changed:
        session.connection().execute(
            update(table)  # type: ignore[arg-type]
            .where(table.c.id == bindparam("unit"))
            .values(sold_on=bindparam("day"), dealer_id=bindparam("dealer")),
            [
                {"unit": one["id"], "day": one["sold_on"], "dealer": one["dealer_id"]}
                for one in changed
            ],
        )
    told = [
        f"{one['serial']} {one['before'].isoformat()} → {one['sold_on'].isoformat()}"
        for one in changed[:MOST_TOLD]
    ]
    return {"corrected": ", ".join(told)} if told else {}
