"""The catalogue of fault codes, by hand and by spreadsheet (O2)."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.catalogue import fault_code_services
from portal.catalogue.models import FaultCode
from portal.catalogue.names import Names
from portal.core import events
from portal.core.db import session
from portal.core.errors import Forbidden, NotFound, Stale
from portal.core.events import Event
from portal.sheets.table import read_table
from tests.functional.catalogue.lists import shares, take_in
from tests.functional.catalogue.test_master_data import send
from tests.support.portal import Portal
from tests.support.queries import counted


def made(portal: Portal, code: str = "L-07", **names: str) -> str:
    """A fault code made on its page; its address."""
    answer = portal.client(portal.administrator).post(
        "/products/fault-codes/new", {"code": code, "name": "Runs all the time", **names}
    )
    assert answer.status_code == 303, answer.text
    return answer.location


def told(portal: Portal) -> list[tuple[str, dict[str, Any]]]:
    """What happened to fault codes."""
    with portal.transaction():
        rows = session.execute(
            select(Event.name, Event.values)
            .where(Event.document_kind == "faultcode")
            .order_by(Event.id)
        )
        return [(name, values) for name, values in rows]


def codes(portal: Portal) -> dict[str, tuple[str, str, str]]:
    """The names of the fault codes."""
    with portal.transaction():
        found = session.scalars(select(FaultCode).order_by(FaultCode.code))
        return {one.code: (one.name, one.name_zh, one.name_pl) for one in found}


def test_code_is_read_by_everybody_in_their_language(portal: Portal) -> None:
    """O2: added by the administrator; everybody finds and reads it, dealers not its history."""
    url = made(portal, name_zh="一直上水", name_pl="Stale cieknie")
    for who in portal.cast.values():
        client = portal.client(who)
        page = client.get(url).text
        assert "Runs all the time" in page
        assert ("added the fault code" in page) == (who.side == "hq")
        assert ("/edit" in page) == (who is portal.administrator)
        for found in ("runs", "l-0", "Ｌ－0", "CIEKNIE"):
            assert url in client.get(f"/products/fault-codes?q={found}").text, found
        assert url in client.get("/search?q=cieknie", follow_redirects=True).text
        assert "/products/fault-codes" in client.get("/products").text
        assert 'href="/products"' in client.get("/products/fault-codes").text
    headers = {"Accept-Language": "zh"}
    assert (
        "一直上水" in portal.client(portal.clerk).get("/products/fault-codes", headers=headers).text
    )


@pytest.mark.parametrize("typed", ["l-07", "L - 07", "Ｌ－０７", " L-07 "])
def test_code_is_refused_when_there_is_one_in_another_spelling(portal: Portal, typed: str) -> None:
    """O2: case, blanks, full width; what was typed stays."""
    made(portal)
    answer = portal.client(portal.administrator).post(
        "/products/fault-codes/new", {"code": typed, "name": "Second one"}
    )
    assert answer.status_code == 422
    assert "There is this fault code already: L-07." in answer.text
    assert "Second one" in answer.text
    assert len(codes(portal)) == 1


def test_names_are_changed_with_an_event_that_has_both(portal: Portal) -> None:
    """P4: before and after; the same again is not said again."""
    url = made(portal)
    client = portal.client(portal.administrator)
    for version in ("1", "2"):
        typed = {"name": "Runs", "name_pl": "Cieknie", "seen": version}
        assert client.post(f"{url}/edit", typed).status_code == 303
    assert told(portal) == [
        ("create", {"code": "L-07", "name": "Runs all the time"}),
        ("edit", {"name": ["Runs all the time", "Runs"], "name_pl": ["", "Cieknie"]}),
    ]
    assert "changed the fault code" in client.get(url).text


def test_withdrawn_code_is_on_its_own_tab_until_it_is_restored(portal: Portal) -> None:
    """O2, P4: withdrawn with a reason."""
    url = made(portal)
    client = portal.client(portal.administrator)
    assert client.post(f"{url}/steps/withdraw", {"seen": "1"}).status_code == 422
    gone = client.post(f"{url}/steps/withdraw", {"seen": "1", "reason": "Too vague"})
    assert gone.status_code == 303
    assert "Too vague" in client.get(url).text
    assert url not in client.get("/products/fault-codes").text
    assert url in client.get("/products/fault-codes?tab=withdrawn").text
    assert client.post(f"{url}/steps/restore", {"seen": "2"}).status_code == 303
    assert url in client.get("/products/fault-codes").text


def test_page_is_stale_when_somebody_was_faster(portal: Portal) -> None:
    """P4: names and steps alike; what was typed stays."""
    url = made(portal)
    client = portal.client(portal.administrator)
    assert client.post(f"{url}/edit", {"name": "First", "seen": "1"}).status_code == 303
    for end, typed in (("edit", {"name": "Late"}), ("steps/withdraw", {"reason": "Too late"})):
        answer = client.post(f"{url}/{end}", typed | {"seen": "1"})
        assert answer.status_code == 409, end
        assert next(iter(typed.values())) in answer.text


def test_nobody_but_the_administrator_changes_a_code(portal: Portal) -> None:
    """P3: not in the services either."""
    facts = Names("Runs")
    with portal.transaction():
        one = fault_code_services.create("L-07", facts, by=portal.administrator, now=portal.now)
    for who in set(portal.cast.values()) - {portal.administrator}:
        with portal.transaction(), pytest.raises(Forbidden):
            fault_code_services.create("L-08", facts, by=who, now=portal.now)
        with portal.transaction():
            found = session.get_one(FaultCode, one.id)
            with pytest.raises(Forbidden):
                fault_code_services.edit(found, facts, seen=None, by=who, now=portal.now)
            with pytest.raises(NotFound if who.is_dealer else Forbidden):
                fault_code_services.step(
                    found, "withdraw", seen=None, reason="No", by=who, now=portal.now
                )
    with portal.transaction():
        found = session.get_one(FaultCode, one.id)
        with pytest.raises(Stale):
            fault_code_services.edit(found, facts, seen=7, by=portal.administrator, now=portal.now)


def test_list_costs_the_same_whatever_its_length(portal: Portal) -> None:
    """Who asks, the rows, and the counts of the tabs."""
    client = portal.client(portal.auditor)
    costs = []
    for count in (1, 30):
        for number in range(count):
            made(portal, f"C{count}-{number}")
        client.get("/products/fault-codes")
        with counted(portal.app) as statements:
            client.get("/products/fault-codes")
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 3


# --- By spreadsheet --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("Fault code,Description\nf 11,Drips", ("Drips", "", "")),
        ("故障代码\t故障描述\t英文名称\nf 11\t滴水\tDrips", ("Drips", "滴水", "")),
        ("故障码,故障现象\nf 11,滴水", ("滴水", "滴水", "")),
        ("Kod usterki;Opis usterki\nf 11;Kapie", ("Kapie", "", "Kapie")),
    ],
)
def test_codes_are_imported_whatever_the_headings(
    portal: Portal, content: str, names: tuple[str, str, str]
) -> None:
    """C3: in three languages, mapped without help; the first name that there is stands in."""
    client = portal.client(portal.administrator)
    assert take_in(client, send(client, "faultcodes", content)).status_code == 303
    assert codes(portal) == {"f 11": names}


def test_good_codes_are_imported_and_bad_rows_handed_back(portal: Portal) -> None:
    """C3, P4: new, changed, unchanged, wrong; what a file leaves open stays, withdrawn or not."""
    made(portal, "A-1", name_zh="一", name_pl="Jeden")
    made(portal, "A-2")
    gone = made(portal, "A-3")
    client = portal.client(portal.administrator)
    client.post(f"{gone}/steps/withdraw", {"seen": "1", "reason": "Too vague"})
    content = f"""Code,Name,Name in Polish,Name in Chinese
a-1,One,,
A-2,Runs all the time,,
A-3,Three,,
N-1,,Nowy,
N-2,,,
n -1,Again,,
{"x" * 61},Long,,
,Nameless,,"""
    url = send(client, "faultcodes", content)
    page = client.get(url).text
    assert shares(page) == {
        "Rows with an error": 4, "Rows with a note": 1, "New": 1, "Changed": 2, "Unchanged": 1,
        "Rows": 8,
    }  # fmt: skip
    for sentence in (
        "This fault code is new and needs a name.", "This fault code stands in row 5 already.",
        "Fault code is missing.",
    ):  # fmt: skip
        assert sentence in page
    assert "The catalogue writes this code A-1." in client.get(f"{url}?show=noted").text
    assert take_in(client, url).status_code == 303
    assert codes(portal) == {
        "A-1": ("One", "一", "Jeden"),
        "A-2": ("Runs all the time", "", ""),
        "A-3": ("Three", "", ""),
        "N-1": ("Nowy", "", "Nowy"),
    }
    assert told(portal)[4:] == [
        ("create", {"code": "N-1", "name": "Nowy", "name_pl": "Nowy", "file": "sent.csv"}),
        ("edit", {"name": ["Runs all the time", "One"], "file": "sent.csv"}),
        ("edit", {"name": ["Runs all the time", "Three"], "file": "sent.csv"}),
    ]
    with portal.transaction():
        assert list(events.verify()) == []
        status = dict(session.execute(select(FaultCode.code, FaultCode.status)).all())
    assert status == {"A-1": "active", "A-2": "active", "A-3": "withdrawn", "N-1": "active"}
    assert "sent.csv" in client.get(gone).text
    again = send(client, "faultcodes", content)
    assert (shares(client.get(again).text)["Unchanged"]) == 4
    before = len(told(portal))
    assert take_in(client, again).status_code == 303
    assert len(told(portal)) == before


@pytest.mark.parametrize("language", ["en", "zh", "pl"])
def test_template_of_codes_is_understood_when_it_comes_back(portal: Portal, language: str) -> None:
    """C3: its headings are mapped without help, whoever reads it."""
    client = portal.client(portal.administrator)
    address = "/imports/new/faultcodes/template.xlsx"
    headings = read_table(
        client.get(address, headers={"Accept-Language": language}).data, "t.xlsx"
    ).headings
    assert len(headings) == 4
    content = "\t".join(headings) + "\nF-11\tDrips\t滴水\tKapie"
    assert take_in(client, send(client, "faultcodes", content)).status_code == 303
    assert codes(portal) == {"F-11": ("Drips", "滴水", "Kapie")}
