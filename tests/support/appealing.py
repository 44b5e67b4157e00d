"""Appeals in steps, from lines that a reviewer cut (R6)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from portal.claims import appeals, services
from portal.claims.appeal_models import Appeal
from portal.claims.commands import Decision, Ruling
from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import session
from portal.core.permissions import SYSTEM, Actor, Role
from portal.oldparts.models import OldPart
from portal.people import services as people
from tests.support import claims as story
from tests.support.portal import PASSWORD, Portal

GROUNDS = "The seal was torn when we took it out: look at the new photo."
REJECTED = {1: Decision("reject", None, "no_evidence", "One cannot see it")}


def colleague(portal: Portal) -> Actor:
    """A second reviewer, who joins the cast as ``reviewer2``."""
    if "reviewer2" not in portal.cast:
        with portal.transaction():
            user = people.add_user(
                email="reviewer2@example.com",
                name="Reviewer Two",
                password=PASSWORD,
                roles=[Role.REVIEWER],
                dealer=None,
                by=SYSTEM,
                now=portal.now,
            )
            session.flush()
            portal.cast["reviewer2"] = user.actor
    return portal.cast["reviewer2"]


def cut(
    portal: Portal, decisions: Mapping[int, Decision] = REJECTED, count: int = 2, **pieces: Any
) -> Claim:
    """A decided claim of October, some of its lines cut; it waits for its run to close."""
    story.pieces(portal, count, **pieces)
    return decide(portal, story.in_review(portal), decisions)


def decide(portal: Portal, claim: Claim, decisions: Mapping[int, Decision] = REJECTED) -> Claim:
    """Decide some lines of a claim as given, approve the others, and finish the decision."""
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        for position in range(1, claim.line_count + 1):
            decision = decisions.get(position, Decision("approve"))
            services.decide_line(
                claim, position, decision, was="open", by=portal.reviewer, now=portal.now
            )
        services.decide(claim, seen=None, by=portal.reviewer, now=portal.now)
    return claim


def run(portal: Portal) -> Run:
    """The latest run."""
    with portal.transaction():
        return session.scalars(select(Run).order_by(Run.month.desc()).limit(1)).one()


def file(
    portal: Portal,
    claim: Claim,
    position: int = 1,
    grounds: str = GROUNDS,
    files: Sequence[str] = (),
    **other: Any,
) -> Appeal:
    """Appeal against a line as the clerk."""
    facts: dict[str, Any] = {"by": portal.clerk, "now": portal.now} | other
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        return appeals.file(claim, position, grounds, files, **facts)


def rule(portal: Portal, appeal: Appeal, amount: int | None = None, **other: Any) -> Appeal:
    """Grant an appeal as the other reviewer, wholly unless an amount is given; 0 refuses it."""
    facts: dict[str, Any] = {"seen": None, "by": colleague(portal), "now": portal.now} | other
    granted = appeal.gap if amount is None else amount
    why = None if granted == appeal.gap else "goodwill_share"
    ruling = Ruling("grant" if granted else "refuse", granted, why, "Looked again")
    with portal.transaction():
        appeal = session.get_one(Appeal, appeal.id)
        appeals.decide(appeal, ruling, **facts)
        return appeal


def fresh(portal: Portal, appeal: Appeal) -> Appeal:
    """An appeal as the database has it now."""
    with portal.transaction():
        return session.get_one(Appeal, appeal.id)


def granted(portal: Portal, run: Run, count: int) -> list[str]:
    """So many granted appeals on rejected lines of a run's claim, written into the tables.

    Returns their public ids. The n-th is for n × 1.00.
    """
    made = []
    with portal.transaction():
        claim = session.scalars(
            select(Claim).where(Claim.run_id == run.id).order_by(Claim.id).limit(1)
        ).one()
    for number in range(1, count + 1):
        (name,) = story.pieces(portal, 1, price=100 * number)
        with portal.transaction():
            piece = session.scalars(select(OldPart).where(OldPart.public_id == name)).one()
            line = ClaimLine(
                dealer_id=claim.dealer_id, claim_id=claim.id, position=100 + number,
                old_part_id=piece.id, part_id=piece.part_id, claimed=piece.unit_price,
                status="rejected", approved=0, reason_code="no_evidence",
                decided_by_id=portal.reviewer.id, decided_at=portal.now,
            )  # fmt: skip
            session.add(line)
            session.flush()
            appeal = Appeal(
                status="granted", created_at=portal.now, dealer_id=claim.dealer_id,
                number=f"AP-{number}", claim_id=claim.id, line_id=line.id,
                position=line.position, claimed=line.claimed, approved=0, grounds=GROUNDS,
                filed_by_id=portal.clerk.id, amount=line.claimed,
            )  # fmt: skip
            session.add(appeal)
            session.flush()
            made.append(appeal.public_id)
    return made


def filed(portal: Portal, run: Run, dealer: str, by: Actor) -> Appeal:
    """An appeal of a dealer on the one line of a decided claim; any reviewer may decide on it."""
    (name,) = story.decided(portal, run, 1, dealer=dealer)
    with portal.transaction():
        claim = session.scalars(select(Claim).where(Claim.public_id == name)).one()
        # Of a month that nobody claims for besides: a draft is not its supplement.
        claim.month, claim.approved = "2026-08", 0
        claim.appeal_by = portal.now + timedelta(days=14)
        line = session.scalars(select(ClaimLine).where(ClaimLine.claim_id == claim.id)).one()
        line.status, line.approved, line.reason_code = "rejected", 0, "no_evidence"
        line.decided_by_id = None
    return file(portal, claim, by=by)
