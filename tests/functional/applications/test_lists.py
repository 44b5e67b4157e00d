"""The list of applications: its filters in the URL, and the whole of it as a file."""

from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from zipfile import ZipFile

import pytest

from portal.applications import services
from portal.applications.models import Application
from portal.core.db import session
from portal.sheets.table import read_table
from tests.support import story
from tests.support.portal import Client, Portal
from tests.support.queries import counted


def numbers(client: Client, query: str) -> set[str]:
    """The numbers that the list shows."""
    page = client.get(f"/applications?{query}")
    assert page.status_code == 200, page.text
    return {part.split("<")[0] for part in page.text.split('">PA-')[1:]}


def test_filters_of_the_url_narrow_the_list(portal: Portal) -> None:
    """Look: overdue, begun from and until, of a dealer; each can be taken off again."""
    early = story.submitted(portal)
    portal.clock.advance(days=10)
    late = story.submitted(portal, story.line(portal, serial="SN-2"))
    desk = portal.client(portal.desk)
    both = {early.number[3:], late.number[3:]}
    today = portal.now.date()
    assert numbers(desk, "") == both
    assert numbers(desk, "due=late") == {early.number[3:]}
    assert numbers(desk, f"from={today}") == {late.number[3:]}
    assert numbers(desk, f"to={today - timedelta(days=1)}") == {early.number[3:]}
    assert numbers(desk, f"from={today}&to={today}&tab=submitted") == {late.number[3:]}
    assert numbers(desk, "dealer=D0001") == both
    assert numbers(desk, "dealer=D0002") == set()
    assert numbers(desk, "from=yesterday&to=31.02.2026&due=x") == both
    page = desk.get(f"/applications?from={today}&due=late&tab=submitted").text
    assert f'href="/applications?from={today}&amp;tab=submitted"' in page
    assert "Clear all" in page


def test_dealer_filter_shows_a_dealer_nothing_of_another(portal: Portal) -> None:
    """P1: the filter is headquarters'; a dealer's list is its own, whatever the URL says."""
    own = story.submitted(portal)
    clerk, other = portal.client(portal.clerk), portal.client(portal.other_clerk)
    assert numbers(clerk, "dealer=D0002") == {own.number[3:]}
    assert numbers(other, "dealer=D0001") == set()


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_export_is_all_that_the_filter_shows(portal: Portal, kind: str) -> None:
    """Look: every row of tab, search and filters, of one's own scope, as numbers and times."""
    first = story.quoted(portal)
    other = story.submitted(portal, story.line(portal, serial="SN-2"), by="other_clerk")
    desk, clerk = portal.client(portal.desk), portal.client(portal.clerk)

    def exported(client: Client, query: str = "") -> list[tuple[str, ...]]:
        answer = client.get(f"/applications/export/{kind}?{query}", buffered=True)
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        table = read_table(answer.data, f"list.{kind}")
        assert table.headings[::2][:2] == ("Number", "Status")
        return [row.cells for row in table.rows]

    assert {row[0] for row in exported(desk)} == {first.number, other.number}
    (row,) = exported(clerk)
    with portal.transaction():
        total = session.get_one(Application, first.id).total
    assert (row[0], row[2], float(row[9])) == (first.number, "Quoted", total / 100)
    assert [row[0] for row in exported(desk, "tab=submitted")] == [other.number]
    assert exported(desk, "q=nothing+like+it") == []
    assert (
        portal.client(portal.administrator).get(f"/applications/export/{kind}").status_code == 403
    )


def test_export_holds_no_live_formula(portal: Portal) -> None:
    """A contact that looks like a formula stays text."""
    application = story.drafted(portal)
    asked = replace(story.request(portal), contact='=HYPERLINK("http://x","y")')
    with portal.transaction():
        application = session.get_one(Application, application.id)
        services.submit(application, asked, seen=None, by=portal.clerk, now=portal.now)
    answer = portal.client(portal.desk).get("/applications/export/xlsx", buffered=True)
    with ZipFile(BytesIO(answer.data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    answer = portal.client(portal.desk).get("/applications/export/csv", buffered=True)
    assert b"'=HYPERLINK" in answer.data


def test_export_asks_the_same_few_questions_however_long_it_is(portal: Portal) -> None:
    """A fixed number of queries."""
    desk = portal.client(portal.desk)
    desk.get("/applications/export/csv", buffered=True)
    story.submitted(portal)
    with counted(portal.app) as few:
        desk.get("/applications/export/csv", buffered=True)
    for serial in ("SN-2", "SN-3", "SN-4"):
        story.submitted(portal, story.line(portal, serial=serial))
    with counted(portal.app) as many:
        desk.get("/applications/export/csv", buffered=True)
    assert len(many) == len(few) <= 4


def test_all_that_match_are_offered_for_quoting_under_the_lists_filters(portal: Portal) -> None:
    """Look: a bulk action on all that match, the first due first; only what one sees (A3, P1)."""
    old = story.submitted(portal)
    portal.clock.advance(days=10)
    new = story.submitted(portal, story.line(portal, serial="SN-2"))
    story.quoted(portal, story.line(portal, serial="SN-3"))
    desk = portal.client(portal.desk)
    page = desk.get("/applications?tab=submitted").text
    assert "All that match (2)" in page

    def offered(query: str) -> list[str]:
        page = desk.get(f"/applications/many/quote?{query}").text
        found = ((page.find(f'value="{one.public_id}"'), one.number) for one in (old, new))
        return [number for at, number in sorted(found) if at >= 0]

    assert offered("all_matching=1&tab=submitted") == [old.number, new.number]
    assert offered("all_matching=1&due=late") == [old.number]
    assert offered(f"all_matching=1&q={new.number}&pick={old.public_id}") == [new.number]
    assert offered("all_matching=1&dealer=D0002") == []
    assert offered("") == []
    answer = portal.client(portal.clerk).get("/applications/many/quote?all_matching=1")
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["applications", "shipments", "parts", "products", "old-parts"])
@pytest.mark.parametrize("odd", ["a.b=1", "0=x", "=x", "a:b=1", "a!r=1", "{a}=1", "self=1"])
def test_a_strangers_parameter_is_passed_on_and_does_no_harm(
    portal: Portal, path: str, odd: str
) -> None:
    """A link from a mail or a search has parameters of its own."""
    assert portal.client(portal.desk).get(f"/{path}?{odd}").status_code == 200
