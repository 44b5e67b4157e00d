"""The shape of what is typed about parts and price lists."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from wtforms import BooleanField, FileField, SelectField

from portal.catalogue.price_columns import COLUMNS, UNIT
from portal.catalogue.services import PartFacts
from portal.core.i18n import _, _l
from portal.sheets.columns import Mapped
from portal.web.forms import DayField, Form, VersionField, between, line, needed
from portal.web.routes import now


def _earliest() -> date:
    return now().date().replace(year=now().year - 10, month=1, day=1)


def _latest() -> date:
    return now().date().replace(year=now().year + 2, month=12, day=31)


class PriceListForm(Form):
    """A spreadsheet, and from when its prices count."""

    file = FileField(
        _l("Spreadsheet"),
        [needed()],
        description=_l("Excel (.xlsx) or text (.csv) with a row of headings, at most 40 MB."),
    )
    effective_from = DayField(
        _l("Prices count from"),
        [needed(), between(_earliest, _latest)],
        description=_l("What was quoted before keeps its prices."),
    )
    name = line(
        _l("Name"), required=False, description=_l("Left empty, it is the name of the file.")
    )


class ColumnsForm(Form):
    """Which column of a file is which: a choice for each of ``COLUMNS``, under its key."""

    seen = VersionField()

    def offer(self, headings: Sequence[str]) -> None:
        """Offer a file's headings to choose from."""
        none = [("", _("– not in this file –"))]
        named = [(str(index), heading) for index, heading in enumerate(headings) if heading]
        for column in COLUMNS:
            self[column.key].choices = none + named

    def take(self, mapping: Mapped) -> None:
        """Show how the columns are read so far."""
        for column in COLUMNS:
            index = mapping.get(column.key)
            self[column.key].data = "" if index is None else str(index)

    @property
    def chosen(self) -> dict[str, str]:
        return {column.key: self[column.key].data or "" for column in COLUMNS}


for _column in COLUMNS:
    setattr(ColumnsForm, _column.key, SelectField(_column.label, validate_choice=False))


class PartForm(Form):
    """What an administrator changes of a part."""

    seen = VersionField()
    name = line(_l("Name in English"))
    name_zh = line(_l("Name in Chinese"), required=False)
    name_pl = line(_l("Name in Polish"), required=False)
    unit = line(_l("Unit"), required=False, most=UNIT)
    category = line(_l("Category"), required=False)
    active = BooleanField(_l("Active part"), description=_l("An inactive part cannot be ordered."))
    return_required = BooleanField(
        _l("Old part must be returned"),
        description=_l("The dealer registers the defective piece and keeps it for collection."),
    )
    successor = line(
        _l("Replaced by"),
        required=False,
        most=60,
        description=_l("The number of the part that comes instead of this one."),
    )

    @property
    def facts(self) -> PartFacts:
        typed: dict[str, Any] = {
            name: self[name].data for name in PartFacts.__slots__ if name != "successor"
        }
        return PartFacts(**typed, successor=self.successor.data or "")
