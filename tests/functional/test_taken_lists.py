"""Every list that can be taken along: the file has the rows that the page shows, and no others.

The lists are those that ``exports.offers`` knows, so a new one is tried here as well.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from html import unescape
from io import BytesIO, StringIO
from itertools import cycle
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from flask import url_for
from sqlalchemy import update

from portal.applications.models import Application, ApplicationLine, Shipment
from portal.banking.models import BankLine
from portal.core.clock import Month
from portal.core.db import session
from portal.ledger import services as ledger
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.sheets.table import FORMULA, Table, read_table
from portal.web import exports
from portal.web.forms import clean
from portal.web.routes import needs_of
from tests.functional import world as worlds
from tests.support import advances, appealing, claims, collecting, correcting, fees, invoices, story
from tests.support.portal import DEALERS, Client, Portal
from tests.support.queries import counted

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "awkward" / "strings"

LISTS = {
    "applications.index": ("desk", "Number"),
    "shipments.index": ("warehouse", "Number"),
    "compensations.index": ("finance", "Number"),
    "oldparts.index": ("desk", "Number"),
    "oldparts.to_register": ("clerk", "New part"),
    "owed.index": ("desk", "New part"),
    "oldpartcharges.index": ("finance", "Number"),
    "collections.index": ("warehouse", "Consignment"),
    "claims.index": ("reviewer", "Number"),
    "appeals.index": ("reviewer", "Number"),
    "corrections.index": ("finance", "Number"),
    "bank.index": ("finance", "Bank reference"),
    "fees.index": ("desk", "Number"),
    "invoices.index": ("desk", "Number"),
    "advances.index": ("desk", "Number"),
    "ledger.accounts": ("finance", "Dealer code"),
    "ledger.account": ("manager", "Kind"),
    "ledger.dealer_account": ("finance", "Kind"),
}
"""Who reads each of them, and the heading of what a row of the page is called."""

ALIVE, AMOUNT = re.compile(r"\s*[=+\-@＝＋－＠]"), re.compile(r"-\d+\.\d\d\Z")


def address(portal: Portal, endpoint: str) -> str:
    with portal.transaction():
        north = session.get_one(Dealer, portal.dealers["north"]).public_id
    with portal.app.test_request_context():
        return url_for(endpoint, **({"name": north} if endpoint == "ledger.dealer_account" else {}))


def of_dealers(portal: Portal) -> list[str]:
    """The lists that dealers have."""
    return [endpoint for endpoint in LISTS if portal.manager.can(needs_of(endpoint))]


def shown(client: Client, url: str) -> list[str]:
    """What the rows of a page are called, in its order."""
    answer = client.get(url)
    assert answer.status_code == 200, url
    found = re.findall(r'<td class="key"><a class="row"[^>]*>([^<]*)</a>', answer.text)
    assert 'rel="next"' not in answer.text
    return [unescape(one) for one in found]


def files(client: Client, url: str) -> dict[str, str]:
    """The addresses of the files that a page offers."""
    found = re.findall(r'href="([^"]*/export/(xlsx|csv)[^"]*)" download', client.get(url).text)
    return {kind: unescape(file) for file, kind in found}


def table(client: Client, url: str) -> Table:
    """A file, read as a sheet."""
    answer = client.get(url, buffered=True)
    assert answer.status_code == 200, url
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    return read_table(answer.data, "list.xlsx" if "/xlsx" in url else "list.csv")


def column(sheet: Table, heading: str) -> list[str]:
    return [row.cells[sheet.headings.index(heading)] for row in sheet.rows]


def pages(client: Client, url: str) -> Iterator[str]:
    """A list's page under each of its tabs."""
    tabs = re.search(r'<nav class="tabs".*?</nav>', client.get(url).text, re.DOTALL)
    assert tabs is not None
    yield from map(unescape, re.findall(r'href="([^"]+)"', tabs[0]))


def test_every_list_is_tried_and_its_file_needs_what_the_list_needs(portal: Portal) -> None:
    """P3: who may read a list may take it along, and nobody else."""
    offered = exports.exported()
    assert set(offered) == set(LISTS)
    for page, export in offered.items():
        assert needs_of(page) == needs_of(export)


def test_file_has_the_rows_of_the_page_under_every_tab_and_search(portal: Portal) -> None:
    """Look: export of the filter, .xlsx and .csv, in the page's order."""
    worlds.build(portal)
    for endpoint, (who, heading) in LISTS.items():
        client, url = portal.client(portal.cast[who]), address(portal, endpoint)
        most, tried = list[str](), 0
        for page in pages(client, url):
            if "tab=statements" in page:  # its months that are not over are in no file
                continue
            rows, offered = shown(client, page), files(client, page)
            assert set(offered) == ({"xlsx", "csv"} if rows else set()), page
            reserved = heading == "Kind" and "tab=reserved" in page
            named = "Document" if reserved else heading
            for file in offered.values():
                taken = column(table(client, file), named)
                # A queue's page begins with what is due first, its file with what is newest.
                in_order = sorted if endpoint == "applications.index" else list
                assert in_order(taken) == in_order(rows), file
                tried += 1
            most = max(most, rows, key=len)
        assert tried >= 2, endpoint
        if 'type="search"' in client.get(url).text:
            # What was written straight into the tables has a number that no search knows.
            one = next((row for row in reversed(most) if "-2026-" in row), most[-1])
            page = f"{url}?q={one}"
            found = shown(client, page)
            assert one in found
            assert column(table(client, files(client, page)["csv"]), heading) == found


def test_nothing_of_another_dealer_is_in_a_file(portal: Portal) -> None:
    """P1: what dealers take along is their own, and a file of another is not found."""
    worlds.build(portal)
    for endpoint in of_dealers(portal):
        url = f"{address(portal, endpoint)}/export/csv"
        for who, own, other in (("manager", "north", "south"), ("other_manager", "south", "north")):
            answer = portal.client(portal.cast[who]).get(url, buffered=True)
            if endpoint == "ledger.dealer_account" and own == "south":
                assert answer.status_code == 404
                continue
            assert len(answer.text.splitlines()) > 1
            for fact in (DEALERS[other].name, DEALERS[other].code, f"Customer of {other}"):
                assert fact not in answer.text, url


def test_a_file_costs_the_same_few_queries_however_long_it_is(portal: Portal) -> None:
    """A fixed number of statements, none for each row."""
    worlds.build(portal)
    client, lists = portal.client(portal.manager), of_dealers(portal)

    def asked() -> list[tuple[int, int]]:
        found = []
        for endpoint in lists:
            with counted(portal.app) as statements:
                answer = client.get(f"{address(portal, endpoint)}/export/csv", buffered=True)
            found.append((len(statements), len(answer.text.splitlines())))
        return found

    before = asked()
    story.late(portal)
    story.registered(portal)
    story.charged(portal)
    collecting.called(portal, 1, part="TH-300")
    claims.pieces(portal, at=portal.now - timedelta(days=30))
    claims.started(portal, Month(2026, 9))
    appealing.filed(portal, appealing.run(portal), "north", portal.clerk)
    advances.requested(portal)
    correcting.booked(portal)
    fees.approved(portal)
    fees.submitted(portal)
    invoices.recorded(portal)
    for endpoint, (few, short), (many, long) in zip(lists, before, asked(), strict=True):
        assert few == many <= 6, endpoint
        assert long > short, endpoint


def hostile() -> list[str]:
    """The strings that a spreadsheet might compute, as a field takes them."""
    naughty = json.loads((FOLDER / "blns_A.json").read_text(encoding="utf-8"))
    injections = (FOLDER / "csv_injection_A.txt").read_text(encoding="utf-8").splitlines()
    made = ["=1+1", "+1", "-1+1", "@SUM(1)", "\t=1", '=HYPERLINK("http://x","y")', "＝1", "'=1"]
    texts = (clean(text)[:100] for text in (*naughty, *injections, *made))
    return [text for text in dict.fromkeys(texts) if FORMULA.match(text)]


def _typed_everywhere(portal: Portal, texts: Iterator[str]) -> None:
    """Let every text that a list shows be the next one of some."""
    typed = (
        (Dealer, "name"),
        (Application, "contact", "delivery_address", "reference", "phone"),
        (ApplicationLine, "product_model", "serial"),
        (Shipment, "carrier", "tracking_number"),
        (BankLine, "remitter", "purpose"),
        (OldPart, "customer_name", "product_model", "product_serial", "old_serial", "remedy"),
    )
    with portal.transaction():
        for model, *names in typed:
            values: dict[str, Any] = {name: next(texts) for name in names}  # type: ignore[misc]
            session.execute(update(model).values(**values))
        for dealer_id in portal.dealers.values():
            by = replace(portal.finance, name=next(texts))
            ledger.deposit(
                dealer_id=dealer_id, amount=100, reference=next(texts), by=by, now=portal.now
            )


def test_no_text_of_a_list_is_alive_in_its_file(portal: Portal) -> None:
    """Proof of issue 3: nothing is computed, and every text is there as it was typed."""
    if not FOLDER.is_dir():
        pytest.skip("the awkward strings are not here")
    worlds.build(portal)
    texts = hostile()
    assert len(texts) > 15
    around = cycle(texts)
    for number in range(len(texts) // 8 + 1):
        story.submitted(portal, story.line(portal, serial=f"SN-{number}"))
        _typed_everywhere(portal, (f"{text} {number}" for text in around))
        for endpoint, (who, _heading) in LISTS.items():
            client = portal.client(portal.cast[who])
            url = address(portal, endpoint) + "/export"
            book = client.get(f"{url}/xlsx", buffered=True).data
            with ZipFile(BytesIO(book)) as parts:
                sheet = parts.read("xl/worksheets/sheet1.xml")
            assert b"<f>" not in sheet
            assert b"hyperlink" not in sheet
            text = client.get(f"{url}/csv", buffered=True).data.decode("utf-8-sig")
            cells = {cell for row in csv.reader(StringIO(text)) for cell in row}
            typed = {cell for row in read_table(book, "x.xlsx").rows for cell in row.cells}
            assert any(FORMULA.match(cell) for cell in typed), endpoint
            assert not [cell for cell in cells if ALIVE.match(cell) and not AMOUNT.match(cell)]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_browser_keeps_a_file(portal: Portal) -> None:
    """What was taken along is in nobody's cache after the sign-out."""
    for ending in ("xlsx", "csv"):
        url = f"{address(portal, 'ledger.account')}/export/{ending}"
        answer = portal.client(portal.manager).get(url, buffered=True)
        assert answer.headers["Cache-Control"] == "no-store"
