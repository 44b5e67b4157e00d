"""Fault codes by spreadsheet: what each row would do, and the writing of those that are good.

A file removes nothing: a code that it does not name stays, and so does a text that it leaves open.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from portal.catalogue import fault_code_queries
from portal.catalogue.fault_code_services import change, new, said
from portal.catalogue.models import FaultCode
from portal.catalogue.names import Names
from portal.catalogue.price_columns import NUMBER
from portal.catalogue.queries import AT_ONCE, number_key
from portal.catalogue.sheet_preview import Preview, SheetRow, previewed
from portal.core.db import LINE, session
from portal.core.events import record_many
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.sheets.cells import word
from portal.sheets.columns import Column, Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table

COLUMNS = (
    Column(
        "code",
        _l("Fault code"),
        required=True,
        names=(
            "Code", "Error code", "Failure code", "Defect code", "DTC", "故障代码", "故障码",
            "故障编码", "故障编号", "代码", "编码", "Kod usterki", "Kod błędu", "Kod wady",
            "Kod awarii", "Kod",
        ),
    ),
    Column(
        "name",
        _l("Name in English"),
        names=(
            "Name in English", "English name", "English", "Name", "Description", "Fault",
            "Meaning", "Text", "Failure", "Defect", "英文名称", "英文", "故障英文名称",
            "Nazwa po angielsku", "Nazwa angielska", "Opis angielski",
        ),
    ),
    Column(
        "name_zh",
        _l("Name in Chinese"),
        names=(
            "Name in Chinese", "Chinese name", "Chinese", "中文名称", "中文", "故障名称",
            "故障描述", "故障现象", "故障说明", "故障", "名称", "描述", "说明",
            "Nazwa po chińsku", "Nazwa chińska", "Opis chiński",
        ),
    ),
    Column(
        "name_pl",
        _l("Name in Polish"),
        names=(
            "Name in Polish", "Polish name", "Polish", "波兰文名称", "波兰语名称", "波兰文",
            "Nazwa po polsku", "Nazwa polska", "Nazwa usterki", "Opis usterki", "Nazwa", "Opis",
            "Usterka", "Opis polski",
        ),
    ),
)  # fmt: skip
_NAMES = ("name", "name_zh", "name_pl")


def judge(table: Table, mapping: Mapped, _now: datetime) -> Preview[SheetRow]:
    """Say for each row what it would do, or why it cannot be imported."""
    at = mapping.get("code")
    cells = [] if at is None else [row.cells[at] for row in table.rows]
    known = fault_code_queries.by_key({number_key(cell) for cell in cells} - {""})
    rows: list[SheetRow] = []
    issues: list[RowIssue] = []
    first: dict[str, int] = {}
    for line in table.rows:
        reader = RowReader(line, COLUMNS, mapping)
        row = _row(reader, known, first)
        issues += reader.issues
        if row is not None:
            rows.append(row)
    return previewed(len(table.rows), rows, issues)


def _row(reader: RowReader, known: dict[str, FaultCode], first: dict[str, int]) -> SheetRow | None:
    code = reader.read("code", word, NUMBER)
    texts = {name: reader.read(name, word, LINE) or "" for name in _NAMES}
    if not reader.ok or code is None:
        return None
    key = number_key(code)
    if len(key) > NUMBER:
        reader.error("code", _("This fault code is too long."))
        return None
    before = first.setdefault(key, reader.row.number)
    if before != reader.row.number:
        reader.error("code", _("This fault code stands in row %(row)d already.", row=before))
        return None
    there = known.get(key)
    if there is None:
        return _new(reader, code, texts)
    if there.code != code:
        reader.note("code", _("The catalogue writes this code %(code)s.", code=there.code))
    facts = Names(**{name: texts[name] or getattr(there, name) for name in _NAMES})
    is_same = all(getattr(facts, name) == getattr(there, name) for name in _NAMES)
    return SheetRow(reader.row.number, "unchanged" if is_same else "changed", (there.code, facts))


def _new(reader: RowReader, code: str, texts: dict[str, str]) -> SheetRow | None:
    texts["name"] = texts["name"] or texts["name_zh"] or texts["name_pl"]
    if not texts["name"]:
        reader.error("name", _("This fault code is new and needs a name."))
        return None
    return SheetRow(reader.row.number, "new", (code, Names(**texts)))


def write(rows: Sequence[SheetRow], *, file_name: str, by: Actor, now: datetime) -> None:
    """Add the new codes and change the others, each with its event (P4), set by set."""
    added = [row.values for row in rows if row.kind == "new"]
    _add([new(code, texts, now) for code, texts in added], file_name, by, now)
    facts: dict[str, Names] = dict(row.values for row in rows if row.kind == "changed")
    codes = sorted(facts)
    for start in range(0, len(codes), AT_ONCE):
        found = session.scalars(
            select(FaultCode)
            .where(FaultCode.code.in_(codes[start : start + AT_ONCE]))
            .order_by(FaultCode.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        ).all()
        values = {one.id: change(one, facts[one.code]) | {"file": file_name} for one in found}
        for status in sorted({one.status for one in found}):
            alike = [one for one in found if one.status == status]
            record_many(alike, "edit", by=by, now=now, from_status=status, values=values)


def _add(made: Sequence[FaultCode], file_name: str, by: Actor, now: datetime) -> None:
    session.add_all(made)
    session.flush()
    values = {one.id: said(one) | {"file": file_name} for one in made}
    record_many(made, "create", by=by, now=now, from_status="", values=values)
