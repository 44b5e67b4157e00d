"""The shape of what is typed about parts, and sent as spreadsheets."""

from collections.abc import Sequence
from datetime import date
from typing import ClassVar

from wtforms import BooleanField, FileField, SelectField

from portal.catalogue.names import Names
from portal.catalogue.price_columns import COLUMNS, NUMBER, UNIT
from portal.catalogue.services import PartFacts
from portal.core.i18n import _, _l
from portal.files.forms import UploadsField
from portal.sheets.columns import Column, Mapped
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


class ImportForm(Form):
    """A spreadsheet of master data."""

    file = FileField(
        _l("Spreadsheet"),
        [needed()],
        description=_l("Excel (.xlsx) or text (.csv) with a row of headings, at most 40 MB."),
    )


class ColumnsForm(Form):
    """Which column of a file is which: a choice for each of ``columns``, under its key."""

    columns: ClassVar[Sequence[Column]] = ()
    seen = VersionField()

    def offer(self, headings: Sequence[str]) -> None:
        """Offer a file's headings to choose from."""
        none = [("", _("– not in this file –"))]
        named = [(str(index), heading) for index, heading in enumerate(headings) if heading]
        for column in self.columns:
            self[column.key].choices = none + named

    def take(self, mapping: Mapped) -> None:
        """Show how the columns are read so far."""
        for column in self.columns:
            index = mapping.get(column.key)
            self[column.key].data = "" if index is None else str(index)

    @property
    def chosen(self) -> dict[str, str]:
        return {column.key: self[column.key].data or "" for column in self.columns}


def columns_form(columns: Sequence[Column]) -> type[ColumnsForm]:
    """The form for some columns."""
    fields = {one.key: SelectField(one.label, validate_choice=False) for one in columns}
    return type("ColumnsForm", (ColumnsForm,), {"columns": columns, **fields})


PriceColumnsForm = columns_form(COLUMNS)


_number = line(
    _l("Part number"), most=NUMBER, description=_l("As the manufacturer writes it. It stays.")
)


class NamesForm(Form):
    """What something is called, in three languages."""

    seen = VersionField()
    name = line(_l("Name in English"))
    name_zh = line(_l("Name in Chinese"), required=False)
    name_pl = line(_l("Name in Polish"), required=False)

    @property
    def names(self) -> Names:
        keys = ("name", "name_zh", "name_pl")
        return Names(**{key: self[key].data or "" for key in keys})


class PartForm(NamesForm):
    """What an administrator says of a part."""

    unit = line(_l("Unit"), required=False, most=UNIT)
    category = line(_l("Category"), required=False)
    successor = line(
        _l("Replaced by"),
        required=False,
        most=NUMBER,
        description=_l("The number of the part that comes instead of this one."),
    )
    return_required = BooleanField(
        _l("Old part must be returned"),
        description=_l("The dealer registers the defective piece and keeps it for collection."),
    )
    drop_picture = BooleanField(_l("Remove this picture"))
    photos = UploadsField(_l("Choose a photo"))

    @property
    def picture(self) -> str | None:
        """The photo that was sent; of several the last one."""
        return self.photos.data[-1] if self.photos.data else None

    @property
    def facts(self) -> PartFacts:
        names = ("name", "name_zh", "name_pl", "unit", "category", "successor")
        typed: dict[str, str] = {name: self[name].data or "" for name in names}
        return PartFacts(**typed, return_required=bool(self.return_required.data))


class NewPartForm(PartForm):
    """A part that is added by hand: its number as well."""

    on_top = ("number",)
    number = _number
