"""Master data by spreadsheet: sold units (C4), successors (C1), parts of models."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from io import BytesIO

import pytest
from sqlalchemy import func, select

from portal.catalogue import imports
from portal.catalogue.models import Fit, Part, ProductModel, SoldUnit
from portal.catalogue.subjects import UNITS
from portal.catalogue.uploads import Upload
from portal.core import events
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.events import Event
from portal.sheets.table import read_table
from tests.functional.catalogue.lists import choose, seen, shares, take_in
from tests.functional.catalogue.products import model, sold
from tests.support.portal import Client, Portal


def send(client: Client, subject: str, content: str, file_name: str = "sent.csv") -> str:
    """Send a file and agree to its columns; the address of its preview."""
    answer = client.post(
        f"/imports/new/{subject}", {"file": (BytesIO(content.encode()), file_name)}
    )
    assert answer.status_code == 303, answer.text
    chosen = choose(client, answer.location)
    assert chosen.status_code == 303, chosen.text
    return chosen.location


def units(portal: Portal) -> dict[str, tuple[date, int | None]]:
    """The sold units by serial."""
    with portal.transaction():
        rows = session.execute(select(SoldUnit.serial, SoldUnit.sold_on, SoldUnit.dealer_id))
        return {serial: (sold_on, dealer_id) for serial, sold_on, dealer_id in rows}


@pytest.mark.parametrize(
    "content",
    [
        "Model,Serial number,Sale date,Dealer code\nW310,a-1,2025-03-04,D0001",
        "产品型号\t序列号\t销售日期\t经销商\nＷ310\ta-1\t2025年3月4日\t北方卫浴服务有限公司",
        "Model produktu;Nr seryjny;Data sprzedaży;Kod dealera\nw 310;a-1;04.03.2025;d0001",
    ],
)
def test_units_are_imported_whatever_the_headings(portal: Portal, content: str) -> None:
    """C4: headings, days and dealers as people write them in three languages."""
    model(portal)
    client = portal.client(portal.administrator)
    url = send(client, "units", content)
    assert take_in(client, url).status_code == 303
    assert units(portal) == {"a-1": (date(2025, 3, 4), portal.dealers["north"])}


def test_good_rows_are_imported_and_bad_ones_handed_back(portal: Portal) -> None:
    """C4: each with its error in words; corrected, they can be sent again."""
    w310 = model(portal)
    sold(portal, w310, "OLD-1", date(2025, 1, 1))
    sold(portal, w310, "OLD-2", date(2025, 1, 1))
    content = """Model,Serial,Sold on,Dealer
W310,NEW-1,2026-01-05,D0002
W310,old-1,2025-01-01,
W310,OLD-2,2025-02-02,D0002
Z9,A-1,2026-01-05,
W310,,2026-01-05,
W310,A-2,2027-01-05,
W310,A-3,2026-01-05,D9999
W310,new 1,2026-01-05,
W310,A-4,03/04/2026,"""
    client = portal.client(portal.administrator)
    url = send(client, "units", content)
    page = client.get(url).text
    assert shares(page) == {
        "Rows with an error": 5, "Rows with a note": 1, "New": 2, "Changed": 1, "Unchanged": 1,
        "Rows": 9,
    }  # fmt: skip
    for sentence in (
        "There is no product model “Z9”.", "Product serial is missing.", "is not between",
        "There is no dealer “D9999”.", "may be one of two days",
    ):  # fmt: skip
        assert sentence in page
    assert "It was Jan 1, 2025. Dealer: It was another dealer." in client.get(
        f"{url}?show=noted"
    ).text.replace("\n", " ")  # fmt: skip
    done = take_in(client, url)
    assert "but for 5 rows with errors" in client.get(done.location).text
    found = units(portal)
    assert found["OLD-2"] == (date(2025, 2, 2), portal.dealers["south"])
    assert found["OLD-1"] == (date(2025, 1, 1), portal.dealers["north"]), "left out: it stays"
    assert set(found) == {"NEW-1", "new 1", "OLD-1", "OLD-2"}
    back = read_table(client.get(f"{url}/errors.xlsx").data, "errors.xlsx")
    assert back.headings == ("Model", "Serial", "Sold on", "Dealer", "Error")
    assert len(back.rows) == 5
    assert "Product model: There is no product model “Z9”." in back.rows[0].cells[-1]
    with portal.transaction():
        told = session.scalars(
            select(Event.values).where(Event.document_kind == "import", Event.name == "import")
        ).one()
    assert told["corrected"] == "OLD-2 2025-01-01 → 2025-02-02"
    assert (told["new"], told["changed"], told["wrong"]) == (2, 1, 5)


def test_nothing_changes_when_the_same_file_comes_twice(portal: Portal) -> None:
    """C3, C4: units, successors and parts of models; and it is said."""
    model(portal)
    client = portal.client(portal.administrator)
    for subject, content in (
        ("units", "Model,Serial,Sold on\nW310,A-1,2026-01-05"),
        ("successors", "Old number,New number\nFV-100,FP-200"),
        ("fits", "Model,Part\nW310,FV-100"),
    ):
        assert take_in(client, send(client, subject, content)).status_code == 303
        with portal.transaction():
            before = session.scalar(select(func.count()).select_from(Event))
            version = session.get_one(Part, portal.parts["FV-100"]).version
        url = send(client, subject, content)
        assert "The very same file was imported before" in client.get(url).text
        assert take_in(client, url).status_code == 303
        with portal.transaction():
            # The import's own: sent and imported.
            assert session.scalar(select(func.count()).select_from(Event)) == (before or 0) + 2
            assert session.get_one(Part, portal.parts["FV-100"]).version == version
    assert len(units(portal)) == 1


def test_twice_in_a_file_is_an_error_that_names_the_first(portal: Portal) -> None:
    """C4: a serial is unique within its model, in any spelling."""
    model(portal)
    model(portal, "W320")
    client = portal.client(portal.administrator)
    content = "Model,Serial,Sold on\nW310,A 1,2026-01-05\nW310,a1,2026-01-06\nW320,A1,2026-01-05"
    page = client.get(send(client, "units", content)).text
    assert "This unit stands in row 2 already." in page
    assert (shares(page)["New"], shares(page)["Rows with an error"]) == (2, 1)


def test_import_is_refused_when_no_row_is_good(portal: Portal) -> None:
    """C4: and the preview stays, to be discarded."""
    client = portal.client(portal.administrator)
    url = send(client, "units", "Model,Serial,Sold on\nZ9,A-1,2026-01-05")
    answer = take_in(client, url)
    assert answer.status_code == 422
    assert "Every row has an error" in answer.text
    page = client.get(url).text
    assert f'action="{url}/import"' not in page
    assert client.post(f"{url}/discard", {"seen": seen(page)}).status_code == 303
    assert client.get(f"{url}/file").status_code == 404


@pytest.mark.parametrize("subject", ["dealers", "units", "successors", "fits"])
def test_template_is_understood_when_it_comes_back(portal: Portal, subject: str) -> None:
    """C3: in the language of whoever took it."""
    client = portal.client(portal.administrator)
    content = client.get(f"/imports/new/{subject}/template.xlsx").data
    table = read_table(content, "template.xlsx")
    assert len(table.headings) >= 2
    assert client.get("/imports/new/nothing").status_code == 404


# --- Supersession (C1) -----------------------------------------------------------------------


def chains(portal: Portal) -> dict[str, str | None]:
    """Each part's successor, by number."""
    with portal.transaction():
        numbers = {part.id: part for part in session.scalars(select(Part))}
        return {
            part.number: numbers[part.successor_id].number if part.successor_id else None
            for part in numbers.values()
        }


def test_successors_are_imported_with_an_event_each(portal: Portal) -> None:
    """C1: a chain of three at once; the event has the number before and after."""
    client = portal.client(portal.administrator)
    url = send(client, "successors", "旧件号,新件号\nFV-100,FP-200\nfp-200,TH-300")
    assert take_in(client, url).status_code == 303
    assert chains(portal) == {
        "FV-100": "FP-200", "FP-200": "TH-300", "TH-300": None, "NP-400": None,
    }  # fmt: skip
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FP-200"])
        told = session.scalars(
            select(Event.values).where(
                Event.document_kind == "part",
                Event.document_id == part.id,
                Event.name == "edit",
            )
        ).all()
        assert told == [{"successor": ["", "TH-300"]}]
        assert part.version == 2
        assert list(events.verify()) == []
        path = f"/parts/{part.public_id}"
    page = portal.client(portal.clerk).get(path).text
    order = [page.index(f">{number}<") for number in ("FV-100", "TH-300")]
    assert order == sorted(order), "the whole chain is shown on each part's page, oldest first"


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ("FV-100,FV-100", "A part cannot replace itself."),
        ("FV-100,NOTHING", "There is no part “NOTHING”."),
        ("NOTHING,FV-100", "There is no part “NOTHING”."),
        ("FV-100,FP-200\nFV-100,TH-300", "This part stands in row 2 already."),
        ("FV-100,FP-200\nFP-200,FV-100", "This closes a loop: FV-100 → FP-200 → FV-100."),
        ("FV-100,FP-200\nFP-200,TH-300\nTH-300,FV-100", "This closes a loop:"),
        ("FV-100,", "Replaced by is missing."),
    ],
)
def test_row_is_refused_when_it_makes_no_chain(portal: Portal, rows: str, wrong: str) -> None:
    """C1: unknown, itself, twice, a loop within the file."""
    client = portal.client(portal.administrator)
    page = client.get(send(client, "successors", f"Old number,New number\n{rows}")).text
    assert wrong in page


def test_loop_with_what_is_there_is_refused_unless_the_file_breaks_it(portal: Portal) -> None:
    """C1: the rows are looked at together, whatever their order."""
    client = portal.client(portal.administrator)
    first = send(client, "successors", "Old number,New number\nFV-100,FP-200")
    assert take_in(client, first).status_code == 303
    back = send(client, "successors", "Old number,New number\nFP-200,FV-100")
    assert "This closes a loop: FP-200 → FV-100 → FP-200." in client.get(back).text
    turned = "Old number,New number\nFP-200,FV-100\nFV-100,TH-300"
    assert take_in(client, send(client, "successors", turned)).status_code == 303
    assert chains(portal)["FP-200"] == "FV-100"
    assert chains(portal)["FV-100"] == "TH-300"


def test_no_loop_is_made_when_two_import_at_once(portal: Portal) -> None:
    """C1: each alone is right; together they would close a loop, so one of them is refused."""
    clients = [portal.client(portal.administrator) for _one in range(2)]
    urls = [
        send(client, "successors", f"Old number,New number\n{rows}")
        for client, rows in zip(
            clients, ("FV-100,FP-200\nTH-300,NP-400", "FP-200,FV-100\nNP-400,TH-300"), strict=True
        )
    ]
    versions = [seen(client.get(url).text) for client, url in zip(clients, urls, strict=True)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(take_in, clients, urls, versions))
    assert sorted(answer.status_code for answer in answers) == [303, 422]
    assert sum(successor is not None for successor in chains(portal).values()) == 2


def test_no_loop_is_made_when_one_imports_and_one_types(portal: Portal) -> None:
    """C1: the same turn is taken by whoever changes a successor by hand."""
    client, other = (portal.client(portal.administrator) for _one in range(2))
    url = send(client, "successors", "Old number,New number\nFV-100,FP-200")
    version = seen(client.get(url).text)
    with portal.transaction():
        name = session.get_one(Part, portal.parts["FP-200"]).public_id
    typed = {"name": "Flapper seal", "successor": "FV-100", "seen": "1"}
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(take_in, client, url, version)
        two = pool.submit(other.post, f"/parts/{name}/edit", typed)
    assert sorted((one.result().status_code, two.result().status_code)) == [303, 422]
    assert sum(successor is not None for successor in chains(portal).values()) == 1


# --- Parts of models -------------------------------------------------------------------------


def test_parts_of_models_are_imported_with_one_event_for_each_model(portal: Portal) -> None:
    """C4: what is there already stays; nothing is removed."""
    model(portal)
    model(portal, "W320")
    client = portal.client(portal.administrator)
    content = "型号,零件号\nW310,FV-100\nW310,fp-200\nW320,FV-100\nW310,FV-100\nZ9,FV-100\nW310,?"
    url = send(client, "fits", content)
    page = client.get(url).text
    assert (shares(page)["New"], shares(page)["Unchanged"]) == (3, 1)
    assert shares(page)["Rows with an error"] == 2
    assert take_in(client, url).status_code == 303
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(Fit)) == 3
        told = session.execute(
            select(ProductModel.number, Event.values)
            .join(ProductModel, ProductModel.id == Event.document_id)
            .where(Event.document_kind == "model", Event.name == "fit")
            .order_by(ProductModel.number)
        ).all()
        assert [tuple(row) for row in told] == [
            ("W310", {"parts": 2, "file": "sent.csv"}),
            ("W320", {"parts": 1, "file": "sent.csv"}),
        ]


# --- Many ------------------------------------------------------------------------------------


def test_twenty_thousand_units_are_imported_when_they_come_at_once(portal: Portal) -> None:
    """C4: set by set; how fast, the benchmark says."""
    model(portal)
    rows = "\n".join(f"W310,SN-{n:06d},2025-{n % 12 + 1:02d}-15,D0001" for n in range(20_000))
    table = read_table(f"Model,Serial,Sold on,Dealer\n{rows}".encode(), "big.csv")
    with portal.transaction():
        sheet = imports.upload(
            Upload("big.csv", "", "", table), UNITS, by=portal.administrator, now=portal.now
        )
    with portal.app.test_request_context(), portal.transaction():
        found = session.merge(sheet)
        done = imports.import_sheet(
            found, table, seen=None, by=portal.administrator, now=portal.now
        )
    assert done.counts["new"] == 20_000
    with portal.transaction():
        assert session.scalar(select(func.count()).select_from(SoldUnit)) == 20_000


def test_import_is_the_administrators(portal: Portal) -> None:
    """P3: not through the services either; a file without its columns is refused."""
    table = read_table(b"Model,Serial,Sold on\nW310,A,2026-01-05", "sold.csv")
    with portal.transaction():
        made = Upload("sold.csv", "", "", table)
        sheet = imports.upload(made, UNITS, by=portal.administrator, now=portal.now)
        with pytest.raises(Invalid, match="Choose the columns"):
            imports.import_sheet(sheet, None, seen=None, by=portal.administrator, now=portal.now)
    for who in ("clerk", "desk", "auditor", "finance"):
        client = portal.client(portal.cast[who])
        assert client.get("/imports/new/units").status_code == 403
        assert client.get("/imports").status_code == (200 if who == "auditor" else 403)
