"""Fault codes where old parts are registered, read and reviewed (O2)."""

import csv
import re
from io import StringIO

import pytest
from sqlalchemy import select

from portal.catalogue import fault_code_services
from portal.catalogue.models import FaultCode
from portal.catalogue.names import Names
from portal.core.db import session
from portal.oldparts import registering, services
from portal.oldparts.models import OldPart
from tests.functional.oldparts import many
from tests.functional.oldparts.test_views import form_url, pieces, send
from tests.support import claims, story
from tests.support.portal import Portal
from tests.support.queries import counted

DRIPS = Names("Drips when closed", "关紧后滴水", "Kapie po zamknięciu")


def code(portal: Portal, text: str = "F-11", facts: Names = DRIPS) -> None:
    """A code of the catalogue."""
    with portal.transaction():
        fault_code_services.create(text, facts, by=portal.administrator, now=portal.now)


def withdraw(portal: Portal, text: str) -> None:
    """Take a code out of what is offered."""
    with portal.transaction():
        one = session.scalars(select(FaultCode).where(FaultCode.code == text)).one()
        fault_code_services.step(
            one, "withdraw", seen=None, reason="Vague", by=portal.administrator, now=portal.now
        )


def offered(page: str) -> list[tuple[str, str]]:
    """What the form offers: each code with its text."""
    inside = page.split('id="fault-codes"')[1].split("</datalist>")[0]
    return re.findall(r'<option value="([^"]*)">([^<]*)', inside)


def test_codes_of_the_catalogue_are_offered_before_ones_own(portal: Portal) -> None:
    """O2, P1: in the reader's language; not the withdrawn; not twice; not another dealer's."""
    for text, name in (("F-11", "Drips"), ("B-11", "Hums"), ("Z-99", "Other")):
        code(portal, text, Names(name, name_pl=f"PL {name}"))
    for own in ("f-11", "ｚ - 99", "MINE"):
        portal.clock.advance(minutes=1)
        piece = story.registered(portal, cause=f"Cause of {own}")
        with portal.transaction():
            # Registered before the catalogue had it.
            session.get_one(OldPart, piece.id).fault_code = own
    story.registered(portal, by="other_clerk", fault_code="SECRET")
    withdraw(portal, "Z-99")
    url = form_url(story.received(portal))
    client = portal.client(portal.clerk)
    page = client.get(url).text
    assert offered(page) == [("B-11", "Hums"), ("F-11", "Drips"), ("MINE", "Cause of MINE")]
    assert "Type the code, or words of what it stands for." in page
    polish = client.get(url, headers={"Accept-Language": "pl"}).text
    assert offered(polish)[0] == ("B-11", "PL Hums")


def test_codes_are_offered_up_to_a_limit(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """O2: the page stays small; the catalogue comes first."""
    monkeypatch.setattr(registering, "MOST_CODES", 3)
    for text in ("C-1", "C-2"):
        code(portal, text)
    for own in ("OWN-1", "OWN-2", "C-2"):
        portal.clock.advance(minutes=1)
        story.registered(portal, fault_code=own)
    url = form_url(story.received(portal))
    client = portal.client(portal.clerk)
    assert [one for one, _text in offered(client.get(url).text)] == ["C-1", "C-2", "OWN-2"]
    for text in ("B-1", "B-2"):
        code(portal, text)
    assert [one for one, _text in offered(client.get(url).text)] == ["B-1", "B-2", "C-1"]


@pytest.mark.parametrize("typed", ["f-11", " F - 11 ", "Ｆ－１１", "F-11"])
def test_code_is_kept_as_the_catalogue_writes_it(portal: Portal, typed: str) -> None:
    """O2: in the form and in its correction; a withdrawn one as well; a free one as typed."""
    code(portal)
    client, shipment = portal.client(portal.clerk), story.received(portal)
    assert send(client, shipment, fault_code=typed).status_code == 303
    assert pieces(portal)[0].fault_code == "F-11"
    free = send(client, shipment, fault_code="my own", seen="2", old_serial="", product_serial="7")
    assert free.status_code == 303
    assert pieces(portal)[1].fault_code == "my own"
    with portal.transaction():
        second = session.get_one(OldPart, pieces(portal)[1].id)
        services.review(
            second, "return", reason="Which?", seen=None, by=portal.desk, now=portal.now
        )
    withdraw(portal, "F-11")
    with portal.transaction():
        second = session.get_one(OldPart, second.id)
        command = story.registration(portal, fault_code=typed, old_serial="", product_serial="7")
        services.correct(second, command, [], seen=None, by=portal.clerk, now=portal.now)
    assert pieces(portal)[1].fault_code == "F-11"
    page = client.get(f"/old-parts/{second.public_id}").text
    assert "F-11 · Drips when closed" in page


def test_code_is_kept_as_the_catalogue_writes_it_in_bulk(portal: Portal) -> None:
    """O3: another spelling in a spreadsheet's row."""
    code(portal)
    story.received(portal)
    row = [*many.row(1), "ｆ－1 1"]
    url = many.uploaded(
        portal, many.table(row, headings=(*many.HEADINGS, "Fault code")), {"1.png": many.photo(1)}
    )
    assert many.registered(portal, url).status_code == 303
    assert [one.fault_code for one in pieces(portal)] == ["F-11"]


def test_text_stands_beside_the_code_wherever_the_piece_is_read(portal: Portal) -> None:
    """O2, O5, O8: on its page, in the review and in the inspection, in the reader's language."""
    code(portal)
    made = story.registered(portal, fault_code="F-11")
    (received,) = claims.pieces(portal, 1, status="received")
    with portal.transaction():
        one = session.scalars(select(OldPart).where(OldPart.public_id == received)).one()
        one.fault_code = "f-11"  # as it was written before the catalogue had it
    pages = (
        ("clerk", f"/old-parts/{made.public_id}", "F-11"),
        ("desk", f"/old-parts/review/{made.public_id}", "F-11"),
        ("warehouse", f"/old-parts/{received}/inspect", "f-11"),
    )
    for who, url, written in pages:
        client = portal.client(portal.cast[who])
        assert f"{written} · Drips when closed" in client.get(url).text
        chinese = client.get(url, headers={"Accept-Language": "zh"}).text
        assert f"{written} · 关紧后滴水" in chinese
    free = story.registered(portal, fault_code="MINE")
    page = portal.client(portal.clerk).get(f"/old-parts/{free.public_id}").text
    assert "MINE" in page
    assert "MINE ·" not in page


def test_file_of_old_parts_has_a_column_of_its_own_for_the_text(portal: Portal) -> None:
    """O2: code and text apart; nothing beside a code that the catalogue has not."""
    code(portal)
    for typed in ("F-11", "MINE", ""):
        story.registered(portal, fault_code=typed)
    with portal.transaction():
        piece = session.scalars(select(OldPart).where(OldPart.fault_code == "F-11")).one()
        piece.fault_code = "ｆ-11"
    answer = portal.client(portal.desk).get("/old-parts/export/csv", buffered=True)
    rows = list(csv.DictReader(StringIO(answer.data.decode("utf-8-sig"))))
    assert [(row["Fault code"], row["Fault"]) for row in rows] == [
        ("", ""), ("MINE", ""), ("ｆ-11", "Drips when closed"),
    ]  # fmt: skip


def test_form_costs_the_same_whatever_the_catalogue_has(portal: Portal) -> None:
    """Look: a fixed number of queries, in the form and in the registration."""
    shipment = story.received(portal, story.line(portal, quantity=4))
    client = portal.client(portal.clerk)

    def cost(seen: str) -> tuple[int, int]:
        with counted(portal.app) as shown:
            assert client.get(form_url(shipment)).status_code == 200
        with counted(portal.app) as sent:
            own = {"old_serial": "", "product_serial": seen, "seen": seen}
            assert send(client, shipment, **own).status_code == 303
        return len(shown), len(sent)

    cost("1")
    before = cost("2")
    for number in range(30):
        code(portal, f"C-{number}")
    assert cost("3") == before
