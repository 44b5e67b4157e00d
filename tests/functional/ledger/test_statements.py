"""Monthly account statements: unbroken, and the same whenever they are printed (L9)."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import DBAPIError

from portal.core.clock import Month
from portal.core.db import db, public_id, session
from portal.core.permissions import SYSTEM
from portal.ledger import months, paper, services, statements
from portal.ledger.models import BANK, DEALER, PARTS_SALES, Account, AccountStatement, Transfer
from portal.ledger.verify import verify
from portal.people import services as people
from portal.people.models import Dealer
from portal.sheets.table import read_table
from portal.web import paper as printing
from tests.functional.ledger.books import deposit
from tests.support.pdf import A4, Paper
from tests.support.portal import DEALERS, HQ, Portal
from tests.support.queries import counted

EDGE = datetime(2026, 11, 1, tzinfo=HQ)
"""October's end."""
BEFORE = 1_000_000
"""What the northern dealer has paid in when a test begins."""
_numbers = count(1)


def name_of(portal: Portal, dealer: str = "north") -> str:
    with portal.transaction():
        return session.get_one(Dealer, portal.dealers[dealer]).public_id


def url(portal: Portal, month: str = "2026-10", dealer: str = "north") -> str:
    return f"/accounts/{name_of(portal, dealer)}/statements/{month}"


def at(portal: Portal, moment: datetime) -> None:
    portal.clock.at = moment


def write_due(portal: Portal) -> None:
    with portal.app.app_context():
        months.write_due(portal.clock)


def written(portal: Portal, dealer_id: int) -> list[AccountStatement]:
    with portal.transaction():
        mine = AccountStatement.dealer_id == dealer_id
        return list(
            session.scalars(select(AccountStatement).where(mine).order_by(AccountStatement.month))
        )


def over_the_edge(portal: Portal) -> None:
    """A deposit in October's last second, and one in November's first."""
    at(portal, EDGE - timedelta(seconds=1))
    deposit(portal, "LAST", 300)
    at(portal, EDGE)
    deposit(portal, "FIRST", 50)


def test_month_ends_at_midnight_of_headquarters_when_a_statement_is_written(
    portal: Portal,
) -> None:
    """L9, T1: 23:59:59 is in the month, 00:00:00 in the next, and one opens as the other closed."""
    over_the_edge(portal)
    at(portal, EDGE + timedelta(minutes=59))
    write_due(portal)
    assert written(portal, portal.dealers["north"]) == []
    assert "So far" in portal.client(portal.manager).get(url(portal)).text
    at(portal, EDGE + timedelta(hours=1))
    write_due(portal)
    write_due(portal)
    (october,) = written(portal, portal.dealers["north"])
    north, south = portal.dealers["north"], written(portal, portal.dealers["south"])
    assert (october.month, october.begins, october.ends) == (
        "2026-10", datetime(2026, 10, 1, tzinfo=HQ), EDGE,
    )  # fmt: skip
    assert (october.closing, october.money_out) == (BEFORE + 300, 0)
    assert [one.closing for one in south] == [BEFORE]
    with portal.transaction():
        (november,) = statements.unwritten(north, portal.now)
    assert (november.opening, november.money_in, november.closing) == (
            BEFORE + 300, 50, BEFORE + 350,
        )  # fmt: skip
    page = portal.client(portal.manager).get(url(portal))
    assert "Final" in page.text
    assert "LAST" in page.text
    assert "FIRST" not in page.text


def test_statement_is_refused_when_somebody_changes_it(portal: Portal) -> None:
    """L9: the database itself keeps it as it was written."""
    at(portal, EDGE + timedelta(hours=1))
    write_due(portal)
    for change in (update(AccountStatement).values(dealer_name="x"), delete(AccountStatement)):
        with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
            session.execute(change)


def said(portal: Portal, month: str) -> Any:
    """What a statement's paper says, but for when it was printed."""
    name = name_of(portal)
    with portal.app.test_request_context(), portal.transaction():
        account, one = statements.of_month(portal.finance, name, month, portal.now)
        return json.loads(paper.account_statement(portal.finance, account, one).said)["facts"]


def test_statement_says_the_same_when_it_is_printed_years_later(portal: Portal) -> None:
    """L9: also after the dealer was renamed and has moved, and much was booked since."""
    over_the_edge(portal)
    at(portal, EDGE + timedelta(hours=1))
    write_due(portal)
    client = portal.client(portal.finance)
    sheet, page = f"{url(portal)}/export/csv", url(portal)
    first = said(portal, "2026-10"), client.get(sheet, buffered=True).data
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
        facts = replace(DEALERS["north"], name="New Name GmbH", address="Elsewhere 9")
        people.change_dealer(dealer, facts, seen=None, by=portal.administrator, now=portal.now)
    at(portal, datetime(2031, 5, 5, 12, tzinfo=HQ))
    deposit(portal, "YEARS LATER")
    with portal.transaction():
        entry = session.scalars(select(Transfer).where(Transfer.cause == "bank/LAST")).one()
        services.reverse(entry, by=portal.finance, now=portal.now, reason="Bounced")
    write_due(portal)
    client = portal.client(portal.finance)
    assert (said(portal, "2026-10"), client.get(sheet, buffered=True).data) == first
    assert DEALERS["north"].name in client.get(page).text
    assert "New Name GmbH" in client.get(url(portal, "2031-05")).text
    with portal.transaction():
        assert list(verify()) == []


BOOKINGS = st.lists(
    st.tuples(
        st.integers(0, 130 * 86400) | st.sampled_from([20 * 86400 - 1, 20 * 86400]),
        st.integers(-5000, 5000).filter(bool),
    ),
    max_size=30,
)


def a_dealer(portal: Portal) -> tuple[int, str]:
    with portal.transaction():
        facts = replace(DEALERS["north"], code=f"S{next(_numbers):05}")
        dealer = people.add_dealer(facts, by=SYSTEM, now=portal.now)
        return dealer.id, dealer.public_id


def test_chain_is_unbroken_whatever_was_booked(portal: Portal) -> None:
    """L9: opening + entries = closing, and each month opens as the one before closed."""
    start = datetime(2026, 10, 12, tzinfo=HQ)

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(BOOKINGS, st.lists(st.integers(0, 160), max_size=4))
    def holds(bookings: list[tuple[int, int]], writings: list[int]) -> None:
        at(portal, start)
        dealer_id, name = a_dealer(portal)
        steps: list[tuple[datetime, int]] = [
            *((start + timedelta(seconds=when), amount) for when, amount in bookings),
            *((start + timedelta(days=day), 0) for day in writings),
        ]
        for when, amount in sorted(steps):
            at(portal, when)
            if amount:
                book(portal, dealer_id, amount)
            else:
                write_due(portal)
        at(portal, start + timedelta(days=130))
        check_chain(portal, dealer_id, name, [(w, a) for w, a in steps if a])

    holds()


def book(portal: Portal, dealer_id: int, amount: int) -> None:
    sides = (BANK, DEALER) if amount > 0 else (DEALER, PARTS_SALES)
    with portal.transaction():
        services.transfer(
            dealer_id=dealer_id, source=sides[0], target=sides[1], amount=abs(amount),
            kind="adjustment", cause=f"test/{public_id()}", by=SYSTEM, now=portal.now,
        )  # fmt: skip


def check_chain(
    portal: Portal, dealer_id: int, name: str, booked: list[tuple[datetime, int]]
) -> None:
    with portal.transaction():
        last = Month.of(portal.now)
        found, month = [], Month(2026, 10)
        while month <= last:
            account, one = statements.of_month(portal.finance, name, str(month), portal.now)
            rows = session.execute(statements.entries(portal.finance, account, one).whole).all()
            mine = [amount for when, amount in booked if Month.of(when) == month]
            assert sum(row.amount for row in rows) == sum(mine) == one.closing - one.opening
            assert len(rows) == len(mine) == one.entry_count
            assert [row.balance for row in rows] == balances(one.opening, rows)
            found.append(one)
            month = month.plus(1)
        assert found[0].opening == 0
        assert all(before.closing == after.opening for before, after in pairwise(found))
        account = session.scalars(select(Account).where(Account.dealer_id == dealer_id)).one()
        assert found[-1].closing == account.posted
        assert list(verify()) == []


def balances(opening: int, rows: Any) -> list[int]:
    found = []
    for row in rows:
        opening += row.amount
        found.append(opening)
    return found


def many(portal: Portal, entries: int) -> None:
    """So many entries of October, written straight into the table."""
    with portal.transaction():
        north = portal.dealers["north"]
        mine = (Account.dealer_id == north) | Account.dealer_id.is_(None)
        ids = {one.purpose: one.id for one in session.scalars(select(Account).where(mine))}
        session.execute(
            insert(Transfer),
            [
                {
                    "dealer_id": north, "from_account_id": ids[BANK], "to_account_id": ids[DEALER],
                    "amount": 100 + place, "kind": "deposit", "cause": f"bank/M{place}",
                    "actor_name": "Finance", "at": portal.now + timedelta(seconds=place),
                    "values": {"reference": f"ICBC {place}"}, "public_id": public_id(),
                }
                for place in range(entries)
            ],
        )  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_ten_thousand_entries_are_printed_outside_any_transaction(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L9: a long month is printed whole, while the database is free for others."""
    many(portal, 10_000)
    at(portal, EDGE + timedelta(hours=1))
    write_due(portal)
    busy = []
    press = printing._printed

    def watched(prepared: printing.Paper) -> bytes:
        busy.append(db.engine.pool.checkedout())  # type: ignore[attr-defined]
        return press(prepared)

    monkeypatch.setattr(printing, "_printed", watched)
    form = Paper(portal.client(portal.manager).get(f"{url(portal)}/paper.pdf"))
    assert (busy, form.sizes) == ([0], {A4})
    assert "ICBC9999" in list(form)[-1]
    assert "ClosingbalanceCN¥519,950.00" in form.text


def test_queries_are_as_many_whatever_the_number_of_entries(portal: Portal) -> None:
    """L9: page, paper and sheet ask the same few questions of a month of three as of three
    hundred entries."""
    deposit(portal, "A")
    client, page = portal.client(portal.manager), url(portal)
    asked: list[list[int]] = []
    for entries in (3, 300):
        if entries > 3:
            many(portal, entries)
        numbers = []
        for path in (page, f"{page}/paper.pdf", f"{page}/export/xlsx", "/account?tab=statements"):
            client.get(path, buffered=True)
            with counted(portal.app) as found:
                assert client.get(path, buffered=True).status_code == 200
            numbers.append(len(found))
        asked.append(numbers)
    assert asked[0] == asked[1]
    assert max(asked[0]) <= 6


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["Accountstatement", "Openingbalance", "Deposit", "BankreferenceLAST", "CN¥3.00"]),
        ("zh-CN", ["LAST", "¥3.00"]),
        ("pl", ["LAST", "3,00CNY"]),
    ],
)
def test_paper_is_in_the_readers_language(portal: Portal, language: str, words: list[str]) -> None:
    """L9: on A4, with the code of its page, for the dealer and for headquarters."""
    over_the_edge(portal)
    at(portal, EDGE + timedelta(hours=1))
    write_due(portal)
    asked = {"Accept-Language": language}
    for who in (portal.clerk, portal.auditor):
        form = Paper(portal.client(who).get(f"{url(portal)}/paper.pdf", headers=asked))
        assert (len(form), form.sizes) == (1, {A4})
        assert form.codes == ["http://localhost" + url(portal)]
        for word in [*words, "D0001·北方卫浴服务有限公司", "Asia/Shanghai"]:
            assert word in form.text, word


def cells(portal: Portal, ending: str) -> Iterator[list[str]]:
    answer = portal.client(portal.manager).get(f"{url(portal)}/export/{ending}", buffered=True)
    assert answer.status_code == 200
    for row in read_table(answer.data, f"list.{ending}").rows:
        yield list(row.cells)


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_sheet_has_every_entry_between_opening_and_closing(portal: Portal, ending: str) -> None:
    """L9: amounts are numbers in major units; what came in less what went out is the closing."""
    over_the_edge(portal)
    at(portal, EDGE + timedelta(hours=1))
    with portal.transaction():
        entry = session.scalars(select(Transfer).where(Transfer.cause == "bank/FIRST")).one()
        services.reverse(entry, by=portal.finance, now=EDGE - timedelta(minutes=1), reason="x")
    write_due(portal)
    first, _paid_in, *entries, last = cells(portal, ending)
    assert (first[1], Decimal(first[7])) == ("Opening balance", 0)
    assert (last[1], Decimal(last[7])) == ("Closing balance", Decimal("10002.50"))
    into, out = (sum(Decimal(row[at] or 0) for row in entries) for at in (5, 6))
    assert (into, out) == (Decimal(3), Decimal("0.5"))
    assert [row[4] for row in entries if row[6]] == ["Deposit"]


@pytest.mark.parametrize(
    "month", ["2026-09", "2026-11", "2026-13", "202610", "2026-10-01", "nonsense", "9999-12"]
)
def test_month_is_not_found_when_the_account_has_not_lived_it(portal: Portal, month: str) -> None:
    """L9: nothing before the account was opened, nothing that has not begun."""
    client = portal.client(portal.manager)
    for path in ("", "/paper.pdf", "/export/csv"):
        assert client.get(url(portal, month) + path).status_code == 404


def test_statement_is_not_found_when_it_is_anothers(portal: Portal) -> None:
    """P1: a dealer finds its own, headquarters every dealer's."""
    for path in ("", "/paper.pdf", "/export/xlsx"):
        for who, status in (
            (portal.clerk, 200), (portal.finance, 200), (portal.reviewer, 200),
            (portal.auditor, 200), (portal.other_manager, 404), (portal.warehouse, 403),
        ):  # fmt: skip
            answer = portal.client(who).get(url(portal) + path, buffered=True)
            assert answer.status_code == status, (path, who.name)


def test_months_are_listed_with_opening_and_closing(portal: Portal) -> None:
    """L9: the present month says that it is so far; the others lead to their statements."""
    over_the_edge(portal)
    at(portal, EDGE + timedelta(days=40))
    write_due(portal)
    for who, path in (
        (portal.manager, "/account?tab=statements"),
        (portal.auditor, f"/accounts/{name_of(portal)}?tab=statements"),
    ):
        page = portal.client(who).get(path).text
        assert page.count("So far") == 1
        for month in ("2026-10", "2026-11", "2026-12"):
            assert f'href="{url(portal, month)}"' in page
