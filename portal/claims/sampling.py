"""Spot checks: which of the lines that are approved together a person looks at all the same (R5).

The lot falls by the public ids of the run and the claim, so that it can be explained and drawn
again. No dealer knows that of the run, so none can tell which lines will be drawn.
"""

from collections.abc import Sequence
from hashlib import sha256

from sqlalchemy import ColumnElement, select, update

from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import session

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


def name_of(run: Run, claim: Claim) -> str:
    """What the lot of a claim under review falls by."""
    return f"{run.public_id}/{claim.public_id}"


def draw(claim: Claim, which: Sequence[ColumnElement[bool]]) -> int:
    """Draw from some lines of a locked claim; those are decided by themselves. How many.

    The share is that of its run, as it was when that opened (P4).
    """
    run = session.get_one(Run, claim.run_id)
    if not run.spot_check:
        return 0
    positions = session.scalars(select(ClaimLine.position).where(*which)).all()
    drawn = sample(name_of(run, claim), positions, run.spot_check)
    if drawn:
        session.execute(
            update(ClaimLine)
            .where(ClaimLine.claim_id == claim.id, ClaimLine.position.in_(drawn))
            .values(alone=True, drawn=True)
            .execution_options(synchronize_session=False)
        )
    return len(drawn)
