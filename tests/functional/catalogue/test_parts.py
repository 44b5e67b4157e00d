"""Parts: found, priced, edited, replaced (C1, C2)."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import insert, select

from portal.catalogue import queries, services
from portal.catalogue.models import Part, Price, PriceList
from portal.core.db import session
from portal.core.errors import Forbidden
from portal.core.search import normal
from portal.web import frame
from tests.functional.catalogue.lists import seen
from tests.support.portal import START, Client, Portal
from tests.support.queries import counted

DAY = date(2026, 10, 12)
HTMX = {"HX-Request": "true"}


def fill(count: int) -> None:
    """Many parts with a price each."""
    price_list = session.scalars(select(PriceList.id)).first()
    made = session.execute(
        insert(Part).returning(Part.id),
        [
            {
                "number": f"XX-{n:05}", "number_key": f"XX-{n:05}", "name": f"Filler {n}",
                "search_text": normal(f"XX-{n:05}", f"Filler {n}"), "created_at": START,
                "status": "active",
            }
            for n in range(count)
        ],
    ).all()  # fmt: skip
    session.execute(
        insert(Price),
        [
            {
                "part_id": row.id, "price_list_id": price_list, "effective_from": DAY,
                "cost": 100, "retail": 0,
            }
            for row in made
        ],
    )  # fmt: skip


def address(client: Client, number: str) -> str:
    """The address of a part's page, as the search gives it."""
    page = client.get("/parts/suggest", query_string={"q": number}).text
    found = re.search(rf'href="(/parts/[^"]+)">{re.escape(number)}<', page)
    assert found, page
    return found[1]


def save(client: Client, url: str, **typed: Any) -> Any:
    """Send a part's form with the given changes to what it shows."""
    page = client.get(f"{url}/edit").text
    fields = {
        "name": "Fill valve", "name_zh": "进水阀", "name_pl": "Zawór", "unit": "pcs",
        "category": "", "return_required": "y", "successor": "",
        "seen": seen(page),
    }  # fmt: skip
    return client.post(f"{url}/edit", {k: v for k, v in (fields | typed).items() if v is not None})


@pytest.mark.parametrize("typed", ["FV-100", "fv-100", " fv - 100 ", "ＦＶ－１００"])
def test_part_is_found_when_its_number_is_spelled_otherwise(portal: Portal, typed: str) -> None:
    """C1: width, case and blanks make no difference."""
    with portal.transaction():
        found = queries.find_part(typed)
        assert found
        assert found.number == "FV-100"
        assert set(queries.find_parts([typed, "FP-200", "no such"])) == {typed, "FP-200"}


def test_price_is_that_of_the_day_when_there_are_several(portal: Portal) -> None:
    """C2: the latest day counts, then the list imported last; before the first there is none."""
    fv = portal.parts["FV-100"]
    with portal.transaction():
        price_list = session.scalars(select(PriceList.id)).one()
        for day, cost in (
            (date(2026, 9, 1), 1300),
            (date(2026, 9, 1), 1400),
            (date(2026, 8, 1), 9),
        ):
            session.add(
                Price(part_id=fv, price_list_id=price_list, effective_from=day, cost=cost, retail=0)
            )
            session.flush()
        expected = {
            date(2025, 12, 31): None, date(2026, 1, 1): 1250, date(2026, 8, 31): 9,
            date(2026, 9, 1): 1400, date(2030, 1, 1): 1400,
        }  # fmt: skip
        for day, cost in expected.items():
            price = queries.prices_of([fv], day).get(fv)
            assert (price and price.cost) == cost, day
        with counted(portal.app) as statements:
            prices = queries.prices_of([fv, portal.parts["FP-200"], 999], date(2026, 9, 1))
        assert {price.part_id: price.cost for price in prices.values()} == {
            fv: 1400, portal.parts["FP-200"]: 480,
        }  # fmt: skip
        assert len(statements) == 1


def test_suggestions_begin_with_numbers_when_one_types(portal: Portal) -> None:
    """C1: numbers that begin so come first, then names in any language; withdrawn ones never."""
    with portal.transaction():
        thermostat = session.get_one(Part, portal.parts["TH-300"])
        thermostat.name_pl = "Fp głowica"
        thermostat.search_text = normal("TH-300", thermostat.name, "Fp głowica")
        session.flush()
        with counted(portal.app) as statements:
            found = queries.suggest("fp", "pl", on=DAY)
        assert [(row.number, row.name, row.cost) for row in found] == [
            ("FP-200", "Uszczelka klapy", 480), ("TH-300", "Fp głowica", 15000),
        ]  # fmt: skip
        assert len(statements) == 1
        assert [row.number for row in queries.suggest("水阀", "zh-Hans", on=DAY)] == ["FV-100"]
        assert [row.number for row in queries.suggest("100%", "en", on=DAY)] == []
        assert queries.suggest("  ", "en", on=DAY) == []
        session.get_one(Part, portal.parts["FP-200"]).status = "withdrawn"
        session.flush()
        assert [row.number for row in queries.suggest("fp", "en", on=DAY)] == ["TH-300"]


def test_options_are_sent_when_a_field_asks(portal: Portal) -> None:
    """A1, C1: the datalist's options for htmx, whatever the field is called; a page without it."""
    client = portal.client(portal.clerk)
    for target in ("parts", "suggestions"):
        answer = client.get(
            "/parts/suggest?lines-0-part=FV", headers={**HTMX, "HX-Target": f"datalist#{target}"}
        )
        assert answer.text.strip() == ('<option value="FV-100">Fill valve · CN¥12.50</option>')
    page = client.get("/parts/suggest?q=trim").text
    assert '<option value="NP-400">Trim ring without a price · no price yet</option>' in page
    assert "<html" in page
    assert 'href="/parts/' in page


def test_parts_are_listed_when_filtered_by_tab_and_text(portal: Portal) -> None:
    """C1, C2: active, withdrawn, without a price; found by number or name, in one's language."""
    with portal.transaction():
        session.get_one(Part, portal.parts["TH-300"]).status = "withdrawn"
    client = portal.client(portal.other_clerk)

    def numbers(query: str) -> list[str]:
        return re.findall(r'class="row" href="/parts/[^"]+">([^<]+)<', client.get(query).text)

    assert numbers("/parts") == ["FP-200", "FV-100", "NP-400"]
    assert numbers("/parts?tab=withdrawn") == ["TH-300"]
    assert numbers("/parts?tab=unpriced") == ["NP-400"]
    assert numbers("/parts?q=valve") == ["FV-100"]
    assert numbers("/parts?q=ＦＶ") == ["FV-100"]
    assert numbers("/parts?q=zawór") == ["FV-100"]
    assert numbers("/parts?q=zz") == []
    page = client.get("/parts", headers={"Accept-Language": "pl"}).text
    assert "Zawór napełniający" in page


@pytest.mark.parametrize("count", [10, 1000])
def test_list_costs_three_queries_when_it_is_short_or_long(portal: Portal, count: int) -> None:
    """The house: session, rows, counts; whatever the length, on every tab and with a search."""
    with portal.transaction():
        fill(count)
    client = portal.client(portal.clerk)
    for url in ("/parts", "/parts?tab=unpriced", "/parts?q=filler", "/parts?q=fi"):
        client.get(url)
        with counted(portal.app) as statements:
            answer = client.get(url)
        assert answer.status_code == 200
        assert len(statements) <= 3, statements
    administrator = portal.client(portal.administrator)
    for url in ("/price-lists", "/price-lists?tab=imported"):
        with counted(portal.app) as statements:
            assert administrator.get(url).status_code == 200
        assert len(statements) <= 3, statements


def test_every_part_is_seen_once_when_one_pages_through(portal: Portal) -> None:
    """The house: keyset paging in the order of the numbers; a strange cursor is the first page."""
    with portal.transaction():
        fill(120)
    client = portal.client(portal.clerk)
    url, found = "/parts?q=filler", []
    while url:
        page = client.get(url).text
        found += re.findall(r'class="row" href="/parts/[^"]+">([^<]+)<', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        url = following[1].replace("&amp;", "&") if following else ""
    assert found == [f"XX-{n:05}" for n in range(120)]
    for after in ("%00", "AA", "AAAA", "-", "zażółć"):
        assert client.get(f"/parts?after={after}").status_code == 200


def test_part_page_shows_names_prices_and_lists(portal: Portal) -> None:
    """C1, C2: names in three languages, each price with its list; the list is a link for few."""
    clerk, auditor = portal.client(portal.clerk), portal.client(portal.auditor)
    url = address(clerk, "FV-100")
    page = clerk.get(url).text
    for text in ("Fill valve", "进水阀", "Zawór napełniający", "CN¥12.50", "CN¥25.00", "Start"):
        assert text in page
    assert "/price-lists/" not in page
    assert "/price-lists/" in auditor.get(url).text
    assert "This part has no price yet" in clerk.get(address(clerk, "NP-400")).text
    with counted(portal.app) as statements:
        clerk.get(url)
    assert len(statements) <= 6, statements
    assert clerk.get("/parts/aaaaaaaaaaaaaaaa").status_code == 404


def test_part_is_changed_when_the_administrator_edits_it(portal: Portal) -> None:
    """C1: names, unit, category, return, successor; found by its new name."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    answer = save(client, url, name="Inlet valve", category="Valves", successor="fp-200")
    assert answer.status_code == 303
    page = client.get(url).text
    for text in ("Inlet valve", "Valves", "FP-200", "The part is saved."):
        assert text in page
    assert "FV-100" in client.get(address(client, "FP-200")).text, "what it replaces"
    assert "FV-100" in client.get("/parts?q=inlet").text
    assert "Nothing matches" in client.get("/parts?q=fill").text


def test_successor_is_refused_when_it_would_close_a_loop(portal: Portal) -> None:
    """C1: supersession loops are refused, short and long; what was typed stays."""
    client = portal.client(portal.administrator)
    fv, fp, th = (address(client, number) for number in ("FV-100", "FP-200", "TH-300"))
    assert save(client, fv, successor="FP-200").status_code == 303
    assert save(client, fp, successor="TH-300").status_code == 303
    answer = save(client, th, successor="FV-100", name="Typed")
    assert answer.status_code == 422
    assert "FV-100 is itself replaced by TH-300 in the end" in answer.text
    assert 'value="Typed"' in answer.text
    answer = save(client, th, successor="TH-300")
    assert "A part cannot replace itself." in answer.text
    answer = save(client, th, successor="nothing")
    assert answer.status_code == 422
    assert "There is no part “nothing”." in answer.text
    with portal.transaction():
        assert session.get_one(Part, portal.parts["TH-300"]).successor_id is None
        assert session.get_one(Part, portal.parts["TH-300"]).name == "Thermostatic cartridge"


def test_no_loop_closes_when_two_edit_at_once(portal: Portal) -> None:
    """C1: of two successors that would close a loop together, one is refused."""
    client = portal.client(portal.administrator)
    fv, fp = address(client, "FV-100"), address(client, "FP-200")
    people = [portal.client(portal.administrator) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(save, people[0], fv, successor="FP-200")
        second = pool.submit(save, people[1], fp, successor="FV-100", name="Flapper seal")
        answers = {first.result().status_code, second.result().status_code}
    assert answers == {303, 422}


def test_edit_is_stale_when_somebody_was_faster(portal: Portal) -> None:
    """C1: the second of two is told, keeps what they typed, and may send it again."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    old = seen(client.get(f"{url}/edit").text)
    assert save(client, url, name="First").status_code == 303
    answer = save(client, url, name="Second", seen=old)
    assert answer.status_code == 409
    assert "Somebody was faster" in answer.text
    assert 'value="Second"' in answer.text
    assert "First" in client.get(url).text
    assert save(client, url, name="Second", seen=seen(answer.text)).status_code == 303


def test_edit_is_refused_when_the_form_is_incomplete(portal: Portal) -> None:
    """C1: a part has an English name; texts have an end."""
    client = portal.client(portal.administrator)
    url = address(client, "FV-100")
    for typed in ({"name": " "}, {"name_zh": "x" * 201}, {"unit": "x" * 21}):
        assert save(client, url, **typed).status_code == 422


def test_edit_is_refused_when_it_is_not_the_administrator(portal: Portal) -> None:
    """C1, P3: everybody reads parts, only administrators change them."""
    url = address(portal.client(portal.clerk), "FV-100")
    for who in (portal.clerk, portal.manager, portal.desk, portal.auditor, portal.finance):
        client = portal.client(who)
        assert client.get(url).status_code == 200
        assert "/edit" not in client.get(url).text
        assert client.get(f"{url}/edit").status_code == 403
        assert client.post(f"{url}/edit", {"name": "Mine", "seen": "1"}).status_code == 403
    assert portal.client().get("/parts").status_code == 303, "to the sign-in"
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
        assert part.name == "Fill valve"
        facts = services.PartFacts("Mine", "", "", "", "", True, "")
        with pytest.raises(Forbidden):
            services.edit_part(part, facts, seen=None, by=portal.manager, now=portal.now)


def test_parts_are_found_when_the_frame_searches(portal: Portal) -> None:
    """The search at the top finds parts by number and by a name in any language."""
    with portal.app.test_request_context():
        for text in ("fv-1", "进水", "zawór"):
            titles = [hit.title for hit in frame.find(portal.clerk, text)]
            assert "FV-100" in titles, text
