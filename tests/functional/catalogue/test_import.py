"""Price lists through the browser's door (C2, C3), on both databases."""

from datetime import date

import pytest
from sqlalchemy import func, select

from portal.catalogue import queries
from portal.catalogue.models import Part, Price, PriceList
from portal.core.db import session
from tests.functional.catalogue.lists import HEADINGS, csv, preview, send, shares, take_in
from tests.support.portal import Portal

NEW = ("NW-1", "Sieve", "pcs", "Sieves", "1.50", "3.00")
CHANGED = ("FV-100", "Fill valve", "pcs", "", "13.00", "26.00")
SAME = ("FP-200", "Flapper seal", "pcs", "", "4.80", "9.90")


def counted(portal: Portal, model: type) -> int:
    """How many rows a table has."""
    with portal.transaction():
        return session.scalars(select(func.count()).select_from(model)).one()


def test_whole_list_is_imported_when_every_row_is_good(portal: Portal) -> None:
    """C3: a new part, a changed price and an unchanged one."""
    client = portal.client(portal.administrator)
    url = preview(client, csv([NEW, CHANGED, SAME]))
    page = client.get(url).text
    assert shares(page) == {
        "Rows with an error": 0, "Rows with a note": 0, "New parts": 1, "Changed prices": 1,
        "Unchanged": 1, "Without a price": 0, "Rows": 3,
    }  # fmt: skip
    assert take_in(client, url).status_code == 303
    assert "Imported: 1 new parts, 1 changed prices, 1 unchanged." in client.get(url).text
    with portal.transaction():
        part = queries.find_part("NW-1")
        assert part
        assert (part.name, part.unit, part.category, part.active) == ("Sieve", "pcs", "Sieves", True)
        price = queries.price_of(part.id, date(2026, 10, 12))
        assert price
        assert (price.cost, price.retail) == (150, 300)
        was = queries.price_of(portal.parts["FV-100"], date(2026, 10, 11))
        now = queries.price_of(portal.parts["FV-100"], date(2026, 10, 12))
        assert was
        assert now
        assert (was.cost, now.cost) == (1250, 1300), "C2: by date"
