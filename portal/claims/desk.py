"""The reviewer's desk: from one line to the next that is decided by itself (R5, R6).

Who works at it is offered the open lines of claims under review, of the dealers that are theirs
first, then of those that are nobody's; by dealer, claim and position. Nobody is offered a claim
that they submitted themselves (P2).
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    case,
    exists,
    func,
    literal_column,
    or_,
    select,
    type_coerce,
)
from sqlalchemy.orm import aliased

from portal.claims import policy
from portal.claims.models import Assignment, Claim, ClaimLine, Run
from portal.core.db import AnySelect, session
from portal.core.errors import NotFound
from portal.core.permissions import Actor, roles_with
from portal.people.models import User
from portal.web.lists import MOST, in_words

IS_OPEN = ClaimLine.status == literal_column("'open'")
"""Written into the statement, so that planners take the index of what is open."""


class Spot(NamedTuple):
    """Where a line is: the public id of its claim, and its position."""

    claim: str
    position: int


def line_at(claim: Claim, position: int) -> ClaimLine:
    """A line of a claim; NotFound if there is none there."""
    found = session.scalars(
        select(ClaimLine).where(ClaimLine.claim_id == claim.id, ClaimLine.position == position)
    ).one_or_none()
    if found is None:
        raise NotFound()
    return found


def who_decided(line: ClaimLine) -> str | None:
    """The name of who decided a line; None as long as nobody has."""
    return session.scalar(select(User.name).where(User.id == line.decided_by_id))


def may_take(by: Actor) -> list[ColumnElement[bool]]:
    """The condition that somebody is offered a claim, which ``Assignment`` is joined to."""
    return [
        Claim.status == "in_review",
        or_(Assignment.reviewer_id.is_(None), Assignment.reviewer_id == by.id),
        or_(Claim.submitted_by_id.is_(None), Claim.submitted_by_id != by.id),
    ]


def is_assigned() -> ColumnElement[bool]:
    """The condition that an ``Assignment`` is that of a claim, and its reviewer still is one.

    What was given to somebody who has left, or decides no more, is everybody's again (P5).
    """
    person = aliased(User)
    roles = type_coerce(person.roles, String)
    holds = or_(*(roles.contains(role) for role in sorted(roles_with(policy.DECIDE))))
    still = exists().where(person.id == Assignment.reviewer_id, person.status == "active", holds)
    return and_(Assignment.run_id == Claim.run_id, Assignment.dealer_id == Claim.dealer_id, still)


def with_assignment(statement: AnySelect) -> AnySelect:
    """A statement of claims, joined to who reviews their dealer's in their run."""
    return statement.outerjoin(Assignment, is_assigned())


def waiting(run: Run, by: Actor) -> str:
    """How many lines of a run somebody is offered, counted no further than a page shows it."""
    by.must(policy.DECIDE)
    claims = with_assignment(select(Claim.id).select_from(Claim)).where(
        Claim.run_id == run.id, *may_take(by)
    )
    some: AnySelect = (
        select(literal_column("1"))
        .select_from(ClaimLine)
        .where(ClaimLine.claim_id.in_(claims), IS_OPEN, ClaimLine.alone)
        .limit(MOST + 1)
    )
    return in_words(session.scalars(select(func.count()).select_from(some.subquery())).one())


def beside(
    run: Run, by: Actor, claim: Claim | None = None, position: int = 0, *, back: bool = False
) -> Spot | None:
    """The line that somebody is offered next, or before with ``back``; None if there is no other.

    After a position of a claim, or from the beginning; behind the last comes the first. Who is at
    a claim goes on in it, whoever reviews its dealer (P2 holds). At most three queries, of
    which two look for one line in each claim of the run.
    """
    by.must(policy.DECIDE)
    if claim is not None and (nearest := _within(claim, by, position, back)):
        return Spot(claim.public_id, nearest)
    rank = case((Assignment.reviewer_id.is_(None), 1), else_=0)
    order: list[Any] = [rank, Claim.dealer_id, Claim.id]
    if claim is None:
        return _first(run, by, order, (), None, back)
    own = session.scalar(
        select(Assignment.reviewer_id).where(
            Assignment.run_id == run.id, Assignment.dealer_id == claim.dealer_id
        )
    )
    here = (0 if own == by.id else 1, claim.dealer_id, claim.id)
    further = ClaimLine.position < position if back else ClaimLine.position > position
    in_line = or_(Claim.id != claim.id, further)
    found = _first(run, by, order, [_from(order, here, back)], in_line, back)
    if found is None:
        other = or_(Claim.id != claim.id, ClaimLine.position != position)
        found = _first(run, by, order, (), other, back)
    return found


def others_have_some(run: Run) -> bool:
    """Whether lines of a run wait to be looked at; asked when there is none for somebody."""
    claims = select(Claim.id).where(Claim.run_id == run.id, Claim.status == "in_review")
    some = exists().where(ClaimLine.claim_id.in_(claims), IS_OPEN, ClaimLine.alone)
    return bool(session.scalar(select(some)))


def _within(claim: Claim, by: Actor, position: int, back: bool) -> int | None:
    """The nearest open line of a claim before or after a position, if somebody may decide it."""
    if claim.status != "in_review" or claim.submitted_by_id == by.id:
        return None
    column = ClaimLine.position
    return session.scalar(
        select(func.max(column) if back else func.min(column)).where(
            ClaimLine.claim_id == claim.id,
            IS_OPEN,
            ClaimLine.alone,
            column < position if back else column > position,
        )
    )


def _from(columns: Sequence[Any], here: Sequence[int], back: bool) -> ColumnElement[bool]:
    """The condition that a claim is at least as far in the order as another one."""
    (column, *columns), (value, *here) = columns, here
    if not columns:
        last: ColumnElement[bool] = column <= value if back else column >= value
        return last
    beyond = column < value if back else column > value
    return or_(beyond, and_(column == value, _from(columns, here, back)))


def _first(
    run: Run,
    by: Actor,
    order: Sequence[Any],
    where: Sequence[ColumnElement[bool]],
    lines: ColumnElement[bool] | None,
    back: bool,
) -> Spot | None:
    nearest = func.max(ClaimLine.position) if back else func.min(ClaimLine.position)
    position = select(nearest).where(ClaimLine.claim_id == Claim.id, IS_OPEN, ClaimLine.alone)
    if lines is not None:
        position = position.where(lines)
    keys = [column.label(f"key_{place}") for place, column in enumerate(order)]
    claims = (
        with_assignment(
            select(
                Claim.public_id,
                position.correlate(Claim).scalar_subquery().label("position"),
                *keys,
            ).select_from(Claim)
        )
        .where(Claim.run_id == run.id, *may_take(by), *where)
        .subquery()
    )
    sort = [claims.c[key.name].desc() if back else claims.c[key.name] for key in keys]
    row = session.execute(
        select(claims.c.public_id, claims.c.position)
        .where(claims.c.position.is_not(None))
        .order_by(*sort)
        .limit(1)
    ).one_or_none()
    return Spot(*row) if row else None
