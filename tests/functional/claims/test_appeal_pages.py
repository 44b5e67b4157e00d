"""The pages of appeals, without scripts: what is pressed, and what each reader sees."""

import re

from sqlalchemy import update

from portal.claims.appeal_models import Appeal
from portal.core.db import session
from portal.files import services as files
from portal.files.models import Attachment
from tests.support import appealing, story
from tests.support import claims as months
from tests.support.portal import Portal
from tests.support.queries import counted


def test_dealer_appeals_and_reads_the_answer_when_scripts_are_off(portal: Portal) -> None:
    """R6, P1, P2: from the line to the appeal, to another reviewer, and back to the line."""
    claim = appealing.cut(portal)
    page = f"/claims/{claim.public_id}"
    clerk, reviewer = portal.client(portal.clerk), portal.client(portal.reviewer)
    other = portal.client(appealing.colleague(portal))
    assert "Lines cut or rejected that you can appeal against" in clerk.get("/").text
    shown = clerk.get(page).text
    (line,) = re.findall(rf'href="({page}/lines/\d+/appeal)"', shown)
    assert line.endswith("/1/appeal")
    assert "/appeal" not in reviewer.get(page).text.replace('href="/appeals"', "")
    asked = clerk.get(line).text
    assert "The evidence does not show the fault." in asked
    short = clerk.post(line, {"grounds": "No"})
    assert short.status_code == 422
    assert "No</textarea>" in short.text
    assert "Add a photo or a file" in short.text
    sent = clerk.post(line, {"grounds": "No", "files_kept": story.photo(portal)})
    assert sent.status_code == 303
    url = sent.location
    with portal.transaction():
        (photo,) = session.query(Attachment).filter_by(document_kind="appeal").all()
        assert photo.dealer_id == portal.dealers["north"]
    assert portal.client(portal.other_clerk).get(url).status_code == 404
    assert "You decided on this line" in reviewer.get(url).text
    assert "/decide" not in reviewer.get(url).text
    answer = {"seen": "1", "step": "grant", "amount": "5.00", "note": "Half of it"}
    refused = other.post(f"{url}/decide", answer)
    assert refused.status_code == 422
    assert "Choose a reason" in refused.text
    assert "Half of it" in refused.text
    stale = other.post(f"{url}/decide", answer | {"seen": "9", "reason": "goodwill_share"})
    assert stale.status_code == 409
    given = other.post(f"{url}/decide", answer | {"reason": "goodwill_share"})
    assert given.status_code == 303
    read = clerk.get(url).text
    assert "Half of it" in read
    assert "Only a share is paid as goodwill." in read
    assert "Granted in part" in clerk.get(page).text
    assert url in clerk.get(page).text
    for who in (clerk, reviewer):
        listed = who.get("/appeals?tab=granted").text
        assert url in listed
    assert "AP-2026-D0001-00001" in reviewer.get("/search?q=AP-2026").text


def test_three_queries_when_list_of_appeals_is_long(portal: Portal) -> None:
    """P1: a fixed number of statements, and nothing of the other dealer."""
    run = months.opened(portal)
    months.decided(portal, run, 1)
    appealing.granted(portal, run, 3)
    client = portal.client(portal.clerk)
    with counted(portal.app) as statements:
        assert client.get("/appeals").text.count("/appeals/") >= 3
    assert len(statements) <= 4
    assert "/appeals/" not in portal.client(portal.other_clerk).get("/appeals?tab=all").text


def test_no_press_when_time_is_over_or_it_is_appealed(portal: Portal) -> None:
    """R6: the line offers an appeal only while there can be one."""
    claim = appealing.cut(portal)
    clerk = portal.client(portal.clerk)
    page = clerk.get(f"/claims/{claim.public_id}").text
    assert "/lines/1/appeal" in page
    assert "You can appeal once against each line" in page
    appealing.file(portal, claim)
    page = clerk.get(f"/claims/{claim.public_id}").text
    assert "/lines/1/appeal" not in page
    assert "You can appeal once against each line" not in page
    with portal.transaction():
        session.execute(update(Appeal).values(line_id=None))
    portal.clock.advance(days=15)
    clerk = portal.client(portal.clerk)
    assert "/lines/1/appeal" not in clerk.get(f"/claims/{claim.public_id}").text


def test_evidence_is_the_dealers_alone_and_papers_are_no_pictures(portal: Portal) -> None:
    """R6: what a reviewer adds in a comment is not what the dealer says; a PDF is a link."""
    with portal.transaction():
        paper = files.receive(
            b"%PDF-1.4 x", "report.pdf", purpose="file", by=portal.clerk, now=portal.now
        )
    appeal = appealing.file(portal, appealing.cut(portal), files=[paper.public_id])
    url, reviewer = f"/appeals/{appeal.public_id}", portal.client(portal.reviewer)
    added = story.photo(portal, by="reviewer")
    comment = f"/comments/appeal/{appeal.public_id}"
    assert reviewer.post(comment, {"text": "See", "files_kept": added}).status_code == 303
    said = reviewer.get(url).text.partition("What the dealer says")[2].partition("</section>")[0]
    assert "report.pdf" in said
    assert "<img" not in said


def test_claims_to_appeal_against_listed_when_the_home_page_leads_there(portal: Portal) -> None:
    """R6, P1: also after closing; no more once each line is appealed or the time is over."""
    claim = appealing.cut(portal)
    months.close(portal, appealing.run(portal))
    clerk, url = portal.client(portal.clerk), "/claims?tab=appealable"
    assert f'href="{url}"' in clerk.get("/").text
    assert claim.number in clerk.get(url).text
    assert claim.number not in portal.client(portal.other_clerk).get(url).text
    assert "Can be appealed" not in portal.client(portal.reviewer).get(url).text
    appealing.file(portal, claim)
    assert "Nothing to appeal against" in clerk.get(url).text
