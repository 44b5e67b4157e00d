"""The rule that looks whether the product was in warranty when it failed (C5)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Any

from portal.catalogue.eligibility import Case, Eligibility
from portal.catalogue.warranty import eligibilities
from portal.claims.rules.rule import Figures, Found, Lines, Rule, Values, day_of
from portal.core.db import AnyRow, rows
from portal.core.i18n import _l
from portal.oldparts.models import OldPart

SHARE = 500
"""Of so many lines the serials and models are asked for together."""
_DAYS = ("failed_on", "starts_on", "ends_on")


def _warranty(lines: Lines, values: Values) -> Iterable[Found]:
    """Out of warranty; or, where a policy value wants it, not known to be in it."""
    bad = ("out", "unknown") if values["unknown"] else ("out",)
    for some in _shares(lines):
        cases = [
            Case(one.part_id, one.model, one.serial, one.purchased_on, one.failed_on)
            for one in some
        ]
        verdicts = eligibilities(cases, today=lines.now.date())
        for row, verdict in zip(some, verdicts, strict=True):
            if verdict.verdict in bad:
                yield Found(row.id, _figures(verdict))


def _shares(lines: Lines) -> Iterator[Sequence[AnyRow]]:
    found = rows(
        lines.select(
            OldPart.part_id,
            OldPart.product_model.label("model"),
            OldPart.product_serial.label("serial"),
            OldPart.purchase_date.label("purchased_on"),
            OldPart.failed_on,
        )
    )
    for first in range(0, len(found), SHARE):
        yield found[first : first + SHARE]


def _figures(found: Eligibility) -> Figures:
    """What the sentence is made of."""
    figures: Figures = {
        one.name: getattr(found, one.name) for one in fields(found) if one.name != "case"
    }
    for name in _DAYS:
        figures[name] = figures[name] and figures[name].isoformat()
    bought = found.case.purchased_on
    return figures | {
        "notes": list(found.notes),
        "typed": found.case.model,
        "purchased_on": bought and bought.isoformat(),
    }


def _tell(figures: Figures) -> str:
    def day(name: str) -> Any:
        return day_of(figures, name) if figures[name] else None

    known = {one.name: figures[one.name] for one in fields(Eligibility) if one.name != "case"}
    known |= {name: day(name) for name in _DAYS} | {"notes": tuple(figures["notes"])}
    case = Case(0, figures["typed"], purchased_on=day("purchased_on"))
    return Eligibility(case, **known).reason


WARRANTY = Rule("warranty", _l("Warranty"), _warranty, _tell, ("unknown",))
