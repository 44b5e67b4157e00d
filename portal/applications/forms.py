"""The shape of what is typed about applications, quotes and shipments."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from wtforms import FormField, HiddenField, RadioField, SelectField
from wtforms.validators import InputRequired, Optional

from portal.applications.commands import (
    Answer,
    Consignment,
    Found,
    LineAnswer,
    LineRequest,
    Request,
)
from portal.applications.editor import LINE_KEY, LINE_TYPED, Row, new_line, with_rows
from portal.applications.models import STOCK, WARRANTY
from portal.applications.receipt import AGAIN, REFUND
from portal.applications.services import MOST_LINES, MOST_PIECES
from portal.core.db import AnyRow
from portal.core.i18n import _, _l
from portal.files.forms import UploadsField
from portal.web import filters
from portal.web.forms import (
    ActionForm,
    CountField,
    DayField,
    DraftForm,
    Form,
    MoneyField,
    Rows,
    RowsField,
    SelectChoice,
    Typed,
    VersionField,
    between,
    clean,
    line,
    needed,
    row_numbers,
    text,
)
from portal.web.routes import now

EARLIEST = date(1990, 1, 1)
_KEY = re.compile("[0-9]{1,18}")


def _today() -> date:
    return now().date()


class LineForm(Rows):
    """One line of an application, as it is typed; ``key`` is the place of its photos."""

    key = HiddenField()
    part = line(_l("Part number"), most=60)
    quantity = CountField(_l("Quantity"), [needed()], most=MOST_PIECES)
    purpose = RadioField(
        _l("Purpose"),
        [InputRequired(_l("Choose what the part is for."))],
        choices=[
            SelectChoice(WARRANTY, _l("Warranty repair")),
            SelectChoice(STOCK, _l("Stock")),
        ],
    )
    product_model = line(_l("Product model"), required=False)
    serial = line(_l("Serial number"), required=False)
    purchase_date = DayField(_l("Purchase date"), [Optional(), between(lambda: EARLIEST, _today)])
    fault = text(_l("Fault"), required=False, most=1000)
    remark = text(_l("Remark"), required=False)


class SaveForm(DraftForm):
    """A draft that is only kept: nothing of what is typed is looked at."""

    def whole(self) -> "ApplicationForm":
        """The form with all that was typed, and why it was refused."""
        made = ApplicationForm()
        made.status, made.form_errors = self.status, self.form_errors
        return made


class ApplicationForm(SaveForm):
    """A parts application 售后服务配件申请单, as it is typed."""

    contact = line(_l("Contact"))
    phone = line(_l("Phone"), required=False, most=60)
    delivery_address = text(_l("Delivery address"), most=1000)
    reference = line(
        _l("Your own number"),
        required=False,
        description=_l("Your order or job number, if you have one. You can search for it."),
    )
    lines = RowsField(FormField(LineForm), min_entries=1, max_entries=MOST_LINES)
    remark = text(_l("Remark"), required=False)

    def request(self, part_ids: Mapping[str, int]) -> Request:
        """The command; a part that is not in ``part_ids`` gets an id that no part has.

        A quantity that cannot be read is 0.
        """
        return Request(
            contact=self.contact.data,
            phone=self.phone.data or "",
            delivery_address=self.delivery_address.data,
            remark=self.remark.data or "",
            reference=self.reference.data or "",
            lines=tuple(
                LineRequest(
                    part_id=part_ids.get(row.part.data, 0),
                    quantity=row.quantity.data or 0,
                    purpose=row.purpose.data,
                    product_model=row.product_model.data or "",
                    serial=row.serial.data or "",
                    purchase_date=row.purchase_date.data,
                    fault=row.fault.data or "",
                    remark=row.remark.data or "",
                    key=_line_key(row),
                )
                for row in self.lines
            ),
        )


LONGEST = 4000
LONGEST_PASTED = 200_000


def _line_key(row: Any) -> str:
    """The key of a line, as ``typed_rows`` has it: what cannot be one is replaced."""
    key = row.key.data or ""
    return key if LINE_KEY.fullmatch(key) else f"row{row.key.name.split('-')[1]}"


def typed_rows(typed: Mapping[str, str]) -> list[Row]:
    """The lines of a form as it was typed, in order, whatever their numbers."""
    found = []
    for number in sorted(row_numbers("lines", typed))[:MOST_LINES]:
        row = {name: typed.get(f"lines-{number}-{name}", "") for name in LINE_TYPED}
        if not LINE_KEY.fullmatch(row["key"]):
            row["key"] = f"row{number}"
        found.append(row)
    return found


def as_typed(given: Mapping[str, str]) -> dict[str, str]:
    """What a request's form holds, cleaned, and nothing else."""
    most = {"pasted": LONGEST_PASTED}
    kept = {name: clean(value)[: most.get(name, LONGEST)] for name, value in given.items()}
    return with_rows(kept, typed_rows(kept))


def of_typed(typed: Mapping[str, str], seen: int) -> ApplicationForm:
    """The form as it was left, with nothing checked."""
    rows = typed_rows(typed) or [new_line()]
    left = Typed(with_rows(typed, rows) | {"seen": str(seen)})
    return ApplicationForm(formdata=left, meta={"csrf": False})


def _latest() -> date:
    return date(_today().year + 2, 12, 31)


def _promised() -> Any:
    return DayField(_l("Promised ship date"), [needed(), between(_today, _latest)])


class LineAnswerForm(Rows):
    """Headquarters' answer to one line."""

    line_id = HiddenField()
    part = SelectField(_l("Part to send"), coerce=int, validate_choice=False)
    quantity = CountField(_l("Confirmed quantity"), [needed()], least=0, most=MOST_PIECES)
    remark = line(_l("Remark"), required=False)


class QuoteForm(Form):
    """A quote (A3)."""

    seen = VersionField()
    lines = RowsField(FormField(LineAnswerForm), max_entries=MOST_LINES)
    freight = MoneyField(_l("Freight"), [Optional()])
    packing = MoneyField(_l("Packing"), [Optional()])
    promised_on = _promised()
    remark = text(_l("Remark"), required=False)

    def answers(self, line_ids: Iterable[int]) -> bool:
        """Whether its rows answer these very lines, in their order."""
        return [str(row.line_id.data) for row in self.lines] == [str(one) for one in line_ids]

    def take_lines(self, other: "QuoteForm") -> None:
        """Take the rows of another form in place of one's own."""
        self.lines = self._fields["lines"] = other.lines

    def answer(self) -> Answer:
        """The command."""
        return Answer(
            lines=tuple(
                LineAnswer(
                    line_id=int(row.line_id.data) if _KEY.fullmatch(str(row.line_id.data)) else 0,
                    part_id=row.part.data,
                    quantity=row.quantity.data,
                    remark=row.remark.data or "",
                )
                for row in self.lines
            ),
            freight=self.freight.data or 0,
            packing=self.packing.data or 0,
            promised_on=self.promised_on.data,
            remark=self.remark.data or "",
        )


class ManyForm(Form):
    """Applications that were ticked; which, the request says."""


class ManyQuotesForm(ManyForm):
    """What many quotes at list price have in common (A3)."""

    freight = MoneyField(_l("Freight for each"), [Optional()])
    packing = MoneyField(_l("Packing for each"), [Optional()])
    promised_on = _promised()


class ConfirmForm(ActionForm):
    """The confirmation of one version of a quote (A4)."""

    quote_version = VersionField()


def pieces_form(
    base: type[Form], rests: Mapping[int, int], numbers: Mapping[int, str]
) -> type[Form]:
    """A form with a field for the pieces of each quoted line, at most what is still to be sent.

    ``numbers`` holds the part number of each line: its field's name.
    """
    fields = {
        f"pieces-{line_id}": CountField(
            _("Pieces of %(part)s", part=numbers[line_id]), [Optional()], least=0, most=rest
        )
        for line_id, rest in rests.items()
    }
    return type("PiecesForm", (base,), fields)


class ShipForm(Form):
    """What the warehouse sends, and how (A7)."""

    on_top = ("pieces-",)
    seen = VersionField()
    carrier = line(_l("Carrier"))
    tracking_number = line(_l("Tracking number"))
    shipped_on = DayField(_l("Date of shipment"), [needed(), between(lambda: EARLIEST, _today)])

    def pieces(self) -> dict[int, int]:
        """How many pieces of each quoted line."""
        return _counts(self, "pieces")

    def consignment(self) -> Consignment:
        """The command."""
        return Consignment(
            pieces=self.pieces(),
            carrier=self.carrier.data,
            tracking_number=self.tracking_number.data,
            shipped_on=self.shipped_on.data,
        )


class CancelForm(ActionForm):
    """What cannot be sent, and why (A7); ``agreed`` is the refund that the page has shown."""

    on_top = ("pieces-",)
    agreed = VersionField()
    reason = text(_l("Reason"), required=False)

    def pieces(self) -> dict[int, int]:
        """How many pieces of each quoted line."""
        return _counts(self, "pieces")


def fill(form: Form, pieces: Mapping[int, int | None]) -> None:
    """Write pieces into a form made by ``pieces_form``, in place of what was typed."""
    for line_id, count in pieces.items():
        field = form[f"pieces-{line_id}"]
        field.data, field.raw_data = count, None


def _counts(form: Form, prefix: str) -> dict[int, int]:
    """The numbers in the fields of that prefix, by what follows it; nothing typed is 0."""
    return {
        int(name.removeprefix(f"{prefix}-")): field.data or 0
        for name, field in form._fields.items()
        if name.startswith(f"{prefix}-")
    }


class ReportForm(Form):
    """What of a shipment did not arrive well (A8)."""

    on_top = ("short-", "damaged-")
    seen = VersionField()
    photos = UploadsField(_l("Photos"))
    remark = text(_l("Remark"), required=False)

    def found(self) -> dict[int, Found]:
        """What is missing and damaged of each line where something is."""
        short, damaged = _counts(self, "short"), _counts(self, "damaged")
        found = {line_id: Found(short[line_id], damaged[line_id]) for line_id in short}
        return {line_id: one for line_id, one in found.items() if one.pieces}


def report_form(lines: Iterable[AnyRow]) -> type[ReportForm]:
    """A form with two counts for each line of a shipment."""
    fields = {
        f"{name}-{row.ShipmentLine.id}": CountField(
            f"{row.number} · {label}", [Optional()], least=0, most=row.ShipmentLine.sent
        )
        for row in lines
        for name, label in (("short", _("Missing")), ("damaged", _("Damaged")))
    }
    return type("LinesReportForm", (ReportForm,), fields)


class SettleForm(ActionForm):
    """What headquarters does about each line that did not arrive well (A8)."""

    on_top = ("line-",)
    reason = text(_l("In words"), required=False)

    def decisions(self) -> dict[int, str]:
        """To send again or to refund, by line."""
        return {
            int(name.removeprefix("line-")): field.data
            for name, field in self._fields.items()
            if name.startswith("line-")
        }


def settle_form(lines: Iterable[AnyRow]) -> type[SettleForm]:
    """A form with a choice for each line that did not arrive well; the refund says how much."""
    fields = {
        f"line-{line.id}": RadioField(
            _report_words(row),
            [InputRequired(_l("Choose what to do about it."))],
            choices=[
                SelectChoice(AGAIN, _("Send again")),
                SelectChoice(
                    REFUND,
                    _("Refund %(amount)s", amount=filters.money(line.unwell * line.unit_price)),
                ),
            ],
        )
        for row in lines
        if (line := row.ShipmentLine).unwell
    }
    return type("LinesSettleForm", (SettleForm,), fields)


def _report_words(row: AnyRow) -> str:
    counted = (
        (_("Missing"), row.ShipmentLine.short),
        (_("Damaged"), row.ShipmentLine.damaged),
    )
    said = (
        _("%(field)s: %(sentence)s", field=label, sentence=count)
        for label, count in counted
        if count
    )
    return " · ".join([row.number, *said])
