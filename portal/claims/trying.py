"""What changed rules would find on the lines of a run, before they are in force (R5).

It writes nothing: no finding, no value, no event. The rules look at what is known by now, as if the
run were opened as it was.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from portal.claims import findings
from portal.claims.findings import Told
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.outlay_kinds import COLUMNS, beside
from portal.claims.rules import RULES
from portal.claims.rules.rule import Figures, Lines, Rule, Values
from portal.core.db import AnyRow, rows, session
from portal.oldparts.models import OldPart
from portal.people.models import Dealer

MOST_RUNS = 24
MOST_SHOWN = 5
"""So many lines are shown of what a rule would find besides."""


class Count(NamedTuple):
    """So many lines, and what is claimed on them in minor units."""

    lines: int
    amount: int


class Example(NamedTuple):
    """A line that would be found besides."""

    line: AnyRow
    told: Told


@dataclass(frozen=True)
class Outcome:
    """What a rule finds with the values in force, and with those that are tried."""

    rule: Rule
    before: Count
    after: Count
    examples: Sequence[Example]


@dataclass(frozen=True)
class Trial:
    """What all rules find, and on how many of a run's lines any of them does."""

    lines: Count
    before: Count
    after: Count
    outcomes: Sequence[Outcome]


def runs() -> Sequence[AnyRow]:
    """The runs that rules can be tried on, the last one first."""
    return session.execute(
        select(Run.public_id, Run.month, Run.status).order_by(Run.month.desc()).limit(MOST_RUNS)
    ).all()


def run_named(name: str) -> Run | None:
    """A run by its public id."""
    return session.scalars(select(Run).where(Run.public_id == name)).one_or_none()


def tried(run: Run, values: Values, *, now: datetime) -> Trial:
    """Let the rules look at a run with the values in force and with others."""
    lines, known = findings.lines_of_run(run, now), findings.in_force(now)
    claimed: dict[int, int] = dict(rows(lines.of_any_kind(ClaimLine.claimed)))
    before = {name: _looked(rule, lines, known) for name, rule in RULES.items()}
    after = {
        name: before[name] if _same(rule, known, values) else _looked(rule, lines, values)
        for name, rule in RULES.items()
    }

    def count(line_ids: Iterable[int]) -> Count:
        amounts = [claimed[line_id] for line_id in line_ids]
        return Count(len(amounts), sum(amounts))

    more = {name: sorted(after[name].keys() - before[name].keys())[:MOST_SHOWN] for name in RULES}
    shown = _shown(sorted({line_id for some in more.values() for line_id in some}))
    return Trial(
        count(claimed),
        count(set().union(*before.values())),
        count(set().union(*after.values())),
        [
            Outcome(
                rule,
                count(before[name]),
                count(after[name]),
                [
                    Example(shown[line_id], findings.told(name, after[name][line_id]))
                    for line_id in more[name]
                ],
            )
            for name, rule in RULES.items()
        ],
    )


def _looked(rule: Rule, lines: Lines, values: Values) -> dict[int, Figures]:
    return {found.line_id: found.figures for found in rule.found(lines, values)}


def _same(rule: Rule, known: Values, values: Values) -> bool:
    return all(known[term.name] == values[term.name] for term in rule.terms)


def _shown(line_ids: Sequence[int]) -> Mapping[int, Any]:
    found = session.execute(
        beside(
            select(
                ClaimLine.id,
                ClaimLine.kind,
                ClaimLine.claimed,
                Claim.public_id.label("claim"),
                Claim.number.label("claim_number"),
                OldPart.public_id.label("old_part"),
                OldPart.number.label("old_part_number"),
                *COLUMNS,
                Dealer.name.label("dealer_name"),
            ).select_from(ClaimLine)
        )
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .outerjoin(OldPart, OldPart.id == ClaimLine.old_part_id)
        .join(Dealer, Dealer.id == ClaimLine.dealer_id)
        .where(ClaimLine.id.in_(line_ids))
    )
    return {row.id: row for row in found}
