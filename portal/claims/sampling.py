"""Spot checks: which of the lines that are approved together a person looks at all the same (R5).

The lot falls by the claim's public id, so that it can be explained and drawn again: nobody picks.
"""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import update

from portal.claims.models import Claim, ClaimLine
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


def draw(claim: Claim, positions: Sequence[int], now: datetime) -> int:
    """Draw from the open lines of a locked claim; those are decided by themselves. How many."""
    drawn = sample(claim.public_id, positions, value("claim.spot_check", now.date()))
    if drawn:
        session.execute(
            update(ClaimLine)
            .where(ClaimLine.claim_id == claim.id, ClaimLine.position.in_(drawn))
            .values(alone=True, drawn=True)
            .execution_options(synchronize_session=False)
        )
    return len(drawn)
