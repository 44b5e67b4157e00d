"""Every policy value: its unit, its bounds, its default, and what it means.

An approved value counts from its effective date on; whoever decides by one stores it with the
decision.
"""

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Date, Select, bindparam, func, select

from portal.core.db import session
from portal.core.i18n import _l
from portal.terms.models import PolicyValue


@dataclass(frozen=True)
class Term:
    """A number that headquarters decides; ``unit`` is a word for people."""

    name: str
    default: int
    least: int
    most: int
    unit: Any
    meaning: Any

    @property
    def is_switch(self) -> bool:
        """Whether the number says yes or no."""
        return (self.least, self.most) == (0, 1)


_HOURS, _DAYS, _MONTHS, _COUNT = _l("hours"), _l("days"), _l("months"), _l("pieces")
_SWITCH, _DAY_OF_MONTH = _l("0 = no, 1 = yes"), _l("day of the month")

TERMS = {
    term.name: term
    for term in (
        Term(
            "application.reply_hours",
            24,
            1,
            240,
            _HOURS,
            _l("Headquarters answers a submitted application within this time (A10)."),
        ),
        Term(
            "application.quote_days",
            14,
            1,
            90,
            _DAYS,
            _l("A quote that is not confirmed within this time expires."),
        ),
        Term(
            "application.ship_days",
            2,
            1,
            30,
            _DAYS,
            _l(
                "A released application is shipped within this time, or on its promised date (A10)."
            ),
        ),
        Term(
            "application.release_automatically",
            0,
            0,
            1,
            _SWITCH,
            _l("A confirmed quote is released at once, without finance (A6)."),
        ),
        Term(
            "oldpart.photos",
            1,
            0,
            10,
            _COUNT,
            _l("An old part is registered with at least so many photos (O2)."),
        ),
        Term(
            "oldpart.register_days",
            15,
            1,
            120,
            _DAYS,
            _l("An old part is registered within this time after the new part's receipt (O6)."),
        ),
        Term(
            "claim.lapse_months",
            6,
            1,
            24,
            _MONTHS,
            _l("An accepted old part can be claimed for so many months (R2)."),
        ),
        Term(
            "claim.run_day",
            3,
            1,
            28,
            _DAY_OF_MONTH,
            _l("On this day the run for the month before opens (R4)."),
        ),
    )
}


def in_force(name: str, on: date | BindParameter[date]) -> ColumnElement[int]:
    """The value that is in force on a day, as a column of another query."""
    chosen = (
        select(PolicyValue.value)
        .where(
            PolicyValue.name == name,
            PolicyValue.status == "approved",
            PolicyValue.effective_from <= on,
        )
        .order_by(PolicyValue.effective_from.desc(), PolicyValue.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return func.coalesce(chosen, TERMS[name].default)


def value(name: str, on: date) -> int:
    """The value that is in force on a day; KeyError for a name that no rule has."""
    return session.scalars(_value(name), {"on": on}).one()


@cache
def _value(name: str) -> Select[int]:
    return select(in_force(name, bindparam("on", type_=Date())))
