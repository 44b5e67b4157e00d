"""The queues: what waits for somebody, by when it is due (A10)."""

import re
from datetime import timedelta

import pytest

from portal.applications.models import Application
from portal.core.db import session
from portal.web import lists
from tests.functional.applications.test_pages import now_of
from tests.support import story
from tests.support.portal import Client, Portal


def numbers(client: Client, url: str) -> list[str]:
    """The numbers that a list shows, page after page, in order."""
    found: list[str] = []
    while url:
        page = client.get(url).text
        found += re.findall(r'class="row" href="[^"]*">([^<]*)<', page)
        following = re.search(r'rel="next" href="([^"]*)"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    return found


def submitted_due(portal: Portal, *hours: int | None) -> list[str]:
    """Applications that are due in so many hours, or not at all; their numbers."""
    made = [story.submitted(portal) for _hour in hours]
    with portal.transaction():
        for application, hour in zip(made, hours, strict=True):
            kept = session.get_one(Application, application.id)
            kept.due_at = None if hour is None else portal.now + timedelta(hours=hour)
    return [str(now_of(portal, one).number) for one in made]


def test_queue_lists_what_is_due_first(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A10: the earliest due first, on every page of it; what is overdue is marked."""
    monkeypatch.setattr(lists.page, "__kwdefaults__", lists.page.__kwdefaults__ | {"size": 2})
    late, early, overdue, same, later = submitted_due(portal, 9, 2, -3, 9, 30)
    desk = portal.client(portal.desk)
    assert numbers(desk, "/applications?tab=submitted") == [overdue, early, late, same, later]
    page = desk.get("/applications?tab=submitted").text
    assert page.count('class="due over"') == 1
    assert numbers(desk, "/applications") == [later, same, overdue, early, late]


def test_queue_hides_nothing_when_no_time_is_set(portal: Portal) -> None:
    """A10: what has no deadline stands where it began; a page that ends there can be followed."""
    without, soon, past, none = submitted_due(portal, None, 1, -1, None)
    desk = portal.client(portal.desk)
    assert numbers(desk, "/applications?tab=submitted") == [past, without, none, soon]


@pytest.mark.parametrize(
    ("tab", "make", "who"),
    [
        ("quoted", story.quoted, "manager"),
        ("confirmed", story.confirmed, "finance"),
        ("released", story.released, "warehouse"),
    ],
)
def test_every_queue_is_in_the_order_of_its_time(
    portal: Portal, tab: str, make: type, who: str
) -> None:
    """A10: what is to be confirmed, released and shipped, for whoever has to do it."""
    made = [make(portal) for _ in range(3)]
    with portal.transaction():
        for days, one in zip((5, 1, 3), made, strict=True):
            session.get_one(Application, one.id).due_at = portal.now + timedelta(days=days)
    expected = [str(now_of(portal, made[index]).number) for index in (1, 2, 0)]
    assert numbers(portal.client(portal.cast[who]), f"/applications?tab={tab}") == expected


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_queue_is_read_along_its_index(portal: Portal) -> None:
    """A10: whatever its length, a page of it reads no more rows than it shows."""
    with portal.transaction():
        plan = session.connection().exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM application WHERE status = 'submitted' "
            "AND number IS NOT NULL ORDER BY coalesce(due_at, created_at), id LIMIT 51"
        )
        steps = " ".join(row[-1] for row in plan)
    assert "ix_application_status_queue" in steps
    assert "TEMP B-TREE" not in steps
