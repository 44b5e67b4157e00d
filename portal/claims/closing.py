"""What is looked at before a run is closed: a check list, and what dealers will get (R7, R8)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select

from portal.claims import appeals
from portal.claims.appeal_models import Appeal
from portal.claims.figures import total
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.workflow import UNDECIDED
from portal.core.db import AnyRow, AnySelect, session
from portal.core.events import Event
from portal.core.permissions import Actor
from portal.oldparts.inspections import reimbursable
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.terms.values import value

LOST = ("failed", "missing")
"""The states of a piece that is not paid for, unless headquarters does (O7, O8)."""


class Outstanding(NamedTuple):
    """What a person should know of before they close a run; the last two do not prevent it."""

    undecided: int
    appeals: int
    not_payable: int


def outstanding(run: Run) -> Outstanding:
    """Claims that are not decided, open appeals, and lines paid though their piece is lost (O8).

    Of lines those count that headquarters would not take on a claim any more.
    """
    claims = select(func.count()).where(Claim.run_id == run.id, Claim.status.in_(UNDECIDED))
    waiting = select(func.count()).where(Appeal.status == "filed")
    lost = (
        select(func.count())
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .join(OldPart, OldPart.id == ClaimLine.old_part_id)
        .where(OldPart.status.in_(LOST), ~reimbursable())
        .where(Claim.run_id == run.id, ClaimLine.approved > 0)
    )
    statements = (one.scalar_subquery() for one in (claims, waiting, lost))
    return Outstanding(*session.execute(select(*statements)).one())


def needs_two(now: datetime) -> bool:
    """Whether one person proposes to close a month, and another one closes it (P2)."""
    return bool(value("claim.close_four_eyes", now.date()))


def proposal(run: Run | AnyRow) -> AnyRow | None:
    """Who proposed to close a run, when, and with which ``values``; None if it is not proposed."""
    if run.status != "proposed":
        return None
    return session.execute(
        select(Event.actor_id, Event.actor_name, Event.at, Event.values)
        .where(Event.document_kind == Run.kind, Event.document_id == run.id)
        .where(Event.name == "propose")
        .order_by(Event.seq.desc())
        .limit(1)
    ).one_or_none()


def waits_for_another(proposed: AnyRow | None, who: Actor, now: datetime) -> bool:
    """Whether another one than who proposed it has to close a run (P2)."""
    return proposed is not None and proposed.actor_id == who.id and needs_two(now)


def is_unchanged(run: Run, proposed: AnyRow) -> bool:
    """Whether a run would still be closed with the totals that were proposed.

    A piece may have failed since (O8), or an appeal have been granted (R6).
    """
    now = preview(run)[1]
    was = proposed.values
    return (now.claims, now.approved, now.appealed) == (
        was["claims"], was["approved"], was["appealed"],
    )  # fmt: skip


def credited(run: Run) -> int:
    """What the dealers get if a run is closed as it stands, appeals included; in minor units."""
    approved = select(total(Claim.approved)).where(Claim.run_id == run.id)
    granted = select(total(Appeal.amount)).where(appeals.payable_with(run))
    sums = session.execute(select(approved.scalar_subquery(), granted.scalar_subquery())).one()
    return int(sum(sums))


class Share(NamedTuple):
    """What a dealer, or all of them, will be credited with when a run closes; in minor units."""

    dealer: str
    claims: int
    claimed: int
    approved: int
    reduced: int
    rejected: int
    appeals: int
    appealed: int

    @property
    def credited(self) -> int:
        return self.approved + self.appealed


def preview(run: Run) -> tuple[Sequence[Share], Share]:
    """Each dealer's share of a run as it stands, and their sum; three queries.

    The appeals are those that it pays, or would if it were closed now.
    """
    claims = {row.dealer_id: row for row in session.execute(_claims(run))}
    paid = Appeal.run_id == run.id if run.status in ("closing", "closed") else None
    which = appeals.payable_with(run) if paid is None else paid
    granted = {
        row.dealer_id: row
        for row in session.execute(
            select(Appeal.dealer_id, func.count().label("number"), total(Appeal.amount))
            .where(which)
            .group_by(Appeal.dealer_id)
        )
    }
    dealers = session.execute(
        select(Dealer.id, Dealer.code, Dealer.name)
        .where(Dealer.id.in_([*claims, *granted]))
        .order_by(Dealer.code)
    )
    shares = [
        _share(f"{row.code} {row.name}", claims.get(row.id), granted.get(row.id)) for row in dealers
    ]
    sums: dict[str, int] = defaultdict(int)
    for share in shares:
        for name in Share._fields[1:]:
            sums[name] += getattr(share, name)
    return shares, Share("", *(sums[name] for name in Share._fields[1:]))


def _claims(run: Run) -> AnySelect:
    off = ClaimLine.claimed - ClaimLine.approved
    return (
        select(
            Claim.dealer_id,
            func.count(Claim.id.distinct()).label("claims"),
            total(ClaimLine.claimed).label("claimed"),
            total(ClaimLine.approved).label("approved"),
            total(case((ClaimLine.status == "reduced", off), else_=0)).label("reduced"),
            total(case((ClaimLine.status == "rejected", off), else_=0)).label("rejected"),
        )
        .join(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(Claim.run_id == run.id)
        .group_by(Claim.dealer_id)
    )


def _share(dealer: str, claims: AnyRow | None, granted: AnyRow | None) -> Share:
    mine = tuple(claims)[1:] if claims else (0, 0, 0, 0, 0)
    return Share(dealer, *mine, *(tuple(granted)[1:] if granted else (0, 0)))
