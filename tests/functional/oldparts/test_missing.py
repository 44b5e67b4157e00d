"""O7, O8: a piece that went missing leaves its claim, or what was reimbursed is charged back."""

from portal.claims.models import Claim, Run
from portal.core import workflow
from portal.core.db import session
from tests.functional.oldparts.test_inspecting import agrees, booked, posted
from tests.support import claims
from tests.support.inspecting import inspect, piece, status
from tests.support.portal import Portal


def lose(portal: Portal, name: str) -> None:
    """Receiving ended without it."""
    with portal.transaction():
        workflow.apply(piece(name), "miss", by=portal.warehouse, now=portal.now)


def turns_up(portal: Portal, name: str) -> None:
    """It is received after all."""
    with portal.transaction():
        workflow.apply(piece(name), "receive", by=portal.warehouse, now=portal.now)


def test_missing_piece_leaves_its_claim_when_it_is_not_settled(portal: Portal) -> None:
    """O7, R1: nothing is reimbursed for what never came, and the claim says why."""
    names = claims.pieces(portal, 2, status="sent")
    claim = claims.in_review(portal)
    lose(portal, names[0])
    fresh = claims.fresh(portal, claim)
    assert isinstance(fresh, Claim)
    assert (fresh.line_count, fresh.claimed) == (1, 1250)
    page = portal.client(portal.manager).get(f"/claims/{claim.public_id}").text
    assert "took out a piece that is missing" in page
    agrees(portal)


def test_missing_piece_is_charged_back_until_it_turns_up(portal: Portal) -> None:
    """O7, L3, L4: what was reimbursed is charged back once, given back once; then it can fail."""
    names = claims.pieces(portal, 2, status="sent")
    claim = claims.in_review(portal)
    claims.decide_all(portal, claim)
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, claim.id).run_id)
    claims.close(portal, run)
    lose(portal, names[0])
    back = [("reimbursement", 2500), ("old_part_charge", 1250)]
    assert booked(portal) == back
    turns_up(portal, names[0])
    assert booked(portal) == [*back, ("reversal", 1250)]
    assert posted(portal) == 2500
    inspect(portal, names[0])
    assert booked(portal) == [*back, ("reversal", 1250), ("old_part_charge", 1250)]
    assert status(portal, names[0]) == "failed"
    assert "Charged back" in portal.client(portal.manager).get(f"/old-parts/{names[0]}").text
    agrees(portal)
