"""What can be done with a whole list of applications: filter it, and take it along as a sheet."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from portal.applications import policy, queries
from portal.applications.models import Application
from portal.core.db import snapshot, streamed
from portal.core.i18n import _
from portal.people.models import Dealer
from portal.sheets.writing import Cell, write_csv_to, write_xlsx_to
from portal.web import exports, filters, lists
from portal.web.forms import clean
from portal.web.routes import Pages, actor, now

pages = Pages("worklist", __name__)


def wish() -> queries.Wish:
    """What the URL asks for of the applications."""
    return queries.Wish(
        text=clean(request.args.get("q", ""))[:100],
        dealer="" if actor().is_dealer else clean(request.args.get("dealer", ""))[:20],
        begun=lists.days_asked(),
        late=now() if request.args.get("due") == "late" else None,
    )


def chips(asked: queries.Wish) -> list[tuple[str, str]]:
    """The filters that are on in words, each with the address that takes it off."""
    first, last = asked.begun
    on = {
        "dealer": asked.dealer and _("Dealer %(code)s", code=asked.dealer),
        "due": asked.late and _("Overdue"),
        "from": first and _("Begun from %(day)s", day=filters.day(first)),
        "to": last and _("Begun until %(day)s", day=filters.day(last - timedelta(seconds=1))),
    }
    return [
        (label, lists.here(**{name: None, "after": None})) for name, label in on.items() if label
    ]


_COLUMNS = (
    Application.number,
    Application.reference,
    Application.status,
    Dealer.code,
    Dealer.name,
    Application.contact,
    Application.phone,
    Application.delivery_address,
    Application.line_count,
    Application.total,
    Application.created_at,
    Application.submitted_at,
    Application.due_at,
)


@pages.get("/applications/export/<any(xlsx, csv):kind>", needs=policy.READ, own_transactions=True)
def export(kind: str) -> ResponseReturnValue:
    """All that the list shows under its filters, as a sheet."""
    tab = lists.current(queries.tabs_for(actor()))
    statement, values = queries.selected(actor(), wish(), tab, *_COLUMNS)
    headings = [
        _("Number"), _("The dealer's own number"), _("Status"), _("Dealer code"), _("Dealer"),
        _("Contact"), _("Phone"), _("Delivery address"), _("Lines"), _("Total"), _("Begun"),
        _("Submitted on"), _("Due"),
    ]  # fmt: skip
    write = write_xlsx_to if kind == "xlsx" else write_csv_to
    with snapshot():
        rows = _cells(streamed(statement, values))
        return exports.download(
            partial(write, headings=headings, rows=rows), _("Parts applications"), kind
        )


def _cells(rows: Iterator[Any]) -> Iterator[tuple[Cell, ...]]:
    draft, state = _("Draft"), lists.states(Application.workflow)
    money, moment = exports.money(), exports.moments()
    for (
        number,
        reference,
        status,
        code,
        name,
        contact,
        phone,
        address,
        lines,
        total,
        *times,
    ) in rows:
        yield (
            number or draft, reference, state(status).label, code, name, contact, phone, address,
            lines, money(total or None), *map(moment, times),
        )  # fmt: skip
