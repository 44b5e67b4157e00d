"""What people (and attackers) paste: through every text field here, read back on every page."""

import json
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.core.events import Event
from portal.people.models import Dealer, User
from portal.web.forms import clean
from tests.support.portal import DEALERS, Client, Portal

FOLDER = Path(__file__).parents[4] / "shared/data/awkward/strings"
FIELDS = ("name", "region", "city", "address", "contact", "phone")


@pytest.fixture(scope="module")
def strings() -> list[str]:
    """The Big List of Naughty Strings, and formulas as spreadsheets take them."""
    if not FOLDER.exists():
        pytest.skip("the awkward strings are not beside the repository")
    naughty: list[str] = json.loads((FOLDER / "blns_A.json").read_text())
    return naughty + (FOLDER / "csv_injection_A.txt").read_text().splitlines()


def kept(strings: list[str], most: int) -> list[str]:
    """Those that a field takes, as it keeps them."""
    return [text for text in map(clean, strings) if 0 < len(text) <= most]


def batches(texts: list[str], size: int) -> Iterator[list[str]]:
    for start in range(0, len(texts), size):
        batch = texts[start : start + size]
        yield batch + texts[: size - len(batch)]


def shows(page: str, text: str) -> bool:
    """Whether a page shows a text; lines may be told apart by any white space."""
    return " ".join(text.split()) in " ".join(unescape(page).split())


def post(client: Client, url: str, typed: dict[str, Any]) -> None:
    answer = client.post(url, typed)
    assert answer.status_code == 303, (typed, answer.status_code)


def test_dealer_is_shown_as_typed_when_the_strings_are_naughty(
    portal: Portal, strings: list[str]
) -> None:
    """In the database as cleaned, on the page, in the form and on the timeline as in there."""
    client = portal.client(portal.administrator)
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["south"])
    url = f"/dealers/{dealer.public_id}"
    for seen, batch in enumerate(batches(kept(strings, 200), len(FIELDS)), start=1):
        typed = dict(zip(FIELDS, batch, strict=True))
        post(client, f"{url}/edit", vars(DEALERS["south"]) | typed | {"seen": str(seen)})
        with portal.transaction():
            stored = session.get_one(Dealer, dealer.id)
            assert {name: getattr(stored, name) for name in FIELDS} == typed
        form = client.get(f"{url}/edit").text
        assert all(shows(form, text) for text in batch), batch
    timeline = client.get(url).text
    for text in kept(strings, 200):
        assert shows(timeline, text), text
    assert shows(client.get("/dealers").text, typed["name"])


def test_person_is_shown_as_typed_when_the_strings_are_naughty(
    portal: Portal, strings: list[str]
) -> None:
    """A name in the list, in the frame around the person's own pages, and in the search."""
    client = portal.client(portal.manager)
    with portal.transaction():
        user = session.get_one(User, portal.clerk.id)
    url = f"/users/{user.public_id}"
    for seen, name in enumerate(kept(strings, 200)[::5], start=1):
        post(client, f"{url}/edit", {"name": name, "roles": "clerk", "seen": str(seen)})
        with portal.transaction():
            assert session.get_one(User, user.id).name == name
        assert shows(client.get("/users").text, name)
        assert shows(client.get(url).text, name)
        typing = {"HX-Request": "true", "HX-Target": "div#results"}
        found = client.get("/search", query_string={"q": name}, headers=typing)
        assert found.status_code == 200
        assert f"/users/{user.public_id}" in found.text, name
    assert shows(portal.client(portal.clerk).get("/").text, name)


def test_words_are_shown_as_typed_when_the_strings_are_naughty(
    portal: Portal, strings: list[str]
) -> None:
    """Comments, reasons of policy changes and of a deactivation, and the inbox."""
    admin, manager = portal.client(portal.administrator), portal.client(portal.manager)
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
        user = session.get_one(User, portal.clerk.id)
    texts = kept(strings, 4000)
    comments = ["\n\n".join(texts[at::10])[:4000].strip() for at in range(10)]
    for text in comments:
        post(manager, f"/comments/dealer/{dealer.public_id}", {"text": text})
    page = admin.get(f"/dealers/{dealer.public_id}").text
    for text in comments:
        assert shows(page, text)
    with portal.transaction():
        said = session.scalars(
            select(Event.reason).where(Event.name == "comment").order_by(Event.id)
        ).all()
    assert said == comments
    for text in comments[:3]:
        typed = {"value": "2", "effective_from": "2026-12-01", "reason": text}
        post(admin, "/policy/oldpart.photos", typed)
    name = admin.get("/policy/oldpart.photos").text.split("/policy/changes/")[1].split('"')[0]
    assert shows(admin.get(f"/policy/changes/{name}").text, comments[2])
    url = f"/users/{user.public_id}"
    post(manager, f"{url}/steps/deactivate", {"seen": "1", "reason": comments[3]})
    assert shows(manager.get(url).text, comments[3])


def test_visitor_is_answered_when_signing_in_with_naughty_strings(
    portal: Portal, strings: list[str]
) -> None:
    """Whatever is typed as name or password: refused in words, shown again, never a crash."""
    client = portal.client()
    for text in strings[::8]:
        answer = client.post("/sign-in", {"email": text, "password": text, "next": text})
        assert answer.status_code in (422, 429)
        if 0 < len(clean(text)) <= 200:
            assert shows(answer.text, clean(text))
        portal.clock.advance(minutes=4)
    browser = portal.client()
    for text in strings[::8]:
        assert browser.get("/sign-in", query_string={"next": text}).status_code == 200
        assert (
            browser.get(
                "/",
                headers={
                    "Accept-Language": clean(text)[:50].encode().decode("latin-1").replace("\n", "")
                },
            ).status_code
            == 303
        )
