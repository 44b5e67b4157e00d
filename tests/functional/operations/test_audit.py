"""All events: searched, and taken along (P1, P3, P4)."""

import csv
import re
from datetime import timedelta
from io import StringIO
from urllib.parse import urlencode

import pytest
from pyotp import TOTP
from sqlalchemy import func, select

from portal.core.db import session
from portal.core.events import Event
from portal.operations.models import BookCheck
from portal.people import access_links, second_factor
from portal.people import services as people
from portal.people.models import Dealer, User
from tests.support import story
from tests.support.portal import PASSWORD, Client, Portal
from tests.support.queries import counted


def rows(client: Client, **asked: str) -> list[dict[str, str]]:
    """The events that a file has."""
    answer = client.get(f"/audit/export/csv?{urlencode(asked)}", buffered=True)
    assert answer.status_code == 200
    return list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))


def count(portal: Portal) -> int:
    """How many events there are."""
    with portal.transaction():
        return session.scalar(select(func.count()).select_from(Event)) or 0


def freeze(portal: Portal, dealer: str) -> None:
    """Something that an administrator does to a dealer."""
    with portal.transaction():
        people.step_dealer(
            session.get_one(Dealer, portal.dealers[dealer]),
            "freeze",
            seen=None,
            reason="=no money",
            by=portal.administrator,
            now=portal.now,
        )


def test_events_are_found_by_person_document_kind_and_time(portal: Portal) -> None:
    """P4: each alone, and together."""
    application = story.submitted(portal)
    portal.clock.advance(days=3)
    freeze(portal, "north")
    auditor = portal.client(portal.auditor)
    mine = rows(auditor, person="clerk@example.com")
    assert {row["Person"] for row in mine} == {"Clerk"}
    assert [row["Event"] for row in rows(auditor, q=application.number.lower())] == [
        "submitted the application",
        "began the application",
    ]
    frozen = rows(auditor, kind="dealer freeze")
    assert len(frozen) == 1
    assert frozen[0]["Document"] == "D0001"
    assert frozen[0]["Reason"] == "'=no money", "no formula"
    assert len(frozen[0]["Hash"]) == 64
    assert {row["Kind"] for row in rows(auditor, kind="dealer")} == {"Dealer"}
    today = portal.now.date().isoformat()
    assert [row["Event"] for row in rows(auditor, **{"from": today})] == ["froze the dealer"]
    before = (portal.now - timedelta(days=1)).date().isoformat()
    assert rows(auditor, to=before, kind="dealer freeze") == []
    assert len(rows(auditor, q="D0001", person="administrator", kind="dealer freeze")) == 1
    assert rows(auditor, q="D0002", kind="dealer freeze") == []
    assert {row["Person"] for row in rows(auditor, person="partloop")} >= {"Partloop"}
    assert len(rows(auditor)) == count(portal)


@pytest.mark.parametrize(
    "asked",
    [
        "q=nothing", "person=nobody", "kind=nothing%20at+all", "kind=%00", "q=%00", "person=%25",
        "from=x&to=9999-99-99", "after=garbage",
    ],
)  # fmt: skip
def test_page_opens_whatever_is_asked(portal: Portal, asked: str) -> None:
    """P4: nothing found is said; what is no kind of document is no filter."""
    page = portal.client(portal.auditor).get(f"/audit?{asked}")
    assert page.status_code == 200
    if asked in ("q=nothing", "person=nobody"):
        assert "No such events" in page.text


def test_pages_follow_each_other_without_a_gap(portal: Portal) -> None:
    """P4: by keyset, to the very first event."""
    for _one in range(20):
        story.submitted(portal)
        portal.clock.advance(seconds=1)
    client, url, seen = portal.client(portal.auditor), "/audit", 0
    while True:
        page = client.get(url).text
        seen += page.count('<td class="key">')
        following = re.search(r'rel="next"[^>]*href="([^"]*)"|href="([^"]*)"[^>]*rel="next"', page)
        if not following:
            break
        url = (following[1] or following[2]).replace("&amp;", "&")
    assert seen == count(portal)
    assert seen > 50


def test_page_costs_the_same_few_queries_however_much_there_is(portal: Portal) -> None:
    """P4: none for each event, nor for each kind of document."""
    client = portal.client(portal.auditor)

    def asked() -> int:
        with counted(portal.app) as statements:
            assert client.get("/audit?q=PA-2026-D0001-00001&person=clerk").status_code == 200
            assert client.get("/audit").status_code == 200
        return len(statements)

    few = asked()
    story.late(portal)
    story.registered(portal)
    freeze(portal, "south")
    assert asked() == few <= 10


def test_a_document_is_linked_for_whom_it_is_there(portal: Portal) -> None:
    """P1: the administrator reads that it happened, and is led nowhere that is closed to them."""
    application = story.submitted(portal)
    url = f'href="/applications/{application.public_id}"'
    assert url in portal.client(portal.auditor).get("/audit").text
    page = portal.client(portal.administrator).get("/audit").text
    assert application.number in page
    assert url not in page


def test_reasons_and_values_are_read_of_what_one_may_see(portal: Portal) -> None:
    """P1: the administrator's are those of dealers and people; the auditor's are all."""
    application = story.quoted(portal)
    asked = {"seen": "3", "reason": "333.00 is too much"}
    answer = portal.client(portal.manager).post(
        f"/applications/{application.public_id}/steps/requote", asked
    )
    assert answer.status_code == 303, answer.text
    freeze(portal, "south")
    for who, sees in (("auditor", True), ("administrator", False)):
        client = portal.client(portal.cast[who])
        page = client.get("/audit").text
        assert application.number in page
        assert "no money" in page
        assert ("333.00" in page) == sees
        told = rows(client, q=application.number)
        assert len(told) == 4
        assert any(row["Reason"] == asked["reason"] for row in told) == sees
        assert any(row["Values"] for row in told) == sees
        assert all(row["Hash"] for row in told)
        (frozen,) = rows(client, kind="dealer freeze")
        assert (frozen["Reason"], frozen["Values"]) == ("'=no money", "{}")


@pytest.mark.parametrize("who", ["clerk", "manager", "desk", "finance", "reviewer", "warehouse"])
def test_events_are_the_auditors_and_the_administrators(portal: Portal, who: str) -> None:
    """P3: nobody else searches them, or takes them along."""
    client = portal.client(portal.cast[who])
    assert client.get("/audit").status_code == 403
    assert client.get("/audit/export/csv").status_code == 403
    assert 'href="/audit"' not in client.get("/").text


@pytest.mark.parametrize(
    ("differences", "sentence"),
    [(0, "every chain of events is whole"), (2, "2 chains of events are broken")],
)
def test_what_the_last_check_found_stands_above(
    portal: Portal, differences: int, sentence: str
) -> None:
    """P4: of the chains; before the first night, that there was none."""
    client = portal.client(portal.auditor)
    assert "they have not been yet" in client.get("/audit").text
    with portal.transaction():
        session.add(
            BookCheck(
                name="events",
                checked_at=portal.now,
                differences=differences,
                found={"sentences": []},
                since=portal.now if differences else None,
            )
        )
    assert sentence in client.get("/audit").text


def test_no_secret_is_in_an_event(portal: Portal) -> None:
    """P4: neither passwords, links, seeds and recovery codes, nor their hashes."""
    changed = {"old": PASSWORD, "new": "a brand new secret"}
    assert portal.client(portal.clerk).post("/profile/password", changed).status_code == 303
    secret = second_factor.new_secret()
    with portal.transaction():
        user = session.scalars(select(User).where(User.email == "manager@example.com")).one()
        link = access_links.make(user, "forgotten", now=portal.now)
        code = TOTP(secret).at(portal.now)
        recovery = second_factor.turn_on(
            user, secret, code, keep_session=0, by=portal.manager, now=portal.now
        )
    with portal.transaction():
        hashes = {one for one in session.scalars(select(User.password_hash)) if one}
        said = session.execute(select(Event.name, Event.reason, Event.values)).all()
    assert len([event for event in said if event.name != "create"]) >= 2
    everything = "\n".join(f"{event.reason} {event[2]}" for event in said)
    for secret_one in (PASSWORD, "a brand new secret", link, secret, *recovery, *hashes):
        assert secret_one not in everything
