"""Forms: messy input is read, bad input is answered at the field, and nothing typed is lost."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any, ClassVar

from flask import current_app
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict as Typed
from wtforms import (
    Field,
    FieldList,
    HiddenField,
    IntegerField,
    PasswordField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import (
    InputRequired,
    Length,
    Optional,
    StopValidation,
    ValidationError,
)
from wtforms.widgets import HiddenInput

from portal.core.clock import parse_day
from portal.core.db import LINE, TEXT, session
from portal.core.errors import CHANGED, Forbidden, Invalid, NotFound, Refusal, Stale
from portal.core.i18n import _, _l
from portal.core.money import parse_amount, to_decimal
from portal.web import filters

_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def clean(text: Any) -> Any:
    """Text as it is kept: composed, trimmed, without what no database or page can hold."""
    if not isinstance(text, str):
        return text
    text = _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", text).strip()


class Form(FlaskForm):  # type: ignore[misc]
    """A form whose texts are cleaned and whose refusals become errors beside the fields."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Field:
            """Clean whatever is typed into a text field; a password is taken as it is."""
            filters_given = list(unbound_field.kwargs.get("filters", ()))
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, PasswordField):
                filters_given.insert(0, clean)
            bound: Field = super().bind_field(
                form, unbound_field, {**options, "filters": filters_given}
            )
            return bound

    status = 200
    on_top: ClassVar[tuple[str, ...]] = ()
    """How the names begin of those fields that stand above the others on the page, though they are
    declared, or made, after them."""

    def __iter__(self) -> Iterator[Field]:
        """The fields in the page's order."""
        fields: Iterable[Field] = super().__iter__()
        return iter(sorted(fields, key=lambda field: not field.short_name.startswith(self.on_top)))

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether the input has the right shape; if not, the answer's status is 422."""
        valid = bool(super().validate(extra_validators))
        if not valid:
            self.status = 422
        return valid

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Do something that may be refused: a refusal undoes it and becomes the form's error.

        What may not be seen or done at all is not the form's matter and goes on.
        """
        try:
            with session.begin_nested():
                yield
        except (Forbidden, NotFound):
            raise
        except Refusal as refusal:
            self.refuse(refusal)

    def now_shows(self, version: int) -> None:
        """Let the page of a conflict name the version that it shows: sent again, it is meant so.

        Any other refusal keeps the version that was seen.
        """
        if self.status == 409:
            self["seen"].raw_data = [str(version)]

    def refuse(self, refusal: Refusal) -> None:
        """Show a refusal at its fields, or above the form."""
        self.status = refusal.status
        if refusal.sentence is CHANGED and not self.holds_typing:
            refusal = Stale(_l("Somebody changed this while you were looking at it. "
                               "This page now shows how it stands."))  # fmt: skip
        named = {refusal.field: refusal.sentence} if refusal.field else {}
        if isinstance(refusal, Invalid):
            named |= refusal.fields
        for name, sentence in named.items():
            if not _mark(self, name, sentence):
                self.form_errors.append(sentence)
        if not named:
            self.form_errors.append(refusal.sentence)

    @property
    def holds_typing(self) -> bool:
        """Whether anything was typed or chosen; what the page itself sent along is nothing."""
        return any(field.data for field in self if not isinstance(field.widget, HiddenInput))

    def complain(self, sentences: Mapping[str, Any]) -> None:
        """Say what else is wrong, at those fields that nothing is said of yet: all at once."""
        for name, sentence in sentences.items():
            _mark(self, name, sentence, only_first=True)


def _mark(form: Any, name: str, sentence: Any, *, only_first: bool = False) -> bool:
    """Put a sentence beside the field of that name, however deep it lies; False if there is none.

    A list of rows takes the sentence too: it is how it knows that something in it is wrong. With
    ``only_first`` a field that has a sentence already takes no other.
    """
    for field in form:
        rows = getattr(field, "entries", [field])
        inside = (
            _mark(row.form, name, sentence, only_first=only_first)
            for row in rows
            if hasattr(row, "form")
        )
        if field.name == name or any(inside):
            if not hasattr(field, "form") and not (only_first and field.errors):
                field.errors = [*field.errors, sentence]
            return True
    return False


class Rows(Form):
    """A row inside a form: the form around it carries the token."""

    class Meta(Form.Meta):
        csrf = False


def row_numbers(prefix: str, names: Iterable[str]) -> set[int]:
    """The numbers of the rows in fields' names: ``lines-7-part`` names row 7 of ``lines``."""
    numbered = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,6}})-")
    return {int(found[1]) for name in names if (found := numbered.match(name))}


class RowsField(FieldList):  # type: ignore[type-arg]
    """Rows of a form, each a ``Rows``; what is no number of a row is passed over."""

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterable[int]:
        return row_numbers(prefix, formdata)


class VersionField(IntegerField):
    """The version of the document that the page shows, hidden; garbage counts as stale."""

    data: Any
    widget = HiddenInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what came, or a version that no document has."""
        try:
            self.data = int(valuelist[0])
        except (IndexError, ValueError):
            self.data = -1


class DraftForm(Form):
    """A form of a draft that is kept while it is typed (``core.drafts``).

    ``over`` is the version that is to be overwritten, once the page has said who saved it.
    """

    seen = VersionField()
    over = VersionField()

    @property
    def version(self) -> int:
        """The version that was seen, or that is to be overwritten, knowing who saved it."""
        version: int = self.seen.data if self.over.data == -1 else self.over.data
        return version


class ActionForm(Form):
    """One step of a document: the version that was seen and, where it is asked for, a reason.

    ``step`` names the step, for the page to keep its box open if it is refused.
    """

    step = ""
    seen = VersionField()
    code = StringField(_l("Reason"), [Optional(), Length(max=40)])
    reason = TextAreaField(_l("Why?"), [Optional(), Length(max=TEXT)])

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        if self.code.raw_data:  # the reason is chosen, and said in words beside it
            self.reason.label.text = _l("In words")

    def asked(self) -> dict[str, Any]:
        """What the step's service is given: what was seen, and why."""
        return {
            "seen": self.seen.data,
            "code": self.code.data or "",
            "reason": self.reason.data or "",
        }


class ParsedField(StringField):
    """A field that is typed freely and read into something else; what was typed stays."""

    data: Any
    unreadable: Any = _l("This cannot be read.")

    def parse(self, text: str) -> Any:
        raise NotImplementedError

    def show(self, value: Any) -> str:
        raise NotImplementedError

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else self.show(self.data)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; nothing typed is None."""
        text = clean(valuelist[0]) if valuelist else ""
        self.data = None
        if not text:
            return
        try:
            self.data = self.parse(text)
        except Invalid as refusal:
            raise ValueError(str(refusal)) from None
        except ValueError:
            raise ValueError(str(self.unreadable)) from None


class MoneyField(ParsedField):
    """An amount of money, in minor units; ``least`` is 0 or, where nothing is too little, 1."""

    def __init__(self, *arguments: Any, least: int = 0, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.least = least

    def parse(self, text: str) -> int:
        """Read an amount as people write it."""
        amount = parse_amount(
            text,
            current_app.extensions["settings"].exponent,
            decimal_comma=filters.has_decimal_comma(),
        )
        if amount < self.least:
            raise Invalid(_("An amount must be above zero."))
        return amount

    def show(self, value: int) -> str:
        """Write it as one would type it."""
        return filters.amount(value)


class CountField(ParsedField):
    """A whole number of pieces, between the bounds that the field names."""

    unreadable = _l("Enter a whole number.")

    def __init__(self, *arguments: Any, least: int = 1, most: int = 9999, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.least, self.most = least, most

    def parse(self, text: str) -> int:
        """Read a whole number within the bounds."""
        if "_" in text:  # Python groups digits so, people do not
            raise ValueError(text)
        count = int(unicodedata.normalize("NFKC", text).replace(" ", ""))
        if not self.least <= count <= self.most:
            raise Invalid(
                _(
                    "Enter a whole number from %(least)d to %(most)d.",
                    least=self.least,
                    most=self.most,
                )
            )
        return count

    def show(self, value: int) -> str:
        """The number as it is."""
        return str(value)


class PercentField(ParsedField):
    """A percentage in hundredths of a percent, between the bounds that the field names."""

    def __init__(self, *arguments: Any, least: int, most: int, **options: Any) -> None:
        self.least, self.most = least, most
        self.unreadable = _(
            "From %(least)s to %(most)s percent, with at most two decimals.",
            least=self.show(least),
            most=self.show(most),
        )
        super().__init__(*arguments, **options)
        self.description = self.unreadable

    def parse(self, text: str) -> int:
        """Read a percentage within the bounds, with or without its sign."""
        comma = filters.has_decimal_comma()
        hundredths = to_decimal(text.rstrip("%％ "), decimal_comma=comma) * 100
        if hundredths % 1 or not self.least <= hundredths <= self.most:
            raise ValueError(text)
        return int(hundredths)

    def show(self, value: int) -> str:
        """The percentage as it is typed."""
        return filters.hundredths(value)


class DayField(ParsedField):
    """A day, typed in any common way; a native date picker sends ``2026-11-22``."""

    unreadable = _l("Enter a date, for example 2026-11-22.")

    def parse(self, text: str) -> date:
        """Read a day."""
        return parse_day(text)

    def show(self, value: date) -> str:
        """The day as a date picker wants it."""
        return value.isoformat()

    @property
    def fits_picker(self) -> bool:
        """Whether a date picker can show what stands in the field; it would hide what is no day."""
        written = re.fullmatch(r"(\d{4}-\d\d-\d\d)?", self._value())
        return bool(written) and not self.process_errors


def between(earliest: Callable[[], date], latest: Callable[[], date]) -> Callable[..., None]:
    """A validator: the day lies between two days that are only known when it is asked."""

    def check(_form: Any, field: Any) -> None:
        if field.data is None:
            return
        first, last = earliest(), latest()
        if not first <= field.data <= last:
            raise ValidationError(
                _(
                    "Enter a date from %(first)s to %(last)s.",
                    first=filters.day(first),
                    last=filters.day(last),
                )
            )

    return check


def line(label: Any, *, required: bool = True, most: int = LINE, **options: Any) -> Any:
    """A field for one line of text."""
    return StringField(label, _checks(required, most), **options)


def text(label: Any, *, required: bool = True, most: int = TEXT, **options: Any) -> Any:
    """A field for several lines of text."""
    return TextAreaField(label, _checks(required, most), **options)


class _Needed(InputRequired):
    """Something must be typed; blanks are nothing."""

    def __call__(self, form: Any, field: Any) -> None:
        if not field.raw_data or not clean(field.raw_data[0]):
            field.errors = []
            raise StopValidation(str(self.message))


def needed() -> InputRequired:
    """The validator of a field that must be filled in."""
    return _Needed(_l("Please fill this in."))


class _Most(Length):
    """At most so many characters: more is refused with a sentence, and not cut by the browser."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.field_flags = {}


def _checks(required: bool, most: int) -> list[Any]:
    length = _Most(max=most, message=_l("At most %(max)d characters, please."))
    return [needed() if required else Optional(), length]


__all__ = [
    "ActionForm",
    "CountField",
    "DayField",
    "DraftForm",
    "Form",
    "HiddenField",
    "MoneyField",
    "PercentField",
    "Rows",
    "RowsField",
    "SelectChoice",
    "Typed",
    "VersionField",
    "between",
    "clean",
    "line",
    "needed",
    "row_numbers",
    "text",
]
