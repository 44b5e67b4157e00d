"""Spot checks: which of the lines that are approved together a person looks at all the same (R5).

The lot falls by the public ids of the run and the claim, so that it can be explained and drawn
again. No dealer knows that of the run, so none can tell which lines will be drawn.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import select, update

from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import session
from portal.terms.values import value

WHOLE = 10_000
"""A whole in basis points."""


def sample(name: str, positions: Sequence[int], share: int) -> list[int]:
    """The positions that are drawn: so many basis points of them, rounded up.

    Rounded up, at least one line of each claim is looked at by a person: a dealer decides what is
    on a claim, so no claim should be too small to be drawn from.
    """
    count = -(-len(positions) * share // WHOLE)
    lots = sorted(positions, key=lambda one: sha256(f"{name}/{one}".encode()).digest())
    return sorted(lots[:count])


def name_of(claim: Claim) -> str:
    """What the lot of a claim under review falls by."""
    run = session.scalars(select(Run.public_id).where(Run.id == claim.run_id)).one()
    return f"{run}/{claim.public_id}"


def draw(claim: Claim, positions: Sequence[int], now: datetime) -> int:
    """Draw from the open lines of a locked claim; those are decided by themselves. How many."""
    drawn = sample(name_of(claim), positions, value("claim.spot_check", now.date()))
    if drawn:
        session.execute(
            update(ClaimLine)
            .where(ClaimLine.claim_id == claim.id, ClaimLine.position.in_(drawn))
            .values(alone=True, drawn=True)
            .execution_options(synchronize_session=False)
        )
    return len(drawn)
