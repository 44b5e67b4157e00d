"""What becomes, by chance, of the claims for old parts: decided, and settled once (R1–R7)."""

from datetime import date

from sqlalchemy import select, update

from portal.claims import (
    labour,
    labour_queries,
    outlay_queries,
    outlays,
    run_days,
    runs,
    services,
)
from portal.claims.commands import Decision, Paid, Work
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.outlay_kinds import OUTLAYS
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Conflict, Invalid
from portal.core.permissions import Actor
from portal.fees.models import FeeSchedule
from tests.functional.applications.trade.collections import Collections
from tests.functional.applications.trade.floor import PEOPLE, move
from tests.functional.applications.trade.pieces import Claimed
from tests.functional.claims.looking import decree
from tests.support import advances, fees, story
from tests.support.claims import work


class Claims(Collections):
    """The dealers claim, headquarters decides, and the month is closed."""

    @move(3, lambda trade: any(one.can_be_claimed for one in trade.yard.pieces.values()))
    def claim(self) -> None:
        """R1–R3: all that a dealer can claim, and nothing twice."""
        self.agree_on_rates()
        side = self.chance.choice(list(PEOPLE))
        by = self.portal.cast[PEOPLE[side][1]]
        if self.chance.random() < 0.4:
            advances.approved(self.portal, self.chance.randrange(1, 48000), by=PEOPLE[side][0])
        receipts = {kind: story.photo(self.portal, PEOPLE[side][1]) for kind in OUTLAYS}
        waits = any(one.side == side for one in self.yard.claimed("submitted"))
        try:
            with self.portal.transaction():
                claim = services.start(Month.of(self.portal.now), by=by, now=self.portal.now)
                paid = self.add_outlays(claim, receipts, by)
                self.add_labour(claim, by)
                services.submit(claim, seen=None, by=by, now=self.portal.now)
                on_it = ClaimLine.claim_id == claim.id, ClaimLine.kind == "old_part"
                lines = dict.fromkeys(session.scalars(select(ClaimLine.old_part_id).where(*on_it)))
        except Conflict:
            assert waits
            return
        except Invalid:
            return
        assert lines.keys() <= self.claimable(side)
        self.yard.claims[claim.id] = Claimed(claim.id, side, lines, outlays=paid)
        for key in lines:
            self.yard.pieces[key].claim = claim.id

    def add_outlays(self, claim: Claim, receipts: dict[str, str], by: Actor) -> dict[str, int]:
        """R1, S4: the oldest freight and the oldest compensation; what was paid, by kind."""
        paid = {}
        for kind, receipt in receipts.items():
            for row in outlay_queries.claimable(claim, kind, self.portal.now)[:1]:
                paid[kind] = self.chance.randrange(1, 1 + (row.most or 100000))
                asked = Paid(kind, row.outlay, paid[kind], [receipt])
                outlays.add(claim, asked, by=by, now=self.portal.now)
        return paid

    def add_labour(self, claim: Claim, by: Actor) -> None:
        """R1: of some of its pieces, by the dealer's rates."""
        pieces = session.execute(labour_queries.pieces_of(claim)).all()
        rates = labour_queries.rates_for(claim, pieces, "en")
        works = [
            Work(one.public_id, 1, self.chance.randrange(1, 4))
            for one in pieces
            if rates[one.public_id] and self.chance.random() < 0.6
        ]
        if works:
            labour.add(claim, works, by=by, now=self.portal.now)
            self.reached["labour"] += 1

    def agree_on_rates(self) -> None:
        """F1, R1: labour is reimbursed, by what each dealer charges since long ago."""
        if not self.reached["rates"]:
            self.reached["rates"] += 1
            decree(self.portal, "claim.labour", 1)
            for people in PEOPLE.values():
                fees.approved(self.portal, by=people[1])
            with self.portal.transaction():
                session.execute(update(FeeSchedule).values(in_force_from=date(2026, 1, 1)))

    def claimable(self, side: str) -> set[int]:
        """The pieces of a dealer that can be claimed."""
        mine = (one for one in self.yard.pieces.values() if one.side == side)
        return {one.id for one in mine if one.can_be_claimed}

    @move(2)
    def open_run(self) -> None:
        """R4: the next one, with all that was submitted in time."""
        with self.portal.transaction():
            opening = run_days.next_opening(self.portal.now)
            if opening is None:
                return
            run = runs.open_run(opening.month, by=self.portal.reviewer, now=self.portal.now)
            taken = session.scalars(select(Claim.id).where(Claim.run_id == run.id)).all()
        for key in taken:
            assert self.yard.claims[key].status == "submitted"
            self.yard.claims[key].status = "in_review"
        self.yard.runs[run.id] = "open"

    @move(3, lambda trade: trade.yard.claimed("in_review"))
    def decide_claim(self) -> None:
        """R6: each line approved, reduced or rejected; then the claim."""
        claimed = self.chance.choice(self.yard.claimed("in_review"))
        facts = {"by": self.portal.reviewer, "now": self.portal.now}
        with self.portal.transaction():
            claim = session.get_one(Claim, claimed.id)
            on_it = ClaimLine.claim_id == claim.id
            for line in session.scalars(
                select(ClaimLine).where(on_it).order_by(ClaimLine.position)
            ).all():
                decision = self.verdict(line)
                if line.kind == "labour" and not claimed.lines[line.old_part_id or 0]:
                    decision = Decision("reject", None, "goodwill_share", "")
                services.decide_line(claim, line.position, decision, was="open", **facts)
                if line.old_part_id is None:
                    claimed.outlays[line.kind] = line.approved or 0
                else:  # for itself, and for its labour
                    before = claimed.lines[line.old_part_id] or 0
                    claimed.lines[line.old_part_id] = before + (line.approved or 0)
            services.decide(claim, seen=None, **facts)
        claimed.status = "decided"

    def verdict(self, line: ClaimLine) -> Decision:
        """How a line is decided."""
        step = self.chance.choice(["approve", "approve", "reduce", "reject"])
        amount = self.chance.randrange(1, line.claimed) if step == "reduce" else None
        return Decision(step, amount, "" if step == "approve" else "goodwill_share", "")

    @move(2, lambda trade: "open" in trade.yard.runs.values())
    def close_run(self) -> None:
        """R7: each claim is credited once, with what its lines come to now."""
        key = self.chance.choice([key for key, is_ in self.yard.runs.items() if is_ == "open"])
        with self.portal.transaction():
            run = session.get_one(Run, key)
            in_it = session.scalars(select(Claim.id).where(Claim.run_id == key)).all()
            if any(self.yard.claims[one].status != "decided" for one in in_it):
                return
            runs.close(run, seen=None, by=self.portal.reviewer, now=self.portal.now)
        work(self.portal)
        self.yard.runs[key] = "closed"
        for claimed in map(self.yard.claims.__getitem__, in_it):
            claimed.status = "settled"
            self.reached["settled"] += 1
            self.reached.update(kind for kind, amount in claimed.outlays.items() if amount)
            self.posted[claimed.side] += sum(claimed.outlays.values())
            for piece, approved in claimed.lines.items():
                assert approved is not None
                self.yard.pieces[piece].reimbursed = approved
                self.posted[claimed.side] += approved
