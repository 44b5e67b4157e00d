"""The shape of a proposed policy value."""

from collections.abc import Callable, Sequence
from typing import Any

from wtforms import RadioField, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from portal.core.i18n import _, _l
from portal.terms.term import Term
from portal.web import filters
from portal.web.forms import (
    CountField,
    DayField,
    Form,
    MoneyField,
    PercentField,
    SelectChoice,
    needed,
    text,
)


class Proposal(Form):
    """A new value from a day on, with its reason."""

    on_top = ("value",)
    effective_from = DayField(
        _l("In force from"), [needed()], description=_l("Today or a later day.")
    )
    reason = text(_l("Reason"), description=_l("Whoever decides on it reads this."))

    @property
    def number(self) -> int:
        """The new value."""
        number: int = self.value.data
        return number


class _Switch(Proposal):
    value = RadioField(
        _l("New value"),
        [needed()],
        choices=[SelectChoice(1, _l("yes")), SelectChoice(0, _l("no"))],
        coerce=int,
    )


class _Weekdays(Proposal):
    value = SelectMultipleField(
        _l("New value"),
        [needed()],
        coerce=int,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.value.choices = [SelectChoice(day, filters.weekday(day)) for day in range(7)]

    @property
    def number(self) -> int:
        """The days that were chosen, each as its bit."""
        return sum(1 << day for day in set(self.value.data or ()))


def proposal_for(term: Term) -> Any:
    """The form for a term, within its bounds."""
    if term.is_switch:
        return _Switch()
    if term.measure == "weekdays":
        return _Weekdays()
    value = number_field(term, _l("New value"), [needed()])
    return type("NumberProposal", (Proposal,), {"value": value})()


def number_field(term: Term, label: Any, validators: Sequence[Any], **options: Any) -> Any:
    """The field for a number within a term's bounds."""
    # The bounds belong to the field before it reads what was typed.
    bounds: Any = {"least": term.least, "most": term.most}
    if term.measure == "basis_point":
        return PercentField(label, validators, **bounds, **options)
    if term.measure == "money":
        return MoneyField(label, [*validators, _within(term)], least=min(term.least, 1), **options)
    said = _("A whole number from %(least)d to %(most)d.", **bounds)
    return CountField(label, validators, description=said, **bounds, **options)


def _within(term: Term) -> Callable[[Any, Any], None]:
    def check(_form: Any, field: Any) -> None:
        if field.data is not None and not term.least <= field.data <= term.most:
            raise ValidationError(term.bounds)

    return check
