"""The views of a list that a person keeps (look: lists)."""

from portal.core.db import session
from portal.people.models import Dealer
from portal.people.services import MOST_VIEWS
from tests.support.portal import Portal

VIEW = {"path": "/applications", "query": "tab=submitted&due=late", "name": "Late ones"}
LINK = 'href="/applications?due=late&amp;tab=submitted"'


def test_view_is_offered_where_it_was_kept_to_its_person_only(portal: Portal) -> None:
    """Filters under a name, on any device; the place in the list is no part of it."""
    clerk = portal.client(portal.clerk)
    assert "Keep this view" not in clerk.get("/applications").text
    assert "Keep this view" in clerk.get("/applications?due=late").text
    answer = clerk.post("/views", VIEW | {"query": f"{VIEW['query']}&after=abc&_external=1"})
    assert (answer.status_code, answer.location) == (303, "/applications?due=late&tab=submitted")
    assert LINK in portal.client(portal.clerk).get("/applications").text
    assert LINK not in portal.client(portal.manager).get("/applications").text
    page = clerk.get("/applications?tab=submitted&due=late").text
    assert "Remove this view" in page
    assert clerk.post("/views/remove", VIEW).status_code == 303
    assert LINK not in clerk.get("/applications").text


def test_view_of_accounts_is_kept_for_every_account(portal: Portal) -> None:
    """A list that is there for each of many things: back to the one, offered at each (P1)."""
    with portal.transaction():
        north, south = (
            session.get_one(Dealer, portal.dealers[name]).public_id for name in ("north", "south")
        )
    finance = portal.client(portal.finance)
    view = {"path": f"/accounts/{north}", "query": "kind=deposit&name=x", "name": "Deposits"}
    answer = finance.post("/views", view)
    assert (answer.status_code, answer.location) == (303, f"/accounts/{north}?kind=deposit")
    for name in (north, south):
        page = finance.get(f"/accounts/{name}?kind=deposit").text
        assert f'href="/accounts/{name}?kind=deposit" aria-current="page"' in page
        assert "Remove this view" in page
    assert portal.client(portal.warehouse).post("/views", view).status_code == 422


def test_view_without_name_or_of_no_list_is_refused(portal: Portal) -> None:
    """A sentence, and nothing kept; nobody is led elsewhere."""
    clerk = portal.client(portal.clerk)
    answer = clerk.post("/views", VIEW | {"name": " "})
    assert answer.status_code == 303
    assert "Please fill this in." in clerk.get(answer.location).text
    for path in ("/users", "/static/x", "", "http://evil.example/", "//evil.example", "/sign-in"):
        assert clerk.post("/views", VIEW | {"path": path}).status_code == 422
    assert clerk.post("/views", VIEW | {"query": "q=x&" * 200}).status_code == 422
    long = "&".join(f"{'n' * 900}{number}=x" for number in range(9))
    answer = clerk.post("/views", VIEW | {"query": f"due=late&{long}", "name": "Long"})
    assert answer.location == "/applications?due=late"
    assert LINK not in clerk.get("/applications").text


def test_views_of_a_list_are_few(portal: Portal) -> None:
    """The same name once more is the same view; beyond the most, a sentence."""
    clerk = portal.client(portal.clerk)
    for number in (1, 1, *range(1, MOST_VIEWS + 1)):
        clerk.post("/views", VIEW | {"name": f"View {number}"})
    clerk.get("/applications")
    clerk.post("/views", VIEW | {"name": "One more"})
    page = clerk.get("/applications").text
    assert "You have enough views of this list." in page
    assert page.count('">View ') == MOST_VIEWS
    assert "One more" not in page
