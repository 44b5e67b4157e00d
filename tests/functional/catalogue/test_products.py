"""Product models with their warranty and parts, by hand (C4)."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.catalogue import product_services
from portal.catalogue.models import Fit, Part, ProductModel, WarrantyPolicy
from portal.catalogue.names import Names
from portal.core.db import session
from portal.core.errors import Forbidden, Stale
from portal.core.events import Event
from tests.functional.catalogue.lists import seen
from tests.functional.catalogue.products import model, policy, sold
from tests.support.portal import START, Portal
from tests.support.queries import counted


def made(portal: Portal, number: str = "W310", **names: str) -> str:
    """A model made on its page; its address."""
    answer = portal.client(portal.administrator).post(
        "/products/new", {"number": number, "name": "Liora toilet", **names}
    )
    assert answer.status_code == 303, answer.text
    return answer.location


def events(portal: Portal) -> list[tuple[str, dict[str, Any]]]:
    """What happened to models."""
    with portal.transaction():
        rows = session.execute(
            select(Event.name, Event.values)
            .where(Event.document_kind == "model")
            .order_by(Event.id)
        )
        return [(name, values) for name, values in rows]


def test_model_is_read_by_everybody_in_their_language(portal: Portal) -> None:
    """C4: added by the administrator; dealers find and read it, without its history."""
    url = made(portal, name_zh="丽澜坐便器", name_pl="Kompakt Liora")
    policy(portal, 1, 24)
    for who in portal.cast.values():
        client = portal.client(who)
        page = client.get(url).text
        assert "Liora toilet" in page
        assert "24 months" in page
        assert ("added the model" in page) == (who.side == "hq")
        for found in ("/products?q=liora", "/products?q=w 310", "/search?q=kompakt"):
            assert url in client.get(found).text, found
    assert "丽澜坐便器" in portal.client(portal.clerk).get(
        url, headers={"Accept-Language": "zh"}
    ).text  # fmt: skip


def test_number_is_refused_when_a_model_has_it_in_another_spelling(portal: Portal) -> None:
    """C4: and what was typed stays."""
    made(portal)
    answer = portal.client(portal.administrator).post(
        "/products/new", {"number": "w 310", "name": "Second toilet"}
    )
    assert answer.status_code == 422
    assert "There is this model already: W310." in answer.text
    assert "Second toilet" in answer.text


def test_warranty_is_set_with_an_event_that_has_the_values(portal: Portal) -> None:
    """C4, P4: general months, a category's, and a correction of the same day."""
    with portal.transaction():
        session.get_one(Part, portal.parts["FV-100"]).category = "Valves"
    url = made(portal)
    client = portal.client(portal.administrator)
    assert "nothing can be said" in client.get(url).text
    for months, category, since in (
        ("24", "", "2020-01-01"), ("60", "Valves", "2020-01-01"), ("36", "", "2027-01-01"),
        ("48", "", "2027-01-01"), ("48", "", "2027-01-01"),
    ):  # fmt: skip
        typed = {"months": months, "category": category, "effective_from": since}
        page = client.get(url).text
        assert client.post(f"{url}/warranty", typed | {"seen": seen(page)}).status_code == 303
    page = client.get(url).text
    assert page.count(">in force<") == 2
    assert page.count(">to come<") == 1
    assert "36 months" not in page.split('id="timeline"')[0]
    told = [values for name, values in events(portal) if name == "policy"]
    assert told == [
        {"months": 24, "effective_from": "2020-01-01"},
        {"category": "Valves", "months": 60, "effective_from": "2020-01-01"},
        {"months": 36, "effective_from": "2027-01-01"},
        {"months": 48, "effective_from": "2027-01-01"},
    ], "the same again is not said again"
    assert "set the warranty" in page


@pytest.mark.parametrize(
    "typed",
    [
        {"months": "601"}, {"months": "-1"}, {"months": "two"}, {"months": ""},
        {"effective_from": "1989-12-31"}, {"effective_from": "2040-01-01"},
        {"effective_from": "soon"}, {"category": "Nothing has this"},
    ],
)  # fmt: skip
def test_warranty_is_refused_when_it_makes_no_sense(portal: Portal, typed: dict[str, str]) -> None:
    """C4: said at the field, with what was typed."""
    url = made(portal)
    full = {"months": "24", "effective_from": "2020-01-01", "category": "", "seen": "1"}
    answer = portal.client(portal.administrator).post(f"{url}/warranty", full | typed)
    assert answer.status_code == 422
    with portal.transaction():
        assert session.scalars(select(WarrantyPolicy)).all() == []


def test_page_is_stale_when_somebody_was_faster(portal: Portal) -> None:
    """P4: names, warranty and parts alike; what was typed stays."""
    url = made(portal)
    client = portal.client(portal.administrator)
    assert client.post(f"{url}/edit", {"name": "First", "seen": "1"}).status_code == 303
    for end, typed in (
        ("edit", {"name": "Late"}),
        ("warranty", {"months": "17", "effective_from": "2020-01-01"}),
        ("parts", {"number": "FV-100"}),
        ("steps/withdraw", {"reason": "Too late"}),
    ):
        answer = client.post(f"{url}/{end}", typed | {"seen": "1"})
        assert answer.status_code == 409, end
        assert next(iter(typed.values())) in answer.text


def test_parts_are_added_and_removed(portal: Portal) -> None:
    """C4: the part's page says where it is used; each change is an event."""
    url = made(portal)
    client = portal.client(portal.administrator)
    part = client.get("/search?q=FV-100").text.split('href="/parts/')[1].split('"')[0]
    assert client.post(f"{url}/parts", {"number": "fv-100", "seen": "1"}).status_code == 303
    assert client.post(f"{url}/parts", {"number": "FV-100", "seen": "2"}).status_code == 303
    assert url in portal.client(portal.clerk).get(f"/parts/{part}").text
    unknown = client.post(f"{url}/parts", {"number": "NOTHING", "seen": "2"})
    assert unknown.status_code == 422
    assert "There is no part “NOTHING”." in unknown.text
    gone = client.post(f"{url}/parts/remove", {"number": "FV-100", "seen": "2"})
    assert gone.status_code == 303
    assert [name for name, _values in events(portal)] == ["create", "fit", "unfit"]
    with portal.transaction():
        assert session.scalars(select(Fit)).all() == []


def test_nobody_but_the_administrator_changes_a_model(portal: Portal) -> None:
    """C4, P3: not in the services either."""
    with portal.transaction():
        one = product_services.create_model(
            "W310", Names("Toilet"), by=portal.administrator, now=portal.now
        )
    for who in set(portal.cast.values()) - {portal.administrator}:
        with portal.transaction():
            found = session.get_one(ProductModel, one.id)
            with pytest.raises(Forbidden):
                product_services.edit_model(found, Names("Mine"), seen=None, by=who, now=portal.now)
    with portal.transaction():
        found = session.get_one(ProductModel, one.id)
        with pytest.raises(Stale):
            product_services.edit_model(
                found, Names("Mine"), seen=7, by=portal.administrator, now=portal.now
            )


def test_dealer_sees_its_own_units_only(portal: Portal) -> None:
    """P1: neither another dealer's units, nor how many, nor those that nobody is known to sell."""
    w310 = model(portal)
    for serial, dealer in (("N-1", "north"), ("S-1", "south"), ("X-1", None)):
        sold(portal, w310, serial, START.date(), dealer)
    with portal.transaction():
        url = session.scalars(select(ProductModel.public_id)).one()
    for who, own in (
        ("clerk", {"N-1"}), ("other_manager", {"S-1"}), ("auditor", {"N-1", "S-1", "X-1"}),
    ):  # fmt: skip
        client = portal.client(portal.cast[who])
        page = client.get("/sold-units").text
        assert {serial for serial in ("N-1", "S-1", "X-1") if serial in page} == own
        assert ("D0001" in page) == (who == "auditor")
        for serial in ("N-1", "S-1", "X-1"):
            shown = client.get(f"/sold-units?q={serial.lower()}").text
            assert (f">{serial}<" in shown) == (serial in own)
            listed = client.get(f"/sold-units?model={url}").text
            assert (f">{serial}<" in listed) == (serial in own)
            typing = {"HX-Request": "true", "HX-Target": "div#results"}
            found = client.get(f"/search?q={serial}", headers=typing).text
            assert ("Sold unit" in found) == (serial in own)
        assert f">{len(own)}</a>" in client.get(f"/products/{url}").text


def test_lists_cost_the_same_whatever_their_length(portal: Portal) -> None:
    """Who asks, the rows, and the counts of the tabs."""
    w310 = model(portal)
    client = portal.client(portal.auditor)
    costs = []
    for count in (1, 30):
        for number in range(count):
            model(portal, f"M{count}-{number}")
            sold(portal, w310, f"S{count}-{number}", START.date())
        client.get("/products")
        with counted(portal.app) as models:
            client.get("/products")
        with counted(portal.app) as units:
            client.get("/sold-units")
        costs.append((len(models), len(units)))
    assert costs[0] == costs[1]
    assert max(costs[0]) <= 3
