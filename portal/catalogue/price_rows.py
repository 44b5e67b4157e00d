"""Reading a price list's rows (C3): what each would do to the catalogue, and what is wrong with it.

Nothing is written here. A price list makes parts and prices; a part that is there keeps its names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from portal.catalogue.price_columns import COLUMNS, NUMBER, UNIT
from portal.catalogue.queries import Known, number_key
from portal.catalogue.sheet_preview import Preview, counted
from portal.core.db import LINE
from portal.core.errors import Invalid
from portal.core.i18n import _, _l, ngettext
from portal.sheets.cells import whole_number, word
from portal.sheets.columns import Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table

COUNTS = {
    "total": _l("Rows"),
    "new": _l("New parts"),
    "changed": _l("Changed prices"),
    "unchanged": _l("Unchanged"),
    "without_price": _l("Without a price"),
    "noted": _l("Rows with a note"),
    "wrong": _l("Rows with an error"),
}
"""What a preview counts. A row is new, changed, unchanged or wrong; the others cut across."""

_YES = {"1", "yes", "y", "true", "t", "x", "是", "需要", "tak"}
_NO = {"0", "no", "n", "false", "f", "否", "不需要", "nie"}


@dataclass(frozen=True, slots=True)
class PriceRow:
    """A row that can be imported; amounts in minor units, ``retail`` 0 where there is none.

    ``known`` is the part as the catalogue has it, None for a new one.
    """

    row: int
    known: Known | None
    number: str
    name: str
    name_zh: str
    name_pl: str
    unit: str
    category: str
    return_required: bool
    cost: int
    retail: int

    @property
    def kind(self) -> str:
        """What the row does: ``new``, ``changed`` or ``unchanged``."""
        if self.known is None:
            return "new"
        same = (self.known.cost or 0, self.known.retail or 0) == (self.cost, self.retail)
        return "unchanged" if same else "changed"

    def is_in(self, share: str) -> bool:
        """Whether this is what the row does, or whether it is without a price."""
        return share == self.kind or (share == "without_price" and self.cost == 0)

    def is_said(self, on: date) -> bool:
        """Whether a list of that very day says the same already: nothing is to be written."""
        return self.kind == "unchanged" and self.known is not None and self.known.since == on


@dataclass(frozen=True, kw_only=True)
class PricePreview(Preview[PriceRow]):
    """What a price list would do from a day on; with an error, nothing of it is imported."""

    on: date

    @property
    def to_write(self) -> list[PriceRow]:
        """The rows that say something new."""
        return [row for row in self.rows if not row.is_said(self.on)]


def judge(
    table: Table,
    mapping: Mapped,
    known: Mapping[str, Known],
    on: date,
    *,
    currency: str,
    digits: int,
) -> PricePreview:
    """Say for each row what it would do on a day, or why it cannot be imported.

    ``known`` are the catalogue's parts by number and by number key, with their prices in force on
    that day; ``digits`` is how many the currency has after the decimal sign.
    """
    rows: list[PriceRow] = []
    issues: list[RowIssue] = []
    first: dict[str, int] = {}
    for line in table.rows:
        reader = RowReader(line, COLUMNS, mapping)
        row = _row(reader, known, first, currency, digits)
        issues += reader.issues
        if row is not None:
            rows.append(row)
    total = len(table.rows)
    return PricePreview(
        on=on,
        total=total,
        rows=rows,
        issues=issues,
        counts=counted(total, rows, issues, ("new", "changed", "unchanged", "without_price")),
    )


def _row(
    reader: RowReader,
    known: Mapping[str, Known],
    first: dict[str, int],
    currency: str,
    digits: int,
) -> PriceRow | None:
    number = reader.read("number", word, NUMBER)
    part = _part(reader, number, known, first) if number else None
    texts = _texts(reader, part)
    must_return = reader.read("return_required", _truth)
    _check_currency(reader, currency)
    cost = reader.amount("cost", digits, currency)
    retail = reader.amount("retail", digits, currency)
    if retail is None:
        retail = (part.retail or 0) if part else 0
    if not reader.ok or number is None or cost is None:
        return None
    _tell(reader, part, cost, retail)
    return PriceRow(
        reader.row.number,
        part,
        part.number if part else number,
        **texts,
        return_required=must_return is not False,
        cost=cost,
        retail=retail,
    )


def _part(
    reader: RowReader, number: str, known: Mapping[str, Known], first: dict[str, int]
) -> Known | None:
    """The part that the catalogue has under a number; a number given twice is an error."""
    key = number_key(number)
    if len(key) > NUMBER:
        reader.error("number", _("This part number is too long."))
    before = first.setdefault(key, reader.row.number)
    if before != reader.row.number:
        reader.error(
            "number",
            _("“%(number)s” stands in row %(row)d already. One price for each part, please.",
              number=number, row=before),
        )  # fmt: skip
    part = known.get(number) or known.get(key)
    if part and part.number != number:
        reader.note("number", _("The catalogue writes this number %(number)s.", number=part.number))
    return part


def _texts(reader: RowReader, part: Known | None) -> dict[str, str]:
    """What a new part is called; a part that is there keeps what it has."""
    texts = {
        "name": reader.read("name", word, LINE) or "",
        "name_zh": reader.read("name_zh", word, LINE) or "",
        "name_pl": reader.read("name_pl", word, LINE) or "",
        "unit": reader.read("unit", word, UNIT) or "",
        "category": reader.read("category", word, LINE) or "",
    }
    if part and texts["name"] and texts["name"] != part.name:
        reader.note(
            "name",
            _("The catalogue calls this part “%(name)s”. A price list does not change that.",
              name=part.name),
        )  # fmt: skip
    texts["name"] = texts["name"] or texts["name_zh"] or texts["name_pl"]
    if part is None and not texts["name"] and reader.ok:
        reader.error("name", _("This part is new and needs a name."))
    return texts


def _check_currency(reader: RowReader, currency: str) -> None:
    given = reader.read("currency", word, NUMBER)
    if given and given.upper() not in (currency, *_ALSO.get(currency, ())):
        reader.error(
            "currency",
            _("This price is in %(given)s; here every price is in %(currency)s.",
              given=given, currency=currency),
        )  # fmt: skip
    pieces = reader.read("quantity", whole_number)
    if pieces is not None and pieces > 1:
        reader.error(
            "quantity",
            ngettext(
                "This price counts from %(num)d piece on. The price of a single piece is needed.",
                "This price counts from %(num)d pieces on. The price of a single piece is needed.",
                pieces,
            ),
        )


_ALSO = {"CNY": ("RMB", "人民币", "元", "¥"), "PLN": ("ZŁ", "ZL"), "EUR": ("€",), "USD": ("$",)}


def _truth(cell: str) -> bool | None:
    given = (word(cell, LINE) or "").casefold()
    if given and given not in _YES | _NO:
        raise Invalid(_("“%(text)s” is neither yes nor no.", text=given[:40]))
    return given in _YES if given else None


def _tell(reader: RowReader, part: Known | None, cost: int, retail: int) -> None:
    """What the person should know of a row that is good."""
    if cost == 0:
        sentence = _("Without a price: the part is kept, but cannot be ordered until it has one.")
        if part and part.cost:
            sentence = _("Takes the price away: the part cannot be ordered until it has one again.")
        reader.note(None, sentence)
    elif 0 < retail < cost:
        reader.note("retail", _("The out-of-warranty price is lower than the cost price."))
