"""A schedule by spreadsheet (F1): the rows of a file as what is typed, and the other way round.

Nothing is lost: what a field cannot read stays in it as it came, and the form says what is wrong.
"""

from collections.abc import Iterator, Mapping, Sequence

from portal.catalogue.queries import number_key
from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.fees.commands import MOST_LINES
from portal.fees.forms import Row, typed_rows
from portal.fees.items import by_words
from portal.fees.models import ServiceItem
from portal.fees.workflow import UNITS
from portal.sheets.columns import Column, normalised, propose
from portal.sheets.table import Table

COLUMNS = (
    Column("code", _l("Code"), names=("Code", "No.", "代码", "编码", "编号", "Kod", "Nr")),
    Column(
        "name",
        _l("Service"),
        names=(
            "Service", "Service item", "Item", "Description", "Work", "服务项目", "项目", "服务",
            "内容", "名称", "Usługa", "Pozycja", "Opis", "Nazwa", "Czynność",
        ),
    ),
    Column("unit", _l("Unit"), names=("Unit", "Per", "单位", "Jednostka", "J.m.", "Jm")),
    Column(
        "amount",
        _l("Amount"),
        names=(
            "Amount", "Price", "Fee", "Rate", "Charge", "收费标准", "金额", "价格", "费用", "单价",
            "标准", "Kwota", "Cena", "Stawka", "Opłata",
        ),
    ),
    Column(
        "grounds",
        _l("Why"),
        names=(
            "Why", "Grounds", "Reason", "Local grounds", "Remark", "Note", "依据", "理由", "说明",
            "备注", "Uzasadnienie", "Powód", "Uwagi", "Dlaczego",
        ),
    ),
)  # fmt: skip
_UNITS = {
    "job": ("job", "service", "time", "次", "每次", "项", "usługa", "za usługę", "szt. usługi"),
    "visit": ("visit", "call", "trip", "上门", "趟", "每次上门", "wizyta", "za wizytę", "dojazd"),
    "hour": ("hour", "hours", "h", "hr", "小时", "每小时", "工时", "godzina", "godz.", "rbh"),
    "km": ("km", "kilometre", "kilometer", "公里", "千米", "每公里", "kilometr", "za kilometr"),
    "piece": ("piece", "pcs", "pc", "unit", "件", "台", "个", "每件", "sztuka", "szt."),
}
"""How units are written, beside the portal's own words for them."""


def rows_in(table: Table, items: Sequence[ServiceItem]) -> list[Row]:
    """The rows of a file as lines of the form.

    Invalid, at the file, without rows, with more than a schedule can have, or without a column of
    amounts and one of services.
    """
    mapping = propose(COLUMNS, table.headings)
    if mapping["amount"] is None or (mapping["name"] is None and mapping["code"] is None):
        raise Invalid(
            _("This file needs a column “Amount”, and one “Service” or “Code”: take the template."),
            field="file",
        )
    known, units = by_words(items), _known_units()
    found = []
    for line in table.rows:
        cells = {
            key: "" if at is None else " ".join(line.cells[at].split())
            for key, at in mapping.items()
        }
        if any(cells[key] for key in ("amount", "grounds")):
            found.append(_row(cells, known, units))
    if not found:
        raise Invalid(_("This file has no row with an amount."), field="file")
    if len(found) > MOST_LINES:
        raise Invalid(_("A schedule has at most %(num)d services.", num=MOST_LINES), field="file")
    return found


def _row(cells: dict[str, str], known: Mapping[str, ServiceItem], units: Mapping[str, str]) -> Row:
    item = known.get(number_key(cells["code"])) or known.get(number_key(cells["name"]))
    line = {"amount": cells["amount"], "grounds": cells["grounds"]}
    if item is not None:
        return {"item": item.public_id, "service": "", "unit": item.unit, **line}
    name, unit = cells["name"] or cells["code"], units.get(normalised(cells["unit"]))
    if unit is None and cells["unit"]:
        name = f"{name} ({cells['unit']})"
    return {"item": "", "service": name, "unit": unit or "job", **line}


def _known_units() -> dict[str, str]:
    return {
        normalised(word): unit
        for unit, words in _UNITS.items()
        for word in (unit, str(UNITS[unit]), *words)
    }


def template_rows(
    typed: Mapping[str, str], items: Sequence[ServiceItem], language: str
) -> Iterator[tuple[str, ...]]:
    """The form as rows of a file: each of headquarters' services, filled in or not; one's own."""
    rows = typed_rows(typed)
    given = {row["item"]: row for row in rows if row["item"]}
    for item in items:
        row = given.get(item.public_id, {})
        said = (row.get("amount", ""), row.get("grounds", ""))
        yield item.code, item.name_in(language), str(UNITS[item.unit]), *said
    for row in rows:
        if not row["item"]:
            unit = str(UNITS.get(row["unit"], ""))
            yield "", row["service"], unit, row["amount"], row["grounds"]
