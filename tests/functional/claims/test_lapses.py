"""What lapses is announced in time, once for each dealer and month (R2)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from portal.advances.models import Advance
from portal.claims import lapses, outlays
from portal.claims.commands import Paid
from portal.claims.lapse_models import Lapse
from portal.claims.models import Claim
from portal.collections.models import Consignment
from portal.core import jobs
from portal.core.db import session
from portal.core.events import Event
from portal.notices.models import Notice
from portal.people.models import Dealer
from tests.functional.claims.looking import decree
from tests.support import advances, collecting
from tests.support import claims as story
from tests.support import story as whole_story
from tests.support.portal import HQ, Portal

APRIL = datetime(2026, 4, 1, 0, 0, tzinfo=HQ)
"""The first instant of what can be claimed for October at the latest: until November's end."""
TOLD_FROM = datetime(2026, 11, 20, 23, 59, 59, tzinfo=HQ)


def rung(portal: Portal) -> None:
    """What a worker does in a round."""
    with portal.app.app_context():
        jobs.ring(portal.clock)
        jobs.drain(portal.clock)


def known(portal: Portal) -> dict[str, tuple[str, int, int, int]]:
    """What was announced: by dealer the month, pieces, amount, and consignments."""
    names = {key: name for name, key in portal.dealers.items()}
    with portal.transaction():
        return {
            names[one.dealer_id]: (one.month, one.pieces, one.amount, one.consignments)
            for one in session.scalars(select(Lapse))
        }


def told(portal: Portal) -> dict[str, int]:
    """Who of the cast has so many announcements in the inbox."""
    names = {actor.id: name for name, actor in portal.cast.items()}
    with portal.transaction():
        readers = session.scalars(
            select(Notice.user_id)
            .join(Event, Event.id == Notice.event_id)
            .where(Event.document_kind == Lapse.kind)
        ).all()
    return {names[one]: readers.count(one) for one in readers}


def test_dealer_told_once_when_pieces_lapse_with_the_month(portal: Portal) -> None:
    """R2, T1: of what was accepted in April, in the last ten days of November, and not again."""
    story.pieces(portal, 2, at=APRIL)
    story.pieces(portal, 1, at=APRIL - timedelta(seconds=1))
    story.pieces(portal, 1, at=datetime(2026, 5, 1, tzinfo=HQ))
    story.pieces(portal, 1, at=APRIL, dealer="south", status="missing")
    portal.clock.at = TOLD_FROM - timedelta(seconds=1)
    rung(portal)
    assert known(portal) == {}
    portal.clock.at = TOLD_FROM
    rung(portal)
    assert known(portal) == {"north": ("2026-10", 2, 2500, 0)}
    assert told(portal) == {"clerk": 1, "manager": 1}
    portal.clock.advance(days=1)
    rung(portal)
    assert told(portal) == {"clerk": 1, "manager": 1}
    with portal.transaction():
        event = session.scalars(select(Event).where(Event.document_kind == Lapse.kind)).one()
    assert (event.values["lapse_months"], event.values["remind_days"]) == (6, 10)
    assert event.values["until"] == "2026-11-30T23:59:59+08:00"


def test_home_claims_and_announcement_lead_to_where_it_is_claimed(portal: Portal) -> None:
    """R2: the page names what is on no claim yet; once it is, nothing is asked for any more."""
    (piece,) = story.pieces(portal, 1, at=APRIL)
    portal.clock.at = TOLD_FROM
    clerk = portal.client(portal.clerk)
    assert "lapses after" not in clerk.get("/claims/new").text
    rung(portal)
    assert "Claim it before it lapses: 1 piece, CN¥12.50" in clerk.get("/").text
    with portal.transaction():
        url = f"/claims/lapsing/{session.scalars(select(Lapse.public_id)).one()}"
    assert url in clerk.get("/claims/new").text
    assert url not in portal.client(portal.other_clerk).get("/claims/new").text
    assert portal.client(portal.other_clerk).get(url).status_code == 404
    page = clerk.get(url).text
    assert f"/old-parts/{piece}" in page
    assert 'name="month" value="2026-10"' in page
    assert f"/old-parts/{piece}" in portal.client(portal.reviewer).get(url).text
    draft = clerk.post("/claims/new", {"month": "2026-10"}).location
    page = clerk.get(url).text
    assert "Every old part stands on a claim." in page
    assert f'href="{draft}"' in page
    assert "before it lapses" not in clerk.get("/").text
    portal.clock.at = datetime(2026, 12, 1, 0, 0, tzinfo=HQ)
    clerk = portal.client(portal.clerk)
    assert "The time is over" in clerk.get(url).text
    assert "lapses after" not in clerk.get("/claims/new").text


def test_freight_told_of_and_nobody_told_when_headquarters_says_so(portal: Portal) -> None:
    """R1, R2: freight and compensation lapse as well; with 0 days nothing is announced."""
    sent = collecting.sent(portal, 1, part="TH-300")
    allowed = advances.approved(portal)
    with portal.transaction():
        session.get_one(Consignment, sent.id).sent_at = APRIL
        session.get_one(Advance, allowed.id).decided_at = APRIL
    portal.clock.at = TOLD_FROM
    decree(portal, "claim.remind_days", 0)
    rung(portal)
    assert known(portal) == {}
    decree(portal, "claim.remind_days", 1)
    portal.clock.at = datetime(2026, 11, 30, tzinfo=HQ)
    rung(portal)
    assert known(portal)["north"] == ("2026-10", 0, 0, 1)
    clerk = portal.client(portal.clerk)
    home = clerk.get("/").text
    assert "Freight to claim before it lapses: 1 consignment" in home
    assert "Compensations to claim before they lapse" in home
    with portal.transaction():
        assert session.scalars(select(Lapse.compensations)).one() == 1
    assert clerk.post("/claims/new", {"month": "2026-10"}).status_code == 303
    photo = whole_story.photo(portal)
    with portal.transaction():
        claim = session.scalars(select(Claim)).one()
        paid = Paid("freight", sent.public_id, 100, [photo])
        outlays.add(claim, paid, by=portal.clerk, now=portal.now)
    assert "before it lapses" not in clerk.get("/").text


@pytest.mark.parametrize("again", [False, True])
def test_nothing_announced_when_everything_is_claimed_or_was_told(
    portal: Portal, again: bool
) -> None:
    """R2: two workers at the same dealer tell it once."""
    portal.clock.at = TOLD_FROM
    story.pieces(portal, 1, at=APRIL)
    if again:
        portal.clock.advance(seconds=1)
        story.lapsing(portal)
    else:
        story.started(portal)
    before = told(portal)
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
        lapses.announce(dealer, now=portal.now)
    assert told(portal) == before
    assert len(known(portal)) == int(again)
