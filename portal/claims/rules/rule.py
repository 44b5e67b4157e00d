"""What a rule is: a name, a title, its policy values, a statement that finds, and a sentence."""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, select

from portal.advances.models import Advance
from portal.claims.models import OLD_PART, Claim, ClaimLine
from portal.collections.models import Consignment
from portal.core.db import AnySelect
from portal.oldparts.models import OldPart
from portal.terms.term import Term
from portal.terms.values import TERMS

R = TypeVar("R")
Values = Mapping[str, int]
"""Policy values: all of them by their names, or those of one rule by their parameters."""
Figures = dict[str, Any]
"""What a sentence tells, as JSON has it: days as ISO texts, money in minor units."""


class Found(NamedTuple):
    """A line on which a rule found something."""

    line_id: int
    figures: Figures


@dataclass(frozen=True)
class Lines:
    """The lines that are looked at, and when: as the claims were taken into their run.

    ``now`` is in headquarters' zone; what was registered later is not known. Of a run that is
    looked at in portions, ``whole`` are all its lines.
    """

    which: ColumnElement[bool]
    now: datetime
    whole: "Lines | None" = None
    _known: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def some(self, which: ColumnElement[bool]) -> "Lines":
        """A portion of these lines."""
        return Lines(self.which & which, self.now, self)

    def once(self, key: Hashable, work_out: "Callable[[Lines], R]") -> R:
        """What is worked out from all lines of the run: once, however many portions it has."""
        whole = self.whole or self
        if key not in whole._known:
            whole._known[key] = work_out(whole)
        known: R = whole._known[key]
        return known

    def of_any_kind(self, *columns: Any) -> AnySelect:
        """The columns of each line and its claim, with the line's ``id``."""
        return (
            select(ClaimLine.id, *columns)
            .select_from(ClaimLine)
            .join(Claim, Claim.id == ClaimLine.claim_id)
            .where(self.which)
        )

    def select(self, *columns: Any) -> AnySelect:
        """Of the lines that claim an old part, and not its labour: also the old part's columns."""
        its_piece = (OldPart.id == ClaimLine.old_part_id) & (ClaimLine.kind == OLD_PART)
        return self.of_any_kind(*columns).join(OldPart, its_piece)

    def of_freight(self, *columns: Any) -> AnySelect:
        """Of the lines that claim freight: also the consignment's columns."""
        return self.of_any_kind(*columns).join(
            Consignment, Consignment.id == ClaimLine.consignment_id
        )

    def of_advances(self, *columns: Any) -> AnySelect:
        """Of the lines that claim a customer compensation: also its columns."""
        return self.of_any_kind(*columns).join(Advance, Advance.id == ClaimLine.advance_id)


@dataclass(frozen=True)
class Rule:
    """One thing that is looked for on the lines of claims before a person looks at them (R5).

    ``find`` yields the lines with the figures that ``tell`` makes a sentence of; it asks the same
    number of queries however many lines there are, and finds the same on a line whatever other
    lines are looked at with it. ``parameters`` are the last parts of the names of its policy
    values.
    """

    name: str
    title: Any
    find: Callable[[Lines, Values], Iterable[Found]]
    tell: Callable[[Figures], str]
    parameters: tuple[str, ...] = ()

    @property
    def switch(self) -> Term:
        """The policy value that says whether the rule looks at all, and what it finds."""
        return TERMS[f"rule.{self.name}"]

    @property
    def terms(self) -> list[Term]:
        """Its policy values, the switch first."""
        return [self.switch, *(TERMS[f"rule.{self.name}_{one}"] for one in self.parameters)]

    def values(self, values: Values) -> Values:
        """Its own parameters of all policy values."""
        return {one: values[f"rule.{self.name}_{one}"] for one in self.parameters}

    def found(self, lines: Lines, values: Values) -> Iterable[Found]:
        """What it finds with these policy values, which the figures keep; nothing switched off."""
        if not values[self.switch.name]:
            return
        own = self.values(values)
        for line_id, figures in self.find(lines, own):
            yield Found(line_id, {**figures, **own})


def day_of(figures: Figures, name: str) -> date:
    """A day among the figures."""
    return date.fromisoformat(figures[name])
