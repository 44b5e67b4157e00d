"""Drafts that their dealer discards before they were ever submitted (R1–R3)."""

from datetime import datetime

import pytest
from sqlalchemy import func, select

from portal.claims import discarding, outlay_queries, services
from portal.claims.models import Claim
from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, NotFound, WrongState
from portal.files.models import Attachment
from tests.functional.claims.test_freight import claimed as with_freight
from tests.support import claims as story
from tests.support.claims import OCTOBER
from tests.support.portal import HQ, Portal

ONE, OTHER = "key-of-one-page-1", "key-of-other-page"


def _press(portal: Portal, claim: Claim, by: str = "clerk", seen: int = 1, page: str = ONE) -> int:
    client = portal.client(portal.cast[by])
    typed = {"seen": str(seen), "press": page}
    return client.post(f"/claims/{claim.public_id}/discard", typed).status_code


def _discard(portal: Portal, claim: Claim, by: str) -> None:
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        discarding.discard(mine, seen=None, by=portal.cast[by], now=portal.now)


def _receipts(portal: Portal) -> int:
    kept = select(func.count()).where(Attachment.document_kind == Claim.kind)
    with portal.transaction():
        return session.scalars(kept).one()


def test_everything_on_it_can_be_claimed_again_when_a_draft_is_discarded(portal: Portal) -> None:
    """R2, R3: its pieces and its freight are free; it keeps its number, and is begun again."""
    claim, consignment = with_freight(portal)
    url = f"/claims/{claim.public_id}"
    client = portal.client(portal.clerk)
    page = client.get(url).text
    assert f'action="{url}/discard"' in page
    assert _receipts(portal) == 1
    assert _press(portal, claim, seen=story.fresh(portal, claim).version) == 303
    gone = story.fresh(portal, claim)
    assert (gone.status, gone.line_count, gone.claimed, gone.number) == (
        "discarded", 0, 0, claim.number,
    )  # fmt: skip
    assert story.lines(portal, claim) == []
    assert _receipts(portal) == 0
    shown = client.get(url).text
    assert "discarded the draft" in shown
    assert f"/claims/new?month={claim.month}" in shown
    again = client.post("/claims/new", {"month": claim.month})
    assert again.location == url
    begun = story.fresh(portal, claim)
    assert (begun.status, begun.line_count, begun.ordinal) == ("draft", 4, 0)
    with portal.transaction():
        (free,) = outlay_queries.claimable(session.get_one(Claim, claim.id), "freight", portal.now)
        assert free.outlay == consignment.public_id
    assert "began the claim again" in client.get(url).text


def test_discarded_once_when_it_is_pressed_twice_or_from_a_stale_page(portal: Portal) -> None:
    """R2: who types on it meanwhile is not overrun; one's own saves are no news."""
    story.pieces(portal, 2)
    claim = story.started(portal)
    save = {"seen": "1", "press": OTHER, "remark": "Mine"}
    manager = portal.client(portal.manager)
    assert manager.post(f"/claims/{claim.public_id}/save", save).status_code == 303
    assert _press(portal, claim) == 409
    kept = story.fresh(portal, claim)
    assert (kept.status, kept.line_count, kept.remark) == ("draft", 2, "Mine")
    assert _press(portal, claim, seen=2) == 303
    assert _press(portal, claim, seen=2) == 303, "the same press again"
    assert _press(portal, claim, seen=3, page=OTHER) == 409
    late = manager.post(f"/claims/{claim.public_id}/save", save | {"remark": "Late"})
    assert late.status_code == 409
    assert story.fresh(portal, claim).remark == "Mine"


def test_own_page_may_discard_when_it_saved_as_one_typed(portal: Portal) -> None:
    """R2: the version of the page's beginning is good enough for its own press."""
    story.pieces(portal, 1)
    claim = story.started(portal)
    client = portal.client(portal.clerk)
    headers = {"HX-Request": "true", "HX-Target": "div#sum"}
    save = {"seen": "1", "press": ONE, "remark": "W"}
    saved = client.post(f"/claims/{claim.public_id}/save", save, headers=headers)
    assert saved.status_code == 200
    assert _press(portal, claim) == 303


def test_claim_is_not_discarded_when_headquarters_has_seen_it(portal: Portal) -> None:
    """R4: a claim that was returned is corrected; nobody else's is touched (P1)."""
    story.pieces(portal, 1)
    claim = story.submitted(portal)
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.give_back(mine, seen=None, reason="Wrong", by=portal.reviewer, now=portal.now)
    url = f"/claims/{claim.public_id}"
    assert f"{url}/discard" not in portal.client(portal.clerk).get(url).text
    for by, refusal in (("clerk", WrongState), ("reviewer", Forbidden), ("other_clerk", NotFound)):
        with pytest.raises(refusal):
            _discard(portal, claim, by)
    assert len(story.lines(portal, claim)) == 1


def test_supplement_is_begun_again_when_it_was_drafted_by_mistake(portal: Portal) -> None:
    """R1: it takes no second number; while it is a draft there is no other."""
    story.pieces(portal, 1)
    first = story.in_review(portal)
    story.pieces(portal, 1, at=portal.now.replace(day=2))
    supplement = story.started(portal)
    assert _press(portal, supplement) == 303
    page = portal.client(portal.clerk).get("/claims/new").text
    assert f"A supplement to {first.number}." in page
    again = story.started(portal)
    assert (again.id, again.number) == (supplement.id, f"{first.number}-S1")
    with pytest.raises(Conflict), portal.transaction():
        services.start(OCTOBER, by=portal.manager, now=portal.now)


def test_draft_is_kept_when_something_on_it_has_lapsed_since(portal: Portal) -> None:
    """R2: discarded, nobody could ever claim it; to the second of headquarters' month."""
    story.pieces(portal, 1)
    claim = story.started(portal)
    portal.clock.at = datetime(2027, 6, 1, tzinfo=HQ)  # six months before May are November
    version = story.fresh(portal, claim).version
    assert _press(portal, claim, seen=version) == 409
    assert story.fresh(portal, claim).status == "draft"
    portal.clock.at = datetime(2027, 5, 31, 23, 59, 59, tzinfo=HQ)
    assert _press(portal, claim, seen=version, page=OTHER) == 303
