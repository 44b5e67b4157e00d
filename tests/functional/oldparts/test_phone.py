"""Registering with a phone: the next piece, codes used before, serials alike, scanning (O2, O4)."""

import io
import re
from typing import Any

import segno
from PIL import Image
from sqlalchemy import select

from portal.catalogue.models import Part
from portal.core.db import session
from tests.functional.oldparts.test_views import TYPED, form_url, pieces, send, upload
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted

DENIED = ("desk", "finance", "warehouse", "reviewer", "administrator", "auditor")


def value_of(page: str, name: str) -> str:
    """What stands in a field."""
    field = re.search(
        rf'<(?:input|textarea)[^>]*name="{name}"[^>]*?(?:value="([^"]*)"|>([^<]*)<)', page
    )
    assert field, name
    return (field[1] or field[2] or "").strip()


def code(text: str) -> Any:
    """A photo of a QR code."""
    made = io.BytesIO()
    segno.make(text, micro=False).save(made, kind="png", scale=8, border=4)
    return upload(made.getvalue(), "label.png")


def scan(portal: Portal, photo: Any, who: str = "clerk") -> Any:
    """Send the photo of a label."""
    return portal.client(portal.cast[who]).post("/old-parts/scan", {"scan": photo})


def test_next_piece_keeps_what_is_the_same(portal: Portal) -> None:
    """O2: customer, dates and what happened stay; serials and photos are the piece's own."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    done = send(client, shipment, do="next")
    first = pieces(portal)[0]
    assert done.location == f"{form_url(shipment)}?like={first.public_id}"
    page = client.get(done.location).text
    assert f"Registered as {first.number}." in page
    for name, typed in (
        ("customer_name", "Grażyna Żółć"),
        ("failed_on", "2026-10-02"),
        ("replaced_on", "2026-10-12"),
        ("purchase_date", "2026-03-01"),
        ("fault_code", "L-07"),
        ("old_serial", ""),
        ("product_serial", ""),
        ("seen", "2"),
    ):
        assert value_of(page, name) == typed
    for kept in ("Water runs &lt;all&gt; the time", "The seal is torn", "Valve replaced"):
        assert kept in page
    assert "photos_kept" not in page
    last = send(client, shipment, seen="2", do="next", product_serial="SN-2", old_serial="")
    assert last.location == "/old-parts/to-register"
    assert "Every piece of this application is registered." in client.get(last.location).text


def test_next_piece_is_another_line_of_the_same_repair(portal: Portal) -> None:
    """O2: another part of the same product keeps the product's serial as well."""
    lines = story.line(portal, quantity=1), story.line(portal, "FP-200", quantity=1)
    shipment = story.received(portal, *lines)
    client = portal.client(portal.clerk)
    assert "Register and next piece" in client.get(form_url(shipment)).text
    done = send(client, shipment, do="next")
    assert done.location.startswith(form_url(shipment, 2))
    page = client.get(done.location).text
    assert value_of(page, "product_serial") == "ＳＮ－９ ０１"
    assert "Register and next piece" not in page


def test_only_ones_own_piece_is_taken_as_an_example(portal: Portal) -> None:
    """P1: another dealer's is not found."""
    foreign = story.registered(portal, by="other_clerk")
    url = f"{form_url(story.received(portal))}?like="
    client = portal.client(portal.clerk)
    for name in (foreign.public_id, "nothing", "%00"):
        assert client.get(url + name).status_code == 404


def test_codes_used_before_are_offered(portal: Portal) -> None:
    """O2, P1: a dealer's own, those of the part first, each once with its last cause."""
    other_part = story.received(portal, story.line(portal, "FP-200", quantity=1))
    story.registered(portal, other_part, fault_code="E9", cause="Worn")
    for fault, cause in (("L-07", "Old"), ("l-07", "The seal is torn"), ("", "No code")):
        portal.clock.advance(minutes=1)
        story.registered(portal, fault_code=fault, cause=cause)
    story.registered(portal, by="other_clerk", fault_code="SECRET")
    page = portal.client(portal.clerk).get(form_url(story.received(portal))).text
    offered = re.findall(r'<option value="([^"]*)">([^<]*)', page.split('id="fault-codes"')[1])
    assert offered[:2] == [("l-07", "The seal is torn"), ("E9", "Worn")]
    assert "SECRET" not in page


def test_serial_that_looks_like_ones_own_is_only_warned_of(portal: Portal) -> None:
    """O4, P1: O and 0, I and 1; another dealer's piece is not named, and it can be registered."""
    mine = story.registered(portal, old_serial="FV-100Z")
    story.registered(portal, by="other_clerk", old_serial="FV-2OO")
    client = portal.client(portal.clerk)
    hint = client.get("/old-parts/alike", query_string={"old_serial": "fv IOO2"}).text
    assert mine.number in hint
    assert mine.public_id in hint
    for typed in ("FV-200", "fv-100z", "", "☃", "x" * 5000, "%00'\"<b>"):
        assert "OP-" not in client.get("/old-parts/alike", query_string={"old_serial": typed}).text
    done = send(client, story.received(portal), old_serial="fv IOO2")
    assert done.status_code == 303
    told = client.get(done.location).text
    assert f"looks like FV-100Z, which is registered as {mine.number}." in told
    for name in DENIED:
        assert portal.client(portal.cast[name]).get("/old-parts/alike").status_code == 403


def test_scanned_label_leads_to_the_form(portal: Portal) -> None:
    """O2: the address on a part's label, or its number; the line that has waited longest."""
    first = story.received(portal)
    portal.clock.advance(days=1)
    story.received(portal)
    with portal.transaction():
        name = session.scalars(select(Part.public_id).where(Part.number == "FV-100")).one()
    for text in (f"https://parts.example/parts/{name}", "FV-100", "fv-100"):
        assert scan(portal, code(text)).location == form_url(first)
    assert scan(portal, code("FV-100"), "other_clerk").location == "/old-parts/to-register"


def test_scan_that_finds_nothing_says_so(portal: Portal) -> None:
    """O2: no code, no such part, nothing to register, no photo."""
    client = portal.client(portal.clerk)
    blank = io.BytesIO()
    Image.new("RGB", (80, 80), "white").save(blank, "PNG")
    for photo, sentence in (
        (upload(blank.getvalue()), "No code was found"),
        (code("FP-200"), "Nothing is to be registered for what was scanned."),
        (code("'; DROP TABLE part;--"), "Nothing is to be registered"),
        (upload(b"<svg/>", "x.svg"), "cannot be opened"),
        (upload(b"", ""), "Take a photo of the label first."),
    ):
        done = client.post("/old-parts/scan", {"scan": photo})
        assert done.location == "/old-parts/to-register"
        page = client.get(done.location).text
        assert sentence in page or "damaged or incomplete" in page
    for name in DENIED:
        assert scan(portal, code("FV-100"), name).status_code == 403


def test_form_costs_the_same_however_much_was_registered(portal: Portal) -> None:
    """Look: a fixed number of queries."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)

    def cost() -> int:
        with counted(portal.app) as statements:
            assert client.get(form_url(shipment)).status_code == 200
        return len(statements)

    cost()
    before = cost()
    for number in range(4):
        story.registered(portal, fault_code=f"E{number}")
    assert cost() == before


def test_script_is_told_where_its_form_led(portal: Portal) -> None:
    """O2: what waited on a phone is answered with a place; told again, it makes no second piece."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    typed = {**TYPED, "seen": "", "press": "a-key-of-the-phone", "photos_kept": story.photo(portal)}
    headers = {"X-By-Script": "true"}
    first = client.post(form_url(shipment), typed, headers=headers)
    again = client.post(form_url(shipment), typed, headers=headers)
    number = pieces(portal)[0].public_id
    for answer in (first, again):
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers["X-Place"] == f"/old-parts/{number}"
        assert "Location" not in answer.headers
    assert len(pieces(portal)) == 1
    other = typed | {"press": "another-key-of-it", "old_serial": "", "product_serial": "SN-3"}
    refused = client.post(form_url(shipment), other | {"failed_on": "1901-01-01"}, headers=headers)
    assert refused.status_code == 422
    assert "before 1990" in refused.text


def test_next_number_is_given_when_a_phone_went_on_alone(portal: Portal) -> None:
    """O2: without a number it is the piece that is free; a wrong one is still stale."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    assert send(client, shipment, seen="").status_code == 303
    other = {"old_serial": "", "product_serial": "SN-3"}
    assert send(client, shipment, seen="1", **other).status_code == 409
    assert send(client, shipment, seen="x", **other).status_code == 409
    assert send(client, shipment, seen="", **other).status_code == 303
    assert [one.piece for one in pieces(portal)] == [1, 2]
    assert send(client, shipment, seen="", **other).status_code == 409


def test_script_gets_a_new_token_only_for_the_same_person(portal: Portal) -> None:
    """P5: the phone's page is older than the sign-in; another person's page is told nothing."""
    shipment = story.received(portal)
    client = portal.client(portal.clerk)
    for person, renewed in ((str(portal.clerk.id), True), (str(portal.manager.id), False)):
        headers = {"X-By-Script": "true", "X-Person": person}
        typed = {"csrf_token": "old", "seen": ""}
        answer = client.http.post(form_url(shipment), data=typed, headers=headers)
        assert answer.status_code == 400
        assert ("X-CSRFToken" in answer.headers) == renewed
    nobody = portal.client().http.post(form_url(shipment), headers={"X-By-Script": "true"})
    assert nobody.status_code in (400, 401)
