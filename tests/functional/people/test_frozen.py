"""A frozen dealer: its people read and go on with what was begun, but file nothing new (P1, P4)."""

import pytest
from flask import url_for
from sqlalchemy import select
from werkzeug.routing import IntegerConverter

from portal.core import events
from portal.core.db import session
from portal.core.errors import FROZEN, Forbidden, Stale, WrongState
from portal.core.events import Event
from portal.core.permissions import DEALER_ROLES, Actor, declared, filing
from portal.notices.models import Notice
from portal.people import services
from portal.people.models import Dealer, User
from portal.web.routes import routes
from tests.support import story
from tests.support.portal import Client, Portal

GOES_ON = {
    "advance:withdraw", "appeal:file", "appeal:withdraw", "application:withdraw", "claim:takeback",
    "compensation:follow", "correction:answer", "dealer:follow", "document:comment", "fee:withdraw",
    "file:add", "invoice:record", "ledger:own", "oldpart:object", "oldpart:register",
    "oldpart:scrap", "oldpart:send", "oldpartcharge:dispute", "owndata:take", "shipment:receive",
    "user:accept", "user:manage",
}  # fmt: skip
"""What the people of a frozen dealer still do, besides reading: it was begun, or defends them, or
customers need it (F2)."""


def address(portal: Portal, dealer: str = "north") -> str:
    """The page of a dealer."""
    with portal.transaction():
        return f"/dealers/{session.get_one(Dealer, portal.dealers[dealer]).public_id}"


def freeze(portal: Portal, dealer: str = "north", reason: str = "No money since June") -> str:
    """Freeze a dealer on its page; gives its address."""
    url = address(portal, dealer)
    typed = {"seen": "1", "reason": reason}
    answer = portal.client(portal.administrator).post(f"{url}/steps/freeze", typed)
    assert answer.status_code == 303, answer.text
    return url


def step(portal: Portal, dealer: str, *, by: Actor, seen: int | None = None) -> None:
    """Freeze a dealer through the service."""
    with portal.transaction():
        found = session.get_one(Dealer, portal.dealers[dealer])
        services.step_dealer(found, "freeze", seen=seen, reason="x", by=by, now=portal.now)


def refused(client: Client, method: str, url: str) -> bool:
    """Whether a route says that the company is frozen."""
    answer = client.get(url) if method == "GET" else client.post(url)
    return answer.status_code == 403 and str(FROZEN).split(":")[0] in answer.text


def test_every_route_that_files_is_refused_with_a_sentence(portal: Portal) -> None:
    """P3: in one place, whatever the route."""
    freeze(portal)
    clients = {who: portal.client(portal.cast[who]) for who in ("clerk", "manager")}
    refusals = 0
    for route in routes(portal.app):
        if route["needs"] not in filing():
            continue
        url = _anything(portal, route["endpoint"])
        for who, client in clients.items():
            if not portal.cast[who].roles.isdisjoint(declared()[route["needs"]]):
                assert refused(client, route["methods"][0], url), (who, url)
                refusals += 1
    assert refusals > 50, "there are many of them"


def _anything(portal: Portal, endpoint: str) -> str:
    """An address of a route that takes names, numbers or one of some words."""
    (rule,) = portal.app.url_map.iter_rules(endpoint)
    words = {}
    for name, converter in rule._converters.items():
        number = 1 if isinstance(converter, IntegerConverter) else "A" * 16
        words[name] = (
            min(getattr(converter, "items", ())) if hasattr(converter, "items") else number
        )
    with portal.app.test_request_context():
        return url_for(endpoint, **words)


def test_what_was_begun_goes_on(portal: Portal) -> None:
    """A8, O7, F3: what a frozen dealer may still do is named here, one by one."""
    theirs = {name for name, roles in declared().items() if roles & DEALER_ROLES}
    reads = {name for name in theirs if name.endswith(":read")}
    assert theirs - reads - filing() == GOES_ON
    shipment = story.shipped(portal)
    waiting = story.submitted(portal)
    freeze(portal)
    clerk = portal.client(portal.clerk)
    answer = clerk.post(f"/shipments/{shipment.public_id}/receive", {"seen": "1"})
    assert answer.status_code == 303, answer.text
    # O6: what arrived is charged if its old part is not registered in time.
    assert clerk.get(f"/old-parts/register/{shipment.public_id}/1").status_code == 200
    url = f"/applications/{waiting.public_id}"
    page = clerk.get(url).text
    assert f"{url}/steps/withdraw" in page
    typed = {"seen": str(waiting.version), "reason": "We cannot pay"}
    assert clerk.post(f"{url}/steps/withdraw", typed).status_code == 303
    sent = portal.client(portal.manager).post("/comments/application/" + waiting.public_id,
                                              {"text": "Why?"})  # fmt: skip
    assert sent.status_code == 303


def test_quote_is_not_confirmed_by_a_frozen_dealer(portal: Portal) -> None:
    """A5: no money is reserved, and the page draws no button for it."""
    application = story.quoted(portal)
    url = f"/applications/{application.public_id}"
    manager = portal.client(portal.manager)
    assert f"{url}/confirm" in manager.get(url).text
    freeze(portal)
    assert f"{url}/confirm" not in manager.get(url).text
    answer = manager.post(f"{url}/confirm", {"version": "1", "seen": str(application.version)})
    assert answer.status_code == 403
    assert "Headquarters has frozen your company" in answer.text


def test_their_pages_say_so_and_headquarters_sees_it(portal: Portal) -> None:
    """P1: a banner for their own people only, until they work again; a badge for headquarters."""
    own, other = portal.client(portal.clerk), portal.client(portal.other_clerk)
    desk, administrator = portal.client(portal.desk), portal.client(portal.administrator)
    assert "Headquarters has frozen" not in own.get("/applications").text
    url = freeze(portal)
    for page in ("/", "/applications", "/old-parts", "/claims", "/profile"):
        assert "Headquarters has frozen" in own.get(page).text, page
        assert "Headquarters has frozen" not in other.get(page).text, page
        assert "Headquarters has frozen" not in desk.get(page).text, page
    assert "No money since June" in own.get(url).text
    assert other.get(url).status_code == 404
    assert other.get("/applications/upload").status_code == 200
    assert url in desk.get("/dealers?tab=frozen").text
    assert url not in desk.get("/dealers?tab=active").text
    assert "Frozen" in desk.get("/dealers").text
    assert "/steps/" not in desk.get(url).text
    typed = {"seen": "2", "reason": ""}
    assert administrator.post(f"{url}/steps/unfreeze", typed).status_code == 303
    assert "Headquarters has frozen" not in own.get("/applications").text
    assert own.get("/applications/upload").status_code == 200


def test_managers_are_told_and_nobody_else(portal: Portal) -> None:
    """P1, P4: who, when, from, to and why; in the inbox of the dealer's managers."""
    freeze(portal)
    with portal.transaction():
        event = session.scalars(
            select(Event).where(Event.document_kind == "dealer", Event.name == "freeze")
        ).one()
        assert (event.from_status, event.to_status) == ("active", "frozen")
        assert (event.actor_id, event.at) == (portal.administrator.id, portal.now)
        assert event.reason == "No money since June"
        assert list(events.verify()) == []
        told = session.scalars(
            select(User.email)
            .join(Notice, Notice.user_id == User.id)
            .where(Notice.event_id == event.id)
        ).all()
    assert told == ["manager@example.com"]
    assert "froze the dealer" in portal.client(portal.manager).get("/inbox").text


@pytest.mark.parametrize("who", ["manager", "desk", "finance", "auditor", "other_manager"])
def test_dealer_is_frozen_by_the_administrator_only(portal: Portal, who: str) -> None:
    """P3: not on the page and not through the service."""
    url = address(portal)
    answer = portal.client(portal.cast[who]).post(f"{url}/steps/freeze", {"seen": "1"})
    assert answer.status_code == 403
    dealer = "south" if who == "other_manager" else "north"
    with pytest.raises(Forbidden):
        step(portal, dealer, by=portal.cast[who])


def test_freezing_needs_a_reason_and_the_present_state(portal: Portal) -> None:
    """P4: no reason 422, an old page 409, twice 409; what was typed stays."""
    client, url = portal.client(portal.administrator), address(portal)
    assert client.post(f"{url}/steps/freeze", {"seen": "1"}).status_code == 422
    late = client.post(f"{url}/steps/freeze", {"seen": "9", "reason": "Typed with care"})
    assert late.status_code == 409
    assert "Typed with care" in late.text
    assert client.post(f"{url}/steps/melt", {"seen": "1"}).status_code == 404
    freeze(portal)
    for seen, refusal in ((1, Stale), (None, WrongState)):
        with pytest.raises(refusal):
            step(portal, "north", seen=seen, by=portal.administrator)
