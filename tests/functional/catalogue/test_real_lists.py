"""Real price lists go in as they are, or get a clear answer, row by row (C3, L1)."""

import csv as spreadsheets
from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.catalogue import queries
from portal.catalogue.models import Part, Price
from portal.core.db import session
from portal.sheets.table import read_table
from tests.functional.catalogue.lists import (
    REAL,
    choose,
    preview,
    send,
    shares,
    take_in,
)
from tests.support.portal import PARTS, Portal

DAY = date(2026, 10, 12)
BICYCLES, APPLIANCES, ELECTRONICS = (
    REAL / name
    for name in (
        "bicycle_parts_adventureworks.csv",
        "appliance_parts_no_price.csv",
        "inventree_supplier_prices_A.csv",
    )
)
pytestmark = pytest.mark.skipif(not REAL.exists(), reason="the real price lists are not here")


def rows(file: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """A file's rows, read without the portal."""
    with file.open(encoding="utf-8-sig", newline="") as text:
        return list(spreadsheets.DictReader(text, delimiter=delimiter))


@pytest.fixture
def nothing_changed(portal: Portal) -> Iterator[None]:
    """Afterwards the catalogue has what it had before."""
    yield
    with portal.transaction():
        assert session.scalars(select(func.count()).select_from(Part)).one() == len(PARTS)
        assert session.scalars(select(func.count()).select_from(Price)).one() == len(PARTS)


def test_bicycle_parts_are_imported_as_they_are(portal: Portal) -> None:
    """C3, L1: 504 parts, 287 of them rounded half-up with a note, 200 without a price."""
    client = portal.client(portal.administrator)
    url = preview(client, BICYCLES.read_bytes(), BICYCLES.name, unit="SizeUnitMeasureCode")
    page = client.get(f"{url}?show=without_price").text
    assert shares(page) == {
        "Rows with an error": 0, "Rows with a note": 487, "New parts": 504, "Changed prices": 0,
        "Unchanged": 0, "Without a price": 200, "Rows": 504,
    }  # fmt: skip
    assert "200 parts are without a price: they are kept, but cannot be ordered" in page
    noted = [client.get(f"{url}?show=noted&page={number}").text for number in range(1, 11)]
    assert sum("Rounded from" in row for one in noted for row in one.split("<tr")) == 287
    assert take_in(client, url).status_code == 303

    expected = {}
    for row in rows(BICYCLES, ";"):
        cost, retail = (
            int((Decimal(row[name]) * 100).quantize(Decimal(1), ROUND_HALF_UP))
            for name in ("StandardCost", "ListPrice")
        )
        unit = row["SizeUnitMeasureCode"].strip().replace("NULL", "")
        expected[row["ProductNumber"]] = (row["Name"].strip(), unit, cost, retail)
    with portal.transaction():
        parts = queries.find_parts(expected)
        prices = queries.prices_of([part.id for part in parts.values()], DAY)
        found = {
            number: (part.name, part.unit, prices[part.id].cost, prices[part.id].retail)
            for number, part in parts.items()
        }
    assert found == expected
    assert sum(cost == 0 for _name, _unit, cost, _retail in found.values()) == 200


def test_bicycle_parts_change_nothing_when_they_come_twice(portal: Portal) -> None:
    """C3: the same file twice changes nothing; the second preview says so."""
    client = portal.client(portal.administrator)
    content = BICYCLES.read_bytes()
    take_in(client, preview(client, content, BICYCLES.name))
    with portal.transaction():
        before = session.scalars(select(func.count()).select_from(Price)).one()
    url = preview(client, content, BICYCLES.name)
    assert "All 504 rows unchanged: the catalogue says the same." in client.get(url).text
    assert take_in(client, url).status_code == 303
    with portal.transaction():
        assert session.scalars(select(func.count()).select_from(Price)).one() == before


@pytest.mark.usefixtures("nothing_changed")
def test_appliance_parts_are_refused_because_they_have_no_price(portal: Portal) -> None:
    """C3: a required column is missing: the page says which, and nothing is imported."""
    client = portal.client(portal.administrator)
    sent = send(client, APPLIANCES.read_bytes(), APPLIANCES.name)
    answer = choose(client, sent.location)
    assert answer.status_code == 422
    assert answer.text.count("This column is needed.") == 2, "in the summary and beside it"
    url = sent.location.removesuffix("/columns")
    page = client.get(url).text
    assert "The file has no column for: Cost price. Without it nothing can be imported." in page
    assert client.get(f"{url}/errors.xlsx").status_code == 404
    assert take_in(client, url, "1").status_code == 422


@pytest.mark.usefixtures("nothing_changed")
def test_appliance_parts_are_refused_row_by_row_when_a_text_is_taken_for_a_price(
    portal: Portal,
) -> None:
    """C3: whatever is chosen for the price, each row gets its own answer."""
    client = portal.client(portal.administrator)
    url = preview(client, APPLIANCES.read_bytes(), APPLIANCES.name, cost="description", name="")
    assert shares(client.get(url).text)["Rows with an error"] == 370
    assert take_in(client, url).status_code == 422


@pytest.mark.usefixtures("nothing_changed")
def test_supplier_prices_are_answered_row_by_row(portal: Portal) -> None:
    """C3: repeated numbers, other currencies, quantity breaks and missing prices, each in words."""
    client = portal.client(portal.administrator)
    url = preview(client, ELECTRONICS.read_bytes(), ELECTRONICS.name)
    page = client.get(url).text
    assert shares(page)["Rows with an error"] == 628
    assert "628 rows have errors." in page
    answered = read_table(client.get(f"{url}/errors.xlsx").data, "errors.xlsx")
    sentences = [row.cells[-1] for row in answered.rows]

    first: dict[str, int] = {}
    for number, (row, sentence) in enumerate(zip(rows(ELECTRONICS), sentences, strict=True), 2):
        before = first.setdefault(row["SKU"], number)
        assert (f"stands in row {before} already" in sentence) == (before != number)
        foreign = row["currency"] not in ("", "CNY")
        assert (f"This price is in {row['currency']}; here" in sentence) == foreign
        pieces = int(row["break_qty"])
        assert (f"This price counts from {pieces} pieces on." in sentence) == (pieces > 1)
        assert ("Cost price is missing." in sentence) == (row["unit_price"] == "")
    assert len(first) == 383
    assert take_in(client, url).status_code == 422


@pytest.mark.usefixtures("nothing_changed")
def test_supplier_prices_are_refused_for_their_repeats_when_the_other_columns_are_left_out(
    portal: Portal,
) -> None:
    """C3: 245 rows repeat a number and 131 have no price; no row of the file goes in alone."""
    client = portal.client(portal.administrator)
    url = preview(client, ELECTRONICS.read_bytes(), ELECTRONICS.name, currency="", quantity="")
    counts = shares(client.get(url).text)
    assert (counts["Rows"], counts["Rows with an error"], counts["New parts"]) == (628, 376, 252)
    assert take_in(client, url).status_code == 422
