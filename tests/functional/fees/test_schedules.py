"""What dealers charge for service: typed, submitted, decided on, in force (F1)."""

import re
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select, update

from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from portal.core.events import Event
from portal.fees import queries, services
from portal.fees.commands import Fees
from portal.fees.models import FeeLine, FeeSchedule
from portal.people import services as people
from portal.people.models import Dealer
from portal.sheets.table import read_table
from portal.sheets.writing import write_csv, write_xlsx
from tests.support import fees
from tests.support.portal import HQ, Client, Portal
from tests.support.queries import counted

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def begun(client: Client) -> str:
    """The address of a new schedule's page."""
    answer = client.post("/fees/new")
    assert answer.status_code == 303
    return str(answer.location)


def own_line(
    row: int, name: str = "Drill", amount: str = "50", unit: str = "job"
) -> dict[str, str]:
    """A line in the dealer's own words, as a form sends it."""
    return {
        f"lines-{row}-item": "",
        f"lines-{row}-service": name,
        f"lines-{row}-unit": unit,
        f"lines-{row}-amount": amount,
        f"lines-{row}-grounds": "",
    }


def typed(*lines: dict[str, str], since: str = "2026-11-01", seen: int = 1) -> dict[str, Any]:
    """A whole form."""
    form = {"seen": seen, "effective_on": since, "grounds": "Wages here"}
    return form | {key: text for line in lines for key, text in line.items()}


def amounts(portal: Portal, dealer: str, on: date) -> dict[str, int]:
    """The rates in force at a dealer, by name."""
    with portal.transaction():
        found = queries.in_force(portal.dealers[dealer], on)
        return {row.name: row.amount for row in queries.lines_of(found, "en")} if found else {}


def test_rates_are_in_force_once_headquarters_approved_them(portal: Portal) -> None:
    """F1: the manager submits services with amounts and grounds, the desk approves."""
    item = fees.named(portal, "V-10", "Visit", name_zh="上门", name_pl="Wizyta")
    manager = portal.client(portal.manager)
    url = begun(manager)
    visit = own_line(0, "", "60.5", "visit") | {"lines-0-item": item.public_id}
    answer = manager.post(f"{url}/submit", typed(visit, own_line(1, "Drill", "1,200")))
    assert answer.status_code == 303, answer.text

    desk = portal.client(portal.desk)
    page = desk.get(url).text
    assert "SF-2026-D0001-00001" in page
    assert all(text in page for text in ("V-10", "Drill", "Wages here", "1,200.00", "60.50"))
    assert amounts(portal, "north", date(2026, 12, 1)) == {}
    answer = desk.post(f"{url}/steps/approve", {"seen": "2"})
    assert answer.status_code == 303
    assert amounts(portal, "north", date(2026, 10, 31)) == {}
    assert amounts(portal, "north", date(2026, 11, 1)) == {"Visit": 6050, "Drill": 120000}
    with portal.transaction():
        names = select(Event.name).where(Event.document_kind == "fees").order_by(Event.id)
        assert session.scalars(names).all() == ["create", "submit", "approve"]
    assert "approved the schedule" in manager.get(url).text


def test_rates_count_from_their_approval_when_that_came_late(portal: Portal) -> None:
    """F1: nothing is in force before headquarters has approved it."""
    schedule = fees.submitted(portal, since=date(2026, 10, 12))
    portal.clock.advance(days=3)
    done = fees.stepped(portal, schedule, "approve")
    assert done.in_force_from == date(2026, 10, 15)
    assert amounts(portal, "north", date(2026, 10, 14)) == {}


def test_new_rates_take_over_at_midnight_of_headquarters(portal: Portal) -> None:
    """F1, T1, T2: the second before, the old ones count, on the page for customers as well."""
    fees.approved(portal, fees.own(5000), since=date(2026, 10, 12))
    fees.approved(portal, fees.own(7000), since=date(2026, 11, 1))
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"]).public_id
    anybody = portal.client()
    for at, rate in (
        (datetime(2026, 10, 31, 23, 59, 59, tzinfo=HQ), "50.00"),
        (datetime(2026, 11, 1, tzinfo=HQ), "70.00"),
    ):
        portal.clock.at = at
        page = anybody.get(f"/rates/{dealer}").text
        assert re.findall(r"(\d+\.00)</td>", page) == [rate]
        assert "SF-" not in page, "the schedule's number is nobody else's"


def test_rates_that_are_not_in_force_yet_are_withdrawn(portal: Portal) -> None:
    """F1: until the midnight of headquarters; what was in force goes on, and the desk is told."""
    fees.approved(portal, fees.own(4000))
    later = fees.approved(portal, fees.own(9000), since=date(2026, 11, 1))
    button = f"/fees/{later.public_id}/steps/revoke"
    url, manager = f"/fees/{later.public_id}", portal.client(portal.manager)
    assert button in manager.get(url).text
    for who in (portal.clerk, portal.desk):
        assert button not in portal.client(who).get(url).text
    portal.clock.at = datetime(2026, 11, 1, tzinfo=HQ)
    manager = portal.client(portal.manager)
    assert button not in manager.get(url).text
    assert manager.post(button, {"seen": "3"}).status_code == 409
    portal.clock.at -= timedelta(seconds=1)
    assert manager.post(button, {"seen": "3"}).status_code == 303
    assert amounts(portal, "north", date(2026, 12, 1)) == {"Drill": 4000}
    assert "before it was in force" in manager.get(url).text
    assert "before it was in force" in portal.client(portal.desk).get("/inbox").text


def test_frozen_dealer_withdraws_rates_that_are_not_in_force_yet(portal: Portal) -> None:
    """F1, P3: it files nothing with that."""
    later = fees.approved(portal, fees.own(9000), since=date(2026, 11, 1))
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
        facts = {"seen": None, "reason": "x", "by": portal.administrator, "now": portal.now}
        people.step_dealer(dealer, "freeze", **facts)
    url, manager = f"/fees/{later.public_id}", portal.client(portal.manager)
    assert f"{url}/steps/revoke" in manager.get(url).text
    assert manager.post(f"{url}/steps/revoke", {"seen": str(later.version)}).status_code == 303


def test_returned_schedule_is_corrected_under_its_number(portal: Portal) -> None:
    """F1: the form comes back as it was, with why; what headquarters saw before is kept."""
    schedule = fees.returned(portal, fees.own(5000))
    url, manager = f"/fees/{schedule.public_id}", portal.client(portal.manager)
    page = manager.get(url).text
    assert "Too dear" in page
    assert 'value="50.00"' in page
    assert 'value="2026-10-12"' in page
    answer = manager.post(f"{url}/submit", typed(own_line(0, "Drill", "45"), seen=schedule.version))
    assert answer.status_code == 303, answer.text
    with portal.transaction():
        again = session.get_one(FeeSchedule, schedule.id)
        assert (again.number, again.revision) == (schedule.number, 2)
        lines = select(FeeLine.revision, FeeLine.amount).order_by(FeeLine.revision)
        assert session.execute(lines).all() == [(1, 5000), (2, 4500)]


def test_rejected_rates_change_nothing(portal: Portal) -> None:
    """F1: with a reason for the dealer; the rates before go on, and another schedule can begin."""
    fees.approved(portal, fees.own(5000))
    schedule = fees.submitted(portal, fees.own(9000))
    with pytest.raises(Invalid):
        fees.stepped(portal, schedule, "reject")
    fees.stepped(portal, schedule, "reject", "No grounds")
    assert amounts(portal, "north", date(2026, 12, 1)) == {"Drill": 5000}
    manager = portal.client(portal.manager)
    assert "No grounds" in manager.get(f"/fees/{schedule.public_id}").text
    fresh = manager.get(begun(manager)).text
    assert 'value="50.00"' in fresh  # it begins with the rates approved last


def test_dealer_goes_on_with_the_schedule_that_is_open(portal: Portal) -> None:
    """F1: one at a time is asked for; the database has no second one."""
    manager, clerk = portal.client(portal.manager), portal.client(portal.clerk)
    url = begun(manager)
    assert begun(clerk) == url
    assert begun(portal.client(portal.other_manager)) != url


def test_form_keeps_what_was_typed_when_it_is_refused(portal: Portal) -> None:
    """F1: each line says what is wrong with it, and nothing is lost."""
    manager = portal.client(portal.manager)
    url = begun(manager)
    answer = manager.post(
        f"{url}/submit",
        typed(
            own_line(0, "Drill", "cheap"),
            own_line(1, "", "12"),
            own_line(2, "Paint", ""),
            own_line(3, "Clean", "5"),
            own_line(4, "clean", "6"),
            since="someday",
        ),
    )
    assert answer.status_code == 422
    page = answer.text
    assert all(f'value="{text}"' in page for text in ("cheap", "someday", "Paint", "clean"))
    assert 'value="cheap"' in manager.get(url).text

    answer = manager.post(
        f"{url}/submit",
        typed(
            own_line(0, "", "12"),
            own_line(1, "Paint", ""),
            own_line(2, "Clean", "5"),
            own_line(3, "clean", "6"),
            seen=2,
        ),
    )
    assert answer.status_code == 422
    for sentence in (
        "Say what service this is for.",
        "Please fill this in.",
        "This service stands in the schedule already.",
    ):
        assert sentence in answer.text, sentence
    assert manager.post(f"{url}/submit", typed(seen=3)).status_code == 422
    with portal.transaction():
        assert session.scalar(select(func.count(FeeLine.id))) == 0


def test_only_a_manager_submits_and_only_the_desk_decides(portal: Portal) -> None:
    """F1, P1, P2: wrong role, foreign dealer, wrong state, done twice, stale."""
    asked = Fees(fees.SINCE, "Wages", (fees.own(),))
    with portal.transaction():
        draft = services.start(by=portal.clerk, now=portal.now)
    for who, refusal in (
        (portal.clerk, Forbidden),
        (portal.desk, Forbidden),
        (portal.other_manager, NotFound),
    ):
        with portal.transaction():
            schedule = session.get_one(FeeSchedule, draft.id)
            with pytest.raises(refusal):
                services.submit(schedule, asked, seen=None, by=who, now=portal.now)
    with portal.transaction():
        schedule = session.get_one(FeeSchedule, draft.id)
        services.submit(schedule, asked, seen=1, by=portal.manager, now=portal.now)
    for who, refusal in (
        (portal.manager, Forbidden),
        (portal.administrator, Forbidden),
        (portal.other_manager, NotFound),
    ):
        with portal.transaction():
            schedule = session.get_one(FeeSchedule, draft.id)
            with pytest.raises(refusal):
                services.step(schedule, "approve", seen=None, by=who, now=portal.now)
    with portal.transaction():
        schedule = session.get_one(FeeSchedule, draft.id)
        with pytest.raises(Stale):
            services.step(schedule, "approve", seen=1, by=portal.desk, now=portal.now)
    done = fees.stepped(portal, draft, "approve")
    with pytest.raises(WrongState):
        fees.stepped(portal, done, "approve")
    with portal.transaction():
        schedule = session.get_one(FeeSchedule, draft.id)
        with pytest.raises(WrongState):
            services.save(schedule, {"grounds": "late"}, by=portal.clerk, now=portal.now)


def test_desk_sees_the_median_of_the_region_and_dealers_do_not(portal: Portal) -> None:
    """F1, P1: of what the others charge, a dealer learns nothing."""
    item = fees.named(portal, "V-10")
    with portal.transaction():
        session.execute(update(Dealer).values(region="East", country="CN"))
    fees.approved(portal, fees.of(item, 6100), by="other_manager", since=date(2026, 10, 12))
    fees.approved(portal, fees.of(item, 5000), since=date(2026, 10, 12))
    schedule = fees.submitted(portal, fees.of(item, 5500), fees.own(row=1))
    url = f"/fees/{schedule.public_id}"
    page = portal.client(portal.desk).get(url).text
    assert "Others in East" in page
    assert re.search(r"61\.00\D*-9\.84%", page)
    assert re.search(r"\+10%", page)
    mine = portal.client(portal.manager).get(url).text
    assert "+10%" in mine
    assert "61.00" not in mine
    assert "Others" not in mine


def test_schedule_comes_by_spreadsheet(portal: Portal) -> None:
    """F1: the template goes out with what is typed, and comes back; nothing unread is lost."""
    item = fees.named(portal, "V-10", "Visit", name_zh="上门")
    withdrawn = fees.named(portal, "V-20", "Drive")
    manager = portal.client(portal.manager)
    url = begun(manager)
    template = read_table(manager.get(f"{url}/sheet.xlsx", buffered=True).data, "fees.xlsx")
    assert [row.cells[0] for row in template.rows] == ["V-10", "V-20"]
    sheet = write_xlsx(
        ("服务项目", "单位", "收费标准", "依据"),
        [
            ("上门", "次", "60", "油价"),
            ("打孔", "每小时", "about 50", ""),
            ("测量", "平方", "7", ""),
        ],
        "收费",
    )
    sent = manager.post(f"{url}/sheet", {"file": (BytesIO(sheet), "收费标准.xlsx")})
    assert sent.status_code == 303, sent.text
    page = manager.get(url).text
    for text in ("60", "油价", "打孔", "about 50", "测量 (平方)"):
        assert f'value="{text}"' in page, text
    assert page.count(f'value="{item.public_id}"') == 1
    assert page.count(f'value="{withdrawn.public_id}"') == 1
    assert "收费标准.xlsx" in [
        values.get("file") for (values,) in _events(portal) if values.get("file")
    ]


def _events(portal: Portal) -> list[Any]:
    with portal.transaction():
        return list(session.execute(select(Event.values).where(Event.document_kind == "fees")))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"Colour,Size\nred,1\n", "This file needs a column"),
        (b"Service,Amount\nDrill,\n", "This file has no row with an amount."),
        (b"", "empty"),
        (write_csv(("Service", "Amount"), [(f"S{n}", "1") for n in range(201)]), "at most 200"),
    ],
)
@sqlite_only
def test_wrong_file_is_refused_with_a_sentence(
    portal: Portal, content: bytes, sentence: str
) -> None:
    """F1: what is typed already stays."""
    manager = portal.client(portal.manager)
    url = begun(manager)
    manager.post(f"{url}/save", typed(own_line(0, "Drill")))
    answer = manager.post(f"{url}/sheet", {"file": (BytesIO(content), "fees.csv")})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Drill"' in answer.text


def test_withdrawn_service_is_refused_in_a_new_schedule(portal: Portal) -> None:
    """F1: it stays in those that are in force."""
    item = fees.named(portal, "V-10")
    fees.approved(portal, fees.of(item))
    url = f"/fees/services/{item.public_id}"
    administrator = portal.client(portal.administrator)
    assert administrator.post(f"{url}/steps/withdraw", {"seen": "1", "reason": "Never"}).location
    assert amounts(portal, "north", date(2026, 12, 1)) == {"Visit": 6000}
    manager = portal.client(portal.manager)
    mine = begun(manager)
    line = own_line(0, "", "60", "visit") | {"lines-0-item": item.public_id}
    answer = manager.post(f"{mine}/submit", typed(line))
    assert answer.status_code == 422
    assert "Headquarters has withdrawn this service." in answer.text


def test_somebody_elses_save_is_not_overwritten_unawares(portal: Portal) -> None:
    """F1: two people on one draft; a script's save is told, and what is typed stays."""
    manager, clerk = portal.client(portal.manager), portal.client(portal.clerk)
    url = begun(manager)
    script = {"HX-Request": "true", "HX-Target": "span#saved"}
    first = typed(own_line(0, "Drill")) | {"press": "page-one"}
    saved = manager.post(f"{url}/save", first, headers=script)
    assert (saved.status_code, "Saved at" in saved.text) == (200, True)
    late = typed(own_line(0, "Paint")) | {"press": "page-two"}
    answer = clerk.post(f"{url}/save", late, headers=script)
    assert answer.status_code == 409
    assert "Manager saved this draft in the meantime." in answer.text
    over = clerk.post(f"{url}/save", late | {"over": "2"})
    assert over.status_code == 303
    assert 'value="Paint"' in manager.get(url).text


@sqlite_only
def test_list_costs_the_same_whatever_its_length(portal: Portal) -> None:
    """A page of schedules asks a fixed number of questions."""
    desk = portal.client(portal.desk)
    asked = []
    for _round in range(2):
        fees.approved(portal)
        desk.get("/fees")
        with counted(portal.app) as statements:
            page = desk.get("/fees").text
        asked.append(len(statements))
    assert asked[0] == asked[1] <= 4
    assert page.count("since") + page.count("from") >= 1
