"""O9: where a piece is, and what became of its money, are two statuses; and its whole way."""

import re

from sqlalchemy import select

from portal.claims.commands import Decision
from portal.claims.models import Claim, Run
from portal.core.db import session
from tests.support import claims, collecting, story
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


def way(portal: Portal, who: str, name: str) -> dict[str, str]:
    """The stops of a piece's way on its page, each with what stands there."""
    page = portal.client(portal.cast[who]).get(f"/old-parts/{name}").text
    (drawn,) = re.findall(r'<ol class="way">(.*?)</ol>', page, re.DOTALL)
    return dict(re.findall(r"<li[^>]*><span>([^<]+)</span>\s*(.*?)</li>", drawn, re.DOTALL))


def test_page_shows_the_way_of_a_piece(portal: Portal) -> None:
    """O9: from what was asked for to the entry that paid for it; each step can be opened."""
    old_part = story.accepted(portal)
    stops = way(portal, "clerk", old_part.public_id)
    assert list(stops) == [
        "Parts application", "Quote", "Parts deduction", "Shipped line", "Registration",
        "Collection", "Inspection", "Claim", "Decision", "Statement", "Ledger entry",
    ]  # fmt: skip
    not_yet = [name for name, said in stops.items() if "not yet" in said]
    assert not_yet == list(stops)[5:]
    assert "Quote 1" in stops["Quote"]
    assert "12.50" in stops["Parts deduction"]
    claim = claims.started(portal, by="manager")
    assert f"/claims/{claim.public_id}" in way(portal, "clerk", old_part.public_id)["Claim"]


def test_way_can_be_opened_as_far_as_one_may(portal: Portal) -> None:
    """O9, P3: what was decided, the statement and the entry of a piece that was paid for."""
    old_part = story.accepted(portal)
    claim = claims.in_review(portal)
    with portal.transaction():
        taken = session.get_one(Claim, claim.id)
        facts = {"was": "open", "by": portal.reviewer, "now": portal.now}
        claims.services.decide_line(taken, 1, Decision("approve"), **facts)
        run = session.get_one(Run, taken.run_id)
    claims.decide_all(portal, claim)
    claims.close(portal, run)
    stops = way(portal, "manager", old_part.public_id)
    assert "Approved" in stops["Decision"]
    assert f"/claims/{claim.public_id}/statement/paper.pdf" in stops["Statement"]
    for name in ("Parts application", "Quote", "Parts deduction", "Shipped line", "Ledger entry"):
        address = re.findall('href="([^"]+)"', stops[name])[0]
        assert portal.client(portal.manager).get(address).status_code == 200
    assert "href" not in way(portal, "warehouse", old_part.public_id)["Ledger entry"]


def _both(text: str, name: str) -> list[str]:
    """The badges of a piece in the rows of a page."""
    row = next(row for row in text.split("<tr>") if f'/{name}"' in row)
    return re.findall(r'class="badge [\w -]+">([^<]+)<', row)


def test_other_lists_show_both_statuses(portal: Portal) -> None:
    """O9: the review, a consignment, what may be scrapped, and a claim's draft, too."""
    waiting = story.registered(portal).public_id
    (accepted,) = claims.pieces(portal, 1)
    claims.started(portal, by="manager")
    desk, manager = portal.client(portal.desk), portal.client(portal.manager)
    review = "".join(desk.get(f"/old-parts/review?tab={tab}").text for tab in ("", "suspicious"))
    assert _both(review, waiting) == ["Registered", "Not claimed"]
    scrapping = desk.get(f"/old-parts/scrapping?pick={accepted}").text
    assert _both(scrapping, accepted) == ["Accepted", "Not claimed"]
    with portal.transaction():
        draft = session.scalars(select(Claim.public_id)).one()
    # Whether it is on the claim is what its tick says: both stand there, one is shown.
    shown = _both(manager.get(f"/claims/{draft}").text, accepted)
    assert shown == ["Accepted", "On a claim", "Not claimed"]
    consignment = collecting.called(portal, 0)
    shown = _both(manager.get(f"/collections/{consignment.public_id}").text, accepted)
    assert shown == ["Called in", "On a claim"]


def test_page_says_who_is_next_when_a_piece_rests(portal: Portal) -> None:
    """O7, O8: an accepted piece waits for its collection, a failed one for an objection."""
    (name,) = claims.pieces(portal, 1)
    page = portal.client(portal.clerk).get(f"/old-parts/{name}").text
    assert "Headquarters calls it in." in page
    (failed,) = claims.pieces(portal, 1, status="received")
    inspect(portal, failed)
    assert (
        "The dealer may object until then."
        in portal.client(portal.clerk).get(f"/old-parts/{failed}").text
    )


def _so_far(portal: Portal, who: str, url: str) -> str:
    """How much is scanned, as the page of the scanner says it, and the way on."""
    page = portal.client(portal.cast[who]).get(url).text
    return page.split('id="so-far"')[1].split("</div>")[0]


def test_what_comes_next_leads_when_a_consignment_is_packed_and_received(portal: Portal) -> None:
    """O7: packing before sending, scanning before finishing."""
    consignment = collecting.called(portal, 1)
    url = f"/collections/{consignment.public_id}"

    def leads(who: str) -> str:
        page = portal.client(portal.cast[who]).get(url).text
        return re.sub(r"<[^>]+>|\s", "", page.split('class="lead">')[1].split("</div>")[0])

    assert leads("clerk") == "Pack"
    assert "Send" not in _so_far(portal, "clerk", f"{url}/pack")
    collecting.pack(portal, consignment, collecting.numbers(portal, consignment)[0])
    assert "Send" in _so_far(portal, "clerk", f"{url}/pack")
    assert leads("clerk") == "Send"
    collecting.send(portal, consignment, 1)
    assert leads("warehouse") == "Receive"
    assert "Finish receiving" not in _so_far(portal, "warehouse", f"{url}/receive")
    collecting.scan(portal, consignment, collecting.numbers(portal, consignment)[0])
    assert "Finish receiving" in _so_far(portal, "warehouse", f"{url}/receive")
    collecting.finish(portal, consignment, 0)
    page = portal.client(portal.warehouse).get(url).text
    assert "/old-parts/inspect" in page.split('<div class="actions">')[1].split("<section")[0]
