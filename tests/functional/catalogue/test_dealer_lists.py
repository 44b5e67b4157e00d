"""Dealers by spreadsheet: five hundred at once, as people really write them (P1, P4, L2)."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import func, select

from portal.catalogue import imports
from portal.catalogue.models import SheetImport
from portal.catalogue.subjects import DEALER_LIST
from portal.catalogue.uploads import Upload
from portal.core import events
from portal.core.db import session
from portal.core.errors import Forbidden
from portal.core.events import Event
from portal.ledger.models import Account
from portal.people import many_dealers
from portal.people.models import Dealer
from portal.sheets.table import read_table
from portal.sheets.writing import write_xlsx
from tests.functional.catalogue.lists import choose, shares, take_in
from tests.functional.catalogue.test_master_data import send
from tests.support.portal import DEALERS, Client, Portal
from tests.support.queries import counted

REAL = Path(__file__).parents[4] / "shared/data/dealers"
POLISH = "Kod dealera;Firma;Kraj;Województwo;Miasto;Ulica;Osoba kontaktowa"
CHINESE = "经销商编号\t经销商名称\t国家\t省份\t城市\t详细地址\t联系人"
HEADINGS = "Code,Company,Country,Region,City,Address,Contact,Phone,Time zone"
NORTH = "D0001,北方卫浴服务有限公司,CN,北京市,北京,朝阳路 1 号,王坤,010-5555 0101,Asia/Shanghai"


def dealers(portal: Portal) -> dict[str, Dealer]:
    """The dealers by code, but for those of the cast."""
    with portal.transaction():
        ours = {facts.code for facts in DEALERS.values()}
        return {one.code: one for one in session.scalars(select(Dealer)) if one.code not in ours}


def bytes_sent(client: Client, content: bytes, file_name: str, **chosen: str) -> str:
    """Send a file as it is, its columns as proposed but for some; the address of its preview."""
    sent = client.post("/imports/new/dealers", {"file": (BytesIO(content), file_name)})
    assert sent.status_code == 303, sent.text
    return choose(client, sent.location, **chosen).location


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (f"{HEADINGS}\nd0901,Żółw Łódź,Polska,łódzkie,Łódź,ul. Źródlana 3,Józef Ćma,,", "cp1250"),
        (
            f"{POLISH}\nD0901;Żółw Łódź;PL;łódzkie;Łódź;ul. Źródlana 3;Józef Ćma",
            "utf-8-sig",
        ),
        (
            f"{CHINESE}\nＤ０９０１\tŻółw Łódź\t波兰\tłódzkie\tŁódź\tul. Źródlana 3\tJózef Ćma",
            "utf-16",
        ),
    ],
)
def test_dealers_are_read_whatever_the_headings(
    portal: Portal, content: str, encoding: str
) -> None:
    """C3: headings, countries and letters of three languages, in the encodings they come in."""
    client = portal.client(portal.administrator)
    url = bytes_sent(client, content.encode(encoding), "dealers.csv")
    assert take_in(client, url).status_code == 303
    made = dealers(portal)["D0901"]
    assert (made.name, made.country, made.region) == ("Żółw Łódź", "PL", "łódzkie")
    assert (made.city, made.address, made.contact) == ("Łódź", "ul. Źródlana 3", "Józef Ćma")
    assert made.zone == "Europe/Warsaw", "of the country, when the file has none"
    assert "/dealers/" in client.get("/dealers?q=źródł", follow_redirects=True).text


def test_chinese_dealers_are_read_in_the_encoding_of_old_programs(portal: Portal) -> None:
    """C3: GB18030, with a postcode, which goes to the address."""
    headings = "公司名称,国家,省份,城市,地址,邮编,联系人,联系电话"
    content = f"{headings}\n维涛,中国,青海省,昆明,公街5号,284019,李桂兰,15910033076"
    client = portal.client(portal.administrator)
    url = bytes_sent(client, content.encode("gb18030"), "经销商.csv")
    assert "It gets the code D0003." in client.get(url).text
    take_in(client, url)
    made = dealers(portal)["D0003"]
    assert (made.name, made.country, made.region) == ("维涛", "CN", "青海省")
    assert (made.address, made.phone) == ("公街5号, 284019", "15910033076")
    assert made.zone == "Asia/Shanghai"


def test_good_rows_are_imported_and_bad_ones_handed_back(portal: Portal) -> None:
    """C3, P4: each error in words; what changes is said; an account is opened for each new one."""
    content = f"""{HEADINGS}
{NORTH}
D0002,,,,,ul. Nowa 8,,,
d0900,New and good,PL,,Gdańsk,,,,
D 9,Blank in the code,PL,,Gdańsk,,,,
D0903,,PL,,Gdańsk,,,,
D0904,No such land,Atlantis,,Gdańsk,,,,
D0905,No such zone,PL,,Gdańsk,,,,Mars/Base
,,PL,,Gdańsk,,,,
D0900,Again,PL,,Gdańsk,,,,
,New and unnumbered,,,上海,,,,
D0906,{"x" * 201},PL,,Gdańsk,,,,"""
    client = portal.client(portal.administrator)
    url = send(client, "dealers", content)
    page = client.get(url).text
    assert shares(page) == {
        "Rows with an error": 7, "Rows with a note": 2, "New": 2, "Changed": 1, "Unchanged": 1,
        "Rows": 11,
    }  # fmt: skip
    for sentence in (
        "Use letters A to Z, digits and hyphens only", "This dealer is new. Company is missing.",
        "“Atlantis” is not a country.", "“Mars/Base” is not a time zone.",
        "Name the dealer by its code or its company.", "This dealer stands in row 4 already.",
        "at most 200 are possible",
    ):  # fmt: skip
        assert sentence in page
    noted = client.get(f"{url}?show=noted").text
    assert "Address: It was ul. Długa 7." in noted
    assert "None is given, so headquarters’ is taken: China." in noted
    assert "It gets the code D0907." in noted, "behind the last one, also of the file"
    assert take_in(client, url).status_code == 303
    assert set(dealers(portal)) == {"D0900", "D0907"}
    back = read_table(client.get(f"{url}/errors.xlsx").data, "errors.xlsx")
    assert (len(back.rows), back.headings[-1]) == (7, "Error")
    with portal.transaction():
        south = session.get_one(Dealer, portal.dealers["south"])
        assert (south.address, south.contact) == ("ul. Nowa 8", "Grażyna Żak"), "the rest stays"
        told = session.execute(
            select(Event.name, Event.values, Event.actor_id, Dealer.code)
            .join(Dealer, Dealer.id == Event.document_id)
            .where(Event.document_kind == "dealer", Event.actor_id.is_not(None))
            .order_by(Dealer.code)
        ).all()
        who = portal.administrator.id
        assert [tuple(row) for row in told] == [
            ("edit", {"address": ["ul. Długa 7", "ul. Nowa 8"], "file": "sent.csv"}, who, "D0002"),
            ("create", {"file": "sent.csv"}, who, "D0900"),
            ("create", {"file": "sent.csv"}, who, "D0907"),
        ]
        accounts = select(func.count()).where(Account.dealer_id.is_not(None))
        assert session.scalar(accounts) == 4
        assert list(events.verify()) == []
        name = south.public_id
    assert "ul. Nowa 8" in client.get(f"/dealers/{name}").text
    assert client.get(f"/dealers/{name}").text.count("sent.csv") == 1


def test_nothing_changes_when_the_same_file_comes_twice(portal: Portal) -> None:
    """C3: with codes and without; also as another file of the same contents."""
    client = portal.client(portal.administrator)
    coded = f"{HEADINGS}\nD0900,Good,PL,,Gdańsk,ul. 1,Ala,1,"
    plain = "Company,City,Country\nWithout a code,Gdańsk,PL"
    for content in (coded, plain):
        assert take_in(client, send(client, "dealers", content)).status_code == 303
        with portal.transaction():
            before = session.scalar(select(func.count()).select_from(Event))
        for name in ("sent.csv", "other.csv"):
            url = send(client, "dealers", content, name)
            assert shares(client.get(url).text)["Unchanged"] == 1
            assert take_in(client, url).status_code == 303
        with portal.transaction():
            # The imports' own: sent and imported.
            assert session.scalar(select(func.count()).select_from(Event)) == (before or 0) + 4
    assert set(dealers(portal)) == {"D0900", "D0901"}


def test_row_is_refused_when_several_dealers_are_called_so(portal: Portal) -> None:
    """C3: the file must then say which."""
    client = portal.client(portal.administrator)
    twins = f"{HEADINGS}\nD0900,Twin,PL,,Gdańsk,,,,\nD0901,Twin,PL,,Gdańsk,,,,"
    assert take_in(client, send(client, "dealers", twins)).status_code == 303
    page = client.get(send(client, "dealers", "Company,City,Phone\ntwin,GDAŃSK,1")).text
    assert "Several dealers are called so: D0900, D0901. Say which." in page
    page = client.get(send(client, "dealers", f"{HEADINGS}\nD0902,Twin,PL,,Gdańsk,,,,")).text
    assert "There is one in this city that is called so: D0900." in page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_five_hundred_dealers_are_imported_when_they_come_at_once(
    portal: Portal, kind: str
) -> None:
    """L2, P4: each with its account and its event, and nothing asked for each besides."""
    rows = [
        (f"N{n:04d}", f"Dealer {n} 卫浴 Łódź", "PL" if n % 2 else "CN", "", "Gdańsk", "", "", n, "")
        for n in range(500)
    ]
    content = write_xlsx(HEADINGS.split(","), rows)
    if kind == "csv":
        lines = (HEADINGS, *(",".join(map(str, row)) for row in rows))
        content = "\n".join(lines).encode()
    client = portal.client(portal.administrator)
    url = bytes_sent(client, content, f"dealers.{kind}")
    client.get(url)
    with counted(portal.app) as asked:
        assert take_in(client, url).status_code == 303
    assert len(asked) < 3 * 500 + 30, "SQLite writes the rows one by one, and that is all"
    assert len(dealers(portal)) == 500
    with portal.transaction():
        accounts = select(func.count()).where(Account.dealer_id.is_not(None))
        assert session.scalar(accounts) == 502
        assert list(events.verify()) == []
    assert client.get("/dealers?q=Dealer+499").status_code == 200
    assert portal.client(portal.finance).get("/accounts").status_code == 200


@pytest.mark.skipif(not REAL.exists(), reason="the real lists of dealers are not here")
def test_real_lists_are_imported_as_they_are(portal: Portal) -> None:
    """C3: sixty Chinese and sixty Polish firms; 1496 shops; the second time nothing changes."""
    client = portal.client(portal.administrator)
    firms = (REAL / "dealers_zh_pl_SYNTHETIC_faker.csv").read_bytes()
    url = bytes_sent(client, firms, "firms.csv")
    assert shares(client.get(url).text)["New"] == 120
    assert take_in(client, url).status_code == 303
    assert shares(client.get(bytes_sent(client, firms, "firms.csv")).text)["Unchanged"] == 120
    made = dealers(portal)
    assert {one.country for one in made.values()} == {"CN", "PL"}
    assert len({one.code for one in made.values()}) == 120
    shops = (REAL / "us_store_addresses_A.csv").read_bytes()
    url = bytes_sent(client, shops, "shops.csv", name="type_store")
    counts = shares(client.get(url).text)
    assert (counts["New"], counts["Rows with an error"]) == (1496, 0)
    assert take_in(client, url).status_code == 303
    one = dealers(portal)["1"]
    assert (one.city, one.region) == ("Rogers", "AR")
    assert one.address == "2110 WEST WALNUT, 72756"


def test_dealers_are_added_by_the_administrator_only(portal: Portal) -> None:
    """P3: not through the services either."""
    facts = replace(DEALERS["north"], code="D0900")
    for who in ("manager", "desk", "auditor", "finance"):
        with portal.transaction(), pytest.raises(Forbidden):
            many_dealers.add([facts], file_name="", by=portal.cast[who], now=portal.now)
    table = read_table(f"{HEADINGS}\n{NORTH}".encode(), "sent.csv")
    made = Upload("sent.csv", "", "", table)
    with portal.transaction(), pytest.raises(Forbidden):
        imports.upload(made, DEALER_LIST, by=portal.desk, now=portal.now)


@pytest.mark.parametrize("taken", ["en", "zh", "pl"])
@pytest.mark.parametrize("sent", ["en", "zh", "pl"])
def test_template_is_understood_whoever_fills_it_in(portal: Portal, taken: str, sent: str) -> None:
    """C3: whatever language it was taken in, and whatever language its sender reads."""
    client = portal.client(portal.administrator)
    ours = {"Accept-Language": taken}
    empty = client.get("/imports/new/dealers/template.xlsx", headers=ours).data
    content = write_xlsx(list(read_table(empty, "template.xlsx").headings), [["D0900", "Ours"]])
    answer = client.post(
        "/imports/new/dealers",
        {"file": (BytesIO(content), "dealers.xlsx")},
        headers={"Accept-Language": sent},
    )
    assert choose(client, answer.location).status_code == 303
    with portal.transaction():
        mapping = session.scalars(select(SheetImport.mapping)).one()
    found = [mapping["columns"][column.key] for column in DEALER_LIST.columns]
    assert found == list(range(10)), "each column has its heading"
