"""Month after month of whatever is claimed: every total agrees to the cent (R8)."""

import os
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.advances.models import Advance
from portal.claims import figures, outlays, services, summary
from portal.claims.commands import Decision, Paid
from portal.claims.models import ADVANCE, FREIGHT, Claim, ClaimLine, Run
from portal.collections.models import Collection, Consignment
from portal.core import workflow
from portal.core.clock import Month
from portal.core.db import public_id, session
from portal.ledger.models import Account, Transfer
from portal.oldparts.models import OldPart
from tests.functional.oldparts.test_inspecting import agrees
from tests.support import claims as story
from tests.support import story as loop
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


def _pieces(*lost: str) -> st.SearchStrategy[Piece]:
    steps = st.sampled_from(["approve", "approve", "reduce", "reject"])
    amounts, shares = st.integers(1, 10**9), st.integers(0, 99)
    return st.builds(Piece, amounts, steps, shares, st.sampled_from(lost))


PIECES = st.lists(_pieces("", "", "", "before", "after"), min_size=1, max_size=5)
MONTH = st.fixed_dictionaries({}, optional={"north": PIECES, "south": PIECES})
OUTLAY = st.fixed_dictionaries({}, optional={FREIGHT: _pieces(""), ADVANCE: _pieces("")})
PAID = st.fixed_dictionaries({}, optional={"north": OUTLAY, "south": OUTLAY})
"""What a dealer paid a carrier or a customer, decided like a piece that is never lost."""


def _claimed(
    portal: Portal,
    dealer: str,
    pieces: Sequence[Piece],
    paid: Mapping[str, Piece],
    month: Month,
) -> list[str]:
    """Put pieces and more on a dealer's claim for a month, and submit it; returns the names."""
    names = [
        story.pieces(portal, 1, dealer=dealer, price=one.price, status="sent")[0] for one in pieces
    ]
    claim, by = story.started(portal, month, by=PEOPLE[dealer]), portal.cast[PEOPLE[dealer]]
    receipts = {kind: loop.photo(portal, PEOPLE[dealer]) for kind in paid}
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        for kind, one in paid.items():
            of_what = _sent if kind == FREIGHT else _allowed
            document = of_what(portal, dealer, one.price)
            asked = Paid(kind, document, one.price, [receipts[kind]])
            outlays.add(claim, asked, by=by, now=portal.now)
        services.submit(claim, seen=None, by=by, now=portal.now)
    return names


def _allowed(portal: Portal, dealer: str, price: int) -> str:
    """A compensation that was approved, written into the tables; its public id."""
    mark, at = public_id(), portal.now
    advance = Advance(
        public_id=mark, status="approved", created_at=at, dealer_id=portal.dealers[dealer],
        number=f"AC-{mark}", requested_by_id=portal.clerk.id, customer_name="A",
        what_happened="B", asked=price, approved=price, decided_at=at,
    )  # fmt: skip
    session.add(advance)
    session.flush()
    return mark


def _sent(portal: Portal, dealer: str, _price: int) -> str:
    """A consignment that has arrived, written into the tables; its public id."""
    mark, at = public_id(), portal.now
    collection = Collection(
        number=f"CO-{mark}", created_at=at, called_by_id=portal.desk.id, deliver_to="Dock 4"
    )
    session.add(collection)
    session.flush()
    consignment = Consignment(
        public_id=mark, status="received", created_at=at, dealer_id=portal.dealers[dealer],
        collection_id=collection.id, number=f"CN-{mark}", due_at=at, sent_at=at, received_at=at,
    )  # fmt: skip
    session.add(consignment)
    session.flush()
    return mark


def _lose(portal: Portal, names: Sequence[str], pieces: Sequence[Piece], when: str) -> None:
    with portal.transaction():
        for name, one in zip(names, pieces, strict=True):
            if one.lost == when:
                piece = session.scalars(select(OldPart).where(OldPart.public_id == name)).one()
                workflow.apply(piece, "miss", by=portal.warehouse, now=portal.now)


def _decide(portal: Portal, dealer: str, decisions: dict[str, Decision]) -> None:
    """Decide what is left on the dealer's claim, by the piece's name or the line's kind."""
    with portal.transaction():
        mine = Claim.dealer_id == portal.dealers[dealer], Claim.status == "in_review"
        claim = session.scalars(select(Claim).where(*mine)).one()
        lines = session.execute(
            select(ClaimLine.position, func.coalesce(OldPart.public_id, ClaimLine.kind))
            .outerjoin(OldPart, OldPart.id == ClaimLine.old_part_id)
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
    @given(claimed=MONTH, outlay=PAID)
    def play(claimed: dict[str, list[Piece]], outlay: dict[str, dict[str, Piece]]) -> None:
        portal.clock.advance(days=31)
        month = Month.of(portal.now)
        before = _posted(portal)
        names = {
            dealer: _claimed(portal, dealer, pieces, outlay.get(dealer, {}), month)
            for dealer, pieces in claimed.items()
        }
        run = story.opened(portal, month)
        for dealer, pieces in claimed.items():
            _lose(portal, names[dealer], pieces, "before")
            decided = {name: one.decision for name, one in zip(names[dealer], pieces, strict=True)}
            decided |= {kind: one.decision for kind, one in outlay.get(dealer, {}).items()}
            _decide(portal, dealer, decided)
        story.close(portal, run)
        paid = {dealer: sum(one.approved for one in claimed.get(dealer, [])) for dealer in PEOPLE}
        for dealer in claimed.keys() & outlay.keys():
            paid[dealer] += sum(one.approved for one in outlay[dealer].values())
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
