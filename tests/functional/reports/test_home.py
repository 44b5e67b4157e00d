"""Home, search and the sign that all is well."""

import re
from datetime import datetime, timedelta
from html import unescape

import pytest

from portal.core.clock import Month
from portal.core.permissions import Actor
from portal.ledger import services as ledger
from portal.reports import queries
from portal.web import frame
from tests.support import story
from tests.support.portal import DEPOSIT, HQ, START, Portal


def figures(portal: Portal, who: str) -> dict[str, queries.Figure]:
    with portal.transaction():
        return {str(one.label): one for one in queries.of(portal.cast[who], portal.now)}


def main_of(page: str) -> str:
    """The contents of a page, in words."""
    return unescape(re.sub(r"<[^>]*>|\s+", " ", page.partition("<main")[2]))


@pytest.mark.parametrize("who", ["administrator", "auditor", "warehouse", "reviewer"])
def test_home_is_kind_when_nothing_waits(portal: Portal, who: str) -> None:
    """Nothing that waits: it says so."""
    page = main_of(portal.client(portal.cast[who]).get("/").text)
    assert "Nothing waits for you" in page


def test_home_counts_what_waits_when_there_is_work(portal: Portal) -> None:
    """Counts are links into the filtered lists; what they count is what the list shows."""
    for _ in range(2):
        story.submitted(portal)
    client = portal.client(portal.desk)
    page = client.get("/").text
    work = page.partition('class="work"')[2].partition("</ul>")[0]
    number, link = re.findall(r'class="n">(\d+)</span><a href="([^"]+)"', work)[0]
    assert number == "2"
    listed = client.get(unescape(link))
    assert listed.status_code == 200
    assert listed.text.count('class="row"') == 2
    assert "Nothing waits" not in page


def test_overdue_work_is_marked_and_first_when_its_time_has_passed(portal: Portal) -> None:
    """A10: the oldest deadline comes first; what is overdue says so in words."""
    story.submitted(portal)
    portal.clock.advance(days=10)
    page = main_of(portal.client(portal.desk).get("/").text)
    assert "1 overdue" in page


def test_work_is_in_the_order_of_its_deadlines_when_it_has_some(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Overdue first, then the soonest, then what has no deadline; what counts nothing is gone."""
    later, sooner = START + timedelta(days=9), START + timedelta(days=2)

    def tasks(_actor: Actor, _now: datetime) -> list[frame.Task]:
        return [
            frame.Task("none", 1, "/"),
            frame.Task("later", 1, "/", later),
            frame.Task("empty", 0, "/", sooner),
            frame.Task("late", 1, "/", later, overdue=1),
            frame.Task("sooner", 1, "/", sooner),
        ]

    monkeypatch.setattr(frame, "_tasks", [tasks])
    found = frame.waiting(Actor(1, "x", "hq"), START)
    assert [task.label for task in found] == ["late", "sooner", "later", "none"]


def test_dealers_figures_are_those_of_the_ledger_when_money_moved(portal: Portal) -> None:
    """L5: available is what the account says; spent counts parts and freight of this month."""
    story.released(portal)
    story.confirmed(portal)
    shown = figures(portal, "manager")
    available = shown["Available on the account"]
    spent = shown["Spent on parts this month"]
    assert available.note_amount == spent.value > 0
    assert available.value == DEPOSIT - 2 * spent.value
    assert [day for day, _amount in spent.points][-1] == START.date().replace(day=1)
    assert sum(amount for _day, amount in spent.points) == spent.value
    other = figures(portal, "other_manager")
    assert other["Available on the account"].value == DEPOSIT
    assert other["Spent on parts this month"].value == 0


def test_deposit_not_counted_when_it_is_reversed(portal: Portal) -> None:
    """L3, L7: what was booked by mistake and put right did not come in."""
    dealer = portal.dealers["north"]
    before = figures(portal, "finance")["Deposits this month"].value
    for reference in ("KEPT", "WRONG"):
        with portal.transaction():
            booked = ledger.deposit(
                dealer_id=dealer, amount=700, reference=reference, by=portal.finance, now=portal.now
            )
    with portal.transaction():
        ledger.reverse(booked, by=portal.finance, now=portal.now, reason="Not this dealer's")
    assert figures(portal, "finance")["Deposits this month"].value == before + 700


def test_figures_change_months_when_headquarters_does(portal: Portal) -> None:
    """T1, T2: what was spent at 23:59:59 of the month's last day counts for that month."""
    portal.clock.at = datetime(2026, 10, 31, 23, 59, 59, tzinfo=HQ)
    story.released(portal)
    spent = figures(portal, "clerk")["Spent on parts this month"]
    assert spent.value > 0
    portal.clock.advance(seconds=1)
    after = figures(portal, "clerk")["Spent on parts this month"]
    assert after.value == 0
    assert after.points[-2] == (Month(2026, 10).first, spent.value)


@pytest.mark.parametrize("who", ["clerk", "manager", "desk", "finance", "warehouse", "reviewer",
                                 "administrator", "auditor"])  # fmt: skip
def test_every_role_has_figures_with_a_table_when_at_home(portal: Portal, who: str) -> None:
    """Each chart is drawn by the server, with its numbers in a table behind it."""
    story.shipped(portal)
    page = portal.client(portal.cast[who]).get("/").text
    shown = figures(portal, who)
    assert 1 <= len(shown) <= 3
    charts = sum(bool(one.points) for one in shown.values())
    assert page.count('class="chart"') == page.count('<details class="fold"><summary>') == charts


def test_desk_counts_weeks_from_monday_when_applications_come(portal: Portal) -> None:
    """A week begins on Monday, in headquarters' zone."""
    portal.clock.at = datetime(2026, 10, 18, 23, 59, 0, tzinfo=HQ)
    story.submitted(portal)
    portal.clock.at = datetime(2026, 10, 19, 0, 0, 0, tzinfo=HQ)
    story.submitted(portal)
    figure = figures(portal, "desk")["Applications this week"]
    assert figure.value == 1
    assert [amount for _day, amount in figure.points[-2:]] == [1, 1]


def test_search_finds_what_one_may_see_when_looking(portal: Portal) -> None:
    """P1: the same words find different things for different people."""
    number = story.submitted(portal).number or ""
    assert number in main_of(portal.client(portal.clerk).get(f"/search?q={number[:-1]}").text)
    page = main_of(portal.client(portal.other_clerk).get(f"/search?q={number}").text)
    assert "Nothing found" in page
    for who in ("desk", "administrator"):
        page = portal.client(portal.cast[who]).get("/search?q=łazienki").text
        assert "Łazienki Południe" in page


def test_search_leads_to_the_one_thing_of_that_name(portal: Portal) -> None:
    """Its number, in any case, opens it; while one types, and for others, it is a list."""
    application = story.submitted(portal)
    url = f"/search?q={(application.number or '').lower()}"
    clerk = portal.client(portal.clerk)
    assert clerk.get(url).location == f"/applications/{application.public_id}"
    typing = {"HX-Request": "true", "HX-Target": "div#results"}
    assert clerk.get(url, headers=typing).status_code == 200
    assert portal.client(portal.other_clerk).get(url).status_code == 200


def test_shipment_is_found_by_what_stands_on_the_parcel(portal: Portal) -> None:
    """P1: by tracking number, number, carrier or its report's number, by whom it concerns."""
    shipment = story.shipped(portal)
    report = story.reported(portal, shipment)
    for words in (shipment.tracking_number, shipment.number[3:], shipment.carrier, report.number):
        for who in (portal.clerk, portal.desk, portal.auditor):
            for place in ("/search", "/shipments"):
                page = main_of(portal.client(who).get(place, query_string={"q": words}).text)
                assert shipment.number in page, (words, place)
        page = portal.client(portal.other_clerk).get("/search", query_string={"q": words}).text
        assert shipment.public_id not in page
    page = portal.client(portal.desk).get("/shipments?q=nothing+of+it").text
    assert shipment.public_id not in page


def test_search_answers_when_the_words_are_odd(portal: Portal) -> None:
    """Nothing, blanks, quotes, wildcards: an answer, never a crash."""
    client = portal.client(portal.desk)
    for words in ("", " ", '"', "%", "_", "\\", "'; DROP TABLE part;--", "a" * 5000, "\x00", "*"):
        assert client.get("/search", query_string={"q": words}).status_code == 200
    part = client.get("/search?q=x", headers={"HX-Request": "true", "HX-Target": "div#results"})
    assert "<html" not in part.text
    assert "HX-Request" in part.headers["Vary"]


def test_portal_says_it_is_well_when_asked(portal: Portal) -> None:
    """For the machines that watch it; without signing in."""
    answer = portal.client().get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
