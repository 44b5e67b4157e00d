"""The second factor: codes of an app, recovery codes, and who is let in without."""

import re
from dataclasses import replace
from typing import Any

import pyotp
import pytest
from sqlalchemy import delete, select, text
from werkzeug.test import TestResponse

from portal.core.db import session
from portal.core.errors import Forbidden, Invalid
from portal.core.events import Event, verify
from portal.people import access_links, second_factor, services, sign_in
from portal.people.models import FailedSignIn, LoginSession, RecoveryCode, SecondFactor, User
from tests.functional.people.test_access import work
from tests.functional.people.test_people import url_of
from tests.functional.people.test_sign_in import count, try_in
from tests.support.portal import PASSWORD, Client, Portal
from tests.support.sink import Sink, parts, sink

PAGE = "/profile/second-factor"


def code_of(portal: Portal, secret: str, steps: int = 0) -> str:
    """What the app shows; some steps of thirty seconds early or late."""
    return pyotp.TOTP(secret).at(int(portal.now.timestamp()) + 30 * steps)


def offered(client: Client) -> str:
    """The secret that the page offers to an app."""
    found = re.findall(r'<code class="whole">([A-Z2-7 ]+)</code>', client.get(PAGE).text)
    return "".join(found[0].split())


def confirmed(portal: Portal, who: str = "clerk") -> Client:
    """A browser whose person typed the password once more."""
    client = portal.client(portal.cast[who])
    answer = client.post(f"{PAGE}/confirm", {"password": PASSWORD})
    assert (answer.status_code, answer.location) == (303, PAGE)
    return client


def turned_on(portal: Portal, who: str = "clerk") -> tuple[Client, str, list[str]]:
    """Turn it on as a person does; the browser, the secret and the recovery codes.

    The code that was shown then is over.
    """
    client = confirmed(portal, who)
    secret = offered(client)
    answer = client.post(PAGE, {"code": code_of(portal, secret)})
    assert answer.status_code == 303, answer.text
    codes = re.findall(r"<li><code>([a-z2-7-]{19})</code>", client.get(PAGE).text)
    assert len(codes) == second_factor.CODES
    portal.clock.advance(seconds=90)
    return client, secret, codes


def half_way(portal: Portal, email: str = "clerk@example.com", **more: Any) -> Client:
    """A browser in which the password was right."""
    visitor = portal.client()
    answer = try_in(visitor, email, **more)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in/code")
    return visitor


def type_code(client: Client, code: str, **more: Any) -> TestResponse:
    return client.post("/sign-in/code", {"code": code, **more})


@pytest.fixture
def required(own_portal: Portal) -> Portal:
    """An installation that requires it."""
    kept = own_portal.app.extensions
    kept["settings"] = replace(kept["settings"], second_factor="required")
    return own_portal


# On


def test_password_alone_lets_nobody_in_when_the_factor_is_on(portal: Portal) -> None:
    """P5: the password leads to the code, and only the code further; the place is kept."""
    here, secret, _codes = turned_on(portal)
    visitor = half_way(portal, next="/applications?tab=draft")
    assert visitor.get("/").status_code == 303
    assert visitor.get("/").location.startswith("/sign-in")
    answer = type_code(visitor, code_of(portal, secret), next="/applications?tab=draft")
    assert (answer.status_code, answer.location) == (303, "/applications?tab=draft")
    assert visitor.get("/").status_code == 200
    assert here.get("/").status_code == 200
    assert count(portal, FailedSignIn) == 0
    again = type_code(half_way(portal), code_of(portal, secret, 1), next="//evil.example")
    assert again.location == "/"


def test_sessions_that_began_without_it_end_when_it_is_turned_on(portal: Portal) -> None:
    """P5: but for the one that turned it on."""
    phone = portal.client(portal.clerk)
    here, _secret, _codes = turned_on(portal)
    assert phone.get("/").status_code == 303
    assert here.get("/").status_code == 200


@pytest.mark.parametrize("code", ["", "000000", "１２３", "x" * 41, "żółw\x00"])
def test_factor_stays_off_when_the_code_is_wrong(portal: Portal, code: str) -> None:
    """422 at the field; the same secret is offered again."""
    client = confirmed(portal)
    before = client.get(PAGE).text
    answer = client.post(PAGE, {"code": code})
    assert answer.status_code == 422
    assert 'href="#code"' in answer.text
    secret = re.findall(r'class="whole">([^<]*)', before)
    assert re.findall(r'class="whole">([^<]*)', answer.text) == secret
    assert count(portal, SecondFactor) == 0


# Codes


def test_code_is_taken_once(portal: Portal) -> None:
    """Read over a shoulder or on the line, it lets nobody else in."""
    _here, secret, _codes = turned_on(portal)
    code = code_of(portal, secret)
    assert type_code(half_way(portal), code).status_code == 303
    answer = type_code(half_way(portal), code)
    assert answer.status_code == 422
    assert "was used before" in answer.text
    portal.clock.advance(seconds=30)
    assert type_code(half_way(portal), code_of(portal, secret, -1)).status_code == 422
    assert type_code(half_way(portal), code_of(portal, secret)).status_code == 303


@pytest.mark.parametrize(("steps", "status"), [(-2, 422), (-1, 303), (0, 303), (1, 303), (2, 422)])
def test_code_is_taken_when_a_clock_is_off_by_a_step(
    portal: Portal, steps: int, status: int
) -> None:
    """T2: thirty seconds early or late, and no more."""
    _here, secret, _codes = turned_on(portal)
    assert type_code(half_way(portal), code_of(portal, secret, steps)).status_code == status


def test_code_is_taken_when_it_is_typed_with_a_gap(portal: Portal) -> None:
    """As the app shows it."""
    _here, secret, _codes = turned_on(portal)
    code = code_of(portal, secret)
    assert type_code(half_way(portal), f" {code[:3]} {code[3:]} ").status_code == 303


def test_recovery_code_lets_in_once(portal: Portal) -> None:
    """In any case, with or without its dashes; only hashes are kept."""
    _here, _secret, codes = turned_on(portal)
    with portal.transaction():
        for table in ("recovery_code", "second_factor", "event", "press"):
            kept = str(session.execute(text(f"SELECT * FROM {table}")).all())
            assert not any(code in kept or code.replace("-", "") in kept for code in codes)
    assert type_code(half_way(portal), codes[3].upper().replace("-", " ")).status_code == 303
    assert type_code(half_way(portal), codes[3]).status_code == 422
    assert type_code(half_way(portal), codes[4]).status_code == 303
    assert count(portal, RecoveryCode) == 8


def test_recovery_codes_are_shown_once_and_replaced_by_new_ones(portal: Portal) -> None:
    """New ones need a code, and end the old ones."""
    here, secret, codes = turned_on(portal)
    assert codes[0] not in here.get(PAGE).text
    assert here.post(f"{PAGE}/codes", {"code": "123456"}).status_code == 422
    answer = here.post(f"{PAGE}/codes", {"code": code_of(portal, secret)})
    assert answer.status_code == 303
    fresh = re.findall(r"<li><code>([a-z2-7-]{19})</code>", here.get(PAGE).text)
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    assert type_code(half_way(portal), codes[0]).status_code == 422
    assert type_code(half_way(portal), fresh[0]).status_code == 303


def test_recovery_code_is_ones_own(portal: Portal) -> None:
    """P1: another person's code opens nothing."""
    _here, _secret, _codes = turned_on(portal)
    _there, _other, theirs = turned_on(portal, "manager")
    assert type_code(half_way(portal), theirs[0]).status_code == 422


def test_guesser_of_codes_is_slowed_down(portal: Portal) -> None:
    """As at the password: after five failures even the right code waits; then it is taken."""
    _here, secret, _codes = turned_on(portal)
    visitor = half_way(portal)
    for number in range(5):
        assert type_code(visitor, f"00000{number}").status_code == 422
    answer = type_code(visitor, code_of(portal, secret))
    assert answer.status_code == 429
    assert "wait a quarter of an hour" in answer.text
    portal.clock.advance(seconds=sign_in.WINDOW.total_seconds() + 1)
    assert type_code(half_way(portal), code_of(portal, secret)).status_code == 303


def test_wrong_codes_have_a_total_of_a_day_and_are_written_of(portal: Portal) -> None:
    """Whoever types them knows the password: twenty a day, from wherever, and one letter."""
    with sink() as post:
        post.attach(portal)
        here, secret, _codes = turned_on(portal)
        for number in range(second_factor.MOST_WRONG):
            place = {"environ_base": {"REMOTE_ADDR": f"203.0.113.{number // 5}"}}
            visitor = portal.client()
            visitor.post("/sign-in", {"email": "clerk@example.com", "password": PASSWORD}, **place)
            answer = visitor.post("/sign-in/code", {"code": f"{number:06}"}, **place)
            assert answer.status_code == 422, number
            assert visitor.post("/sign-in/code", {"code": ""}, **place).status_code == 422
            if number % 5 == 4:
                portal.clock.advance(minutes=16)
        visitor = half_way(portal)
        answer = type_code(visitor, code_of(portal, secret))
        assert answer.status_code == 429
        assert "Try again tomorrow, or set a new password" in answer.text
        assert here.get("/").status_code == 200
        work(portal)
        told = [one for one in post.to("clerk") if "wrong codes" in str(one["Subject"])]
        assert len(told) == 1
        assert "203.0.113.0" in parts(told[0])[0]
    portal.clock.advance(days=1)
    assert type_code(half_way(portal), code_of(portal, secret)).status_code == 303


@pytest.mark.parametrize("how", ["a link", "by oneself", "another app"])
def test_wrong_codes_of_before_count_no_more_when_their_guesser_is_shut_out(
    portal: Portal, how: str
) -> None:
    """Who knew the password locks its person out for no longer than it is theirs."""
    here, secret, _codes = turned_on(portal)
    with portal.transaction():
        user = session.scalars(select(User).where(User.email == "clerk@example.com")).one()
        login = f"code {second_factor.counted_by(user)}"
        for _wrong in range(second_factor.MOST_WRONG):
            sign_in.try_in(login, address="203.0.113.9", now=portal.now)
    assert type_code(half_way(portal), code_of(portal, secret)).status_code == 429
    password = PASSWORD
    if how == "a link":
        password = "another clear water"
        with portal.transaction():
            user = session.get_one(User, user.id)
            token = access_links.give(
                user, "renewal", asked_by="x", now=portal.now, by_hand=True, send_at=portal.now
            )
            services.choose_password(str(token), password, now=portal.now)
    elif how == "by oneself":
        password = "another clear water"
        sent = {"old": PASSWORD, "new": password, "again": password}
        assert here.post("/profile/password", sent).status_code == 303
    else:
        with portal.transaction():
            session.execute(delete(SecondFactor))
        _here, secret, _codes = turned_on(portal)
    visitor = portal.client()
    assert try_in(visitor, "clerk@example.com", password=password).status_code == 303
    assert type_code(visitor, code_of(portal, secret)).status_code == 303


def test_guesser_is_slowed_down_in_a_session_as_well(portal: Portal) -> None:
    """Whoever finds a browser open turns nothing off by trying."""
    here, secret, _codes = turned_on(portal)
    for number in range(5):
        assert here.post(f"{PAGE}/off", {"code": f"00000{number}"}).status_code == 422
    assert here.post(f"{PAGE}/off", {"code": code_of(portal, secret)}).status_code == 429
    assert count(portal, SecondFactor) == 1


@pytest.mark.parametrize("what", ["time", "password", "deactivation", "nothing"])
def test_half_way_is_no_way_when_something_changed(portal: Portal, what: str) -> None:
    """P5: ten minutes, and only while the password that was right still is."""
    _here, secret, _codes = turned_on(portal)
    visitor = half_way(portal)
    if what == "time":
        portal.clock.advance(seconds=601)
    else:
        with portal.transaction():
            user = session.get_one(User, portal.clerk.id)
            more = {"seen": None, "by": portal.manager, "now": portal.now}
            if what == "password":
                services.give_link(user, by_hand=True, **more)
            elif what == "deactivation":
                services.deactivate(user, reason="left", **more)
    answer = type_code(visitor, code_of(portal, secret))
    assert answer.status_code == (303 if what == "nothing" else 422)
    if what != "nothing":
        assert "That took too long" in answer.text
        assert visitor.get("/sign-in/code").status_code == 303
        assert visitor.get("/").status_code == 303
    stranger = portal.client()
    assert stranger.get("/sign-in/code").location.startswith("/sign-in")
    assert type_code(stranger, "123456").status_code == 422


def test_no_session_begins_when_the_factor_was_turned_on_meanwhile(portal: Portal) -> None:
    """P5: whoever was just typing the password needs the code, too."""
    from portal.people import sign_in_views

    with portal.transaction():
        user = sign_in.check("clerk@example.com", PASSWORD)
        session.expunge_all()
    turned_on(portal)
    before = count(portal, LoginSession)
    with (
        portal.app.test_request_context("/sign-in", method="POST"),
        pytest.raises(sign_in.WrongSignIn),
    ):
        sign_in_views._begin(user)
    assert count(portal, LoginSession) == before


# Off


def test_factor_is_turned_off_by_a_code(portal: Portal) -> None:
    """The password alone does then; the timeline says both."""
    here, secret, _codes = turned_on(portal)
    assert here.post(f"{PAGE}/off", {"code": code_of(portal, secret)}).status_code == 303
    assert try_in(portal.client()).location == "/"
    assert count(portal, RecoveryCode) == 0
    page = re.sub("<[^>]*>", "", portal.client(portal.manager).get(url_of(portal, "clerk")).text)
    assert "Clerk turned the second factor on" in page
    assert "Clerk turned the second factor off" in page
    with portal.transaction():
        assert not list(verify())


def test_lost_factor_is_taken_off_by_who_manages_the_person(portal: Portal) -> None:
    """P4, P5: with a reason, at once signed out, and told by mail."""
    with sink() as post:
        post.attach(portal)
        here, _secret, _codes = turned_on(portal)
        client, url = portal.client(portal.administrator), url_of(portal, "clerk")
        assert "Take the second factor off" in client.get(url).text
        answer = client.post(f"{url}/steps/take_factor", {"seen": "1", "reason": " "})
        assert answer.status_code == 422
        taken = {"seen": "1", "reason": "Lost the phone; called back at the office"}
        assert client.post(f"{url}/steps/take_factor", taken).status_code == 303
        assert here.get("/").status_code == 303
        assert try_in(portal.client()).location == "/"
        assert "Take the second factor off" not in client.get(url).text
        again = taken | {"seen": "2"}
        assert client.post(f"{url}/steps/take_factor", again).status_code == 422
        work(portal)
        subjects = [str(letter["Subject"]) for letter in _letters(post, "clerk")]
        assert subjects == ["Your second factor is on", "Your second factor was taken off"]
        plain, _html = parts(_letters(post, "clerk")[1])
        assert "Administrator" in plain
    with portal.transaction():
        last = session.scalars(
            select(Event).where(Event.document_kind == "user").order_by(Event.id.desc()).limit(1)
        ).one()
        assert (last.name, last.actor_name) == ("take_factor", "Administrator")


def _letters(post: Sink, who: str) -> list[Any]:
    return sorted(post.to(who), key=lambda letter: len(str(letter["Subject"])))


def test_factor_of_others_stays_when_somebody_may_not(portal: Portal) -> None:
    """P1, P2, P3: neither another dealer's, nor a colleague's without the role, nor one's own."""
    turned_on(portal, "other_clerk")
    turned_on(portal, "manager")
    for who, whose, status in (
        ("manager", "other_clerk", 404),
        ("clerk", "other_clerk", 403),
        ("auditor", "other_clerk", 403),
        ("manager", "manager", 422),
    ):
        answer = portal.client(portal.cast[who]).post(
            f"{url_of(portal, whose)}/steps/take_factor", {"seen": "1", "reason": "x"}
        )
        assert answer.status_code == status, who
    with portal.transaction():
        other = session.get_one(User, portal.other_clerk.id)
        asked = {"by": portal.manager, "now": portal.now}
        with pytest.raises(Forbidden):
            second_factor.take_off(other, seen=None, reason="x", **asked)
        with pytest.raises(Forbidden):
            second_factor.turn_off(other, "1", is_required=False, **asked)
        with pytest.raises(Forbidden):
            second_factor.renew_codes(other, "1", **asked)
        with pytest.raises(Forbidden):
            second_factor.turn_on(other, "A" * 32, "1", keep_session=0, **asked)
    assert count(portal, SecondFactor) == 2


# Required


@pytest.mark.parametrize("who", ["finance", "reviewer", "administrator"])
def test_who_moves_money_turns_it_on_first_when_it_is_required(required: Portal, who: str) -> None:
    """P2: nothing else is open, to read or to write; then everything is, and it stays on."""
    client = required.client(required.cast[who])
    for url in ("/", "/profile", "/inbox", "/search?q=x"):
        answer = client.get(url)
        assert (answer.status_code, answer.location) == (303, PAGE), url
    assert client.post("/views", {"path": "/"}).location == PAGE
    assert "Your roles need a second factor here." in client.get(PAGE).text
    assert required.client().get("/sign-in").status_code == 200
    client, secret, _codes = turned_on(required, who)
    assert client.get("/").status_code == 200
    assert "Turn it off" not in client.get(PAGE).text
    code = code_of(required, secret)
    assert client.post(f"{PAGE}/off", {"code": code}).status_code == 422
    assert client.post("/sign-out").status_code == 303


@pytest.mark.parametrize("who", ["clerk", "manager", "desk", "warehouse", "auditor"])
def test_others_go_on_without_when_it_is_required(required: Portal, who: str) -> None:
    """They may turn it on, and off again."""
    assert required.client(required.cast[who]).get("/").status_code == 200


def test_nobody_needs_it_when_it_is_optional(portal: Portal) -> None:
    """As in the demo."""
    assert portal.client(portal.finance).get("/").status_code == 200


def test_second_secret_is_refused_when_there_is_one(portal: Portal) -> None:
    """Two tabs: the app keeps what it was given first."""
    here, secret, _codes = turned_on(portal)
    assert here.post(PAGE, {"code": code_of(portal, secret)}).status_code == 422
    with portal.transaction(), pytest.raises(Invalid):
        second_factor.turn_on(
            session.get_one(User, portal.clerk.id), secret, code_of(portal, secret),
            keep_session=0, by=portal.clerk, now=portal.now,
        )  # fmt: skip
