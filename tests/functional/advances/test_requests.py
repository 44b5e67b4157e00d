"""Requests for advance compensation: sent, corrected, withdrawn, decided (S4)."""

import dataclasses

import pytest
from sqlalchemy import select

from portal.advances import services
from portal.advances.commands import Request
from portal.advances.models import Advance
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from portal.core.events import Event
from portal.files.models import Attachment
from portal.notices.models import Notice
from portal.oldparts.models import OldPart
from tests.support import advances, claims, story
from tests.support.portal import Portal


def fresh(portal: Portal, advance: Advance) -> Advance:
    with portal.transaction():
        return session.get_one(Advance, advance.id)


def correct(portal: Portal, advance: Advance, asked: Request, by: str = "manager") -> None:
    with portal.transaction():
        advance = session.get_one(Advance, advance.id)
        facts = {"by": portal.cast[by], "now": portal.now}
        services.correct(advance, asked, [], seen=None, **facts)


def told(portal: Portal, who: str) -> int:
    with portal.transaction():
        about = select(Event.id).where(Event.document_kind == "advance")
        mine = Notice.event_id.in_(about), Notice.user_id == portal.cast[who].id
        return len(session.scalars(select(Notice.id).where(*mine)).all())


def test_request_is_approved_when_headquarters_agrees(portal: Portal) -> None:
    """S4, P4: with its evidence and number; whole, and in part with a reason; each side is told."""
    (piece,) = claims.pieces(portal, 1)
    with portal.transaction():
        number = session.scalars(select(OldPart.number).where(OldPart.public_id == piece)).one()
    asked = dataclasses.replace(advances.ASKED, old_part=number.lower())
    first, second = advances.requested(portal, asked), advances.requested(portal, by="manager")
    assert (first.number, second.number) == ("AC-2026-D0001-00001", "AC-2026-D0001-00002")
    assert first.old_part_id is not None
    assert told(portal, "desk") == 2
    with portal.transaction():
        where = Attachment.document_kind == "advance", Attachment.place == services.EVIDENCE
        assert len(session.scalars(select(Attachment.id).where(*where)).all()) == 2
    for amount in (0, 48001):
        with pytest.raises(Invalid, match="not more than what was asked for"):
            advances.approve(portal, first, amount)
    with pytest.raises(Invalid, match="say why"):
        advances.approve(portal, first, 100, reason=" ")
    advances.approve(portal, first)
    advances.approve(portal, second, 36000)
    assert [fresh(portal, one).approved for one in (first, second)] == [48000, 36000]
    assert told(portal, "clerk") == 2
    for again in (lambda: advances.approve(portal, first, 100),
                  lambda: advances.decide(portal, first, "reject"),
                  lambda: advances.decide(portal, first, "withdraw", "clerk")):  # fmt: skip
        with pytest.raises(WrongState):
            again()
    assert fresh(portal, first).approved == 48000


def test_request_goes_back_and_forth_until_it_is_decided(portal: Portal) -> None:
    """S4: returned with a reason and corrected; rejected; withdrawn by its dealer before that."""
    advance = advances.requested(portal)
    with pytest.raises(WrongState):
        correct(portal, advance, advances.ASKED)
    advances.decide(portal, advance, "return")
    with pytest.raises(WrongState):
        advances.approve(portal, advance)
    correct(portal, advance, dataclasses.replace(advances.ASKED, asked=30000))
    now = fresh(portal, advance)
    assert (now.status, now.asked) == ("requested", 30000)
    with pytest.raises(Stale):
        advances.approve(portal, advance, 1, seen=1)
    advances.decide(portal, advance, "reject")
    with pytest.raises(WrongState):
        correct(portal, advance, advances.ASKED)
    other = advances.requested(portal)
    advances.decide(portal, other, "withdraw", "manager")
    with pytest.raises(WrongState):
        advances.approve(portal, other)


def test_refused_when_something_is_missing_foreign_or_not_theirs(portal: Portal) -> None:
    """P1, P2, P3: evidence and an old part are one's own; who asks does not decide."""
    (theirs,) = claims.pieces(portal, 1, dealer="south")
    with portal.transaction():
        number = session.scalars(select(OldPart.number).where(OldPart.public_id == theirs)).one()
    for changes, files in (
        ({"customer_name": " "}, None),
        ({"what_happened": ""}, None),
        ({"asked": 0}, None),
        ({"old_part": number}, None),
        ({}, []),
        ({}, [story.photo(portal, "other_clerk")]),
    ):
        with pytest.raises(Invalid):
            advances.requested(portal, dataclasses.replace(advances.ASKED, **changes), files=files)
    for by in ("desk", "reviewer"):
        with pytest.raises(Forbidden):
            advances.requested(portal, by=by)
    advance = advances.requested(portal)
    for by, refusal in (("manager", Forbidden), ("reviewer", Forbidden), ("other_clerk", NotFound)):
        with pytest.raises(refusal):
            advances.approve(portal, advance, by=by)
    with pytest.raises(Forbidden):
        advances.decide(portal, advance, "withdraw", "desk")
    assert fresh(portal, advance).status == "requested"
    assert fresh(portal, advance).number == "AC-2026-D0001-00001"


def test_both_sides_read_it_when_it_is_decided_on_its_pages(portal: Portal) -> None:
    """S4, P1: what was typed is kept if it is refused; the other dealer finds nothing."""
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    stranger = portal.client(portal.other_clerk)
    asked = {"customer_name": "李秀英", "what_happened": "Water on the floor", "asked": "a lot"}
    refused = clerk.post("/advances/new", asked)
    assert refused.status_code == 422
    for word in ("a lot", "Water on the floor", "Attach what shows it"):
        assert word in refused.text, word
    sent = clerk.post("/advances/new", asked | {"asked": "480", "files_kept": story.photo(portal)})
    assert sent.status_code == 303
    url = sent.location
    assert "Compensations to approve" in desk.get("/").text
    assert url in desk.get("/advances?tab=requested&q=李秀英").text
    assert "480.00" in desk.get(url).text
    short = desk.post(f"{url}/approve", {"seen": "1", "amount": "300"})
    assert short.status_code == 422
    assert "Please say why" in short.text
    back = desk.post(f"{url}/steps/return", {"seen": "1", "reason": "Whose bill is it?"})
    assert back.status_code == 303
    assert "Compensation requests returned for correction" in clerk.get("/").text
    assert "Whose bill is it?" in clerk.get(f"{url}/correct").text
    stale = clerk.post(f"{url}/correct", asked | {"seen": "1", "asked": "400"})
    assert stale.status_code == 409
    assert clerk.post(f"{url}/correct", asked | {"seen": "2", "asked": "400"}).status_code == 303
    taken = desk.post(f"{url}/approve", {"seen": "3", "amount": "300", "reason": "As on the bill"})
    assert taken.status_code == 303
    page = clerk.get(url).text
    for word in ("As on the bill", "300.00", "Pay the customer"):
        assert word in page, word
    assert url in clerk.get("/search?q=李秀英").text
    assert stranger.get(url).status_code == 404
    for address in ("/advances", "/search?q=李秀英"):
        assert url not in stranger.get(address).text
