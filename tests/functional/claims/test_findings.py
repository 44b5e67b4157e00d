"""Findings (R5): kept when a run takes claims in, shown to reviewers, never to a dealer."""

import io
from datetime import datetime, timedelta
from random import Random

import pytest
from PIL import Image
from sqlalchemy import select, update

from portal.claims import services
from portal.claims.models import Claim, ClaimFinding, ClaimLine
from portal.core.db import session
from portal.core.errors import Invalid
from portal.files import services as files
from portal.files.alike import likest
from portal.files.models import Attachment
from portal.oldparts import services as oldparts
from portal.oldparts.models import OldPart
from tests.functional.claims.looking import change, decree, kept, looked
from tests.support import claims as story
from tests.support import inspecting
from tests.support import story as whole_story
from tests.support.portal import HQ, Portal
from tests.support.queries import counted

LIMIT = "which is above the limit of CN¥10.00."


def two_of_three(portal: Portal) -> Claim:
    """A claim in review: 12.50 is above the limit of 10.00, twice, and 4.80 is not."""
    decree(portal, "rule.amount_limit", 1000)
    story.pieces(portal, 2)
    story.pieces(portal, 1, part="FP-200")
    return story.in_review(portal)


def picture(seed: int, quality: int = 90) -> bytes:
    """A photo, another one for each seed."""
    grid = Image.frombytes("RGB", (8, 6), Random(seed).randbytes(8 * 6 * 3))
    content = io.BytesIO()
    grid.resize((640, 480), Image.Resampling.BICUBIC).save(content, "JPEG", quality=quality)
    return content.getvalue()


def pictured(portal: Portal, photo: bytes, by: str) -> OldPart:
    """An accepted old part of a dealer's own with a photo."""
    shipment = whole_story.received(portal, by=by)
    facts = {"by": portal.cast[by], "now": portal.now}
    with portal.transaction():
        name = files.receive(photo, "valve.jpg", **facts).public_id
        line = whole_story.line_ids(shipment)[0]
        command = whole_story.registration(portal, customer_phone="", customer_name=by)
        made = oldparts.register(line, command, [name], **facts)
    with portal.transaction():
        made = session.get_one(OldPart, made.id)
        oldparts.review(made, "accept", seen=None, by=portal.desk, now=portal.now)
        return made


def test_line_found_when_another_dealer_has_its_photo(portal: Portal) -> None:
    """R5, P1: exactly the same or one that looks the same; the reviewer reads which piece it is."""
    mine = [pictured(portal, picture(seed), "clerk") for seed in (1, 2, 3)]
    same = pictured(portal, picture(1), "other_clerk")
    alike = pictured(portal, picture(2, quality=60), "other_clerk")
    claim = story.submitted(portal)
    exact, similar = (
        "Another old part has the same photo:",
        "Another old part has a photo that looks the same:",
    )
    assert looked(portal, "photo") == {1: exact, 2: similar}
    assert looked(portal, "photo", alike=0) == {1: exact}
    assert looked(portal, "photo", on=0) == {}
    with portal.transaction():
        pairs = likest(OldPart.kind, [one.id for one in mine])
        assert {key: pair.other_id for key, pair in pairs.items()} == {
            mine[0].id: same.id, mine[1].id: alike.id,
        }  # fmt: skip
    story.opened(portal)
    page = f"/claims/{claim.public_id}"
    seen = portal.client(portal.reviewer).get(page).text
    assert seen.count("Another old part has") == 2
    assert same.number in seen
    desk = portal.client(portal.reviewer).get(f"{page}/review/1").text
    shown = desk.partition("Side by side")[2].partition("</section>")[0]
    with portal.transaction():
        of_both = Attachment.document_id.in_((mine[0].id, same.id))
        photos = session.scalars(select(Attachment.public_id).where(of_both)).all()
    assert len(photos) == 2
    assert all(f"/files/{name}" in shown for name in photos)
    assert all(desk.count(f'src="/files/{name}"') == 1 for name in photos), "neither twice"
    assert "Side by side" not in portal.client(portal.reviewer).get(f"{page}/review/3").text
    told = portal.client(portal.manager).get(page).text
    assert "Another old part" not in told
    assert same.number not in told


def test_findings_kept_with_their_values_when_run_takes_claims_in(portal: Portal) -> None:
    """R5: once, with the figures and the policy values in force that day; the claim counts them."""
    claim = two_of_three(portal)
    assert kept(portal, claim) == {
        place: {"amount": {"claimed": 1250, "limit": 1000}} for place in (1, 2)
    }
    assert story.fresh(portal, claim).suspicious == 2
    decree(portal, "rule.amount_limit", 100)
    assert len(kept(portal, claim)) == 2, "a later value changes nothing"


def test_nothing_kept_when_the_rule_is_switched_off(portal: Portal) -> None:
    """R5: the switch that is in force on the run's day counts."""
    decree(portal, "rule.amount", 0)
    claim = two_of_three(portal)
    assert kept(portal, claim) == {}
    assert story.fresh(portal, claim).suspicious == 0


def test_lines_with_findings_stay_open_when_the_others_are_approved_together(
    portal: Portal,
) -> None:
    """R5: what a rule found is decided by itself, and the refusal says so."""
    claim = two_of_three(portal)

    def approve() -> int:
        with portal.transaction():
            mine = session.get_one(Claim, claim.id)
            return services.approve_open(mine, by=portal.reviewer, now=portal.now).approved

    assert approve() == 1
    assert [line.status for line in story.lines(portal, claim)] == ["open", "open", "approved"]
    with pytest.raises(Invalid, match="2 open lines have a finding or the dealer’s remark"):
        approve()
    reviewer, url = portal.client(portal.reviewer), f"/claims/{claim.public_id}"
    page = reviewer.get(url).text
    assert "2 open lines have a finding or the dealer’s remark: decide each by itself." in page
    assert "/approve-open" not in page
    answer = reviewer.post(f"{url}/approve-open")
    assert answer.status_code == 422
    for place in ("1", "2"):
        sent = {"step": "approve", "was": "open"}
        assert reviewer.post(f"{url}/lines/{place}", sent).status_code == 303
    version = str(story.fresh(portal, claim).version)
    assert reviewer.post(f"{url}/decide", {"seen": version}).status_code == 303


def test_reviewer_reads_findings_and_a_dealer_does_not(portal: Portal) -> None:
    """R5, P1: sentences beside the lines, counts on lists and files; nothing of it for dealers."""
    claim = two_of_three(portal)
    url = f"/claims/{claim.public_id}"
    for who in (portal.reviewer, portal.finance, portal.auditor):
        client = portal.client(who)
        assert client.get(url).text.count(LIMIT) == 2
        only = client.get(f"{url}?lines=suspicious").text
        assert only.count(LIMIT) == 2
        assert "FP-200" not in only
        assert 'data-label="Findings">2<' in client.get("/claims").text
        assert "Lines with findings" in client.get("/claims/export/csv", buffered=True).text
        assert 'data-label="Findings">2<' in client.get("/runs").text
    for who in (portal.clerk, portal.manager):
        client = portal.client(who)
        pages = [url, f"{url}?lines=suspicious", "/claims", "/claims/export/csv", "/"]
        for page in pages:
            text = client.get(page, buffered=True).text
            assert LIMIT not in text, page
            assert "inding" not in text, page
        assert "FP-200" in client.get(f"{url}?lines=suspicious").text, "that share is not theirs"


def test_claim_is_looked_at_again_when_it_was_returned(portal: Portal) -> None:
    """R5, R6: a correction forgets what was found; the next run looks with what is in force."""
    claim = two_of_three(portal)
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        facts = {"seen": None, "reason": "Wrong", "by": portal.reviewer, "now": portal.now}
        services.give_back(mine, **facts)
    assert kept(portal, claim) == {}
    assert story.fresh(portal, claim).suspicious == 0
    decree(portal, "rule.amount_limit", 100, portal.now.date())
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.submit(mine, seen=None, by=portal.manager, now=portal.now)
    portal.clock.at = datetime(2026, 12, 3, tzinfo=HQ)
    story.opened(portal, story.NOVEMBER)
    assert {place: one["amount"]["limit"] for place, one in kept(portal, claim).items()} == {
        1: 100, 2: 100, 3: 100,
    }  # fmt: skip
    assert story.fresh(portal, claim).suspicious == 3


def test_finding_leaves_with_its_line_when_the_piece_fails(portal: Portal) -> None:
    """R5, O8: the line of a piece that fails leaves its claim, and so does what was found on it."""
    decree(portal, "rule.amount_limit", 1000)
    (name, _other) = story.pieces(portal, 2, status="accepted")
    claim = story.submitted(portal)
    change(portal, {name: {"status": "received"}})
    story.opened(portal)
    assert story.fresh(portal, claim).suspicious == 2
    inspecting.inspect(portal, name)
    assert set(kept(portal, claim)) == {2}
    assert story.fresh(portal, claim).suspicious == 1


def test_settled_claim_keeps_what_was_found(portal: Portal) -> None:
    """R5, R7: the next run looks at its own lines only."""
    claim = two_of_three(portal)
    with portal.transaction():
        session.execute(update(Claim).values(status="settled"))
        before = session.execute(select(ClaimFinding.line_id, ClaimFinding.figures)).all()
    decree(portal, "rule.amount_limit", 100)
    portal.clock.at = datetime(2026, 12, 2, tzinfo=HQ)
    story.pieces(portal, 1, part="FP-200", at=portal.now - timedelta(days=10))
    other = story.in_review(portal, story.NOVEMBER)
    assert set(kept(portal, other)) == {1}
    with portal.transaction():
        mine = ClaimFinding.line_id.in_(select(ClaimLine.id).where(ClaimLine.claim_id == claim.id))
        after = session.execute(
            select(ClaimFinding.line_id, ClaimFinding.figures).where(mine)
        ).all()
    assert sorted(map(str, before)) == sorted(map(str, after))


def test_opening_costs_the_same_queries_however_many_lines_there_are(portal: Portal) -> None:
    """R5: the rules look at all lines of a run at once."""
    decree(portal, "rule.amount_limit", 1000)
    story.pieces(portal, 2)
    story.submitted(portal)

    def cost() -> int:
        with counted(portal.app) as statements:
            story.opened(portal)
        return len(statements)

    few = cost()
    portal.clock.at = datetime(2026, 11, 20, tzinfo=HQ)
    story.pieces(portal, 60)
    story.submitted(portal, story.NOVEMBER)
    with counted(portal.app) as statements:
        story.opened(portal, story.NOVEMBER)
    assert len(statements) <= few + 2
    with portal.transaction():
        assert len(session.scalars(select(ClaimFinding.line_id)).all()) == 62


def test_findings_are_counted_for_the_run(portal: Portal) -> None:
    """R5: what each rule found, on how many lines and for how much, stands on the run's page."""
    claim = two_of_three(portal)
    reviewer = portal.client(portal.reviewer)
    name = reviewer.get("/runs").text.split('href="/runs/')[1].split('"')[0]
    page = reviewer.get(f"/runs/{name}").text
    assert "What rules found" in page
    assert "High amount" in page
    assert "CN¥25.00" in page
    assert f"/claims/{claim.public_id}?lines=suspicious" in page
