"""What is typed from an invoice to a customer, and of the penalty that may follow (F2, F3)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from wtforms import FormField, SelectField
from wtforms.validators import Optional

from portal.core.db import AnyRow
from portal.core.i18n import _, _l
from portal.core.money import to_decimal
from portal.fees.models import ServiceItem
from portal.fees.workflow import UNITS
from portal.files.forms import UploadsField
from portal.invoices.commands import MOST_LINES, Asked, Charge
from portal.web import filters
from portal.web.forms import (
    DayField,
    Form,
    MoneyField,
    ParsedField,
    Rows,
    RowsField,
    SelectChoice,
    VersionField,
    between,
    line,
    needed,
    text,
)
from portal.web.routes import now

BLANKS = 4
"""How many empty lines stand below those that are filled in."""
OWN = "own:"
"""Begins the choice of a service that only the dealer's schedule names: its unit and name."""
_YEARS = 3
_MOST = 1_000_000


class QuantityField(ParsedField):
    """How many hours, kilometres or pieces, in hundredths; at most 10,000."""

    unreadable = _l("Enter a number above zero, with at most two decimals.")

    def parse(self, text: str) -> int:
        """Read a quantity."""
        hundredths = to_decimal(text, decimal_comma=filters.has_decimal_comma()) * 100
        if hundredths % 1 or not 0 < hundredths <= _MOST:
            raise ValueError(text)
        return int(hundredths)

    def show(self, value: int) -> str:
        """The number as it is typed."""
        return filters.hundredths(value)


class ChargeForm(Rows):
    """One service on the invoice: one of the list, or in words with its unit."""

    service = SelectField(_l("Service"), [Optional()])
    own = line(_l("In other words"), required=False)
    unit = SelectField(
        _l("Unit"), choices=[SelectChoice(code, label) for code, label in UNITS.items()]
    )
    quantity = QuantityField(_l("Quantity"), [Optional()])
    amount = MoneyField(_l("Invoiced"), [Optional()])

    @property
    def is_blank(self) -> bool:
        """Whether nothing is typed in it."""
        typed = (self.own, self.quantity, self.amount)
        return not self.service.data and not any(field._value().strip() for field in typed)

    def require(self) -> bool:
        """Complain about what a line that is begun lacks; whether it has everything."""
        for field in (self.quantity, self.amount):
            if field.data is None and not field.errors:
                field.errors = [_("Please fill this in.")]
        if not self.service.data and not self.own.data:
            self.own.errors = [_("Say what service this is for.")]
        return not self.errors


def _today() -> date:
    return now().date()


def _earliest() -> date:
    return date(_today().year - _YEARS, 1, 1)


class InvoiceForm(Form):
    """An invoice to a customer, as it stands on the paper."""

    paper_number = line(_l("Number on the paper"))
    issued_on = DayField(_l("Invoice date"), [needed(), between(_earliest, _today)])
    customer_name = line(_l("Customer's name"))
    old_part = line(
        _l("Old part"), required=False, description=_l("Its number, if one was registered.")
    )
    remark = text(_l("Remark"), required=False)
    files = UploadsField(_l("The invoice"), default=())
    lines = RowsField(FormField(ChargeForm), max_entries=MOST_LINES)

    def offer(self, services: Sequence[tuple[str, str]]) -> None:
        """Let each line choose among these services."""
        for entry in self.lines:
            entry.form.service.choices = [("", _("Another one, in words")), *services]

    def add_blanks(self) -> None:
        """Let some empty lines stand below what is typed, as many as there can be."""
        blank = 0
        for entry in self.lines:
            blank = blank + 1 if entry.form.is_blank else 0
        for _more in range(min(BLANKS - blank, MOST_LINES - len(self.lines))):
            self.lines.append_entry()

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and that each line that is begun has everything."""
        fields_are_right = super().validate(extra_validators)
        begun = (entry.form for entry in self.lines if not entry.form.is_blank)
        wanting = [row for row in begun if not row.require()]
        return fields_are_right and not wanting

    def asked(self, dealer_id: int, items: Iterable[ServiceItem]) -> Asked:
        """The command, without lines that nothing is typed in."""
        known = {item.public_id: item for item in items}
        return Asked(
            dealer_id=dealer_id,
            paper_number=self.paper_number.data or "",
            issued_on=self.issued_on.data,
            customer_name=self.customer_name.data or "",
            old_part=(self.old_part.data or "").strip(),
            remark=self.remark.data or "",
            files=self.files.data or (),
            charges=tuple(
                _charge(index, entry.form, known)
                for index, entry in enumerate(self.lines)
                if not entry.form.is_blank
            ),
        )


def _charge(index: int, row: ChargeForm, known: Mapping[str, ServiceItem]) -> Charge:
    chosen = row.service.data or ""
    item = known.get(chosen)
    name, unit = row.own.data or "", row.unit.data
    if chosen.startswith(OWN):
        unit, _colon, name = chosen.removeprefix(OWN).partition(":")
    return Charge(
        row=index,
        item_id=item.id if item else None,
        name="" if item else name,
        unit=item.unit if item else unit,
        quantity=row.quantity.data,
        amount=row.amount.data,
    )


def services_of(
    items: Iterable[ServiceItem], schedule: Iterable[AnyRow], language: str
) -> list[tuple[str, str]]:
    """What a line can choose: headquarters' services, then those that the dealer named itself."""
    common = [
        (item.public_id, f"{item.code} {item.name_in(language)} ({UNITS[item.unit]})")
        for item in items
    ]
    own = [
        (f"{OWN}{row.unit}:{row.own_name}", f"{row.own_name} ({UNITS[row.unit]})")
        for row in schedule
        if row.own_name
    ]
    return common + own


class PenaltyForm(Form):
    """The penalty for what is above the rates."""

    seen = VersionField()
    amount = MoneyField(_l("Amount"), [needed()], least=1)
    reason = text(_l("Reason"), description=_l("The dealer reads this."))
