"""Dealers and the people at them: who sees, adds, changes and shuts out whom."""

import re
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import Forbidden
from portal.core.events import Event
from portal.core.permissions import Role
from portal.ledger.models import Account
from portal.people import services, sign_in
from portal.people.models import Dealer, User
from tests.support.portal import DEALERS, PASSWORD, Client, Portal
from tests.support.queries import counted

NEW_USER = {
    "name": "Ewa Nowak",
    "email": "Ewa@Example.com",
    "roles": ["clerk"],
    "language": "pl",
}
NEW_DEALER = {
    "code": " d0９９ ",
    "name": "Bäder & Söhne",
    "country": "DE",
    "city": "Köln",
    "contact": "Jörg",
    "zone": "Europe/Berlin",
}


def user_of(portal: Portal, who: str) -> User:
    with portal.transaction():
        return session.get_one(User, portal.cast[who].id)


def url_of(portal: Portal, who: str) -> str:
    return f"/users/{user_of(portal, who).public_id}"


def dealer_url(portal: Portal, name: str) -> str:
    with portal.transaction():
        return f"/dealers/{session.get_one(Dealer, portal.dealers[name]).public_id}"


def events_of(portal: Portal, kind: str, key: int) -> list[Event]:
    with portal.transaction():
        return list(
            session.scalars(
                select(Event)
                .where(Event.document_kind == kind, Event.document_id == key)
                .order_by(Event.seq)
            )
        )


# Dealers


def test_dealer_has_an_account_and_a_page_when_it_is_added(portal: Portal) -> None:
    """L2, P4: the ledger opens its account with it; the code is written as in numbers."""
    client = portal.client(portal.administrator)
    answer = client.post("/dealers/new", NEW_DEALER)
    assert answer.status_code == 303, answer.text
    with portal.transaction():
        dealer = session.scalars(select(Dealer).where(Dealer.code == "D099")).one()
        account = session.scalars(select(Account).where(Account.dealer_id == dealer.id)).one()
        assert account.available == 0
    page = unescape(client.get(answer.location).text)
    for text in (
        "The dealer is added",
        "Bäder & Söhne",
        "Köln",
        "Jörg",
        "Germany",
        "Europe/Berlin",
    ):
        assert text in page
    assert "Bäder & Söhne" in unescape(client.get("/dealers?q=söhne").text)
    assert [event.name for event in events_of(portal, "dealer", dealer.id)] == ["create"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"code": "d0001"}, "code"),
        ({"code": "北京"}, "code"),
        ({"code": "X" * 21}, "code"),
        ({"code": ""}, "code"),
        ({"name": " \u200b"[:1]}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"country": "XX"}, "country"),
        ({"zone": "Mars/Olympus"}, "zone"),
    ],
)
def test_dealer_is_refused_when_something_is_wrong(
    portal: Portal, change: dict[str, str], field: str
) -> None:
    """422 with a sentence at the field; what else was typed stays; nothing is added."""
    answer = portal.client(portal.administrator).post("/dealers/new", NEW_DEALER | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "Jörg" in answer.text
    with portal.transaction():
        assert len(session.scalars(select(Dealer)).all()) == len(DEALERS)


def test_change_of_a_dealer_is_on_its_timeline_when_it_is_saved(portal: Portal) -> None:
    """P4: from and to are kept; saving nothing new writes nothing."""
    client, url = portal.client(portal.administrator), dealer_url(portal, "south")
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["south"])
        typed = {name: getattr(dealer, name) for name in vars(DEALERS["south"])}
    assert client.post(f"{url}/edit", typed | {"seen": "1"}).status_code == 303
    assert len(events_of(portal, "dealer", dealer.id)) == 1
    typed["phone"] = "+48 12 000 00 00"
    assert client.post(f"{url}/edit", typed | {"seen": "1", "code": "D0666"}).status_code == 303
    last = events_of(portal, "dealer", dealer.id)[-1]
    assert last.values == {"phone": ["+48 12 555 01 02", "+48 12 000 00 00"]}
    with portal.transaction():
        assert session.get_one(Dealer, dealer.id).code == "D0002"


def test_second_editor_is_told_when_somebody_was_faster(portal: Portal) -> None:
    """409: what was typed stays, and sending it again takes effect."""
    client, url = portal.client(portal.administrator), dealer_url(portal, "south")
    typed = vars(DEALERS["south"])
    assert client.post(f"{url}/edit", typed | {"seen": "1", "city": "Łódź"}).status_code == 303
    answer = client.post(f"{url}/edit", typed | {"seen": "1", "contact": "Zbyszek"})
    assert answer.status_code == 409
    assert "Zbyszek" in answer.text
    assert re.search(r'name="seen"[^>]*value="2"', answer.text)
    assert client.post(f"{url}/edit", typed | {"seen": "2", "city": "Łódź"}).status_code == 303


# People: whom one sees (P1)


def test_manager_finds_only_their_own_people_when_looking_everywhere(portal: Portal) -> None:
    """P1: not in the list, not in the search, not by address, not on the company's page."""
    client = portal.client(portal.manager)
    for url in ("/users", "/users?q=other", "/search?q=other", "/users?tab=deactivated"):
        assert "Other Clerk" not in client.get(url).text
    assert "Clerk" in client.get("/users").text
    foreign, missing = url_of(portal, "other_clerk"), "/users/AAAAAAAAAAAAAAAA"
    for tail in ("", "/edit"):
        answers = [client.get(url + tail) for url in (foreign, missing)]
        assert [answer.status_code for answer in answers] == [404, 404]
    for tail in ("/edit", "/steps/renew", "/steps/deactivate", "/steps/activate"):
        answers = [
            client.post(url + tail, {"seen": "1", "reason": "x", **NEW_USER})
            for url in (foreign, missing)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
    assert user_of(portal, "other_clerk").status == "active"
    assert client.get(dealer_url(portal, "south")).status_code == 404
    own = client.get(dealer_url(portal, "north"))
    assert own.status_code == 200
    assert "Łazienki" not in client.get("/search?q=łazienki").text.partition("<main")[2].replace(
        'value="łazienki"', ""
    )


def test_manager_sees_no_headquarters_people_when_looking_at_them(portal: Portal) -> None:
    """P1: headquarters' people are not the dealer's to see."""
    client = portal.client(portal.manager)
    assert client.get(url_of(portal, "desk")).status_code == 404
    assert "desk@example.com" not in client.get("/users").text


@pytest.mark.parametrize("who", ["clerk", "desk", "finance", "warehouse", "reviewer"])
def test_people_are_refused_when_the_role_does_not_manage_them(portal: Portal, who: str) -> None:
    """P3: neither the list, nor a person, nor the form; and no trace of who exists."""
    client = portal.client(portal.cast[who])
    for url in ("/users", "/users/new"):
        assert client.get(url).status_code == 403
    unseen = 404 if who in ("finance", "reviewer") else 403  # who sees headquarters' people only
    for url in (url_of(portal, "clerk"), "/users/AAAAAAAAAAAAAAAA"):
        assert client.get(url).status_code == unseen


def test_auditor_reads_and_changes_nothing_when_trying(portal: Portal) -> None:
    """The auditor sees everybody; no form, no step, no comment."""
    client, url = portal.client(portal.auditor), url_of(portal, "clerk")
    page = client.get(url)
    assert page.status_code == 200
    assert "/edit" not in page.text
    assert "/comments/" not in page.text
    assert client.post(f"{url}/steps/deactivate", {"seen": "1", "reason": "x"}).status_code == 403
    name = url.rpartition("/")[2]
    assert client.post(f"/comments/user/{name}", {"text": "x"}).status_code == 403


# People: adding and changing


def test_all_is_said_at_once_when_a_person_is_wrong_in_several_ways(portal: Portal) -> None:
    """P4: the address and the roles, each with its field."""
    wrong = {"email": "nobody", "roles": []}
    answer = portal.client(portal.manager).post("/users/new", NEW_USER | wrong)
    assert answer.status_code == 422
    for item in (
        "E-mail address: Enter an e-mail address.</a>",
        "Roles: Choose at least one role of this person&#39;s side.</a>",
    ):
        assert item in answer.text


def test_manager_adds_nobody_elsewhere_when_naming_another_dealer(portal: Portal) -> None:
    """P1: whatever the address says, a manager's people are the own company's."""
    other = dealer_url(portal, "south").rpartition("/")[2]
    client = portal.client(portal.manager)
    assert client.post(f"/users/new?dealer={other}", NEW_USER).status_code == 303
    with portal.transaction():
        made = session.scalars(select(User).where(User.email == "ewa@example.com")).one()
        assert made.dealer_id == portal.manager.dealer_id


@pytest.mark.parametrize("role", ["finance", "administrator", "superuser", ""])
def test_role_is_refused_when_it_is_of_the_other_side(portal: Portal, role: str) -> None:
    """Nobody becomes headquarters by a form that was changed."""
    answer = portal.client(portal.manager).post("/users/new", NEW_USER | {"roles": [role]})
    assert answer.status_code == 422
    assert 'href="#roles"' in answer.text
    with portal.transaction():
        assert session.scalar(select(User).where(User.email == "ewa@example.com")) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"email": "clerk@EXAMPLE.com"}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a b@c.d"}, "email"),
        ({"name": ""}, "name"),
        ({"language": "xx"}, "language"),
    ],
)
def test_person_is_refused_when_something_is_wrong(
    portal: Portal, change: dict[str, str], field: str
) -> None:
    """422 at the field; nothing is made."""
    answer = portal.client(portal.manager).post("/users/new", NEW_USER | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text


def test_administrator_adds_for_a_dealer_and_for_headquarters_when_asked(portal: Portal) -> None:
    """Each side has its own roles to tick."""
    client = portal.client(portal.administrator)
    dealer = dealer_url(portal, "south").rpartition("/")[2]
    form = client.get(f"/users/new?dealer={dealer}").text
    assert 'value="manager"' in form
    assert 'value="finance"' not in form
    assert client.post(f"/users/new?dealer={dealer}", NEW_USER).status_code == 303
    form = client.get("/users/new").text
    assert 'value="manager"' not in form
    hq = NEW_USER | {"email": "hq@example.com", "roles": ["finance", "reviewer"]}
    assert client.post("/users/new", hq).status_code == 303
    with portal.transaction():
        made = session.scalars(select(User).where(User.email == "hq@example.com")).one()
        assert (made.side, made.roles) == ("hq", {Role.FINANCE, Role.REVIEWER})
    assert client.get("/users/new?dealer=AAAAAAAAAAAAAAAA").status_code == 404


def test_sessions_end_when_roles_change(portal: Portal) -> None:
    """P4: what somebody may do never outlives a session; the change is on the timeline."""
    clerk, url = portal.client(portal.clerk), url_of(portal, "clerk")
    typed: dict[str, Any] = {"name": "Clerk", "roles": ["clerk", "manager"], "seen": "1"}
    assert portal.client(portal.manager).post(f"{url}/edit", typed).status_code == 303
    assert clerk.get("/").status_code == 303
    last = events_of(portal, "user", portal.clerk.id or 0)[-1]
    assert last.values == {"roles": ["clerk", "clerk, manager"]}


def test_nobody_changes_their_own_roles_when_trying(portal: Portal) -> None:
    """P2: one's own name yes, one's own roles and one's own end no."""
    client, url = portal.client(portal.manager), url_of(portal, "manager")
    answer = client.post(f"{url}/edit", {"name": "M", "roles": ["clerk"], "seen": "1"})
    assert answer.status_code == 422
    assert client.post(f"{url}/steps/deactivate", {"seen": "1", "reason": "x"}).status_code == 422
    assert client.post(f"{url}/steps/renew", {"seen": "1"}).status_code == 422
    assert user_of(portal, "manager").status == "active"
    typed = {"name": "Maja", "roles": ["manager"], "seen": "1"}
    assert client.post(f"{url}/edit", typed).status_code == 303
    assert user_of(portal, "manager").name == "Maja"


def test_person_is_shut_out_and_let_in_again_when_somebody_says_why(portal: Portal) -> None:
    """P4, P5: a reason is needed, the history stays, a stale page is refused."""
    client, url = portal.client(portal.manager), url_of(portal, "clerk")
    clerk = portal.client(portal.clerk)
    assert client.post(f"{url}/steps/deactivate", {"seen": "1", "reason": " "}).status_code == 422
    assert clerk.get("/").status_code == 200
    leave = {"seen": "1", "reason": "left <b>the</b> company"}
    assert client.post(f"{url}/steps/deactivate", leave).status_code == 303
    assert clerk.get("/").status_code == 303
    page = client.get(url).text
    assert "left &lt;b&gt;the&lt;/b&gt; company" in page
    assert "Activate again" in page
    assert "Clerk" in client.get("/users?tab=deactivated").text
    assert client.post(f"{url}/steps/deactivate", leave).status_code == 409
    assert client.post(f"{url}/steps/activate", {"seen": "1"}).status_code == 409
    assert client.post(f"{url}/steps/activate", {"seen": "2"}).status_code == 303
    visitor = portal.client()
    answer = visitor.post("/sign-in", {"email": "clerk@example.com", "password": PASSWORD})
    assert answer.status_code == 303
    names = [event.name for event in events_of(portal, "user", portal.clerk.id or 0)]
    assert names == ["create", "deactivate", "activate"]
    assert client.post(f"{url}/steps/delete", {"seen": "3"}).status_code == 404


def sessions(client: Client) -> list[str]:
    """The addresses of the «End» buttons on the account page."""
    page = client.get("/profile").text
    return [part.split('"')[0] for part in page.split('action="/profile/sessions/')[1:]]


def test_own_sessions_are_listed_and_ended_when_asked(portal: Portal) -> None:
    """One by one or all others; never this one by accident, never anybody else's."""
    here, phone, tablet = (portal.client(portal.clerk) for _ in range(3))
    stranger = portal.client(portal.other_clerk)
    ends = sessions(here)
    assert len(ends) == 2
    assert here.post(f"/profile/sessions/{ends[0]}").status_code == 303
    assert [one.get("/").status_code for one in (here, phone, tablet)].count(200) == 2
    assert here.post(f"/profile/sessions/{ends[0]}").status_code == 404
    foreign = portal.client(portal.other_clerk)
    assert here.post(f"/profile/sessions/{sessions(foreign)[0]}").status_code == 404
    assert stranger.get("/").status_code == 200
    assert here.post("/profile/sessions").status_code == 303
    assert sessions(here) == []
    assert [one.get("/").status_code for one in (here, phone, tablet)].count(200) == 1


def test_other_sessions_end_when_the_password_changes(portal: Portal) -> None:
    """The present password is asked for; this session stays, the others end."""
    here, phone = portal.client(portal.clerk), portal.client(portal.clerk)
    wrong = {"old": "not the right one", "new": "entirely new words"}
    assert here.post("/profile/password", wrong).status_code == 422
    short = {"old": PASSWORD, "new": "short"}
    answer = here.post("/profile/password", short)
    assert answer.status_code == 422
    assert 'href="#new"' in answer.text
    assert phone.get("/").status_code == 200
    right = {"old": PASSWORD, "new": "entirely new words"}
    assert here.post("/profile/password", right).status_code == 303
    assert here.get("/profile").status_code == 200
    assert phone.get("/").status_code == 303
    with portal.transaction():
        user = session.get_one(User, portal.clerk.id)
        assert sign_in.matches(user.password_hash, "entirely new words")


def test_language_and_theme_are_the_persons_own_when_chosen(portal: Portal) -> None:
    """They follow the person to every device; nonsense changes nothing."""
    client = portal.client(portal.clerk)
    client.post("/preferences", {"language": "zh-Hans", "theme": "dark", "next": "/profile"})
    page = portal.client(portal.clerk).get("/").text
    assert '<html lang="zh-Hans" data-theme="dark">' in page
    client.post("/preferences", {"language": "klingon", "theme": "pink"})
    assert '<html lang="zh-Hans" data-theme="dark">' in client.get("/").text


# Lists


@pytest.mark.parametrize("wanted", [10, 1000])
def test_lists_cost_three_queries_when_long_or_short(portal: Portal, wanted: int) -> None:
    """At most three queries each, the person included; Next goes on where the page ended."""
    with portal.transaction():
        facts = vars(DEALERS["north"])
        for index in range(wanted):
            session.add(
                Dealer(
                    status="active",
                    created_at=portal.now,
                    **facts | {"code": f"N{index:05}"},
                    search_text=f"n{index:05}",
                )
            )
            session.add(
                User(
                    status="active",
                    created_at=portal.now,
                    side="hq",
                    email=f"n{index:05}@example.com",
                    name=f"N{index:05}",
                    password_hash="",
                    roles={Role.AUDITOR},
                    search_text=f"n{index:05}",
                )
            )
    client = portal.client(portal.administrator)
    client.get("/")
    for url in ("/dealers", "/users", "/dealers?q=n0000", "/users?q=n0000"):
        with counted(portal.app) as statements:
            answer = client.get(url)
        assert answer.status_code == 200
        assert len(statements) <= 3, (url, statements)
    page, seen = client.get("/dealers").text, 0
    while True:
        seen += page.count('class="row"')
        if 'rel="next"' not in page:
            break
        page = client.get(unescape(page.split('rel="next" href="')[1].split('"')[0])).text
    assert seen == wanted + len(DEALERS)


def test_service_refuses_when_the_person_is_another_dealers(portal: Portal) -> None:
    """P1: the service itself keeps to the own company, whatever page calls it."""
    with portal.transaction():
        other = session.get_one(User, portal.other_clerk.id)
        with pytest.raises(Forbidden):
            services.deactivate(other, seen=None, reason="x", by=portal.manager, now=portal.now)
        with pytest.raises(Forbidden):
            services.give_link(other, seen=None, by=portal.manager, now=portal.now)
