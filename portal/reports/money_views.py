"""The figures of money, as charts with their tables."""

from typing import Any

from flask.typing import ResponseReturnValue

from portal.ledger import policy
from portal.reports import money
from portal.web import filters
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("moneyfigures", __name__, url_prefix="/accounts/figures")


@pages.get("", needs=policy.REPORTS)
def index() -> ResponseReturnValue:
    """What dealers have, what is reserved and owed, and what moved in each month; two queries."""
    standing = money.standing(actor())
    months = money.months(actor(), standing.posted, now())
    labels = [filters.month(str(one.month)) for one in months]

    def points(amounts: list[int]) -> list[tuple[str, int, str]]:
        shown = zip(labels, amounts, strict=True)
        return [(label, amount, filters.money(amount)) for label, amount in shown]

    def figure(name: str) -> tuple[Any, int, list[tuple[str, int, str]]]:
        label, _kinds = money.MOVED[name]
        amounts = [one.moved[name] for one in months]
        return label, amounts[-1], points(amounts)

    return render(
        "reports/money.html",
        standing=standing,
        balances=points([one.balance for one in months]),
        came=[figure(name) for name in money.CAME],
        went=[figure(name) for name in money.WENT],
    )
