"""How far a run is, dealer by dealer: claims, money, findings, lines, and who reviews them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func, select

from portal.claims.desk import IS_OPEN, is_assigned
from portal.claims.figures import total
from portal.claims.models import Assignment, Claim, ClaimLine, Run
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.people.models import Dealer, User

FILTERS = {
    "all": _l("All"),
    "mine": _l("Mine"),
    "findings": _l("With findings"),
    "open": _l("To decide"),
}
SORTS = ("dealer", "claims", "claimed", "suspicious", "open", "reviewer")


def statement(run: Run, by: Actor, share: str = "all", sort: str = "", down: bool = False) -> Any:
    """The dealers of a run under a filter of ``FILTERS``, in the order of one of ``SORTS``.

    Without one, ``by``'s own dealers come first. ``plain`` are the open lines that can be approved
    together, ``alone`` those that are decided by themselves; neither, those of a claim that the
    rules have yet to look at. Money in minor units. To decide is what has a claim whose decision
    is not finished, also if no line of it is open: ``waiting``.
    """
    is_in_review = Claim.status == "in_review"
    opened = (
        select(
            ClaimLine.claim_id,
            func.count().label("open"),
            func.count().filter(is_in_review, ClaimLine.alone).label("alone"),
            func.count().filter(is_in_review, ~ClaimLine.alone).label("plain"),
        )
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.run_id == run.id, IS_OPEN)
        .group_by(ClaimLine.claim_id)
        .subquery()
    )
    mine = Assignment.reviewer_id == by.id
    columns: dict[str, ColumnElement[Any]] = {
        "claims": func.count(Claim.id),
        "claimed": total(Claim.claimed),
        "waiting": func.count().filter(is_in_review),
        "suspicious": total(Claim.suspicious),
        "lines": total(Claim.line_count),
        "open": total(opened.c.open),
        "alone": total(opened.c.alone),
        "plain": total(opened.c.plain),
        "decided": total(Claim.line_count) - total(opened.c.open),
    }
    keys = {**columns, "dealer": Dealer.code, "reviewer": func.coalesce(User.name, "")}
    found: AnySelect = (
        select(
            Dealer.id,
            Dealer.public_id,
            Dealer.code,
            Dealer.name,
            *(column.label(name) for name, column in columns.items()),
            Assignment.reviewer_id,
            User.public_id.label("reviewer_public_id"),
            User.name.label("reviewer"),
        )
        .select_from(Claim)
        .join(Dealer, Dealer.id == Claim.dealer_id)
        .outerjoin(opened, opened.c.claim_id == Claim.id)
        .outerjoin(Assignment, is_assigned())
        .outerjoin(User, User.id == Assignment.reviewer_id)
        .where(Claim.run_id == run.id)
        .group_by(Dealer.id, Assignment.reviewer_id, User.public_id, User.name)
    )
    if share == "mine":
        found = found.where(mine)
    elif share == "findings":
        found = found.having(columns["suspicious"] > 0)
    elif share == "open":
        found = found.having(columns["waiting"] > 0)
    first: Any = case((mine, 0), else_=1) if sort not in SORTS else keys[sort]
    return found.order_by(first.desc() if down and sort in SORTS else first, Dealer.code)


class Sums(NamedTuple):
    """What the dealers of a board come to."""

    claims: int
    claimed: int
    suspicious: int
    lines: int
    open: int
    alone: int
    plain: int
    decided: int


def sums(rows: Sequence[AnyRow]) -> Sums:
    """The sums below a board."""
    return Sums(*(sum(getattr(row, name) for row in rows) for name in Sums._fields))


def rows_of(found: AnySelect) -> Sequence[AnyRow]:
    """The rows of a board's statement; one for each dealer."""
    return session.execute(found).all()
