"""Signing in and out: who gets in, who is slowed down, and what an ended session still opens."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from statistics import median
from time import process_time
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from portal.core.db import session
from portal.core.errors import Invalid
from portal.people import devices, services, sign_in
from portal.people.models import FailedSignIn, LoginSession, User
from tests.support.portal import HASHER, PASSWORD, Client, Portal

WRONG = "do not belong together"
SLOW = "wait a quarter of an hour"


def try_in(
    client: Client, email: str = "clerk@example.com", password: str = PASSWORD, **more: Any
) -> TestResponse:
    """Fill in the sign-in page."""
    options = more.pop("options", {})
    return client.post("/sign-in", {"email": email, "password": password, **more}, **options)


def token_of(http: FlaskClient) -> str | None:
    """The session's token in a browser's cookie."""
    with http.session_transaction() as cookie:
        return cookie.get("_user_id")


def count(portal: Portal, model: Any, *where: Any) -> int:
    with portal.transaction():
        return session.scalars(select(func.count()).select_from(model).where(*where)).one()


def test_person_is_in_when_name_and_password_fit(portal: Portal) -> None:
    """The address is taken in any case; the page that was asked for comes next."""
    client = portal.client()
    answer = try_in(client, " Clerk@Example.COM ", next="/applications?tab=draft")
    assert answer.status_code == 303
    assert answer.location == "/applications?tab=draft"
    assert "Clerk" in client.get("/").text


def test_answer_is_the_same_when_the_user_is_unknown_deactivated_or_the_password_wrong(
    portal: Portal,
) -> None:
    """P5: nobody learns from the answer who has an account."""
    deactivate(portal, "other_clerk")
    pages = set()
    for email, password in (
        ("clerk@example.com", "not the right password"),
        ("nobody@example.com", PASSWORD),
        ("other_clerk@example.com", PASSWORD),
    ):
        answer = try_in(portal.client(), email, password)
        assert answer.status_code == 422
        assert WRONG in answer.text
        reference = answer.text.replace(email, "EMAIL")
        pages.add(reference.partition("<main")[2].partition("csrf_token")[0])
    assert len(pages) == 1


def test_unknown_user_costs_as_much_as_a_wrong_password_when_timed(portal: Portal) -> None:
    """Nobody learns from the time, either: a password is checked in both cases."""
    with portal.transaction():
        clerk = session.get_one(User, portal.clerk.id)
        clerk.password_hash = HASHER.hash(PASSWORD)

    def seconds(email: str) -> float:
        times = []
        for _ in range(7):
            began = process_time()
            with portal.app.test_request_context(), pytest.raises(sign_in.WrongSignIn):
                sign_in.check(email, "not the right password")
            times.append(process_time() - began)
        return median(times)

    seconds("warm-up@example.com")
    known, unknown = seconds("clerk@example.com"), seconds("nobody@example.com")
    assert known > 0.01
    assert 0.5 < known / unknown < 2


def test_session_is_another_one_when_somebody_signs_in(portal: Portal) -> None:
    """No fixation: cookie, session and form token are new, and the session before it ends."""
    client = portal.client(portal.clerk)
    before, form_token = token_of(client.http), client.token
    assert before is not None
    with client.http.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    assert try_in(client).status_code == 303
    assert token_of(client.http) not in (None, before)
    with client.http.session_transaction() as cookie:
        assert "planted" not in cookie
    assert client.post("/sign-out").status_code == 400, form_token
    assert_dead(portal, before)


def assert_dead(portal: Portal, token: str) -> None:
    """The token opens nothing, although a browser still sends it."""
    thief = portal.client()
    with thief.http.session_transaction() as cookie:
        cookie["_user_id"] = token
    answer = thief.get("/")
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")
    with portal.transaction():
        assert sign_in.find(token, portal.now) is None


def test_old_token_is_dead_when_somebody_signs_out(portal: Portal) -> None:
    """Ending a session ends it on the server; the cookie alone is worth nothing."""
    client = portal.client(portal.clerk)
    token = token_of(client.http)
    assert token is not None
    answer = client.post("/sign-out")
    assert answer.status_code == 303
    assert token_of(client.http) is None
    assert_dead(portal, token)


def test_pages_are_not_kept_by_the_browser_when_signed_in(portal: Portal) -> None:
    """Back after signing out shows nothing: no page behind the login is stored."""
    client = portal.client(portal.clerk)
    for url in ("/", "/profile", "/inbox", "/search?q=x"):
        assert client.get(url).headers["Cache-Control"] == "no-store"


def test_session_ends_when_its_hours_are_over(portal: Portal) -> None:
    """T2: the last second counts, the one after does not."""
    client = portal.client(portal.clerk)
    portal.clock.advance(seconds=sign_in.LIFETIME.total_seconds() - 1)
    assert client.get("/").status_code == 200
    portal.clock.advance(seconds=1)
    assert client.get("/").status_code == 303


def test_only_the_hash_of_a_token_is_stored_when_a_session_begins(portal: Portal) -> None:
    """Who reads the database cannot sign in with what stands there."""
    client = portal.client(portal.clerk)
    token = token_of(client.http)
    assert token is not None
    with portal.transaction():
        row = session.scalars(select(LoginSession)).one()
        assert token not in str(vars(row))
        user = session.get_one(User, portal.clerk.id)
        assert user.password_hash.startswith("$argon2id$")


def deactivate(portal: Portal, who: str) -> None:
    with portal.transaction():
        user = session.get_one(User, portal.cast[who].id)
        services.deactivate(user, seen=None, reason="left", by=portal.administrator, now=portal.now)


def test_person_is_out_when_they_are_deactivated(portal: Portal) -> None:
    """P5: at the next request, on every device, and they do not come in again."""
    phone, desktop = portal.client(portal.clerk), portal.client(portal.clerk)
    assert phone.get("/").status_code == 200
    deactivate(portal, "clerk")
    for client in (phone, desktop):
        answer = client.get("/applications")
        assert answer.status_code == 303
        assert answer.location == "/sign-in?next=/applications"
        assert client.post("/applications/new").status_code == 401
    assert try_in(portal.client()).status_code == 422


def reset(portal: Portal) -> None:
    with portal.transaction():
        user = session.get_one(User, portal.clerk.id)
        services.give_link(user, seen=None, by=portal.manager, now=portal.now, by_hand=True)


def shut_out(portal: Portal) -> None:
    deactivate(portal, "clerk")


def begin(portal: Portal, user: User) -> str:
    return sign_in.begin(user, address="203.0.113.9", agent="test", now=portal.now)


@pytest.mark.parametrize("change", [reset, shut_out])
def test_no_session_begins_when_the_person_changed_since_the_password_was_checked(
    portal: Portal, change: Callable[[Portal], None]
) -> None:
    """P5: who knows the old password comes in neither before nor just after it is replaced."""
    with portal.transaction():
        user = sign_in.check("clerk@example.com", PASSWORD)
        session.expunge_all()
    change(portal)
    with pytest.raises(sign_in.WrongSignIn), portal.transaction():
        begin(portal, user)
    assert count(portal, LoginSession) == 0


@pytest.mark.parametrize("change", [reset, shut_out])
def test_session_that_is_just_beginning_ends_when_the_person_changes(
    portal: Portal, change: Callable[[Portal], None]
) -> None:
    """P5: the change waits for the session that begins at the same moment, and ends it too."""
    with ThreadPoolExecutor(1) as pool:
        with portal.transaction():
            token = begin(portal, sign_in.check("clerk@example.com", PASSWORD))
            session.flush()
            changing = pool.submit(change, portal)
            with pytest.raises(TimeoutError):
                changing.result(0.5)
        changing.result(20)
    with portal.transaction():
        assert sign_in.find(token, portal.now) is None
    assert count(portal, LoginSession, LoginSession.ended_at.is_(None)) == 0


def test_old_password_changes_nothing_when_it_is_being_replaced(portal: Portal) -> None:
    """P5: who still knows the old one cannot put a third in place of the new one."""

    def change() -> None:
        with portal.transaction():
            user = session.get_one(User, portal.clerk.id)
            services.set_password(
                user,
                old=PASSWORD,
                new="a third long password",
                keep_session=0,
                by=portal.clerk,
                now=portal.now,
            )

    with ThreadPoolExecutor(1) as pool:
        with portal.transaction():
            user = session.get_one(User, portal.clerk.id)
            given = {"seen": None, "by": portal.manager, "now": portal.now, "by_hand": True}
            token = services.give_link(user, **given)
            assert token
            services.choose_password(token, "another long password", now=portal.now)
            session.flush()
            changing = pool.submit(change)
            with pytest.raises(TimeoutError):
                changing.result(0.5)
        with pytest.raises(Invalid):
            changing.result(20)
    assert try_in(portal.client(), password="another long password").status_code == 303


# The brake


def fail(portal: Portal, times: int, email: str = "clerk@example.com", **options: Any) -> None:
    client = portal.client()
    for _ in range(times):
        assert try_in(client, email, "wrong password!", options=options).status_code == 422


def test_guesser_is_slowed_down_when_five_tries_failed(portal: Portal) -> None:
    """The sixth is refused even with the right password; after the window it is not."""
    fail(portal, 5)
    answer = try_in(portal.client())
    assert answer.status_code == 429
    assert SLOW in answer.text
    assert count(portal, LoginSession) == 0
    portal.clock.advance(seconds=sign_in.WINDOW.total_seconds() + 1)
    assert try_in(portal.client()).status_code == 303


def test_brake_is_the_same_when_the_user_is_unknown(portal: Portal) -> None:
    """A name that does not exist is slowed down like one that does."""
    fail(portal, 5, "nobody@example.com")
    assert try_in(portal.client(), "nobody@example.com").status_code == 429
    assert try_in(portal.client(), "NOBODY@example.com ").status_code == 429


def test_nobody_is_locked_out_for_long_when_a_guesser_goes_on(portal: Portal) -> None:
    """A refused try does not prolong the wait, and the person's own address stays open."""
    elsewhere = {"environ_base": {"REMOTE_ADDR": "203.0.113.9"}}
    fail(portal, 5, **elsewhere)
    for _ in range(10):
        assert try_in(portal.client(), options=elsewhere).status_code == 429
    assert count(portal, FailedSignIn) == 5
    assert try_in(portal.client()).status_code == 303


def test_name_is_slowed_down_everywhere_when_many_addresses_guess(portal: Portal) -> None:
    """Thirty failures for one name from six addresses: nobody guesses on from a seventh."""
    for last in range(6):
        fail(portal, 5, environ_base={"REMOTE_ADDR": f"203.0.113.{last}"})
    fresh = {"environ_base": {"REMOTE_ADDR": "203.0.113.77"}}
    assert try_in(portal.client(), options=fresh).status_code == 429


def test_address_is_slowed_down_when_it_guesses_many_names(portal: Portal) -> None:
    """Fifty failures from one address, whatever the names."""
    for number in range(10):
        fail(portal, 5, f"name{number}@example.com")
    assert try_in(portal.client(), "fresh@example.com").status_code == 429


def test_network_is_one_place_when_it_is_of_ipv6(portal: Portal) -> None:
    """A household has 2^64 addresses: they count together, the neighbours do not."""
    for last in range(5):
        fail(portal, 1, environ_base={"REMOTE_ADDR": f"2001:db8:0:7::{last}"})
    for address, status in (("2001:db8:0:7:ffff::1", 429), ("2001:db8:0:8::1", 303)):
        answer = try_in(portal.client(), options={"environ_base": {"REMOTE_ADDR": address}})
        assert answer.status_code == status, address


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:" + "x" * 90, "unix:" + "x" * 55),
    ],
)
def test_place_is_what_one_household_has(address: str, place: str) -> None:
    """IPv4 by address, also as IPv6 writes it."""
    assert sign_in.place_of(address) == place


def at_the_desk(portal: Portal, who: str = "clerk") -> Callable[[], Client]:
    """A browser in which somebody signed in before, signed out: as often as one likes."""
    before, name = portal.client(), devices.COOKIE
    assert try_in(before, f"{who}@example.com").status_code == 303
    kept = before.http.get_cookie(name, path="/sign-in")
    assert kept is not None
    assert kept.http_only

    def again() -> Client:
        client = portal.client()
        client.http.set_cookie(name, kept.value, path="/sign-in")
        return client

    return again


def test_person_gets_in_where_they_did_before_when_others_guess(portal: Portal) -> None:
    """Whoever tries elsewhere slows down himself: a browser that was right before stays open."""
    desk = at_the_desk(portal)
    for last in range(6):
        fail(portal, 5, environ_base={"REMOTE_ADDR": f"203.0.113.{last}"})
    assert try_in(portal.client()).status_code == 429
    forger = portal.client()
    forger.http.set_cookie(devices.COOKIE, "WyJ4IiwieSJd.x", path="/sign-in")
    assert try_in(forger).status_code == 429
    for _slip in range(4):
        assert try_in(desk(), password="wrong password!").status_code == 422
    assert try_in(desk()).status_code == 303
    assert try_in(desk(), password="wrong password!").status_code == 422


def test_guesser_is_slowed_down_in_a_browser_that_is_known(portal: Portal) -> None:
    """It too has five tries in a quarter of an hour; and it is known to one person only."""
    desk, key = at_the_desk(portal), portal.app.config["SECRET_KEY"]
    for _guess in range(5):
        assert try_in(desk(), password="wrong password!").status_code == 422
    assert try_in(desk()).status_code == 429
    made = devices.add(None, "clerk@example.com", key=key)
    assert devices.known(made, "Clerk@example.com ", key=key)
    assert not devices.known(made, "manager@example.com", key=key)
    assert not devices.known(made, "clerk@example.com", key="another")
    assert not devices.known(None, "clerk@example.com", key=key)


def test_browser_that_many_share_keeps_one_small_cookie() -> None:
    """It is known to the last ten; whoever was there before keeps the number."""
    kept, logins = None, [f"{number}@example.com" for number in range(60)]
    for login in logins:
        kept = devices.add(kept, login, key="x")
    assert kept is not None
    assert len(kept) < 800
    assert [one for one in logins if devices.known(kept, one, key="x")] == logins[-devices.MOST :]
    number = devices.known(kept, logins[50], key="x")
    again = devices.add(kept, logins[50], key="x")
    assert devices.known(again, logins[50], key="x") == number
    later = devices.add(again, "another@example.com", key="x")
    assert devices.known(later, logins[50], key="x") == number
    assert not devices.known(later, logins[51], key="x"), "the one who was there longest ago"


def test_guesser_of_the_present_password_is_slowed_down(portal: Portal) -> None:
    """P5: an open browser is no place to guess in; the person at home is not slowed down by it."""
    here = portal.client(portal.clerk)
    wrong = {"old": "wrong password!", "new": "a brand new secret"}
    for _guess in range(5):
        assert here.post("/profile/password", wrong).status_code == 422
    right = wrong | {"old": PASSWORD}
    answer = here.post("/profile/password", right)
    assert answer.status_code == 429
    assert SLOW in answer.text
    for number in range(9):
        fail(portal, 5, f"name{number}@example.com")
    assert try_in(portal.client(), "fresh@example.com").status_code == 429
    home = portal.client(portal.clerk)
    assert home.post("/profile/password", right).status_code == 303


def test_failures_are_forgotten_when_the_person_gets_in(portal: Portal) -> None:
    """Four slips, then right: the next slip is the first again."""
    fail(portal, 4)
    assert try_in(portal.client()).status_code == 303
    assert count(portal, FailedSignIn) == 0
    fail(portal, 4)
    assert try_in(portal.client()).status_code == 303


def test_brake_holds_when_many_guess_at_the_same_moment(portal: Portal) -> None:
    """Tries are written down before they are made: sixteen at once are not sixteen guesses."""
    clients = [portal.client() for _ in range(16)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda c: try_in(c, password="wrong password!"), clients))
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {422, 429}
    assert codes.count(422) <= 5


# What comes in


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil.example",
        "http:/evil.example",
        " //evil.example",
    ],
)
def test_visitor_stays_with_us_when_next_names_another_site(portal: Portal, target: str) -> None:
    """An open redirect is refused: at signing in and where preferences are set."""
    answer = try_in(portal.client(), next=target)
    assert answer.status_code == 303
    assert answer.location == "/"
    visitor = portal.client()
    assert visitor.post("/preferences", {"theme": "dark", "next": target}).location == "/"


@pytest.mark.parametrize("token", ["żółw", "令牌", "\x00", "x" * 5000, ""])
def test_form_is_refused_when_its_token_is_garbage(portal: Portal, token: str) -> None:
    """A token that is not ASCII is a bad request, not a crash."""
    client = portal.client(portal.clerk)
    assert client.post("/sign-out", {"csrf_token": token}).status_code == 400
    assert (
        client.http.post(
            "/sign-out", headers={"X-CSRFToken": token.encode().decode("latin-1").strip("\x00")}
        ).status_code
        == 400
    )
    assert client.get("/").status_code == 200


def test_form_is_refused_when_its_token_belongs_to_another_session(portal: Portal) -> None:
    """A token is worth something only with its own session."""
    mine, other = portal.client(portal.clerk), portal.client(portal.desk)
    mine.token = other.token
    assert mine.post("/sign-out").status_code == 400


@pytest.mark.parametrize("value", ["", "   ", "\x00", "é" * 300])
def test_page_says_what_is_missing_when_the_form_is_odd(portal: Portal, value: str) -> None:
    """Empty, blank, NUL or too long: 422, never a crash, and no try is counted."""
    client = portal.client()
    assert try_in(client, email=value).status_code == 422
    assert count(portal, FailedSignIn) == 0


def test_password_is_the_same_when_its_letters_are_composed_otherwise(portal: Portal) -> None:
    """A Mac types ż as two signs and Windows as one; blanks around it belong to it."""
    with portal.transaction():
        user = session.get_one(User, portal.clerk.id)
        user.password_hash = sign_in.hash_of(" za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105 ")
    assert (
        try_in(portal.client(), password=" zaz\u0307o\u0301\u0142c\u0301 ge\u0328s\u0301la\u0328 ")
    ).status_code == 303
    assert (
        try_in(
            portal.client(), password="za\u017c\u00f3\u0142\u0107 g\u0119\u015bl\u0105"
        ).status_code
        == 422
    )


def test_language_stays_when_somebody_signs_out(portal: Portal) -> None:
    """The sign-in page speaks as the person did; a visitor chooses without an account."""
    client = portal.client(portal.clerk)
    client.post("/preferences", {"language": "pl", "next": "/"})
    client.post("/sign-out")
    assert 'lang="pl"' in client.get("/sign-in").text
    visitor = portal.client()
    visitor.post("/preferences", {"language": "zh-Hans", "theme": "dark", "next": "/sign-in"})
    page = visitor.get("/sign-in").text
    assert 'lang="zh-Hans"' in page
    assert 'data-theme="dark"' in page
    visitor.post("/preferences", {"language": "xx", "theme": "pink", "next": "/sign-in"})
    assert 'lang="zh-Hans"' in visitor.get("/sign-in").text


def test_language_of_the_visitor_stays_when_the_person_has_none_yet(portal: Portal) -> None:
    """Who chose 中文 to sign in goes on in 中文, on every device; one's own choice is kept."""
    visitor = portal.client()
    visitor.post("/preferences", {"language": "zh-Hans", "next": "/sign-in"})
    assert try_in(visitor).status_code == 303
    assert 'lang="zh-Hans"' in portal.client(portal.clerk).get("/").text
    other = portal.client()
    other.post("/preferences", {"language": "pl", "next": "/sign-in"})
    assert try_in(other).status_code == 303
    assert 'lang="zh-Hans"' in other.get("/").text


def test_fragment_is_not_a_sign_in_page_when_the_session_ended(portal: Portal) -> None:
    """A page that may hold what was typed is not left: its script says what happened."""
    answer = portal.client().get("/dealers", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert "HX-Redirect" not in answer.headers
    assert answer.text == ""


@pytest.mark.parametrize(
    ("before", "place"),
    [
        ("http://localhost/deposits/new?dealer=x", "/deposits/new?dealer=x"),
        ("https://elsewhere.example/deposits/new", ""),
        ("nonsense", ""),
    ],
)
def test_sign_in_leads_back_to_the_form_when_it_was_sent_signed_out(
    portal: Portal, before: str, place: str
) -> None:
    """To the page that it was sent from, if that is ours, and with a sentence that says why."""
    answer = portal.client().post("/deposits/new", {}, headers={"Referer": before})
    assert answer.status_code == 401
    assert "You are signed out, so nothing was sent." in answer.text
    assert re.search(rf'name="next"[^>]* value="{re.escape(place)}"', answer.text)


def test_sign_in_page_leads_on_when_one_is_signed_in_already(portal: Portal) -> None:
    """Another tab was faster."""
    client = portal.client(portal.clerk)
    assert client.get("/sign-in?next=/account").location == "/account"
    assert client.get("/sign-in?next=//elsewhere.example").location == "/"
    assert client.get("/sign-in").location == "/"


def test_new_token_is_given_when_the_same_person_has_the_page(portal: Portal) -> None:
    """To the script of a page of theirs, and to nobody else: neither to another nor to a form."""
    client = portal.client(portal.clerk)
    client.token = "of another session"
    mine = {"HX-Request": "true", "X-Person": str(portal.clerk.id)}
    for headers, given in ((mine, True), (mine | {"X-Person": "0"}, False), ({}, False)):
        answer = client.post("/preferences", {"theme": "dark"}, headers=headers)
        assert answer.status_code == 400
        assert ("X-CSRFToken" in answer.headers) is given
        assert "belongs to another sign-in" in answer.text
        assert ("<html" in answer.text) is (headers == {})
    answer = client.post("/preferences", {"theme": "dark"}, headers=mine)
    client.token = answer.headers["X-CSRFToken"]
    assert client.post("/preferences", {"theme": "dark"}).status_code == 303


def test_lifetime_is_half_a_day_when_not_told_otherwise() -> None:
    """A forgotten browser is safe by the next morning."""
    assert timedelta(hours=12) >= sign_in.LIFETIME
