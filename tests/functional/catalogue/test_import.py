"""Price lists by file, from sending them to importing them (C2, C3)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.catalogue import queries, services, sheet_pages
from portal.catalogue.models import Part, Price, PriceList
from portal.catalogue.uploads import Upload
from portal.core import events, jobs
from portal.core.db import session
from portal.core.errors import Forbidden
from portal.files.storage import storage
from portal.sheets.table import Table, read_table
from portal.sheets.writing import write_xlsx
from tests.functional.catalogue.lists import (
    HEADINGS,
    choose,
    csv,
    preview,
    seen,
    send,
    shares,
    take_in,
)
from tests.support.portal import Portal
from tests.support.queries import counted

NEW = ("NW-1", "Sieve", "pcs", "Sieves", "1.50", "3.00")
CHANGED = ("FV-100", "Fill valve", "pcs", "", "13.00", "26.00")
SAME = ("FP-200", "Flapper seal", "pcs", "", "4.80", "9.90")
CHINESE = "零件号,名称,单位,成本价,保外价格\r\nZW-9,进水阀 ł,pcs,1,2"
WRONG = ("NW-2", "Sieve", "pcs", "", "cheap", "3.00")


def price_of(part_id: int, on: date) -> Price | None:
    """The price of one part in force on a day."""
    return queries.prices_of([part_id], on).get(part_id)


def rows_in(portal: Portal, model: type[Part] | type[Price] | type[PriceList]) -> int:
    """How many rows a table has."""
    with portal.transaction():
        return session.scalars(select(func.count()).select_from(model)).one()


def test_whole_list_is_imported_when_every_row_is_good(portal: Portal) -> None:
    """C2, C3: a new part, a changed price and an unchanged one, from the day of the list on."""
    client = portal.client(portal.administrator)
    url = preview(client, csv([NEW, CHANGED, SAME]))
    page = client.get(url).text
    assert shares(page) == {
        "Rows with an error": 0, "Rows with a note": 0, "New parts": 1, "Changed prices": 1,
        "Unchanged": 1, "Without a price": 0, "Rows": 3,
    }  # fmt: skip
    assert "New parts: 1, changed prices: 1, unchanged: 1." in page
    assert take_in(client, url).status_code == 303
    assert "Imported. New parts: 1, changed prices: 1, unchanged: 1." in client.get(url).text
    with portal.transaction():
        part = queries.find_part("NW-1")
        assert part
        assert (part.name, part.unit, part.category, part.status) == (
            "Sieve",
            "pcs",
            "Sieves",
            "active",
        )
        price = price_of(part.id, date(2026, 10, 12))
        assert price
        assert (price.cost, price.retail) == (150, 300)
        before = price_of(portal.parts["FV-100"], date(2026, 10, 11))
        after = price_of(portal.parts["FV-100"], date(2026, 10, 12))
        assert before
        assert after
        assert (before.cost, after.cost) == (1250, 1300)
        made = session.scalars(select(PriceList).where(PriceList.name == "prices")).one()
        assert (made.status, made.mapping["counts"]["new"]) == ("imported", 1)
        assert list(events.verify()) == [], "P4"


def test_nothing_changes_when_the_same_file_comes_twice(portal: Portal) -> None:
    """C3: the second import writes neither a part nor a price, and says so."""
    client = portal.client(portal.administrator)
    content = csv([NEW, CHANGED, SAME])
    take_in(client, preview(client, content))
    before = rows_in(portal, Part), rows_in(portal, Price)
    url = preview(client, content)
    page = client.get(url).text
    assert "All 3 rows unchanged: the catalogue says the same." in page
    assert "The very same file was imported before, as “prices”" in page
    assert take_in(client, url).status_code == 303
    assert "All 3 rows changed nothing" in client.get(url).text
    assert (rows_in(portal, Part), rows_in(portal, Price)) == before


def test_later_list_counts_when_an_earlier_day_comes_in_afterwards(portal: Portal) -> None:
    """C2: each list counts from its own day on, in whatever order they are imported."""
    client = portal.client(portal.administrator)
    same = csv([("FV-100", "", "", "", "12.50", "25.00")])
    take_in(client, preview(client, same, effective_from="2026-12-01"))
    dearer = csv([("FV-100", "", "", "", "15.00", "30.00")])
    take_in(client, preview(client, dearer, effective_from="2026-11-01"))
    with portal.transaction():
        costs = [
            price.cost
            for day in (
                date(2026, 10, 31),
                date(2026, 11, 1),
                date(2026, 11, 30),
                date(2026, 12, 1),
            )
            if (price := price_of(portal.parts["FV-100"], day))
        ]
    assert costs == [1250, 1500, 1500, 1250]


def test_nothing_is_imported_when_one_row_has_an_error(portal: Portal) -> None:
    """C3: all or nothing; the page says which row and why, and offers no import."""
    client = portal.client(portal.administrator)
    before = rows_in(portal, Part), rows_in(portal, Price)
    url = preview(client, csv([NEW, WRONG, CHANGED]))
    page = client.get(url).text
    assert "1 row has an error" in page
    assert "Cost price: “cheap” is not an amount of money." in page
    assert f"{url}/import" not in page
    answer = take_in(client, url)
    assert answer.status_code == 422
    assert "1 row has an error, so nothing was imported." in answer.text
    assert (rows_in(portal, Part), rows_in(portal, Price)) == before


def test_bad_rows_come_back_with_their_errors_when_asked_for(portal: Portal) -> None:
    """C3: the rows as they came, with one more column; corrected, they can be sent again."""
    client = portal.client(portal.administrator)
    url = preview(client, csv([NEW, WRONG, ("=1+1", "", "", "", "1", "")]))
    table = read_table(client.get(f"{url}/errors.xlsx").data, "errors.xlsx")
    assert table.headings == (*HEADINGS, "Error")
    assert [row.cells[0] for row in table.rows] == ["NW-2", "=1+1"]
    assert [row.cells[-1] for row in table.rows] == [
        "Cost price: “cheap” is not an amount of money.",
        "Name: This part is new and needs a name.",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("bom.csv", b"\xef\xbb\xbf" + csv([("ZW-9", "进水阀 ł", "pcs", "", "1", "2")])),
        ("semicolon.csv", csv([("ZW-9", "进水阀 ł", "pcs", "", "1", "2")]).replace(b",", b";")),
        ("tab.txt", csv([("ZW-9", "进水阀 ł", "pcs", "", "1", "2")]).replace(b",", b"\t")),
        ("gb.csv", CHINESE.encode("gb18030")),
        ("utf16.txt", CHINESE.replace(",", "\t").encode("utf-16")),
        ("book.xlsx", write_xlsx(HEADINGS, [("ZW-9", "进水阀 ł", "pcs", "", 1, 2)])),
    ],
)  # fmt: skip
def test_list_is_read_when_it_comes_in_another_dress(
    portal: Portal, name: str, content: bytes
) -> None:
    """C3: .csv and .xlsx, any of ``, ; TAB``, UTF-8 with or without BOM, GB18030."""
    client = portal.client(portal.administrator)
    url = preview(client, content, name)
    assert take_in(client, url).status_code == 303
    with portal.transaction():
        part = queries.find_part("ZW-9")
        assert part
        assert part.name == "进水阀 ł"
        price = price_of(part.id, date(2026, 10, 12))
        assert price
        assert (price.cost, price.retail) == (100, 200)
    assert client.get(f"{url}/file").data == content


@pytest.mark.parametrize(
    ("content", "name", "typed", "sentence"),
    [
        (b"", "prices.csv", {}, "This file is empty."),
        (b"\x89PNG\r\n\x1a\n\0\0", "prices.csv", {}, "This is not a text in a known encoding."),
        (csv([NEW]), "prices.xlsx", {}, "The name of this file ends in .xlsx, but it is"),
        (b"<html><table><tr><td>a</td></tr></table>", "prices.xls", {}, "This is a web page"),
        (csv([NEW]), "prices.csv", {"effective_from": "1901-01-01"}, "Enter a date from"),
        (csv([NEW]), "prices.csv", {"effective_from": "2099-01-01"}, "Enter a date from"),
        (csv([NEW]), "prices.csv", {"effective_from": "soon"}, "Enter a date, for example"),
        (csv([NEW]), "prices.csv", {"effective_from": ""}, "Please fill this in."),
        (csv([NEW]), "prices.csv", {"name": "x" * 201}, "At most 200 characters"),
    ],
    ids=["empty", "picture", "no workbook", "web page", "1901", "2099", "no day", "none", "long"],
)  # fmt: skip
def test_file_is_refused_with_a_sentence_when_it_is_no_price_list(
    portal: Portal, content: bytes, name: str, typed: dict[str, str], sentence: str
) -> None:
    """C3: what cannot be read is refused, what was typed stays, nothing is kept."""
    client = portal.client(portal.administrator)
    answer = send(client, content, name, **{"name": "October", **typed})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert f'value="{typed.get("name", "October")}"' in answer.text
    assert rows_in(portal, PriceList) == 1, "only the one that the cast brings"


def test_form_is_refused_when_no_file_comes(portal: Portal) -> None:
    """C3: a form without a file is answered at the field."""
    answer = portal.client(portal.administrator).post(
        "/price-lists/new", {"effective_from": "2026-10-12", "file": (BytesIO(), "")},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert answer.status_code == 422
    assert "Please fill this in." in answer.text


def test_columns_are_refused_when_a_required_one_is_missing(portal: Portal) -> None:
    """C3: without a cost price there is no preview; the choice stays as it was typed."""
    client = portal.client(portal.administrator)
    sent = send(client, csv([NEW])).location
    answer = choose(client, sent, cost="", unit="Category")
    assert answer.status_code == 422
    assert "This column is needed." in answer.text
    assert 'selected value="3">Category' in answer.text
    answer = client.post(sent, {"seen": "1", "number": "99", "cost": "zero"})
    assert answer.status_code == 422


def test_columns_are_proposed_as_before_when_another_list_comes(portal: Portal) -> None:
    """C3: the choice of the list imported last is remembered."""
    client = portal.client(portal.administrator)
    content = csv([("NW-1", "7", "Sieve", "9")], ("Code", "Net", "What it is", "Gross"))
    chosen = {"number": "Code", "cost": "Net", "name": "What it is", "retail": "Gross"}
    take_in(client, preview(client, content, **chosen))
    url = preview(client, csv([("8", "NW-2", "Tube")], ("Net", "Code", "What it is")))
    page = client.get(url).text
    assert "NW-2" in page
    assert "CN¥8.00" in page


def test_preview_is_stale_when_the_columns_were_changed_meanwhile(portal: Portal) -> None:
    """C3: nobody imports a preview that they have not seen; the second try shows the new one."""
    client = portal.client(portal.administrator)
    url = preview(client, csv([CHANGED]))
    old = seen(client.get(url).text)
    assert choose(client, f"{url}/columns", retail="Cost price").status_code == 303
    answer = take_in(client, url, old)
    assert answer.status_code == 409
    assert "Somebody changed this while you were looking at it." in answer.text
    assert choose(client, f"{url}/columns").status_code == 303
    again = client.post(f"{url}/columns", {"seen": old, "number": "0", "cost": "4"})
    assert again.status_code == 409
    assert seen(again.text) != old, "sent again, it counts"
    assert take_in(client, url).status_code == 303


def test_second_import_is_refused_when_the_list_is_imported_already(portal: Portal) -> None:
    """C3: a page posted twice has one effect."""
    client = portal.client(portal.administrator)
    url = preview(client, csv([NEW]))
    version = seen(client.get(url).text)
    assert take_in(client, url, version).status_code == 303
    prices = rows_in(portal, Price)
    assert take_in(client, url, version).status_code == 409
    assert client.post(f"{url}/discard", {"seen": version}).status_code == 409
    assert client.get(f"{url}/columns").status_code == 409
    assert client.post(f"{url}/columns", {"seen": version, "number": "0"}).status_code == 409
    assert client.get(f"{url}/errors.xlsx").status_code == 404
    assert rows_in(portal, Price) == prices


def test_preview_is_given_up_when_it_is_discarded(portal: Portal) -> None:
    """C3: or discard it; nothing of it counts, and it cannot be imported any more."""
    client = portal.client(portal.administrator)
    url = preview(client, csv([NEW]))
    version = seen(client.get(url).text)
    assert client.post(f"{url}/discard", {"seen": version}).status_code == 303
    assert take_in(client, url, version).status_code == 409
    with portal.transaction():
        assert queries.find_part("NW-1") is None


def test_file_is_deleted_when_its_preview_is_discarded(portal: Portal) -> None:
    """C3: what nobody will import is not kept; it goes once the discard is for good."""
    client = portal.client(portal.administrator)
    url = preview(client, csv([NEW]))
    with portal.transaction():
        in_preview = select(PriceList.file_key).where(PriceList.status == "preview")
        key = session.scalars(in_preview).one()
    assert client.post(f"{url}/discard", {"seen": "0"}).status_code == 409
    with portal.app.app_context():
        jobs.drain(portal.clock)
        assert storage().exists(key)
    assert client.post(f"{url}/discard", {"seen": seen(client.get(url).text)}).status_code == 303
    with portal.app.app_context():
        assert storage().exists(key)
        jobs.drain(portal.clock)
        assert not storage().exists(key)
    assert f"{url}/file" not in client.get(url).text
    assert client.get(f"{url}/file").status_code == 404


def test_no_transaction_is_open_when_a_file_is_read(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C3: a file may take its time; meanwhile the others write."""
    client = portal.client(portal.administrator)
    url, open_meanwhile = preview(client, csv([NEW, WRONG])), []

    def watched(*asked: Any) -> Table:
        open_meanwhile.append(session.registry.has() and session().in_transaction())
        return read_table(*asked)

    monkeypatch.setattr(sheet_pages, "read_table", watched)
    for ask, address, typed, status in (
        (client.get, url, None, 200),
        (client.get, f"{url}/errors.xlsx", None, 200),
        (client.post, f"{url}/discard", {"seen": "0"}, 409),
        (client.post, f"{url}/import", {"seen": "0"}, 409),
    ):
        answer = ask(address, typed) if typed else ask(address)
        assert answer.status_code == status, address
    assert send(client, csv([NEW])).status_code == 303
    assert open_meanwhile == [False] * 5


def test_price_lists_are_closed_to_others_when_they_are_not_administrators(portal: Portal) -> None:
    """C3, P3: the auditor reads, nobody else sees, only administrators import."""
    administrator = portal.client(portal.administrator)
    url = preview(administrator, csv([NEW, WRONG]))
    auditor = portal.client(portal.auditor)
    for page in ("/price-lists", url, f"{url}/errors.xlsx", f"{url}/file"):
        assert auditor.get(page).status_code == 200, page
    for who in (portal.auditor, portal.manager, portal.desk, portal.finance):
        client = portal.client(who)
        assert client.get("/price-lists/new").status_code == 403
        assert send(client, csv([NEW])).status_code == 403
        for step in ("import", "discard", "columns"):
            assert client.post(f"{url}/{step}", {"seen": "1"}).status_code == 403
    assert portal.client(portal.manager).get(url).status_code == 403
    assert administrator.get("/price-lists/aaaaaaaaaaaaaaaa").status_code == 404
    assert rows_in(portal, PriceList) == 2
    with portal.transaction():
        price_list = session.scalars(select(PriceList).where(PriceList.status == "preview")).one()
        table = read_table(csv([NEW]), "prices.csv")
        with pytest.raises(Forbidden):
            services.import_price_list(
                price_list, table, currency="CNY", digits=2, seen=None, by=portal.desk,
                now=portal.now,
            )  # fmt: skip


def test_each_part_is_made_once_when_two_lists_are_imported_at_once(portal: Portal) -> None:
    """C1, C3: imports take turns; the one that comes second finds what the first has made."""
    client = portal.client(portal.administrator)
    content = csv([(f"RC-{n}", f"Race {n}", "", "", "1", "2") for n in range(200)])
    urls = [preview(client, content) for _ in range(4)]
    versions = [seen(client.get(url).text) for url in urls]
    people = [portal.client(portal.administrator) for _ in urls]
    with ThreadPoolExecutor(len(urls)) as pool:
        answers = list(pool.map(take_in, people, urls, versions))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert (rows_in(portal, Part), rows_in(portal, Price)) == (204, 204)


def test_twenty_thousand_rows_are_imported_when_they_come_at_once(portal: Portal) -> None:
    """C3, P4: set-based; the number of statements does not grow with the rows."""
    rows = [(f"BIG-{n:05}", f"Part {n}", "pcs", "", f"{n / 100:.2f}", "") for n in range(20_000)]
    table = read_table(csv(rows), "big.csv")
    upload = Upload("big.csv", "", "", table)
    with portal.transaction():
        price_list = services.upload_price_list(
            upload, name="big", effective_from=date(2026, 10, 12), by=portal.administrator,
            now=portal.now,
        )  # fmt: skip
        with counted(portal.app) as statements:
            services.import_price_list(
                price_list, table, currency="CNY", digits=2, seen=1, by=portal.administrator,
                now=portal.now,
            )  # fmt: skip
    assert rows_in(portal, Part) == 20_004
    # Known parts and new ones' keys are read by ten thousand; the rest is a statement each.
    assert len(statements) < 15, statements
