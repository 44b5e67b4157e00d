"""What a policy value is: a number within bounds, with its unit and its meaning."""

from dataclasses import dataclass
from typing import Any

from portal.core.i18n import _, _l
from portal.web import filters


@dataclass(frozen=True)
class Term:
    """A number that headquarters decides; ``measure`` is one of ``UNITS``."""

    name: str
    default: int
    least: int
    most: int
    measure: str
    title: Any
    meaning: Any

    @property
    def unit(self) -> Any:
        """The unit in a word for people."""
        return UNITS[self.measure]

    @property
    def is_number(self) -> bool:
        """Whether the number is one that people type, and not a choice."""
        return self.measure not in ("switch", "weekdays", "money")

    @property
    def bounds(self) -> str:
        """Between what it lies, in a sentence."""
        if self.measure == "money":
            least, most = self.in_words(self.least), self.in_words(self.most)
            return _("Enter an amount from %(least)s to %(most)s.", least=least, most=most)
        return _(
            "Enter a whole number from %(least)d to %(most)d.", least=self.least, most=self.most
        )

    @property
    def is_switch(self) -> bool:
        """Whether the number says yes or no."""
        return self.measure == "switch"

    def in_words(self, value: int) -> str:
        """A value as people say it, without its unit: a switch says yes or no.

        Of weekdays the lowest bit is Monday; of basis points it says the percent, of money the
        amount whose minor units it counts.
        """
        if self.is_switch:
            return _("yes") if value else _("no")
        if self.measure == "weekdays":
            return filters.listed(filters.weekday(day) for day in range(7) if value >> day & 1)
        if self.measure == "basis_point":
            return filters.hundredths(value)
        if self.measure == "money":
            return filters.money(value)
        return f"{value}:00" if self.measure == "time_of_day" else str(value)


UNITS = {
    "hour": _l("hours"),
    "day": _l("days"),
    "month": _l("months"),
    "year": _l("years"),
    "piece": _l("pieces"),
    "repair": _l("repairs"),
    "dealer": _l("dealers"),
    "switch": _l("0 = no, 1 = yes"),
    "day_of_month": _l("day of the month"),
    "basis_point": "%",
    "weekdays": _l("weekdays"),
    "time_of_day": _l("time of day"),
    "money": _l("amount of money"),
}
