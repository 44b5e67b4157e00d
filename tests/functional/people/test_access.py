"""Links to a password: by invitation, in place of a lost one, and for the forgetful."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from portal.core import jobs
from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.events import Event, verify
from portal.core.permissions import Role
from portal.people import access_links, inviting, services, sign_in
from portal.people.models import AccessLink, FailedSignIn, LoginSession, User
from portal.web import logs, mail
from tests.functional.people.test_people import NEW_USER, dealer_url, url_of, user_of
from tests.functional.people.test_sign_in import count, deactivate, try_in
from tests.functional.test_naughty import FOLDER, LINE, packed
from tests.support.portal import PASSWORD, Client, Portal
from tests.support.queries import counted
from tests.support.sink import PUBLIC, Sink, parts, sink

MINE = "a password of my own"


@pytest.fixture
def post(portal: Portal) -> Iterator[Sink]:
    """A mail server that takes the portal's letters."""
    with sink() as made:
        made.attach(portal)
        yield made


def work(portal: Portal) -> int:
    """What a worker does in the lane of letters; returns how many jobs were done."""
    with portal.app.app_context():
        return jobs.drain(portal.clock, lane=mail.LANE)


def link_in(text: str) -> str:
    """The path of the link in a letter or on a page."""
    (found,) = set(re.findall(r"/link/[A-Za-z0-9_-]{43}", text))
    return str(found)


def invited(portal: Portal, who: str = "manager", **other: Any) -> tuple[Client, str]:
    """Invite somebody where there is no mail server: the inviter's browser, and the link."""
    client = portal.client(portal.cast[who])
    answer = client.post("/users/new", NEW_USER | other)
    assert answer.status_code == 303, answer.text
    return client, link_in(client.get(answer.location).text)


def open_and_set(portal: Portal, link: str, password: str = MINE) -> TestResponse:
    """What the person does with a link."""
    return portal.client().post(link, {"password": password})


def ewa(portal: Portal) -> User:
    with portal.transaction():
        return session.scalars(select(User).where(User.email == "ewa@example.com")).one()


# Invited


def test_person_signs_in_when_they_set_a_password_by_their_invitation(
    portal: Portal, post: Sink
) -> None:
    """P4: at the inviter's company, in their own language; who joined and when is on the page."""
    manager = portal.client(portal.manager)
    answer = manager.post("/users/new", NEW_USER)
    page = manager.get(answer.location).text
    assert "A letter with a link is on its way to ewa@example.com." in page
    assert "/link/" not in page
    assert ewa(portal).status == "invited"
    assert try_in(portal.client(), "ewa@example.com", "").status_code == 422
    assert work(portal) == 1
    (letter,) = post.mails
    assert letter["To"] == "Ewa Nowak <ewa@example.com>"
    assert letter["Subject"] == "Zaproszenie do Partloop"
    plain, html = parts(letter)
    link = link_in(plain)
    assert PUBLIC + link in plain
    assert link_in(html) == link
    assert "Manager zaprasza" in plain
    assert "北方卫浴服务有限公司" in plain
    assert "List-Unsubscribe" not in letter
    form = portal.client().get(link)
    assert "ewa@example.com" in form.text
    assert form.headers["Cache-Control"] == "no-store"
    answer = open_and_set(portal, link)
    assert answer.location == "/sign-in"
    visitor = portal.client()
    assert try_in(visitor, "ewa@example.com", MINE).status_code == 303
    assert 'lang="pl"' in visitor.get("/").text
    made = ewa(portal)
    assert (made.dealer_id, made.roles) == (portal.manager.dealer_id, {Role.CLERK})
    with portal.transaction():
        told = session.execute(
            select(Event.name, Event.actor_name, Event.to_status)
            .where(Event.document_kind == "user", Event.document_id == made.id)
            .order_by(Event.seq)
        ).all()
        assert not list(verify())
    assert [tuple(row) for row in told] == [
        ("create", "Manager", "invited"),
        ("accept", "Ewa Nowak", "active"),
    ]


def test_link_is_shown_once_to_the_inviter_when_there_is_no_mail_server(portal: Portal) -> None:
    """It stands on the person's page, until that is opened again; and it works."""
    client, link = invited(portal)
    page = client.get(f"/users/{ewa(portal).public_id}").text
    assert "/link/" not in page
    assert "works until" in page
    assert open_and_set(portal, link).status_code == 303
    assert try_in(portal.client(), "ewa@example.com", MINE).status_code == 303
    assert count(portal, jobs.Job) == 0


def test_link_works_once(portal: Portal) -> None:
    """Not even for the same password; and the page says that it works no more."""
    _client, link = invited(portal)
    assert open_and_set(portal, link).status_code == 303
    again, shown = open_and_set(portal, link, "x" * 20), portal.client().get(link)
    assert (again.status_code, shown.status_code) == (422, 404)
    for answer in (again, shown):
        assert "This link works no more" in answer.text
    assert try_in(portal.client(), "ewa@example.com", MINE).status_code == 303


def test_link_lives_for_seven_days(portal: Portal) -> None:
    """T2: the last second counts, the one after does not."""
    _client, link = invited(portal)
    portal.clock.advance(seconds=7 * 24 * 3600 - 1)
    assert portal.client().get(link).status_code == 200
    portal.clock.advance(seconds=1)
    assert portal.client().get(link).status_code == 404
    assert open_and_set(portal, link).status_code == 422
    assert ewa(portal).status == "invited"


def test_earlier_link_ends_when_somebody_is_invited_again(portal: Portal) -> None:
    """Only the newest works, and the person's page shows both presses."""
    client, first = invited(portal)
    url = f"/users/{ewa(portal).public_id}"
    answer = client.post(f"{url}/steps/invite_again", {"seen": "1"})
    assert answer.status_code == 303
    second = link_in(client.get(answer.location).text)
    assert first != second
    assert portal.client().get(first).status_code == 404
    assert open_and_set(portal, first).status_code == 422
    assert open_and_set(portal, second).status_code == 303
    assert "Manager sent the invitation again" in re.sub("<[^>]*>", "", client.get(url).text)


@pytest.mark.parametrize("step", ["withdraw", "deactivate"])
def test_link_ends_when_the_person_is_not_wanted_any_more(portal: Portal, step: str) -> None:
    """P5: an invitation that is withdrawn, and whoever is deactivated, opens nothing."""
    client, link = invited(portal)
    url = f"/users/{ewa(portal).public_id}"
    if step == "deactivate":
        assert open_and_set(portal, link).status_code == 303
        with portal.transaction():
            user = session.scalars(select(User).where(User.email == "ewa@example.com")).one()
            given = {"seen": 2, "by": portal.manager, "now": portal.now, "by_hand": True}
            link = f"/link/{services.give_link(user, **given)}"
        assert portal.client().get(link).status_code == 200
        gone = client.post(f"{url}/steps/deactivate", {"seen": "3", "reason": "left"})
    else:
        gone = client.post(f"{url}/steps/withdraw", {"seen": "1"})
    assert gone.status_code == 303
    assert portal.client().get(link).status_code == 404
    assert open_and_set(portal, link).status_code == 422
    if step == "withdraw":
        assert client.post("/users/new", NEW_USER).status_code == 303
        assert "Ewa Nowak" in client.get("/users?tab=deactivated").text
        assert "Ewa Nowak" in client.get("/users?tab=invited").text


def test_nothing_but_the_hash_of_a_link_is_kept(portal: Portal, post: Sink) -> None:
    """Who reads the database, its jobs or the log cannot set anybody's password."""
    portal.client(portal.manager).post("/users/new", NEW_USER)
    work(portal)
    link = link_in(parts(post.mails[0])[0])
    token = link.rpartition("/")[2]
    with portal.app.test_request_context(link):
        assert logs.address() == "/link/…"
    with portal.transaction():
        for table in ("access_link", "job", "event", "press", "user_account"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()
            assert token not in str(rows), table
        (kept,) = session.scalars(select(AccessLink)).all()
        assert kept.token_hash == sign_in.digest(token)


def test_letter_that_has_to_be_sent_again_has_a_link_that_works(portal: Portal, post: Sink) -> None:
    """The one before it ends, and no server takes the second letter for the first."""
    portal.client(portal.manager).post("/users/new", NEW_USER)
    post.stop()
    work(portal)
    post.start()
    portal.clock.advance(seconds=600)
    assert work(portal) == 1
    (letter,) = post.mails
    assert count(portal, AccessLink, AccessLink.ended_at.is_(None)) == 1
    assert count(portal, AccessLink) > 1
    assert open_and_set(portal, link_in(parts(letter)[0])).status_code == 303


def test_letter_is_not_sent_when_the_invitation_was_withdrawn_meanwhile(
    portal: Portal, post: Sink
) -> None:
    """P5: a letter that waits is looked at again before it goes."""
    client = portal.client(portal.manager)
    client.post("/users/new", NEW_USER)
    client.post(f"/users/{ewa(portal).public_id}/steps/withdraw", {"seen": "1"})
    work(portal)
    assert post.mails == []


def test_manager_learns_nothing_of_others_when_inviting_a_known_address(
    portal: Portal, post: Sink
) -> None:
    """P1: another dealer's person, headquarters', or nobody's: the same answer, the same work."""
    client = portal.client(portal.manager)
    client.get("/users")
    answers, statements = [], []
    for address in ("other_clerk@example.com", "finance@example.com", "nobody@example.com"):
        with counted(portal.app) as made:
            answer = client.post("/users/new", NEW_USER | {"email": address})
        page = client.get(answer.location).text.partition("<main")[2]
        named = page.replace(address, "ADDRESS").replace(answer.location.split("/")[-1], "NAME")
        answers.append(re.sub(r'(name="(csrf_token|press)" value=)"[^"]*"', r"\1", named))
        statements.append([re.sub(r"\s+", " ", one) for one in made])
    assert answers[0] == answers[1] == answers[2]
    assert statements[0] == statements[1] == statements[2]
    assert work(portal) == 3
    assert len(post.mails) == 3


def test_address_stays_whose_it_is_when_another_dealer_invites_it(portal: Portal) -> None:
    """P1: only who reads its mail learns it; the password, the company and the roles stay."""
    _client, link = invited(portal, email="other_clerk@example.com")
    answer = open_and_set(portal, link)
    assert answer.status_code == 422
    assert "Somebody signs in with this address already." in answer.text
    assert try_in(portal.client(), "other_clerk@example.com", MINE).status_code == 422
    assert try_in(portal.client(), "other_clerk@example.com", PASSWORD).status_code == 303
    with portal.transaction():
        found = select(User.status, User.dealer_id).where(User.email == "other_clerk@example.com")
        assert {tuple(row) for row in session.execute(found)} == {
            ("active", portal.dealers["south"]),
            ("invited", portal.dealers["north"]),
        }


def test_first_to_accept_has_the_address_when_two_invite_it(portal: Portal) -> None:
    """An address signs one person in."""
    _client, first = invited(portal)
    _client, second = invited(portal, "other_manager")
    assert open_and_set(portal, second).status_code == 303
    assert open_and_set(portal, first).status_code == 422
    visitor = portal.client()
    assert try_in(visitor, "ewa@example.com", MINE).status_code == 303
    assert "Łazienki" in visitor.get("/").text


@pytest.mark.parametrize(
    ("who", "taken"),
    [("manager", "clerk"), ("administrator", "other_clerk"), ("administrator", "finance")],
)
def test_inviter_is_told_when_somebody_whom_they_see_has_the_address(
    portal: Portal, who: str, taken: str
) -> None:
    """A colleague's address is refused at its field; so is a second invitation."""
    client = portal.client(portal.cast[who])
    dealer = dealer_url(portal, "north").rpartition("/")[2]
    url = f"/users/new?dealer={dealer}"
    answer = client.post(url, NEW_USER | {"email": f"{taken}@EXAMPLE.com"})
    assert answer.status_code == 422
    assert 'href="#email"' in answer.text
    assert client.post(url, NEW_USER).status_code == 303
    assert client.post(url, NEW_USER).status_code == 422


@pytest.mark.parametrize("password", ["", "short", "x" * 1001])
def test_password_is_refused_when_it_will_not_do(portal: Portal, password: str) -> None:
    """422 at the field, nothing typed is sent back, and the link still works."""
    _client, link = invited(portal)
    answer = open_and_set(portal, link, password)
    assert answer.status_code == 422
    assert 'href="#password"' in answer.text
    assert password == "" or f'"{password}"' not in answer.text
    assert open_and_set(portal, link).status_code == 303


def test_service_gives_no_link_when_the_person_is_another_dealers(portal: Portal) -> None:
    """P1, P3: nor one's own, nor with the wrong role; an unknown link is not found."""
    for who, name, status in (
        ("manager", "other_clerk", 404),
        ("manager", "manager", 422),
        ("clerk", "clerk", 403),
        ("auditor", "clerk", 403),
    ):
        answer = portal.client(portal.cast[who]).post(
            f"{url_of(portal, name)}/steps/renew", {"seen": "1"}
        )
        assert answer.status_code == status, who
    with pytest.raises(NotFound), portal.transaction():
        services.choose_password("x" * 43, MINE, now=portal.now)
    assert count(portal, AccessLink) == 0


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the awkward strings are not here")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_letter_is_whole_when_a_name_is_naughty(portal: Portal, post: Sink) -> None:
    """Nothing of a name ends a header's line, or becomes a tag."""
    client = portal.client(portal.manager)
    names = [text[:200] for text in packed(LINE)][:40]
    for number, name in enumerate(names):
        typed = NEW_USER | {"name": name, "email": f"n{number}@example.com"}
        assert client.post("/users/new", typed).status_code == 303, name
    assert work(portal) == len(names)
    for letter in post.mails:
        assert letter["Subject"] == "Zaproszenie do Partloop"
        plain, html = parts(letter)
        assert link_in(plain) == link_in(html)
        assert "<script" not in html.lower().replace("&lt;script", "")


# How often


def again(portal: Portal, client: Client, times: int, seen: int = 1) -> list[int]:
    url = f"/users/{ewa(portal).public_id}/steps/invite_again"
    return [client.post(url, {"seen": str(seen + at)}).status_code for at in range(times)]


def test_person_is_invited_five_times_a_day(portal: Portal) -> None:
    """Whoever presses on gets a sentence; tomorrow it goes on."""
    client, _link = invited(portal)
    assert again(portal, client, 5) == [303] * 4 + [422]
    url = f"/users/{ewa(portal).public_id}"
    refused = client.post(f"{url}/steps/invite_again", {"seen": "5"})
    assert "was invited 5 times within a day" in refused.text
    portal.clock.advance(days=1)
    assert again(portal, portal.client(portal.manager), 1, seen=5) == [303]


def test_inviter_has_a_total_of_a_day(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dealer's manager writes to no strangers without end; headquarters begins with 500."""
    monkeypatch.setattr(inviting, "MOST_OF_DEALER", 3)
    client = portal.client(portal.manager)
    person = [NEW_USER | {"email": f"ewa{number}@example.com"} for number in range(4)]
    assert [client.post("/users/new", one).status_code for one in person] == [303] * 3 + [422]
    assert "You have invited 3 people within a day" in client.post("/users/new", person[3]).text
    other = portal.client(portal.other_manager)
    assert other.post("/users/new", person[3]).status_code == 303
    portal.clock.advance(days=1)
    tomorrow = portal.client(portal.manager)
    assert tomorrow.post("/users/new", person[3]).status_code == 303
    assert inviting.MOST_OF_HQ >= 2 * 500


def test_address_gets_few_letters_a_day_when_many_invite_it(portal: Portal, post: Sink) -> None:
    """P1: the sixth comes a day later, and its inviter learns nothing of the others."""
    told = []
    for who in ("manager", "other_manager"):
        client = portal.client(portal.cast[who])
        answer = client.post("/users/new", NEW_USER)
        url = answer.location
        for seen in range(1, 4):
            work(portal)
            answer = client.post(f"{url}/steps/invite_again", {"seen": str(seen)})
            assert answer.status_code == 303
        told.append(re.findall("A letter with a link is on its way[^<]*", client.get(url).text))
        work(portal)
    assert len(post.to("ewa")) == inviting.MOST_TO_ADDRESS
    assert told[0] == told[1] != []
    portal.clock.advance(days=1, minutes=1)
    work(portal)
    assert len(post.to("ewa")) == inviting.MOST_TO_ADDRESS + 1


# A new password


def test_old_password_and_sessions_end_when_a_new_one_is_asked_for(
    portal: Portal, post: Sink
) -> None:
    """P5: at once, not only when the link is used."""
    clerk, manager = portal.client(portal.clerk), portal.client(portal.manager)
    assert "/steps/renew" in manager.get(url_of(portal, "clerk")).text
    answer = manager.post(f"{url_of(portal, 'clerk')}/steps/renew", {"seen": "1"})
    assert answer.status_code == 303
    assert clerk.get("/").status_code == 303
    assert try_in(portal.client()).status_code == 422
    work(portal)
    (letter,) = post.to("clerk")
    plain, _html = parts(letter)
    assert "Manager asks you to set a new password" in plain
    assert open_and_set(portal, link_in(plain)).status_code == 303
    assert try_in(portal.client(), password=MINE).status_code == 303


def test_nobody_sees_the_link_to_anothers_password_when_there_is_no_mail_server(
    portal: Portal,
) -> None:
    """P2: with it an administrator would be finance. Nothing changes, and the way out is said."""
    for who in ("manager", "administrator"):
        client = portal.client(portal.cast[who])
        url = url_of(portal, "clerk")
        page = client.get(url).text
        assert "/steps/renew" not in page
        assert "portal password clerk@example.com" in page
        answer = client.post(f"{url}/steps/renew", {"seen": "1"})
        assert answer.status_code == 422
        assert "portal password clerk@example.com" in answer.text
        assert "/link/" not in answer.text + client.get(url).text
    assert count(portal, AccessLink) == 0
    assert try_in(portal.client()).status_code == 303


# Forgotten


def forgot(portal: Portal, address: str, **options: Any) -> TestResponse:
    return portal.client().post("/forgotten", {"email": address}, **options)


def test_forgetful_person_sets_a_new_password_by_mail(portal: Portal, post: Sink) -> None:
    """All sessions end with the change; before it, nothing does."""
    phone = portal.client(portal.clerk)
    answer = forgot(portal, " Clerk@Example.com")
    assert answer.status_code == 200
    assert "a letter with a link is on its way" in answer.text
    assert work(portal) >= 1
    (letter,) = post.mails
    assert letter["To"] == "Clerk <clerk@example.com>"
    plain, _html = parts(letter)
    assert "If it was not you, do nothing: your password stays." in plain
    assert phone.get("/").status_code == 200
    link = link_in(plain)
    portal.clock.advance(seconds=3599)
    assert portal.client().get(link).status_code == 200
    assert open_and_set(portal, link).status_code == 303
    assert phone.get("/").status_code == 303
    assert try_in(portal.client()).status_code == 422
    assert try_in(portal.client(), password=MINE).status_code == 303
    with portal.transaction():
        last = session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
        assert (last.actor_id, last.values) == (portal.clerk.id, {"password": "changed"})


def test_link_for_the_forgetful_lives_for_an_hour(portal: Portal, post: Sink) -> None:
    """T2: not a second longer."""
    forgot(portal, "clerk@example.com")
    work(portal)
    portal.clock.advance(seconds=3600)
    assert open_and_set(portal, link_in(parts(post.mails[0])[0])).status_code == 422


def test_answer_and_work_are_the_same_when_the_address_is_unknown(
    portal: Portal, post: Sink
) -> None:
    """P5: known, unknown, deactivated: one page, the same statements; one letter in the end."""
    deactivate(portal, "other_clerk")
    pages, works = set(), []
    for name in ("clerk", "nobody", "other_clerk"):
        with counted(portal.app) as statements:
            answer = forgot(portal, f"{name}@example.com")
        page = answer.text.replace(f"{name}@example.com", "ADDRESS").partition("<main")[2]
        pages.add(page)
        works.append([re.sub(r"\s+", " ", one) for one in statements])
    assert len(pages) == 1
    assert works[0] == works[1] == works[2]
    work(portal)
    assert [str(letter["To"]) for letter in post.mails] == ["Clerk <clerk@example.com>"]


def test_invitation_comes_again_when_its_person_says_forgotten(portal: Portal, post: Sink) -> None:
    """Whose link is over helps themselves."""
    portal.client(portal.manager).post("/users/new", NEW_USER)
    work(portal)
    portal.clock.advance(days=8)
    forgot(portal, "ewa@example.com")
    work(portal)
    first, second = (link_in(parts(letter)[0]) for letter in post.mails)
    assert open_and_set(portal, first).status_code == 422
    assert open_and_set(portal, second).status_code == 303
    assert ewa(portal).status == "active"


def test_asking_is_slowed_down_when_it_goes_on(portal: Portal, post: Sink) -> None:
    """As a try to sign in is, known or not; signing in itself stays open."""
    for name in ("clerk", "nobody"):
        answers = [forgot(portal, f"{name}@example.com").status_code for _ in range(6)]
        assert answers == [200] * 5 + [429]
    assert try_in(portal.client()).status_code == 303
    assert count(portal, FailedSignIn) == 10
    work(portal)
    assert len(post.mails) == 1


def test_page_says_whom_to_ask_when_there_is_no_mail_server(portal: Portal) -> None:
    """No form that leads to nothing; a form that is sent all the same does nothing."""
    page = portal.client().get("/forgotten").text
    assert "This portal sends no e-mail." in page
    assert "portal password" in page
    assert 'name="email"' not in page
    answer = forgot(portal, "clerk@example.com")
    assert "This portal sends no e-mail." in answer.text
    assert count(portal, jobs.Job) == 0


@pytest.mark.parametrize("value", ["", "   ", "\x00", "é" * 300])
def test_page_says_what_is_missing_when_the_address_is_odd(
    portal: Portal, post: Sink, value: str
) -> None:
    """422, and no try is counted."""
    assert forgot(portal, value).status_code == 422
    assert count(portal, FailedSignIn) == 0


def test_lives_are_those_of_the_design() -> None:
    """Seven days for who was asked to, an hour for who asked."""
    days = {name: life.total_seconds() / 86_400 for name, life in access_links.LIVES.items()}
    assert days == {"invitation": 7, "renewal": 7, "forgotten": 1 / 24}


def test_newest_password_counts_when_two_use_one_link_at_once(portal: Portal) -> None:
    """Whoever comes second is told that the link works no more."""
    _client, link = invited(portal)
    token = link.rpartition("/")[2]
    with portal.transaction():
        services.choose_password(token, MINE, now=portal.now)
        with pytest.raises(NotFound):
            services.choose_password(token, "x" * 20, now=portal.now)
    assert count(portal, LoginSession) >= 1
    assert user_of(portal, "clerk").status == "active"
    with portal.transaction():
        assert session.scalars(select(func.count()).select_from(AccessLink)).one() == 1


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the awkward strings are not here")
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_visitor_is_answered_when_what_they_type_is_naughty(portal: Portal, post: Sink) -> None:
    """As an address, a link, a password or a code: refused in words, never a crash."""
    clerk = portal.client(portal.clerk)
    for typed in packed(LINE)[:30]:
        visitor = portal.client()
        assert forgot(portal, typed).status_code in (200, 422, 429)
        link = f"/link/{quote(typed[:80], safe='')}"
        assert visitor.get(link).status_code == 404
        assert visitor.post(link, {"password": typed}).status_code in (404, 422)
        assert visitor.post("/sign-in/code", {"code": typed, "next": typed}).status_code == 422
        assert clerk.post("/profile/second-factor", {"code": typed}).status_code == 422
        portal.clock.advance(minutes=4)
    work(portal)
    assert post.mails == []


def test_who_asks_for_a_forgotten_password_ends_no_other_link(portal: Portal) -> None:
    """P5: anybody may ask; a link that somebody was given still works, and ends the others."""
    with portal.transaction():
        user = session.get_one(User, portal.clerk.id)
        given = access_links.make(user, "renewal", now=portal.now)
        first, second = (access_links.make(user, "forgotten", now=portal.now) for _ in range(2))
        assert access_links.whose(given, portal.now) is user
        assert access_links.whose(first, portal.now) is None
        assert access_links.whose(second, portal.now) is user
        access_links.make(user, "renewal", now=portal.now)
        assert access_links.whose(second, portal.now) is None


def test_address_of_a_link_stands_in_no_log(portal: Portal) -> None:
    """Also mistyped, and where the request failed."""
    for path in ("/link/abc", "/link/abc/"):
        with portal.app.test_request_context(path):
            assert logs.address() == "/link/…"
    with portal.app.test_request_context("/links"):
        assert logs.address() == "/links"
