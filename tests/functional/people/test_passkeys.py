"""Passkeys: a device answers for its person, here, once; and how they are added and removed."""

import json
import re
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import Forbidden
from portal.core.events import verify
from portal.people import passkeys, second_factor
from portal.people.models import Passkey, RecoveryCode, SpentChallenge, User
from tests.functional.people.test_access import work
from tests.functional.people.test_people import url_of
from tests.functional.people.test_second_factor import (
    PAGE,
    code_of,
    confirmed,
    half_way,
    offered,
    type_code,
)
from tests.functional.people.test_sign_in import count, try_in
from tests.support.authenticator import ORIGIN, VERIFIED, Device
from tests.support.portal import Client, Portal
from tests.support.sink import sink

TIMES = r'data-label="Added">(.*?)</td>.*?data-label="Last used">(.*?)</td>'
CODES = r"<li><code>([a-z2-7-]{19})</code>"


def options(client: Client, url: str) -> dict[str, Any]:
    """What a page has its script ask the device."""
    (found,) = re.findall(r'data-options="([^"]*)"', client.get(url).text)
    given: dict[str, Any] = json.loads(unescape(found))
    return given


def add(client: Client, device: Device, name: str = "Phone", **more: Any) -> Any:
    said = device.make(options(client, PAGE))
    return client.post(f"{PAGE}/passkeys", {"passkey_name": name, "said": said, **more})


def added(portal: Portal, who: str = "clerk", **about: Any) -> tuple[Client, Device, list[str]]:
    """A person with a passkey: the browser, the device and the recovery codes."""
    public = portal.app.extensions["settings"].public_url
    here = {"origin": public, "host": passkeys.Site(public).host} if public else {}
    client, device = confirmed(portal, who), Device(**here, **about)
    answer = add(client, device)
    assert (answer.status_code, answer.location) == (303, PAGE), answer.text
    return client, device, re.findall(CODES, client.get(PAGE).text)


def sign(client: Client, device: Device, **more: Any) -> Any:
    said = device.sign(options(client, "/sign-in/code"))
    return client.post("/sign-in/passkey", {"said": said, **more})


# In


def test_passkey_lets_in_after_the_password(portal: Portal) -> None:
    """P5: whoever has only a passkey has a second factor; the page says when it was used."""
    here, device, codes = added(portal)
    assert len(codes) == second_factor.CODES
    portal.clock.advance(seconds=60)
    visitor = half_way(portal, next="/applications?tab=draft")
    page = visitor.get("/sign-in/code").text
    assert "Sign in with a passkey" in page
    assert "Recovery code" in page
    assert visitor.get("/").status_code == 303
    answer = sign(visitor, device, next="/applications?tab=draft")
    assert (answer.status_code, answer.location) == (303, "/applications?tab=draft")
    assert visitor.get("/").status_code == 200
    ((added_at, used_at),) = re.findall(TIMES, here.get(PAGE).text)
    assert added_at != used_at


def test_code_of_the_app_or_a_passkey_lets_in_when_there_are_both(portal: Portal) -> None:
    """Either of them; and a recovery code, of which there are no second ten."""
    _here, device, codes = added(portal)
    client = confirmed(portal)
    secret = offered(client)
    assert client.post(PAGE, {"code": code_of(portal, secret)}).status_code == 303
    assert re.findall(CODES, client.get(PAGE).text) == []
    portal.clock.advance(seconds=90)
    assert type_code(half_way(portal), code_of(portal, secret)).location == "/"
    assert sign(half_way(portal), device).location == "/"
    assert type_code(half_way(portal), codes[0]).location == "/"


def test_recovery_code_lets_in_when_the_device_is_lost(portal: Portal) -> None:
    """Once, as with an app."""
    _here, _device, codes = added(portal)
    assert type_code(half_way(portal), codes[0]).location == "/"
    assert type_code(half_way(portal), codes[0]).status_code == 422


def test_each_of_several_devices_lets_in(portal: Portal) -> None:
    """A synced one counts nothing (its count stays 0), a key of hardware does."""
    client, first, _codes = added(portal)
    second = Device()
    assert add(client, second, "Key").status_code == 303
    assert sign(half_way(portal), first).location == "/"
    visitor = half_way(portal)
    second.count = -1
    assert sign(visitor, second).location == "/"
    second.count = -1
    assert sign(half_way(portal), second).location == "/"


@pytest.mark.parametrize("wrong", ["origin", "host", "challenge", "key", "stranger", "absent"])
def test_device_lets_nobody_in_when_something_is_wrong(portal: Portal, wrong: str) -> None:
    """Another page's, another portal's, another challenge's, forged, another person's, nobody."""
    _here, device, _codes = added(portal)
    _there, other, _theirs = added(portal, "manager")
    visitor = half_way(portal)
    asked = options(visitor, "/sign-in/code")
    assert [one["id"] for one in asked["allowCredentials"]] != []
    sender = {
        "origin": lambda: replace(device, origin="http://localhost.evil.example"),
        "host": lambda: replace(device, host="evil.example"),
        "challenge": lambda: device,
        "key": lambda: replace(device, key=other.key),
        "stranger": lambda: other,
        "absent": lambda: replace(device, flags=VERIFIED),
    }[wrong]()
    if wrong == "challenge":
        asked["challenge"] = options(half_way(portal), "/sign-in/code")["challenge"]
    answer = visitor.post("/sign-in/passkey", {"said": sender.sign(asked)})
    assert answer.status_code == 422
    assert "This passkey does not fit" in answer.text
    assert visitor.get("/").status_code == 303
    assert sign(visitor, device).location == "/"


def test_answer_counts_once_when_the_browser_sends_it_again(portal: Portal) -> None:
    """A challenge is spent, also if the cookie that held it comes back, and also by a failure."""
    _here, device, _codes = added(portal)
    device.count = -1
    visitor = half_way(portal)
    asked = options(visitor, "/sign-in/code")
    kept = visitor.http.get_cookie("partloop")
    assert kept is not None
    said = device.sign(asked)
    device.count = -1
    assert visitor.post("/sign-in/passkey", {"said": said}).location == "/"
    thief = Client(portal.app.test_client(), visitor.token)
    thief.http.set_cookie("partloop", kept.value)
    assert thief.post("/sign-in/passkey", {"said": said}).status_code == 422
    third = half_way(portal)
    asked = options(third, "/sign-in/code")
    kept = third.http.get_cookie("partloop")
    assert third.post("/sign-in/passkey", {"said": "{}"}).status_code == 422
    assert kept is not None
    thief = Client(portal.app.test_client(), third.token)
    thief.http.set_cookie("partloop", kept.value)
    assert thief.post("/sign-in/passkey", {"said": device.sign(asked)}).status_code == 422


def test_answer_counts_no_more_when_it_took_too_long(portal: Portal) -> None:
    """Ten minutes; the page asks for a new one."""
    _here, device, _codes = added(portal)
    client = confirmed(portal)
    said = Device().make(options(client, PAGE))
    portal.clock.advance(seconds=passkeys.LIVES.total_seconds() + 1)
    answer = client.post(f"{PAGE}/confirm", {"password": "correct horse battery"})
    assert answer.status_code == 303
    answer = client.post(f"{PAGE}/passkeys", {"passkey_name": "Late", "said": said})
    assert answer.status_code == 422
    assert count(portal, Passkey) == 1
    visitor = half_way(portal)
    said = device.sign(options(visitor, "/sign-in/code"))
    portal.clock.advance(seconds=passkeys.LIVES.total_seconds() + 1)
    assert visitor.post("/sign-in/passkey", {"said": said}).status_code == 422
    assert visitor.get("/").status_code == 303


def test_copy_lets_nobody_in_when_its_count_is_not_above_the_last(portal: Portal) -> None:
    """A device that was copied says a number that was said before."""
    _here, device, _codes = added(portal, count=7)
    copy = replace(device)
    assert sign(half_way(portal), device).location == "/"
    visitor = half_way(portal)
    assert sign(visitor, copy).status_code == 422
    assert visitor.get("/").status_code == 303
    assert sign(half_way(portal), device).location == "/"


@pytest.mark.parametrize(
    "said",
    ["", "x", "[]", "{}", '{"id":"a","rawId":"a"}', '"\\ud800"', "1" * 16_001,
     ('{"id":"\\u0000","rawId":"\\u0000","type":"public-key","response":{"clientDataJSON":"",'
     '"authenticatorData":"","signature":""}}')],
)  # fmt: skip
def test_nonsense_is_refused_when_a_stranger_sends_it(portal: Portal, said: str) -> None:
    """422, never more, and never a passkey."""
    added(portal)
    visitor, client = half_way(portal), confirmed(portal)
    assert visitor.post("/sign-in/passkey", {"said": said}).status_code == 422
    answer = client.post(f"{PAGE}/passkeys", {"passkey_name": "X", "said": said})
    assert answer.status_code == 422
    assert 'value="X"' in answer.text
    assert count(portal, Passkey) == 1


def test_guesser_is_slowed_down(portal: Portal) -> None:
    """As with codes."""
    _here, device, _codes = added(portal)
    visitor = half_way(portal)
    for _try in range(5):
        assert visitor.post("/sign-in/passkey", {"said": "{}"}).status_code == 422
    assert sign(visitor, device).status_code == 429


# Adding and removing


@pytest.mark.parametrize("wrong", ["origin", "host", "challenge"])
def test_no_passkey_is_added_when_something_is_wrong(portal: Portal, wrong: str) -> None:
    """What is typed stays; the next try has a new challenge."""
    client = confirmed(portal)
    asked = options(client, PAGE)
    device = Device(
        origin="http://evil.example" if wrong == "origin" else ORIGIN,
        host="evil.example" if wrong == "host" else "localhost",
    )
    if wrong == "challenge":
        asked["challenge"] = options(confirmed(portal, "manager"), PAGE)["challenge"]
    sent = {"passkey_name": "Phone", "said": device.make(asked)}
    answer = client.post(f"{PAGE}/passkeys", sent)
    assert answer.status_code == 422
    assert 'value="Phone"' in answer.text
    assert sent["said"] not in unescape(answer.text)
    assert count(portal, Passkey) == 0
    assert add(client, Device()).status_code == 303


def test_passkey_is_added_once(portal: Portal) -> None:
    """Neither twice by its person, nor by another one."""
    client, device, _codes = added(portal)
    assert add(client, device).status_code == 422
    assert add(confirmed(portal, "manager"), device).status_code == 422
    assert count(portal, Passkey) == 1
    assert count(portal, SpentChallenge) == 3


def test_other_sessions_end_when_the_first_passkey_is_added(portal: Portal) -> None:
    """P5: they began without it."""
    phone = portal.client(portal.clerk)
    here, _device, _codes = added(portal)
    assert phone.get("/").status_code == 303
    assert here.get("/").status_code == 200


def test_nothing_changes_when_the_password_was_not_typed_once_more(portal: Portal) -> None:
    """P5: an open browser is not enough, nor one in which it was typed long ago."""
    client, device, _codes = added(portal)
    with portal.transaction():
        name = session.scalars(select(Passkey.public_id)).one()
    page = client.get(PAGE).text
    assert f"/passkeys/{name}/remove" in page
    portal.clock.advance(seconds=601)
    page = client.get(PAGE).text
    assert "Your password once more" in page
    assert f"/passkeys/{name}/remove" not in page
    assert "data-options" not in page
    for url, typed in (
        (f"{PAGE}/passkeys", {"passkey_name": "X", "said": device.make({"challenge": "x"})}),
        (f"{PAGE}/passkeys/{name}/remove", {}),
        (f"{PAGE}/codes", {}),
        (PAGE, {"code": "123456"}),
    ):
        answer = client.post(url, typed)
        assert answer.status_code == 422, url
        assert "Type your password once more first." in answer.text
    assert client.post(f"{PAGE}/confirm", {"password": "wrong"}).status_code == 422
    assert count(portal, Passkey) == 1
    elsewhere = half_way(portal)
    assert sign(elsewhere, device).location == "/"
    assert "data-options" not in elsewhere.get(PAGE).text


def test_guesser_of_the_password_is_slowed_down_in_a_session(portal: Portal) -> None:
    """Whoever finds a browser open has five tries in a quarter of an hour."""
    client = portal.client(portal.clerk)
    for _try in range(5):
        assert client.post(f"{PAGE}/confirm", {"password": "wrong"}).status_code == 422
    right = {"password": "correct horse battery"}
    assert client.post(f"{PAGE}/confirm", right).status_code == 429
    portal.clock.advance(seconds=901)
    assert client.post(f"{PAGE}/confirm", right).status_code == 303


def test_last_passkey_is_removed_with_the_recovery_codes(portal: Portal) -> None:
    """The password alone does then; the timeline and letters say both."""
    with sink() as post:
        post.attach(portal)
        client, _device, _codes = added(portal)
        with portal.transaction():
            name = session.scalars(select(Passkey.public_id)).one()
        assert client.post(f"{PAGE}/passkeys/{name}/remove").status_code == 303
        assert client.post(f"{PAGE}/passkeys/{name}/remove").status_code == 404
        assert try_in(portal.client()).location == "/"
        assert count(portal, RecoveryCode) == 0
        work(portal)
        subjects = sorted(str(letter["Subject"]) for letter in post.to("clerk"))
        assert subjects == [
            "A passkey was added to your account",
            "A passkey was removed from your account",
        ]
    page = re.sub("<[^>]*>", "", portal.client(portal.manager).get(url_of(portal, "clerk")).text)
    assert "Clerk added a passkey" in page
    assert "Clerk removed a passkey" in page
    with portal.transaction():
        assert not list(verify())


def test_passkey_of_others_stays(portal: Portal) -> None:
    """P1: it is not found, and the service refuses."""
    added(portal)
    with portal.transaction():
        passkey = session.scalars(select(Passkey)).one()
        manager = session.get_one(User, portal.manager.id)
        done: dict[str, Any] = {"by": portal.manager, "now": portal.now}
        with pytest.raises(Forbidden):
            passkeys.remove(manager, passkey, is_required=False, **done)
        with pytest.raises(Forbidden):
            passkeys.add(
                session.get_one(User, portal.clerk.id), "X", "{}", "x", passkeys.Site(ORIGIN),
                keep_session=0, **done,
            )  # fmt: skip
        name = passkey.public_id
    client = confirmed(portal, "manager")
    assert client.post(f"{PAGE}/passkeys/{name}/remove").status_code == 404
    assert count(portal, Passkey) == 1


def test_nobody_has_more_than_ten(portal: Portal) -> None:
    """Then the page offers none, and the service refuses."""
    client, device, _codes = added(portal)
    with portal.transaction():
        for number in range(passkeys.MOST - 1):
            more = {"name": f"Key {number}", "credential_id": f"id{number}", "public_key": "x"}
            session.add(
                Passkey(
                    user_id=portal.clerk.id, sign_count=0, transports="", created_at=portal.now,
                    **more,
                )
            )  # fmt: skip
    assert "data-options" not in client.get(PAGE).text
    said = device.make({"challenge": "x"})
    answer = client.post(f"{PAGE}/passkeys", {"passkey_name": "X", "said": said})
    assert "You have enough passkeys" in answer.text


def test_lost_passkey_is_taken_off_by_who_manages_the_person(portal: Portal) -> None:
    """P4, P5: as a lost app is; app and passkeys and codes at once."""
    here, _device, _codes = added(portal)
    client, url = portal.client(portal.administrator), url_of(portal, "clerk")
    assert "Take the second factor off" in client.get(url).text
    taken = {"seen": "1", "reason": "Lost the phone; called back at the office"}
    assert client.post(f"{url}/steps/take_factor", taken).status_code == 303
    assert here.get("/").status_code == 303
    assert try_in(portal.client()).location == "/"
    assert [count(portal, model) for model in (Passkey, RecoveryCode)] == [0, 0]


def test_one_of_two_factors_may_go_when_one_is_required(own_portal: Portal) -> None:
    """P2: a passkey alone is enough for who moves money; the last factor stays."""
    kept = own_portal.app.extensions
    kept["settings"] = replace(kept["settings"], second_factor="required")
    client, _device, _codes = added(own_portal, "finance")
    assert client.get("/").status_code == 200
    with own_portal.transaction():
        name = session.scalars(select(Passkey.public_id)).one()
    answer = client.post(f"{PAGE}/passkeys/{name}/remove")
    assert answer.status_code == 422
    assert "Your roles need a second factor here." in answer.text
    assert client.post(PAGE, {"code": code_of(own_portal, offered(client))}).status_code == 303
    assert client.post(f"{PAGE}/passkeys/{name}/remove").status_code == 303
    assert client.get("/").status_code == 200


def test_passkeys_are_for_the_public_address_when_there_is_one(own_portal: Portal) -> None:
    """And for no other name that the portal answers to."""
    kept = own_portal.app.extensions
    kept["settings"] = replace(kept["settings"], public_url="https://parts.example.com:8443")
    client = confirmed(own_portal)
    asked = options(client, PAGE)
    assert asked["rp"]["id"] == "parts.example.com"
    local = {"passkey_name": "X", "said": Device(host="parts.example.com").make(asked)}
    assert client.post(f"{PAGE}/passkeys", local).status_code == 422
    device = Device("https://parts.example.com:8443", "parts.example.com")
    assert add(client, device).status_code == 303
    assert sign(half_way(own_portal), device).location == "/"


def test_recovery_codes_are_renewed_without_an_app(portal: Portal) -> None:
    """By the password, which was typed just now."""
    client, _device, codes = added(portal)
    assert client.post(f"{PAGE}/codes").status_code == 303
    fresh = re.findall(CODES, client.get(PAGE).text)
    assert len(fresh) == 10
    assert not set(fresh) & set(codes)
    assert type_code(half_way(portal), codes[0]).status_code == 422
    assert confirmed(portal, "manager").post(f"{PAGE}/codes").status_code == 422
