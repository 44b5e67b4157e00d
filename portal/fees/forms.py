"""The shape of what is typed about services and schedules of fees."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from wtforms import FormField, HiddenField, SelectField
from wtforms.validators import Optional

from portal.catalogue.forms import NamesForm
from portal.catalogue.price_columns import NUMBER
from portal.core.i18n import _l
from portal.fees.commands import MOST_LINES, Fee, Fees
from portal.fees.models import ServiceItem
from portal.fees.workflow import UNITS
from portal.web.forms import (
    DayField,
    DraftForm,
    MoneyField,
    Rows,
    RowsField,
    SelectChoice,
    Typed,
    between,
    clean,
    line,
    needed,
    row_numbers,
    text,
)
from portal.web.routes import now

Row = dict[str, str]
"""A line of a schedule as it is typed."""

TYPED = ("item", "service", "unit", "amount", "grounds")
BLANKS = 3
"""How many empty lines of one's own stand below those that are filled in."""
_LONGEST = 4000


def _units() -> list[Any]:
    return [SelectChoice(code, label) for code, label in UNITS.items()]


class ItemForm(NamesForm):
    """What headquarters says of a service."""

    unit = SelectField(_l("Unit"), choices=_units())


class NewItemForm(ItemForm):
    """A service that is added: its code as well."""

    on_top = ("code",)
    code = line(_l("Code"), most=NUMBER, description=_l("Short, for spreadsheets. It stays."))


class FeeForm(Rows):
    """What one service costs: headquarters' ``item``, or one with a name of the dealer's own."""

    item = HiddenField()
    service = line(_l("Service"), required=False)
    unit = SelectField(_l("Unit"), choices=_units())
    amount = MoneyField(_l("Amount"), [Optional()])
    grounds = line(_l("Why"), required=False)


def _today() -> date:
    return now().date()


def _latest() -> date:
    return date(_today().year + 2, 12, 31)


class SaveForm(DraftForm):
    """A draft that is only kept: nothing of what is typed is looked at."""

    def whole(self) -> "ScheduleForm":
        """The form with all that was typed, and why it was refused."""
        made = ScheduleForm()
        made.status, made.form_errors = self.status, self.form_errors
        return made


class ScheduleForm(SaveForm):
    """A schedule of service fees 服务费收费标准, as it is typed (F1)."""

    effective_on = DayField(
        _l("To be in force from"),
        [needed(), between(_today, _latest)],
        description=_l("If it is approved later, it is in force from that day on."),
    )
    grounds = text(
        _l("Local grounds"),
        description=_l("Wages, rents, distances: why these rates are right where you are."),
    )
    lines = RowsField(FormField(FeeForm), max_entries=MOST_LINES)

    def fees(self, items: Iterable[ServiceItem]) -> Fees:
        """The command, without lines that nothing is typed in; ``row`` says where each stands."""
        ids = {item.public_id: item.id for item in items}
        return Fees(
            effective_on=self.effective_on.data,
            grounds=self.grounds.data or "",
            lines=tuple(
                Fee(
                    row=index,
                    item_id=ids.get(row.item.data, 0) if row.item.data else None,
                    name=row.service.data or "",
                    unit=row.unit.data,
                    amount=row.amount.data,
                    grounds=row.grounds.data or "",
                )
                for index, row in enumerate(self.lines)
                if (row.amount.raw_data and clean(row.amount.raw_data[0])) or row.service.data
            ),
        )


def typed_rows(typed: Mapping[str, str]) -> list[Row]:
    """The lines of a form as it was typed, in order, whatever their numbers; no empty ones."""
    found = (
        {name: typed.get(f"lines-{number}-{name}", "") for name in TYPED}
        for number in sorted(row_numbers("lines", typed))[:MOST_LINES]
    )
    return [row for row in found if row["service"] or row["amount"] or row["grounds"]]


def with_rows(typed: Mapping[str, str], rows: Iterable[Row]) -> dict[str, str]:
    """The form as typed, with other lines."""
    kept = {name: typed.get(name, "") for name in ("effective_on", "grounds")}
    for index, row in enumerate(rows):
        kept |= {f"lines-{index}-{name}": value for name, value in row.items()}
    return kept


def as_typed(given: Mapping[str, str]) -> dict[str, str]:
    """What a request's form holds, cleaned, and nothing else."""
    kept = {name: clean(value)[:_LONGEST] for name, value in given.items()}
    return with_rows(kept, typed_rows(kept))


def of_typed(typed: Mapping[str, str], items: Sequence[ServiceItem], seen: int) -> ScheduleForm:
    """The form as it was left: a line for each of headquarters' services, then one's own."""
    rows = typed_rows(typed)
    given = {row["item"]: row for row in rows if row["item"]}
    lines = [
        given.get(item.public_id, dict.fromkeys(TYPED, ""))
        | {"item": item.public_id, "unit": item.unit}
        for item in items
    ]
    lines += [row for row in rows if not row["item"]]
    lines += [dict.fromkeys(TYPED, "") | {"unit": "job"}] * BLANKS
    left = Typed(with_rows(typed, lines[:MOST_LINES]) | {"seen": str(seen)})
    return ScheduleForm(formdata=left, meta={"csrf": False})
