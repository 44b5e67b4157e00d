"""Notes inside headquarters on lines of claims: kept, and never a dealer's (P1, R6)."""

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from portal.claims import services
from portal.claims.commands import Draft
from portal.claims.models import Claim, ClaimLine, ClaimNote
from portal.core.db import session
from portal.oldparts.models import OldPart
from tests.support import appealing
from tests.support import claims as story
from tests.support.portal import Portal

SECRET = "The third from this customer: ask the warehouse"


def noted(portal: Portal) -> Claim:
    """A claim under review with a note on its first line."""
    story.pieces(portal, 2)
    claim = story.in_review(portal)
    url = f"/claims/{claim.public_id}/review/1"
    answer = portal.client(portal.reviewer).post(f"{url}/note", {"text": SECRET})
    assert answer.location == f"{url}#notes"
    return claim


def test_headquarters_reads_it_and_no_dealer_does(portal: Portal) -> None:
    """P1: at the desk, on the claim, on an appeal for headquarters; on nothing of a dealer's."""
    claim = noted(portal)
    url = f"/claims/{claim.public_id}"
    for who in ("reviewer", "finance", "auditor"):
        assert SECRET in portal.client(portal.cast[who]).get(url).text, who
    assert SECRET in portal.client(portal.reviewer).get(f"{url}/review/1").text
    appeal = f"/appeals/{appealing.file(portal, appealing.decide(portal, claim)).public_id}"
    for who in ("reviewer", "finance", "auditor"):
        assert SECRET in portal.client(portal.cast[who]).get(appeal).text, who
    places = (url, appeal, "/claims", "/", "/inbox", "/claims/export/csv", "/search?q=warehouse")
    for who in ("manager", "clerk"):
        client = portal.client(portal.cast[who])
        for address in places:
            assert "third from this" not in client.get(address, buffered=True).text, address


def test_refused_when_empty_or_not_a_reviewers(portal: Portal) -> None:
    """P3: the reviewers write; the others read. An empty note is none."""
    claim = noted(portal)
    url = f"/claims/{claim.public_id}/review/1/note"
    assert portal.client(portal.reviewer).post(url, {"text": " "}).status_code == 422
    for who in ("auditor", "finance", "manager"):
        assert portal.client(portal.cast[who]).post(url, {"text": "x"}).status_code == 403
    with portal.transaction():
        assert session.scalars(select(ClaimNote.text)).all() == [SECRET]


def test_database_keeps_it_when_somebody_would_change_it(portal: Portal) -> None:
    """P4: what was noted is neither changed nor removed."""
    noted(portal)
    for statement in (update(ClaimNote).values(text="Nothing"), delete(ClaimNote)):
        with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
            session.execute(statement)


def test_kept_beside_the_claim_when_its_line_leaves(portal: Portal) -> None:
    """R2: the dealer leaves the piece out of the returned claim; headquarters' note stays."""
    claim = noted(portal)
    with portal.transaction():
        mine = session.get_one(Claim, claim.id)
        services.give_back(mine, seen=None, reason="Wrong", by=portal.reviewer, now=portal.now)
        name, number = session.execute(
            select(OldPart.public_id, OldPart.number)
            .join(ClaimLine, ClaimLine.old_part_id == OldPart.id)
            .where(ClaimLine.position == 1)
        ).one()
        draft = Draft(offered=frozenset({name}), chosen=frozenset())
        services.save(mine, draft, seen=None, by=portal.clerk, now=portal.now)
    page = portal.client(portal.auditor).get(f"/claims/{claim.public_id}").text
    assert f"{number}: {SECRET}" in page
    assert SECRET not in portal.client(portal.manager).get(f"/claims/{claim.public_id}").text
    with portal.transaction():
        assert session.scalar(text("SELECT line_id FROM claim_note")) is None


def test_note_kept_when_the_claim_has_left_review_meanwhile(portal: Portal) -> None:
    """R6: a colleague finished or returned it while somebody was writing; what they wrote stays."""
    claim, client = noted(portal), portal.client(portal.reviewer)
    url = f"/claims/{claim.public_id}"
    for number, status in enumerate(("decided", "draft")):
        with portal.transaction():
            session.execute(update(Claim).values(status=status))
        answer = client.post(f"{url}/review/2/note", {"text": f"Late {number}"})
        assert answer.location == f"{url}#line-2"
        page = client.get(url).text
        assert "The note is kept." in page
        assert f"Late {number}" in page
    assert client.post(f"{url}/review/2/note", {"text": ""}).location == url
