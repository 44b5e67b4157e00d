"""The figures of reimbursement: counted right, within one's scope, at a fixed price."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from portal.advances.models import Advance
from portal.claims import services
from portal.claims.commands import Decision
from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import session
from portal.reports import reimbursement
from tests.support import advances, appealing, claims
from tests.support.portal import Portal
from tests.support.queries import counted

REDUCED = Decision("reduce", 200, "goodwill_share")


def settle(portal: Portal) -> Claim:
    """Three lines, one reduced to 2.00 and one approved by themselves, the month closed."""
    claims.pieces(portal, 3)
    claim = claims.in_review(portal)
    with portal.transaction():
        taken = session.get_one(Claim, claim.id)
        session.execute(update(ClaimLine).where(ClaimLine.position <= 2).values(alone=True))
        for position, decision in ((1, REDUCED), (2, Decision("approve"))):
            portal.clock.advance(seconds=40)
            facts = {"was": "open", "by": portal.reviewer, "now": portal.now}
            services.decide_line(taken, position, decision, **facts)
        run = session.get_one(Run, taken.run_id)
    claims.decide_all(portal, claim)
    claims.close(portal, run)
    return claim


def test_figures_tell_what_was_paid_and_why_not_all(portal: Portal) -> None:
    """R8, P1: by month, part, model and reason; another dealer sees nothing of it."""
    claim = settle(portal)
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        (latest,) = reimbursement.paid(portal.clerk, portal.now)[-1:]
        assert (latest.lines, latest.claimed, latest.approved) == (3, claim.claimed, claim.approved)
        (reason,) = reimbursement.reasons(portal.auditor, portal.now)
        assert (reason.reason_code, reason.lines) == ("goodwill_share", 1)
        assert reason.taken_off == claim.claimed - claim.approved
        ((part,), (model,)) = reimbursement.costs(portal.clerk, "en", portal.now)
        assert (part.number, part.total, part.month_5) == ("FV-100", claim.approved, claim.approved)
        facts = model.product_model, model.total, model.month_5
        assert facts == ("WC-9", claim.approved, claim.approved)
        stranger = portal.other_clerk
        assert not any(one.lines for one in reimbursement.paid(stranger, portal.now))
        assert not reimbursement.reasons(stranger, portal.now)
        assert reimbursement.costs(stranger, "en", portal.now) == ([], [])


def test_figures_tell_how_it_was_decided(portal: Portal) -> None:
    """R5: one of three lines went through together; the two others took 40 seconds."""
    assert reimbursement_work(portal) is None
    settle(portal)
    work = reimbursement_work(portal)
    assert work is not None
    assert (work.lines, work.alone, work.percent, work.seconds) == (3, 2, 33, 40)


def reimbursement_work(portal: Portal) -> reimbursement.Work | None:
    """How the lines were decided."""
    with portal.transaction():
        return reimbursement.work(portal.now)


def test_what_is_still_due_moves_with_the_claim(portal: Portal) -> None:
    """R2: registered, accepted, submitted, approved; a draft counts as not submitted; then paid."""
    stages = ["granted", "approved", "submitted", "accepted", "allowed", "registered"]

    def due(who: str = "auditor") -> dict[str, int]:
        with portal.transaction():
            rows = reimbursement.still_due(portal.cast[who], portal.now)
            return {name: row.lines for name, row in zip(stages, rows, strict=True) if row.lines}

    claims.pieces(portal, 1, status="registered")
    assert due() == {"registered": 1}
    claims.pieces(portal, 2)
    assert due() == {"registered": 1, "accepted": 2}
    assert due("other_clerk") == {}
    advances.approved(portal, by="other_clerk")
    assert due("other_clerk") == {"allowed": 1}
    with portal.transaction():  # it has lapsed
        session.execute(update(Advance).values(decided_at=portal.now - timedelta(days=300)))
    assert due("other_clerk") == {}
    claim = claims.started(portal)
    assert due() == due("clerk") == {"registered": 1, "accepted": 2}
    with portal.transaction():
        taken = session.get_one(Claim, claim.id)
        services.submit(taken, seen=None, by=portal.manager, now=portal.now)
    assert due() == {"registered": 1, "submitted": 2}
    run = claims.opened(portal)
    claims.decide_all(portal, claim)
    assert due() == {"registered": 1, "approved": 2}
    claims.close(portal, run)
    assert due() == {"registered": 1}


def test_appeals_count_as_what_they_cost(portal: Portal) -> None:
    """R6, R8: owed once they are granted, part of the cost of their month once they are paid."""
    appeal = appealing.file(portal, appealing.cut(portal))
    appealing.rule(portal, appeal)
    with portal.transaction():
        owed = reimbursement.still_due(portal.auditor, portal.now)[0]
        assert (owed.lines, owed.amount) == (1, appeal.gap)
    run = appealing.run(portal)
    claims.close(portal, run)
    with portal.transaction():
        run = session.get_one(Run, run.id)
        assert reimbursement.still_due(portal.auditor, portal.now)[0].lines == 0
        (latest,) = reimbursement.paid(portal.clerk, portal.now)[-1:]
        ((part,), _models) = reimbursement.costs(portal.clerk, "en", portal.now)
        assert latest.approved == part.total == run.approved + run.appealed


@pytest.mark.parametrize("who", ["clerk", "reviewer", "finance"])
def test_page_tells_them_at_a_fixed_price(portal: Portal, who: str) -> None:
    """R8: how headquarters decided is not for dealers."""
    client = portal.client(portal.cast[who])
    client.get("/claims/figures")
    with counted(portal.app) as before:
        assert "Nothing was reimbursed" in client.get("/claims/figures").text
    settle(portal)
    portal.clock.at += timedelta(minutes=1)
    with counted(portal.app) as after:
        page = client.get("/claims/figures").text
    assert "FV-100" in page
    assert ("Time per decision" in page) == (who != "clerk")
    assert len(after) - len(before) == (who != "clerk")  # the steps, once there is something
