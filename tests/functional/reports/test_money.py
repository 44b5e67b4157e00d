"""The figures of money: counted right, for who may see them, at a fixed price."""

from datetime import timedelta

from sqlalchemy import func, select

from portal.core.clock import Month
from portal.core.db import session
from portal.ledger import services as ledger
from portal.ledger.models import DEALER, PARTS_SALES, WARRANTY_EXPENSE, Account
from portal.reports import money
from tests.functional.ledger.books import deposit, reserve
from tests.support.portal import DEPOSIT, Portal
from tests.support.queries import counted


def move(portal: Portal, kind: str, amount: int, name: str = "north") -> None:
    """An entry of a kind: what is spent goes out, what is paid back comes in."""
    ends = {
        "parts_deduction": (DEALER, PARTS_SALES),
        "reimbursement": (WARRANTY_EXPENSE, DEALER),
    }[kind]
    with portal.transaction():
        ledger.transfer(
            dealer_id=portal.dealers[name], source=ends[0], target=ends[1], amount=amount,
            kind=kind, cause=f"test/{kind}/{portal.now}", by=portal.finance, now=portal.now,
        )  # fmt: skip


def months(portal: Portal) -> list[tuple[str, int, dict[str, int]]]:
    with portal.transaction():
        standing = money.standing(portal.finance)
        found = money.months(portal.finance, standing.posted, portal.now)
    return [
        (str(one.month), one.balance, {name: sum_ for name, sum_ in one.moved.items() if sum_})
        for one in found
    ]


def test_figures_tell_what_moved_in_each_month_and_the_balance_at_its_end(portal: Portal) -> None:
    """L2, L3: what was reversed is left out; balances are reckoned back from today's."""
    made = deposit(portal, "WRONG", 5_000)
    with portal.transaction():
        ledger.reverse(session.merge(made), by=portal.finance, now=portal.now, reason="Wrong")
    move(portal, "parts_deduction", 300)
    portal.clock.at += timedelta(days=31)
    move(portal, "reimbursement", 120)
    found = months(portal)
    assert len(found) == money.MONTHS
    assert found[-1] == ("2026-11", 2 * DEPOSIT - 180, {"reimbursements": 120})
    assert found[-2] == ("2026-10", 2 * DEPOSIT - 300, {"deposits": 2 * DEPOSIT, "spent": 300})
    assert found[-3] == ("2026-09", 0, {})
    assert found[0][0] == str(Month.of(portal.now).plus(-11))


def test_figures_tell_how_accounts_stand(portal: Portal) -> None:
    """What is held, reserved and owed, as the accounts keep it."""
    reserve(portal, 700, name="south")
    move(portal, "parts_deduction", DEPOSIT + 50)
    with portal.transaction():
        found = money.standing(portal.finance)
        posted = session.scalar(
            select(func.sum(Account.posted)).where(Account.dealer_id.is_not(None))
        )
    assert (found.held, found.owed, found.owing) == (DEPOSIT, 50, 1)
    assert (found.reserved, found.reserving, found.posted) == (700, 1, posted)
    page = portal.client(portal.finance).get("/accounts/figures").text
    assert "CN¥0.50" in page
    assert page.count("<svg") >= 6
    assert page.count("As a table") == 6


def test_figures_cost_the_same_few_queries(portal: Portal) -> None:
    """A fixed number of statements, whatever the entries."""
    client, found = portal.client(portal.finance), []
    for number in (1, 30):
        for one in range(number):
            deposit(portal, f"{number}/{one}")
        with counted(portal.app) as statements:
            assert client.get("/accounts/figures").status_code == 200
        found.append(len(statements))
    assert found[0] == found[1] <= 4
