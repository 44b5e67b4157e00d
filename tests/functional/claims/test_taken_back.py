"""Claims that their dealer takes back before a run takes them in (R4)."""

import pytest
from sqlalchemy import select

from portal.claims import services
from portal.claims.models import Claim, Run
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Forbidden, NotFound, Stale, WrongState
from tests.support import claims as story
from tests.support.portal import HQ, Portal


def _back(portal: Portal, claim: Claim, by: str = "manager", seen: int | None = None) -> None:
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.take_back(mine, seen=seen, by=portal.cast[by], now=portal.now)


def test_submitted_claim_is_a_draft_again_when_its_manager_takes_it_back(portal: Portal) -> None:
    """R2, R4: its lines stay on it, more comes on it, and it is submitted again."""
    story.pieces(portal, 2)
    claim = story.submitted(portal)
    url = f"/claims/{claim.public_id}"
    manager, reviewer = portal.client(portal.manager), portal.client(portal.reviewer)
    assert f'action="{url}/take-back"' in manager.get(url).text
    assert f'action="{url}/take-back"' not in portal.client(portal.clerk).get(url).text
    seen = str(story.fresh(portal, claim).version)
    assert manager.post(f"{url}/take-back", {"seen": seen}).status_code == 303
    back = story.fresh(portal, claim)
    assert isinstance(back, Claim)
    assert (back.status, back.line_count, back.submitted_by_id) == ("draft", 2, None)
    page = manager.get(url).text
    assert "took the claim back" in page
    assert "returned it" not in page
    assert f'action="{url}/discard"' not in page, "headquarters has seen it"
    assert "took the claim back" in reviewer.get("/inbox").text
    assert "Returned" not in manager.get("/claims?tab=draft").text
    assert claim.number in reviewer.get("/claims?tab=draft").text
    story.pieces(portal, 1)
    page = manager.get(url).text
    assert "1 part was accepted after this draft was begun" in page
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.submit(mine, seen=None, by=portal.manager, now=portal.now)
    story.opened(portal)
    assert story.fresh(portal, claim).status == "in_review"


def test_claim_is_not_taken_back_when_a_run_has_it(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R4: also while the rules look at it, and its page offers no such step."""
    monkeypatch.setattr("portal.claims.opening.AT_ONCE", 0)
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    story.opened(portal)
    waiting = story.fresh(portal, claim)
    assert waiting.status == "submitted"
    url = f"/claims/{claim.public_id}"
    assert "take-back" not in portal.client(portal.manager).get(url).text
    with pytest.raises(WrongState):
        _back(portal, claim)
    story.work(portal)
    with pytest.raises(WrongState):
        _back(portal, claim)


def test_claim_that_was_taken_back_is_in_no_run(portal: Portal) -> None:
    """R4: who takes it back in time and does not submit it is for a later run."""
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    _back(portal, claim)
    run = story.opened(portal)
    with portal.transaction():
        its = select(Claim.id).join(Run, Run.id == Claim.run_id).where(Run.id == run.id)
        assert session.scalars(its).all() == []
    assert story.fresh(portal, claim).status == "draft"


def test_claim_is_taken_back_by_its_own_manager_only(portal: Portal) -> None:
    """P1, P3: a clerk may not, another dealer's manager finds none, a stale page is told."""
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    for by, refusal in (
        ("clerk", Forbidden), ("reviewer", Forbidden), ("other_manager", NotFound),
    ):  # fmt: skip
        with pytest.raises(refusal):
            _back(portal, claim, by)
    with pytest.raises(Stale):
        _back(portal, claim, seen=1)
    assert story.fresh(portal, claim).status == "submitted"


def test_announcement_of_what_lapses_says_how_it_comes_on_a_submitted_claim(
    portal: Portal,
) -> None:
    """R2: the claim that it leads to can be taken back, and then what lapses is on it."""
    last = Month.of(portal.now).plus(-1)
    story.pieces(portal, 1, at=last.start(HQ))
    claim = story.submitted(portal, last)
    lapse = story.lapsing(portal)
    manager, page = portal.client(portal.manager), f"/claims/lapsing/{lapse.public_id}"
    assert f"{claim.number} is submitted and waits for its run." in manager.get(page).text
    _back(portal, claim)
    assert "waits for its run" not in manager.get(page).text
    assert "1 part was accepted after" in manager.get(f"/claims/{claim.public_id}").text
