"""The shape of what is typed on the pages of claims and runs."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from wtforms import Field, HiddenField, SelectField, StringField
from wtforms.validators import Optional, ValidationError

from portal.claims.commands import Decision, Draft, Paid, Step, Work
from portal.claims.models import ADVANCE, FREIGHT
from portal.claims.workflow import LINE
from portal.core.clock import Month
from portal.core.db import LINE as LONGEST
from portal.core.db import AnyRow
from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.fees.workflow import UNITS
from portal.files.forms import UploadsField
from portal.web import filters, forms
from portal.web.forms import CountField, Form, MoneyField, SelectChoice, clean, line, needed, text

_NAME = re.compile(r"[A-Za-z0-9_-]{16}")
_REMARK = "remark-"
_SERVICE, _QUANTITY = "service-", "quantity-"
MOST_NAMES = 1000


class NamesField(Field):
    """The public ids that came under a name; what cannot be one is left out."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take them."""
        self.data = frozenset(name for name in valuelist[:MOST_NAMES] if _NAME.fullmatch(name))


class RemarksField(Field):
    """A remark for each piece, sent as ``remark-<public id>``."""

    def process(self, formdata: Any, data: Any = None, extra_filters: Any = None) -> None:
        """Take them."""
        self.process_errors, self.errors, self.raw_data = [], (), None
        self.data = {
            name.removeprefix(_REMARK): clean(formdata[name])
            for name in list(formdata or ())[: 2 * MOST_NAMES]
            if name.startswith(_REMARK)
        }

    def pre_validate(self, form: Any) -> None:
        """A remark is one line."""
        if any(len(remark) > LONGEST for remark in self.data.values()):
            raise ValidationError(
                _("A remark on a line has at most %(max)d characters.", max=LONGEST)
            )


class DraftForm(forms.DraftForm):
    """A page of a draft: its pieces with their remarks, and the remark on the whole."""

    offered = NamesField(default=frozenset())
    chosen = NamesField(default=frozenset())
    remarks = RemarksField(_l("Remarks"))
    remark = text(_l("Remark on the claim"), required=False)

    def draft(self) -> Draft:
        """What the dealer wants it to be."""
        return Draft(
            offered=self.offered.data,
            chosen=self.chosen.data & self.offered.data,
            remarks=self.remarks.data,
            remark=self.remark.data or "",
        )


class MonthForm(Form):
    """The choice of a month."""

    month = StringField(_l("Month"))

    def chosen(self) -> Month:
        """The month; Invalid if it is none."""
        try:
            return Month.parse(self.month.data or "")
        except ValueError:
            raise Invalid(_("Choose a month."), field="month") from None


class DecisionForm(Form):
    """What the reviewer decides on one line (R6); ``was`` is its status on the page."""

    was = HiddenField()
    step = HiddenField()
    amount = MoneyField(_l("Approved amount"), [Optional()])
    reason = StringField(_l("Reason"))
    note = text(_l("Note for the dealer"), required=False)

    def decision(self) -> Decision:
        """The decision; Invalid if it is none that the table of steps has."""
        named = LINE.named(self.step.data or "")
        if named is None:
            raise Invalid(_("Choose what to do with this line."))
        step: Step = named.name  # type: ignore[assignment]
        return Decision(step, self.amount.data, self.reason.data or None, self.note.data or "")


class AssignForm(Form):
    """To whom the ticked dealers are given, by public id; to nobody if it is empty."""

    reviewer = StringField(_l("Reviewer"))


class ShareForm(Form):
    """Among whom dealers are shared out."""

    among = NamesField(_l("Reviewers"), default=frozenset())


class OutlayForm(Form):
    """What was paid for a document, with the receipt (R1)."""

    document: Any
    amount: Any
    files = UploadsField(_l("Receipt"), default=())
    remark = line(_l("Remark"), required=False)
    on_top = ("document", "amount")

    def offer(self, documents: Sequence[AnyRow]) -> None:
        """Let one choose among these; the only one is chosen."""
        self.document.choices = [
            *([("", _("Choose…"))] if len(documents) > 1 else []),
            *((row.outlay, self.label_of(row)) for row in documents),
        ]

    def label_of(self, row: AnyRow) -> str:
        """A document as one knows it."""
        raise NotImplementedError

    def paid(self, kind: str) -> Paid:
        """What the dealer claims."""
        return Paid(
            kind=kind,
            document=clean(self.document.data or ""),
            amount=self.amount.data,
            receipts=frozenset(self.files.data or ()),
            remark=self.remark.data or "",
        )


class FreightForm(OutlayForm):
    """What a carrier was paid for a consignment."""

    document = SelectField(_l("Consignment"), validate_choice=False)
    amount = MoneyField(_l("Freight paid"), [needed()], least=1)

    def label_of(self, row: AnyRow) -> str:
        """By its number, how it was sent, and when."""
        sent = (row.outlay_number, row.carrier, row.tracking_number, filters.day(row.sent_at))
        return " · ".join(filter(None, sent))


class AdvanceForm(OutlayForm):
    """What a customer was paid, as headquarters approved it."""

    document = SelectField(_l("Customer compensation"), validate_choice=False)
    amount = MoneyField(_l("Paid to the customer"), [needed()], least=1)

    def label_of(self, row: AnyRow) -> str:
        """By its number, the customer, and what was approved."""
        return " · ".join((row.outlay_number, row.customer, filters.money(row.most)))


OUTLAY_FORMS: dict[str, type[OutlayForm]] = {FREIGHT: FreightForm, ADVANCE: AdvanceForm}
"""By the kind of line."""


class LabourForm(Form):
    """The labour of some old parts: a service and a quantity for each (R1)."""

    def works(self) -> list[Work]:
        """Those for which a service is chosen."""
        chosen = {
            field.name.removeprefix(_SERVICE): field.data
            for field in self
            if field.name.startswith(_SERVICE) and field.data
        }
        return [
            Work(name, _position(service), self[f"{_QUANTITY}{name}"].data or 1)
            for name, service in chosen.items()
        ]


def _position(text: str) -> int:
    """The position of a rate as the page has it; 0, which none has, for anything else."""
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def labour_form(
    pieces: Sequence[AnyRow], rates: Mapping[str, Mapping[int, AnyRow]], **options: Any
) -> LabourForm:
    """The form for those of some pieces that have no labour yet and some rates."""
    fields: dict[str, Any] = {}
    for piece in pieces:
        known, name = rates[piece.public_id], piece.public_id
        if piece.claimed is None and known:
            rates_of = (SelectChoice(str(at), _rate(rate)) for at, rate in known.items())
            choices = [SelectChoice("", "–"), *rates_of]
            service = _("Service for %(number)s", number=piece.old_part_number)
            quantity = _("Quantity for %(number)s", number=piece.old_part_number)
            fields[_SERVICE + name] = SelectField(service, choices=choices, validate_choice=False)
            fields[_QUANTITY + name] = CountField(quantity, [Optional()], default=1, most=999)
    kind: Any = type("Labour", (LabourForm,), fields)
    form: LabourForm = kind(**options)
    return form


def _rate(rate: AnyRow) -> str:
    return f"{rate.name} · {filters.money(rate.amount)} {UNITS[rate.unit]}"


class NoteForm(Form):
    """A note inside headquarters on a line."""

    text = text(_l("Note inside headquarters"))
