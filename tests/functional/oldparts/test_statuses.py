"""O9: where a piece is, and what became of its money, are two statuses; and its whole way."""

import re

from portal.claims.models import Claim, Run
from portal.core.db import session
from tests.support import claims, story
from tests.support.inspecting import inspect
from tests.support.portal import Portal


def badges(portal: Portal, who: str, name: str) -> list[str]:
    """The two badges of a piece in the list of old parts."""
    page = portal.client(portal.cast[who]).get("/old-parts").text
    row = next(row for row in page.split("<tr>") if f"/old-parts/{name}" in row)
    return re.findall(r'class="badge \w+">([^<]+)<', row)


def test_list_shows_both_statuses_as_the_money_moves(portal: Portal) -> None:
    """O9, P1: not claimed, claimed, reimbursed, charged back; a draft is its dealer's own."""
    (name,) = claims.pieces(portal, 1, status="received")
    assert badges(portal, "clerk", name) == ["Received", "Not claimed"]
    draft = claims.started(portal, by="manager")
    assert badges(portal, "clerk", name) == ["Received", "On a claim"]
    assert badges(portal, "desk", name) == ["Received", "Not claimed"]
    with portal.transaction():
        claims.services.submit(
            session.get_one(Claim, draft.id), seen=None, by=portal.manager, now=portal.now
        )
    claims.opened(portal)
    assert badges(portal, "desk", name) == ["Received", "On a claim"]
    claims.decide_all(portal, draft)
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, draft.id).run_id)
    claims.close(portal, run)
    assert badges(portal, "desk", name) == ["Received", "Reimbursed"]
    page = portal.client(portal.manager).get(f"/claims/{draft.public_id}").text
    assert "Received" in page
    inspect(portal, name)
    for who in ("clerk", "warehouse", "auditor"):
        assert badges(portal, who, name) == ["Failed the inspection", "Charged back"]


def test_page_shows_the_way_of_a_piece_with_the_last_stop_marked(portal: Portal) -> None:
    """O9: shipped line, registration, collection, inspection, claim, ledger entry."""
    old_part = story.accepted(portal)
    page = portal.client(portal.clerk).get(f"/old-parts/{old_part.public_id}").text
    way = page.split('<ol class="way">')[1].split("</ol>")[0]
    stops = re.findall(r"<li[^>]*><span>([^<]+)</span>", way)
    assert stops == [
        "Shipped line", "Registration", "Collection", "Inspection", "Claim", "Ledger entry",
    ]  # fmt: skip
    assert way.count('aria-current="step"') == 1
    assert way.count("not yet") == 4
    assert "/shipments/" in way
    claim = claims.started(portal, by="manager")
    page = portal.client(portal.clerk).get(f"/old-parts/{old_part.public_id}").text
    assert f"/claims/{claim.public_id}" in page.split('<ol class="way">')[1]
