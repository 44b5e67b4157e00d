"""Behind proxies: whose word counts for who asks, and for what the portal is called."""

import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.error import HTTPError

import pytest
from flask import request
from sqlalchemy import select

from portal import create_app
from portal.cli import serving
from portal.core.db import db, session
from portal.people.models import LoginSession
from tests.support import story
from tests.support.pdf import Paper
from tests.support.portal import PASSWORD, Portal, meet
from tests.support.server import serve

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


Behind = Callable[..., Portal]


@pytest.fixture
def behind(portal: Portal) -> Iterator[Behind]:
    """Gives the same installation with other settings."""
    made: list[Portal] = []

    def changed(**settings: Any) -> Portal:
        app = create_app(replace(portal.app.extensions["settings"], **settings), clock=portal.clock)
        app.testing = True
        made.append(meet(Portal(app, portal.clock)))
        return made[-1]

    yield changed
    for one in made:
        with one.app.app_context():
            db.engine.dispose()


def try_in(portal: Portal, forwarded: str, password: str = "wrong password!") -> int:
    """Sign in through something that says for whom; the answer's status."""
    answer = portal.client().post(
        "/sign-in",
        {"email": "clerk@example.com", "password": password},
        headers={"X-Forwarded-For": forwarded},
    )
    return answer.status_code


def test_brake_knows_one_address_when_no_proxy_is_set(portal: Portal) -> None:
    """Whoever says that they come from elsewhere each time is slowed down all the same."""
    tries = [try_in(portal, f"203.0.113.{last}") for last in range(6)]
    assert tries == [422] * 5 + [429]


def test_brake_knows_each_address_when_a_proxy_names_it(portal: Portal, behind: Behind) -> None:
    """The one who guesses is slowed down, the others behind the same proxy are not."""
    installation = behind(proxies=1)
    assert [try_in(installation, "203.0.113.9") for _time in range(6)] == [422] * 5 + [429]
    assert try_in(installation, "203.0.113.77", PASSWORD) == 303
    with portal.transaction():
        assert session.scalars(select(LoginSession.address)).one() == "203.0.113.77"


def test_brake_counts_what_the_proxy_added_when_the_visitor_wrote_the_rest(
    portal: Portal, behind: Behind
) -> None:
    """As many as there are proxies, from the right: what stands before is anybody's invention."""
    installation = behind(proxies=1)
    tries = [try_in(installation, f"10.0.0.{last}, 203.0.113.9") for last in range(6)]
    assert tries == [422] * 5 + [429]
    two = behind(proxies=2)
    assert try_in(two, "10.0.0.1, 203.0.113.9, 192.0.2.1") == 429
    assert try_in(two, "203.0.113.9, 203.0.113.8, 192.0.2.1", PASSWORD) == 303


def codes(portal: Portal, name: str, **headers: str) -> list[str]:
    """Where the printed label of an old part leads."""
    url = f"/old-parts/{name}/label.pdf"
    return Paper(portal.client(portal.clerk).get(url, headers=headers)).codes


def test_label_leads_to_the_public_address_when_one_is_set(portal: Portal, behind: Behind) -> None:
    """O1: a printed code is read from elsewhere, and for years."""
    name = story.registered(portal).public_id
    assert codes(portal, name) == [f"http://localhost/old-parts/{name}"]
    public = behind(public_url="https://parts.example.com")
    leads_to = codes(public, name, Host="localhost:8000")
    assert leads_to == [f"https://parts.example.com/old-parts/{name}"]


@sqlite_only
@pytest.mark.parametrize("proxies", [0, 1])
def test_forged_host_is_refused_when_the_public_address_is_known(
    portal: Portal, behind: Behind, proxies: int
) -> None:
    """Nothing is made for a name that is not ours, and the error page still is one of ours."""
    name = story.registered(portal).public_id
    public = behind(public_url="https://parts.example.com", proxies=proxies)
    client = public.client(public.clerk)
    url = f"/old-parts/{name}/label"
    header = "X-Forwarded-Host" if proxies else "Host"
    for forged in ("evil.example", "parts.example.com.evil.example", "a b", "x" * 300):
        answer = client.get(url, headers={header: forged})
        assert answer.status_code == 400
        assert forged not in answer.text
        assert answer.headers["X-Request-Id"] in answer.text
        assert "Content-Security-Policy" in answer.headers
        assert client.post("/sign-out", headers={header: forged}).status_code == 400
    for ours in ("parts.example.com", "PARTS.example.com:443", "127.0.0.1:8000", "[::1]"):
        assert client.get("/healthz", headers={header: ours}).status_code == 200


@sqlite_only
def test_proxys_word_counts_for_the_label_when_no_public_address_is_set(
    portal: Portal, behind: Behind
) -> None:
    """Scheme and host are those that the nearest proxy names, if there is one."""
    name = story.registered(portal).public_id
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "parts.example.com"}
    assert codes(portal, name, **headers) == [f"http://localhost/old-parts/{name}"]
    leads_to = codes(behind(proxies=1), name, **headers)
    assert leads_to == [f"https://parts.example.com/old-parts/{name}"]


@sqlite_only
@pytest.mark.parametrize(("proxies", "counted"), [(0, "127.0.0.1"), (1, "203.0.113.9")])
def test_headers_reach_the_portal_when_its_own_server_stands_behind_a_proxy(
    portal: Portal, behind: Behind, proxies: int, counted: str
) -> None:
    """`portal run` passes a proxy's headers on exactly when they are trusted."""
    installation = behind(proxies=proxies, public_url="https://parts.example.com")
    settings = installation.app.extensions["settings"]
    seen: list[str | None] = []

    @installation.app.before_request
    def _look() -> None:
        seen.append(request.remote_addr)

    with serve(installation.app, **serving(settings)) as address:
        named = urllib.request.Request(
            f"{address}/healthz", headers={"X-Forwarded-For": "203.0.113.9"}
        )
        with urllib.request.urlopen(named) as answer:
            assert answer.status == 200
        forged = urllib.request.Request(f"{address}/healthz", headers={"Host": "evil.example"})
        with pytest.raises(HTTPError, match="400") as refused:
            urllib.request.urlopen(forged)
        refused.value.close()
    assert seen[0] == counted
