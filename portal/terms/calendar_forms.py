"""What is typed about the days of the working calendar."""

from datetime import date
from typing import Any

from wtforms import RadioField, SelectMultipleField
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.core.clock import parse_day
from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.terms.calendar import Span
from portal.terms.calendar_services import problem
from portal.web.forms import DayField, Form, SelectChoice, VersionField, line, needed, text
from portal.web.routes import now

MOST_LINES = 100
LONGEST_SHOWN = 40


def _kind() -> Any:
    return RadioField(
        _l("These days are"),
        [InputRequired(_l("Please choose."))],
        choices=[
            SelectChoice("closed", _l("free, a holiday")),
            SelectChoice("works", _l("worked, to make up for a holiday")),
        ],
    )


class SpanForm(Form):
    """A holiday or a make-up day, or several in a row."""

    seen = VersionField()
    name = line(_l("Name"), most=60)
    first = DayField(_l("First day"), [needed()])
    last = DayField(_l("Last day"), [Optional()], description=_l("Empty for a single day."))
    kind = _kind()

    def spans(self) -> list[Span]:
        """The command."""
        last = self.last.data or self.first.data
        return [Span(self.first.data, last, self.name.data, self.kind.data == "works")]


class PasteForm(Form):
    """Many at once, a line each: the first day, the last one where there is one, and the name."""

    seen = VersionField()
    rows = text(
        _l("Days"),
        description=_l(
            "One holiday a line, as it is copied from a spreadsheet: first day, last day, name. "
            "For example: 2026-10-01 2026-10-07 National Day"
        ),
    )
    pasted_kind = _kind()

    def validate_rows(self, field: Any) -> None:
        """Each line is read; the first ones that cannot be are named with their number."""
        lines = [
            (number, one) for number, one in enumerate(field.data.split("\n"), 1) if one.strip()
        ]
        if len(lines) > MOST_LINES:
            raise ValidationError(_("At most %(most)d lines, please.", most=MOST_LINES))
        self.read: list[Span] = []
        wrong = []
        for number, one in lines:
            try:
                self.read.append(_span(one, works=self.pasted_kind.data == "works"))
            except Invalid as refusal:
                shown = one if len(one) <= LONGEST_SHOWN else one[: LONGEST_SHOWN - 1] + "…"
                wrong.append(
                    _(
                        "Row %(number)d, “%(text)s”: %(sentence)s",
                        number=number,
                        text=shown,
                        sentence=refusal,
                    )
                )
        if wrong:
            raise ValidationError(" ".join(wrong[:5]))

    def spans(self) -> list[Span]:
        """The command."""
        return self.read


def _day(word: str) -> date | None:
    try:
        return parse_day(word)
    except ValueError:
        return None


def _span(typed: str, *, works: bool) -> Span:
    words = typed.replace(",", " ").replace(";", " ").split()
    days: list[date] = []
    while words and len(days) < 2 and (day := _day(words[0])):
        days.append(day)
        words.pop(0)
    if not days:
        raise Invalid(_("Enter a date, for example 2026-11-22."))
    span = Span(days[0], days[-1], " ".join(words)[:60], works)
    if refusal := problem(span, now()):
        raise refusal
    return span


class ClearForm(Form):
    """What is taken back."""

    seen = VersionField()
    first = DayField(_l("First day"), [needed()])
    last = DayField(_l("Last day"), [needed()])


class TakeOverForm(Form):
    """Which of the proposed holidays are taken over, by their keys."""

    seen = VersionField()
    pick = SelectMultipleField(_l("Public holidays"), validate_choice=False, choices=[])
