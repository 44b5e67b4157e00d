"""What is looked at before a run is closed: the check list, and what every dealer will get."""

import pytest
from sqlalchemy import delete, select, update

from portal.claims import closing, runs, services
from portal.claims.models import Claim, ClaimLine, Run
from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid
from portal.ledger.models import Account
from portal.oldparts.models import OldPart
from tests.functional.claims import looking
from tests.support import appealing
from tests.support import claims as story
from tests.support.portal import DEPOSIT, Portal


def posted(portal: Portal) -> dict[int, int]:
    """What is on each dealer's account."""
    with portal.transaction():
        mine = Account.dealer_id.is_not(None)
        return dict(session.execute(select(Account.dealer_id, Account.posted).where(mine)).all())


def test_preview_is_what_the_dealers_get_when_the_run_closes(portal: Portal) -> None:
    """R7, R8: to the cent, appeals included, also for a dealer who has nothing but an appeal."""
    october = appealing.cut(portal)
    south = appealing.filed(portal, appealing.run(portal), "south", portal.other_clerk)
    waits = appealing.filed(portal, appealing.run(portal), "north", portal.clerk)
    appealing.rule(portal, south)
    appealing.rule(portal, appealing.file(portal, october), 500)
    run = appealing.run(portal)
    page = portal.client(portal.auditor).get(f"/runs/{run.public_id}/closing").text
    assert "1 appeal is not decided: it is not paid with this run." in page
    assert "Every claim is decided." in page
    with portal.transaction():
        shares, whole = closing.preview(session.get_one(Run, run.id))
    by_dealer = {share.dealer[:5]: share for share in shares}
    assert by_dealer["D0001"].credited == 1250 + 500
    assert by_dealer["D0002"].credited == by_dealer["D0002"].appealed == 100
    story.close(portal, run)
    for name, code in (("north", "D0001"), ("south", "D0002")):
        assert posted(portal)[portal.dealers[name]] == DEPOSIT + by_dealer[code].credited
    with portal.transaction():
        kept = session.get_one(Run, run.id)
        assert (kept.claimed, kept.approved, kept.appealed) == (
            whole.claimed, whole.approved, whole.appealed,
        )  # fmt: skip
        assert closing.preview(kept) == (shares, whole)
    assert appealing.fresh(portal, waits).status == "filed"


def test_not_closed_when_sums_differ_or_warned_when_a_piece_is_lost(portal: Portal) -> None:
    """R8, O7: a claim whose lines come to something else stops it; a lost piece is pointed out."""
    claim = appealing.cut(portal)
    run = appealing.run(portal)
    with portal.transaction():
        session.execute(update(OldPart).values(status="missing"))
    url = f"/runs/{run.public_id}/closing"
    reviewer = portal.client(portal.reviewer)
    assert "1 line is approved though its old part failed or is missing." in reviewer.get(url).text
    with portal.transaction():
        session.execute(update(Claim).where(Claim.id == claim.id).values(approved=1))
    assert "the month cannot be closed" in reviewer.get(url).text
    with portal.transaction():
        kept = session.get_one(Run, run.id)
        with pytest.raises(Conflict):
            runs.close(kept, seen=None, by=portal.reviewer, now=portal.now)
    assert appealing.run(portal).status == "open"


def test_claim_without_lines_found_when_it_stops_the_closing(portal: Portal) -> None:
    """O8, R7: its last piece failed; the run lists it, and so does where one sees to it."""
    story.pieces(portal)
    claim = story.in_review(portal)
    with portal.transaction():
        session.execute(delete(ClaimLine))
        session.execute(update(Claim).values(line_count=0, claimed=0))
    url, reviewer = f"/runs/{appealing.run(portal).public_id}", portal.client(portal.reviewer)
    assert claim.number in reviewer.get(url).text
    assert 'href="/claims?tab=in_review">See to it' in reviewer.get(f"{url}/closing").text
    assert claim.number in reviewer.get("/claims?tab=in_review").text


def proposed(portal: Portal) -> Run:
    """A run that the reviewer proposed to close, where two close a month."""
    looking.decree(portal, "claim.close_four_eyes", 1)
    run = appealing.run(portal)
    with portal.transaction():
        kept = session.get_one(Run, run.id)
        with pytest.raises(Conflict, match="first"):
            runs.close(kept, seen=None, by=portal.reviewer, now=portal.now)
        runs.propose(kept, seen=None, by=portal.reviewer, now=portal.now)
    return run


def test_month_is_closed_by_another_than_who_proposed_it(portal: Portal) -> None:
    """P2, R7: with the totals that were proposed; the page offers it to nobody else."""
    appealing.cut(portal)
    run, other = proposed(portal), appealing.colleague(portal)
    reviewer, close = portal.client(portal.reviewer), f'"/runs/{run.public_id}/close"'
    page = reviewer.get(f"/runs/{run.public_id}").text
    assert "proposed to close the month with" in page
    assert f"/runs/{run.public_id}/resume" in page
    for url in (f"/runs/{run.public_id}", f"/runs/{run.public_id}/closing"):
        assert close not in reviewer.get(url).text
        assert close in portal.client(other).get(url).text
    told = "to close: 1 of 1 claims decided"
    assert told not in reviewer.get("/").text
    assert told in portal.client(other).get("/").text
    with portal.transaction():
        kept = session.get_one(Run, run.id)
        with pytest.raises(Forbidden, match="You proposed"):
            runs.close(kept, seen=None, by=portal.reviewer, now=portal.now)
        runs.close(kept, seen=None, by=other, now=portal.now)
    story.work(portal)
    assert story.fresh(portal, run).status == "closed"


def test_proposal_is_void_when_the_totals_change(portal: Portal) -> None:
    """P2, R6, R8: an appeal is granted meanwhile; taken back and proposed anew, it is closed."""
    appeal = appealing.file(portal, appealing.cut(portal))
    run, other = proposed(portal), appealing.colleague(portal)
    appealing.rule(portal, appeal)
    page = portal.client(portal.auditor).get(f"/runs/{run.public_id}").text
    assert "The totals have changed since it was proposed" in page
    with portal.transaction():
        kept = session.get_one(Run, run.id)
        with pytest.raises(Conflict, match="changed"):
            runs.close(kept, seen=None, by=other, now=portal.now)
        runs.resume(kept, seen=None, by=other, now=portal.now)
        assert kept.status == "reviewing"
        runs.propose(kept, seen=None, by=other, now=portal.now)
        runs.close(kept, seen=None, by=portal.reviewer, now=portal.now)
    story.work(portal)
    assert story.fresh(portal, run).status == "closed"


def test_not_proposed_while_a_claim_is_undecided(portal: Portal) -> None:
    """R7: as it would not be closed."""
    story.pieces(portal, 1)
    claim = story.in_review(portal)
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, claim.id).run_id)
        with pytest.raises(Invalid):
            runs.propose(run, seen=None, by=portal.reviewer, now=portal.now)
    reviewer, url = portal.client(portal.reviewer), f"/runs/{run.public_id}"
    assert "No line is open any more" not in reviewer.get(url).text
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.approve_open(mine, by=portal.reviewer, now=portal.now)
    assert "No line is open any more: finish the decision on 1 claim." in reviewer.get(url).text
