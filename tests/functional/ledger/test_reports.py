"""An account as of any day, what dealers owe by age, and the postings for accounting."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.ledger import ageing, services, statements
from portal.ledger.models import DEALER, PARTS_SALES, Account, Transfer
from portal.sheets.table import read_table
from tests.functional.ledger.books import dealer, deposit, reserve
from tests.support.portal import DEPOSIT, HQ, START, Portal
from tests.support.queries import counted

DAY = timedelta(days=1)


def at(day: int, hour: int = 12, minute: int = 0, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=HQ)


def spend(portal: Portal, amount: int, name: str = "north") -> Transfer:
    """Parts that a dealer pays, whatever the account holds."""
    with portal.transaction():
        number = len(session.scalars(select(Transfer.id)).all())
        return services.transfer(
            dealer_id=portal.dealers[name], source=DEALER, target=PARTS_SALES, amount=amount,
            kind="parts_deduction", cause=f"test/{number}", by=portal.finance, now=portal.now,
        )  # fmt: skip


def name_of(portal: Portal, name: str = "north") -> str:
    with portal.transaction():
        return dealer(portal, name).public_id


def between(portal: Portal, first: date, last: date) -> tuple[int, int, int, int, int]:
    with portal.transaction():
        _account, found = statements.of_days(
            portal.finance, dealer(portal).public_id, first, last, portal.now
        )
        return (
            found.opening, found.money_in, found.money_out, found.closing, found.entry_count,
        )  # fmt: skip


def test_account_is_told_as_of_any_day_of_headquarters(portal: Portal) -> None:
    """L9, T1: opening to closing by bare sums; a day ends at midnight at headquarters."""
    for moment, act in (
        (at(13, 23, 59), lambda: deposit(portal, "A", 100)),
        (at(14, 0, 0), lambda: deposit(portal, "B", 20)),
        (at(15), lambda: spend(portal, 3)),
    ):
        portal.clock.at = moment
        act()
    portal.clock.at = at(20)
    twelfth, thirteenth, fourteenth = (date(2026, 10, day) for day in (12, 13, 14))
    assert between(portal, thirteenth, thirteenth) == (DEPOSIT, 100, 0, DEPOSIT + 100, 1)
    assert between(portal, fourteenth, fourteenth) == (DEPOSIT + 100, 20, 0, DEPOSIT + 120, 1)
    assert between(portal, twelfth, date(2026, 10, 20))[1:] == (
        DEPOSIT + 120, 3, DEPOSIT + 117, 4,
    )  # fmt: skip
    # The other way round it is the last day alone.
    assert between(portal, fourteenth, thirteenth) == between(portal, thirteenth, thirteenth)
    assert between(portal, date(2026, 9, 1), date(2026, 10, 11)) == (0, 0, 0, 0, 0)


def test_reservations_are_told_as_they_stood_on_a_day(portal: Portal) -> None:
    """L6: what was set aside then, though it has ended since."""
    held = reserve(portal, 500)
    portal.clock.at = at(14)
    with portal.transaction():
        services.void(session.merge(held), now=portal.now)
    for moment, amount in ((at(12, 9), 0), (at(13), 500), (at(15), 0)):
        with portal.transaction():
            assert statements.reserved_then(portal.dealers["north"], moment) == amount


def test_day_page_and_its_sheet_say_the_same_to_a_dealer_in_another_zone(portal: Portal) -> None:
    """T1, P1: the days are headquarters', whoever reads; another's account is not found."""
    portal.clock.at = at(14, 0, 30)
    deposit(portal, "NIGHT", 777, name="south")
    portal.clock.at = at(20)
    south, client = name_of(portal, "south"), portal.client(portal.other_manager)
    url = f"/accounts/{south}/days?from=2026-10-14&to=2026-10-14"
    page = client.get(url).text
    assert "CN¥7.77" in page
    assert "NIGHT" in page
    sheet = client.get(
        f"/accounts/{south}/days/export/csv?from=2026-10-14&to=2026-10-14", buffered=True
    )
    rows = read_table(sheet.data, "days.csv").rows
    assert rows[0].cells[-1] == "10000.00"
    assert rows[-1].cells[-1] == "10007.77"
    assert "NIGHT" not in client.get(f"/accounts/{south}/days?to=2026-10-13").text
    north = name_of(portal)
    assert client.get(f"/accounts/{north}/days").status_code == 404
    assert client.get(f"/accounts/{north}/days/export/csv").status_code == 404


@pytest.mark.parametrize(
    "days", ["from=soon&to=&", "to=9999-99-99", "from=0001-01-01&to=2999-01-01"]
)
def test_day_page_opens_when_its_days_are_none(portal: Portal, days: str) -> None:
    """Whatever stands in the address, there is a page."""
    url = f"/accounts/{name_of(portal)}/days?{days}"
    assert portal.client(portal.finance).get(url).status_code == 200


def test_pages_cost_the_same_few_queries_however_many_entries(portal: Portal) -> None:
    """A fixed number of statements."""
    client, found = portal.client(portal.finance), []
    pages = (f"/accounts/{name_of(portal)}/days", "/accounts/owed", "/accounts/postings")
    for number in (1, 60):
        for one in range(number):
            deposit(portal, f"{number}/{one}")
        spend(portal, 10 * DEPOSIT)
        costs = []
        for page in pages:
            with counted(portal.app) as statements_:
                assert client.get(page).status_code == 200
            costs.append(len(statements_))
        found.append(costs)
    assert found[0] == found[1]
    assert max(found[0]) <= 6


def owed(portal: Portal, day: date) -> list[tuple[int, ...]]:
    ends = datetime.combine(day + DAY, datetime.min.time(), HQ)
    with portal.transaction():
        rows = session.execute(ageing.owed(portal.finance, ends)).all()
    return [(row.owed, row.age_0, row.age_1, row.age_2, row.age_3) for row in rows]


def test_debt_is_as_old_as_what_was_booked_last(portal: Portal) -> None:
    """What came in pays the oldest first; so it stood on a day of the past as well."""
    spend(portal, DEPOSIT + 100)  # 12 October: 100 owed
    portal.clock.at += 40 * DAY
    spend(portal, 50)  # 21 November: 150 owed
    portal.clock.at += 10 * DAY
    deposit(portal, "PART", 30)  # 1 December: 120 owed, of the first 70
    today = portal.now.date()
    assert owed(portal, today) == [(120, 50, 70, 0, 0)]
    assert owed(portal, date(2026, 11, 21)) == [(150, 50, 100, 0, 0)]
    assert owed(portal, date(2026, 10, 12)) == [(100, 100, 0, 0, 0)]
    assert owed(portal, date(2026, 10, 11)) == []
    portal.clock.at += 200 * DAY
    assert owed(portal, portal.now.date()) == [(120, 0, 0, 0, 120)]
    deposit(portal, "REST", 120)
    assert owed(portal, portal.now.date()) == []
    assert owed(portal, today) == [(120, 50, 70, 0, 0)]


def test_debt_keeps_its_age_when_a_deposit_is_reversed(portal: Portal) -> None:
    """L3: what was booked by mistake and its reversal count neither; before it, the first did."""
    spend(portal, DEPOSIT + 100)  # 12 October: 100 owed
    portal.clock.at += 40 * DAY
    made = deposit(portal, "NOT OURS", 300)
    portal.clock.at += 5 * DAY
    spent_by_mistake = spend(portal, 70)
    portal.clock.at += 5 * DAY
    day_before = portal.now.date() - DAY
    with portal.transaction():
        services.reverse(made, by=portal.finance, now=portal.now, reason="Another one's money")
    assert owed(portal, portal.now.date()) == [(170, 70, 100, 0, 0)]
    with portal.transaction():
        services.take_back(spent_by_mistake, by=portal.finance, now=portal.now, reason="Nothing")
    assert owed(portal, portal.now.date()) == [(100, 0, 100, 0, 0)]
    assert owed(portal, day_before) == []
    portal.clock.at += 100 * DAY
    assert owed(portal, portal.now.date()) == [(100, 0, 0, 0, 100)]


def test_ages_begin_at_midnight_at_headquarters(portal: Portal) -> None:
    """T2: thirty days are the day and the twenty-nine before it."""
    spend(portal, DEPOSIT + 100)
    day = START.date()
    assert owed(portal, day + 29 * DAY) == [(100, 100, 0, 0, 0)]
    assert owed(portal, day + 30 * DAY) == [(100, 0, 100, 0, 0)]
    assert owed(portal, day + 60 * DAY) == [(100, 0, 0, 100, 0)]
    assert owed(portal, day + 90 * DAY) == [(100, 0, 0, 0, 100)]


def test_ageing_can_be_taken_along(portal: Portal) -> None:
    """The page and its file say the same; nobody but finance and the auditor has them (P3)."""
    spend(portal, DEPOSIT + 12_345)
    client = portal.client(portal.auditor)
    page = client.get("/accounts/owed").text
    assert "CN¥123.45" in page
    assert "D0001" in page
    assert "D0002" not in page
    assert page.count("/accounts/owed/export/") == 2
    rows = read_table(client.get("/accounts/owed/export/csv", buffered=True).data, "owed.csv").rows
    assert [row.cells[0] for row in rows] == ["D0001"]
    assert rows[0].cells[3:] == ("123.45", "123.45", "0.00", "0.00", "0.00")
    for who in ("desk", "manager", "administrator"):
        for url in ("/accounts/owed", "/accounts/postings", "/accounts/figures"):
            assert portal.client(portal.cast[who]).get(url).status_code == 403


def postings(portal: Portal, days: str) -> list[tuple[str, ...]]:
    answer = portal.client(portal.finance).get(
        f"/accounts/postings/export/csv?{days}", buffered=True
    )
    assert answer.status_code == 200
    return [row.cells for row in read_table(answer.data, "postings.csv").rows]


def test_postings_have_a_row_for_each_entry_with_its_two_accounts(portal: Portal) -> None:
    """L2: what an entry takes from is debited, what it gives to is credited; to the cent."""
    portal.clock.at = at(13, 23, 59)
    made = deposit(portal, "=1+1", 123_456)
    portal.clock.at = at(14, 0, 0)
    spend(portal, 5)
    with portal.transaction():
        services.reverse(session.merge(made), by=portal.finance, now=portal.now, reason="Wrong")
    first, *_more = postings(portal, "from=2026-10-13&to=2026-10-13")
    assert not _more
    assert first[0] == "2026-10-13"
    assert first[2:8] == ("deposit", "bank", "dealer", "D0001", "1234.56", "CNY")
    assert first[9:11] == ("bank/=1+1", "=1+1")
    spent, back = postings(portal, "from=2026-10-14&to=2026-10-14")
    assert spent[2:7] == ("parts_deduction", "dealer", "parts_sales", "D0001", "0.05")
    assert back[2:5] == ("reversal", "dealer", "bank")
    assert back[11] == first[1]
    whole = postings(portal, "from=2026-10-01&to=2026-10-31")
    with portal.transaction():
        total = sum(session.scalars(select(Transfer.amount)))
    assert sum(int(row[6].replace(".", "")) for row in whole) == total
    url = "/accounts/postings/export/csv?from=2026-10-13&to=2026-10-13"
    text = portal.client(portal.finance).get(url, buffered=True).text
    assert ",'=1+1" in text, "no text of a list is alive in its file"
    assert postings(portal, "from=2026-10-20&to=2026-10-14") == []


def test_postings_page_sums_the_days_that_are_asked_for(portal: Portal) -> None:
    """By kind, in minor units; the last month over where none is asked for."""
    spend(portal, 700)
    client = portal.client(portal.finance)
    page = client.get("/accounts/postings?from=2026-10-01&to=2026-10-31").text
    assert "CN¥20,007.00" in page
    assert "Nothing was booked between these days." in client.get("/accounts/postings").text


def test_balances_on_a_day_agree_with_the_accounts(portal: Portal) -> None:
    """L10: until today the bare sums are what the account keeps."""
    spend(portal, 1234)
    deposit(portal, "X", 99)
    with portal.transaction():
        posted = session.scalars(
            select(Account.posted).where(Account.dealer_id == portal.dealers["north"])
        ).one()
    assert between(portal, date(2026, 1, 1), portal.now.date())[3] == posted
