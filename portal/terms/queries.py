"""Reads of policy values: what is in force, what comes next, and what was decided when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from portal.core.db import AnyRow, session
from portal.core.permissions import Actor
from portal.people.models import User
from portal.terms import policy
from portal.terms.models import PolicyValue
from portal.terms.term import Term
from portal.terms.values import TERMS


@dataclass(frozen=True)
class Standing:
    """How a term stands on a day: its value, since when, what follows, and what is proposed."""

    term: Term
    value: int
    since: date | None
    following: Sequence[AnyRow]
    proposed: Sequence[AnyRow]


_COLUMNS = (
    PolicyValue.id,
    PolicyValue.public_id,
    PolicyValue.name,
    PolicyValue.value,
    PolicyValue.effective_from,
    PolicyValue.status,
    PolicyValue.reason,
    PolicyValue.created_at,
    PolicyValue.proposed_by_id,
)


def standings(on: date) -> list[Standing]:
    """Every term as it stands on a day, in the code's order; one query."""
    rows = session.execute(
        select(*_COLUMNS)
        .where(PolicyValue.status.in_(("approved", "proposed")))
        .order_by(PolicyValue.effective_from, PolicyValue.id)
    ).all()
    return [
        _standing(term, [row for row in rows if row.name == term.name], on)
        for term in TERMS.values()
    ]


def _standing(term: Term, rows: Sequence[AnyRow], on: date) -> Standing:
    approved = [row for row in rows if row.status == "approved"]
    begun = [row for row in approved if row.effective_from <= on]
    return Standing(
        term,
        begun[-1].value if begun else term.default,
        begun[-1].effective_from if begun else None,
        [row for row in approved if row.effective_from > on],
        [row for row in rows if row.status == "proposed"],
    )


def history(name: str) -> Sequence[AnyRow]:
    """Every change of a term with who proposed it, the newest first."""
    return session.execute(
        select(*_COLUMNS, User.name.label("proposed_by"))
        .outerjoin(User, User.id == PolicyValue.proposed_by_id)
        .where(PolicyValue.name == name)
        .order_by(PolicyValue.created_at.desc(), PolicyValue.id.desc())
    ).all()


def to_decide(actor: Actor) -> Sequence[AnyRow]:
    """The changes that wait for this person: proposed, and not by themselves (P2)."""
    if not actor.can(policy.SET):
        return ()
    return session.execute(
        select(PolicyValue.public_id, PolicyValue.created_at)
        .where(PolicyValue.status == "proposed", PolicyValue.proposed_by_id != actor.id)
        .order_by(PolicyValue.created_at)
    ).all()
