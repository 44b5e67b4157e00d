"""What rules found on the lines of claims (R5): written as a run takes them in, for reviewers.

A dealer never sees any of it. A settled claim is not looked at again.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import aliased

from portal.claims import policy
from portal.claims.figures import has_finding, its_piece, total
from portal.claims.models import LABOUR, Claim, ClaimFinding, ClaimLine, Run
from portal.claims.rules import RULES
from portal.claims.rules.rule import Lines, Values
from portal.core.db import AnyRow, session
from portal.core.permissions import Actor
from portal.terms.rule_terms import RULE_TERMS
from portal.terms.values import values

BATCH = 1000
"""So many findings are written with one statement."""
_piece = aliased(ClaimLine)


def in_force(now: datetime) -> Values:
    """The rules' policy values on headquarters' day."""
    return values([term.name for term in RULE_TERMS], now.date())


def lines_of_run(run: Run, now: datetime) -> Lines:
    """All lines of a run as its opening sees them; ``now`` gives headquarters' zone."""
    return Lines(Claim.run_id == run.id, run.opened_at.astimezone(now.tzinfo))


class Kept(NamedTuple):
    """What a rule found on a line, to be written."""

    line_id: int
    rule: str
    figures: dict[str, Any]


def look(lines: Lines) -> Sequence[Kept]:
    """Let the rules look at lines, with the policy values of the day; nothing is written."""
    known = in_force(lines.now)
    return [
        Kept(one.line_id, rule.name, one.figures)
        for rule in RULES.values()
        for one in rule.found(lines, known)
    ]


def keep(found: Sequence[Kept], claim_ids: Sequence[int]) -> None:
    """Write what was found on the lines of some locked claims, but for lines that have left them.

    What has a finding, or a remark, is decided by itself, and so is the labour of such a piece, and
    labour of more than one unit: rules do not look at it. Each claim has its lines counted.
    """
    mine = ClaimLine.claim_id.in_(claim_ids)
    for some in _batches(found):
        keys = [one.line_id for one in some]
        still = set(session.scalars(select(ClaimLine.id).where(mine, ClaimLine.id.in_(keys))))
        if rows := [one._asdict() for one in some if one.line_id in still]:
            session.execute(insert(ClaimFinding), rows)
    session.execute(
        update(ClaimLine)
        .where(mine, or_(ClaimLine.remark != "", has_finding()))
        .values(alone=True)
        .execution_options(synchronize_session=False)
    )
    piece_alone = exists().where(its_piece(_piece), _piece.alone)
    session.execute(
        update(ClaimLine)
        .where(mine, ClaimLine.kind == LABOUR, or_(ClaimLine.quantity > 1, piece_alone))
        .values(alone=True)
        .execution_options(synchronize_session=False)
    )
    count(Claim.id.in_(claim_ids))


def _batches(found: Sequence[Kept]) -> Iterator[Sequence[Kept]]:
    for first in range(0, len(found), BATCH):
        yield found[first : first + BATCH]


def count(which: ColumnElement[bool]) -> None:
    """Write on claims how many of their lines have a finding."""
    suspicious = (
        select(func.count(ClaimFinding.line_id.distinct()))
        .join(ClaimLine, ClaimLine.id == ClaimFinding.line_id)
        .where(ClaimLine.claim_id == Claim.id)
        .correlate(Claim)
        .scalar_subquery()
    )
    session.execute(
        update(Claim)
        .where(which)
        .values(suspicious=suspicious)
        .execution_options(synchronize_session=False)
    )


def forget(which: ColumnElement[bool]) -> None:
    """Remove the findings of some lines: their claim is corrected, or they leave it."""
    lines = select(ClaimLine.id).where(which)
    session.execute(
        delete(ClaimFinding)
        .where(ClaimFinding.line_id.in_(lines))
        .execution_options(synchronize_session=False)
    )


# --- For who decides ----------------------------------------------------------------------------


class Told(NamedTuple):
    """A finding in a sentence, and the other old part that it is about: public id and number.

    ``title`` and ``meaning`` are the rule's: what it looks for.
    """

    title: Any
    meaning: Any
    sentence: str
    other: tuple[str, str] | None


def told(rule: str, figures: Mapping[str, Any]) -> Told:
    """A finding in the reader's language."""
    known = RULES[rule]
    other = figures.get("other")
    return Told(
        known.title,
        known.switch.meaning,
        known.tell(dict(figures)),
        tuple(other) if other else None,
    )


def of_lines(line_ids: Sequence[int], actor: Actor) -> Mapping[int, list[Told]]:
    """What was found on some lines, by their keys; nothing for who may not see it. One query."""
    found: dict[int, list[Told]] = defaultdict(list)
    if not actor.can(policy.FINDINGS) or not line_ids:
        return found
    rows = session.execute(
        select(ClaimFinding.line_id, ClaimFinding.rule, ClaimFinding.figures).where(
            ClaimFinding.line_id.in_(line_ids)
        )
    ).all()
    order = list(RULES)
    for row in sorted(rows, key=lambda row: order.index(row.rule)):
        found[row.line_id].append(told(row.rule, row.figures))
    return found


class Sum(NamedTuple):
    """On how many lines a rule found something, and what is claimed on them, in minor units."""

    rule: Any
    lines: int
    amount: int


def of_run(run: Run) -> list[Sum]:
    """What each rule found on the lines of a run, in the rules' order; one query."""
    rows: Sequence[AnyRow] = session.execute(
        select(ClaimFinding.rule, func.count().label("lines"), total(ClaimLine.claimed))
        .join(ClaimLine, ClaimLine.id == ClaimFinding.line_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.run_id == run.id)
        .group_by(ClaimFinding.rule)
    ).all()
    found = {row[0]: row for row in rows}
    return [Sum(rule, *found[rule.name][1:]) for rule in RULES.values() if rule.name in found]
