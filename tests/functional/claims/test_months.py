"""Month after month of whatever is claimed: every total agrees to the cent (R8)."""

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.claims import figures, services, summary
from portal.claims.commands import Decision
from portal.claims.models import Claim, ClaimLine, Run
from portal.core import workflow
from portal.core.clock import Month
from portal.core.db import session
from portal.ledger.models import Account, Transfer
from portal.oldparts.models import OldPart
from tests.functional.oldparts.test_inspecting import agrees
from tests.support import claims as story
from tests.support.portal import Portal

MONTHS = 1000 if "PARTLOOP_TEST_STEPS" in os.environ else 5
"""How many months are played on each database."""
PEOPLE = {"north": "manager", "south": "other_manager"}


class Piece(NamedTuple):
    """What is claimed, how it is decided, and whether it is lost before or after that."""

    price: int
    step: Literal["approve", "reduce", "reject"]
    share: int
    lost: Literal["", "before", "after"]

    @property
    def decision(self) -> Decision:
        if self.step == "reduce" and self.price > 1:
            return Decision("reduce", 1 + (self.price - 2) * self.share // 100, "goodwill_share")
        if self.step == "reject":
            return Decision("reject", None, "no_evidence")
        return Decision("approve")

    @property
    def approved(self) -> int:
        """What is paid for it, in minor units."""
        if self.lost == "before" or self.decision.step == "reject":
            return 0
        return self.price if self.decision.amount is None else self.decision.amount


PIECES = st.lists(
    st.builds(
        Piece,
        st.integers(1, 10**9),
        st.sampled_from(["approve", "approve", "reduce", "reject"]),
        st.integers(0, 99),
        st.sampled_from(["", "", "", "before", "after"]),
    ),
    min_size=1,
    max_size=5,
)
MONTH = st.fixed_dictionaries({}, optional={"north": PIECES, "south": PIECES})


def _claimed(portal: Portal, dealer: str, pieces: Sequence[Piece], month: Month) -> list[str]:
    """Put pieces on a dealer's claim for a month, and submit it; returns their names."""
    names = [
        story.pieces(portal, 1, dealer=dealer, price=one.price, status="sent")[0] for one in pieces
    ]
    story.submitted(portal, month, by=PEOPLE[dealer])
    return names


def _lose(portal: Portal, names: Sequence[str], pieces: Sequence[Piece], when: str) -> None:
    with portal.transaction():
        for name, one in zip(names, pieces, strict=True):
            if one.lost == when:
                piece = session.scalars(select(OldPart).where(OldPart.public_id == name)).one()
                workflow.apply(piece, "miss", by=portal.warehouse, now=portal.now)


def _decide(portal: Portal, dealer: str, decisions: dict[str, Decision]) -> None:
    """Decide what is left on the dealer's claim."""
    with portal.transaction():
        mine = Claim.dealer_id == portal.dealers[dealer], Claim.status == "in_review"
        claim = session.scalars(select(Claim).where(*mine)).one()
        lines = session.execute(
            select(ClaimLine.position, OldPart.public_id)
            .join(OldPart, OldPart.id == ClaimLine.old_part_id)
            .where(ClaimLine.claim_id == claim.id)
        ).all()
        facts = {"by": portal.reviewer, "now": portal.now}
        for position, name in lines:
            services.decide_line(claim, position, decisions[name], was="open", **facts)
        services.decide(claim, seen=None, **facts)


def _posted(portal: Portal) -> dict[str, int]:
    with portal.transaction():
        found = session.execute(select(Account.dealer_id, Account.posted))
        posted = {row.dealer_id: row.posted for row in found}
    return {dealer: posted[portal.dealers[dealer]] for dealer in PEOPLE}


def test_totals_agree_to_the_cent_whatever_the_month(portal: Portal) -> None:
    """R8, R3, L10, O7: lines, claims, run, statements, summary and ledger, beside arithmetic."""

    @settings(
        max_examples=MONTHS,
        phases=[Phase.generate],  # a month has a past, so no smaller one shows the same
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(claimed=MONTH)
    def play(claimed: dict[str, list[Piece]]) -> None:
        portal.clock.advance(days=31)
        month = Month.of(portal.now)
        before = _posted(portal)
        names = {
            dealer: _claimed(portal, dealer, pieces, month) for dealer, pieces in claimed.items()
        }
        run = story.opened(portal, month)
        for dealer, pieces in claimed.items():
            _lose(portal, names[dealer], pieces, "before")
            decisions = [one.decision for one in pieces]
            _decide(portal, dealer, dict(zip(names[dealer], decisions, strict=True)))
        story.close(portal, run)
        paid = {dealer: sum(one.approved for one in claimed.get(dealer, [])) for dealer in PEOPLE}
        after = _posted(portal)
        assert {dealer: after[dealer] - before[dealer] for dealer in PEOPLE} == paid
        _agrees(portal, run, sum(paid.values()))
        for dealer, pieces in claimed.items():
            _lose(portal, names[dealer], pieces, "after")
        lost = {
            dealer: sum(one.approved for one in claimed.get(dealer, []) if one.lost == "after")
            for dealer in PEOPLE
        }
        left = _posted(portal)
        assert {dealer: after[dealer] - left[dealer] for dealer in PEOPLE} == lost

    play()
    agrees(portal)


def _agrees(portal: Portal, run: Run, paid: int) -> None:
    """Every way to count a run comes to what was paid."""
    with portal.transaction():
        run = session.get_one(Run, run.id)
        assert (run.status, run.approved) == ("closed", paid)
        assert figures.agreement(run).holds
        whole = figures.statement_of_run(run)
        assert whole.claimed == run.claimed == whole.approved + whole.reduced + whole.rejected
        assert whole.approved == paid
        claims = session.scalars(select(Claim).where(Claim.run_id == run.id)).all()
        assert sum(figures.statement_of(one).approved for one in claims) == paid
        for share in summary.summary_of(run).shares:
            assert sum(row.approved for row in share.rows) == paid, share.name
            assert sum(row.claimed for row in share.rows) == run.claimed, share.name
        booked = select(func.coalesce(func.sum(Transfer.amount), 0)).where(
            Transfer.kind == "reimbursement",
            Transfer.document_id.in_([claim.id for claim in claims]),
        )
        assert session.scalar(booked) == paid
