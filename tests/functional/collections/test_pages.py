"""The pages of collections (O7)."""

import html
from io import BytesIO
from typing import Any

import pytest
import segno
from PIL import Image
from sqlalchemy import event, select

from portal.collections.models import Consignment
from portal.core.db import db, session
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from tests.support import claims, collecting
from tests.support.portal import Client, Portal

SCANS = {"HX-Request": "true", "HX-Target": "ol#scans"}


def _call(portal: Portal, pieces: str) -> tuple[str, dict[str, Any]]:
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"]).public_id
    typed = {"dealer": dealer, f"pieces-{dealer}": pieces, "until": "2026-10-30"}
    return "/collections/call?part=fv-100", typed | {"deliver_to": "Dock 4", "remark": "In boxes"}


def test_desk_calls_what_the_page_shows(portal: Portal) -> None:
    """O7: under the filters of the address; what was typed stays when it is refused."""
    claims.pieces(portal, 3)
    claims.pieces(portal, 2, part="TH-300")
    desk = portal.client(portal.desk)
    url, typed = _call(portal, "3")
    shown = desk.get(url).text
    assert 'value="3"' in shown
    stale = desk.post(url, typed | {next(k for k in typed if k.startswith("pieces-")): "2"})
    assert stale.status_code == 409
    assert "Dock 4" in stale.text
    assert 'value="3"' in stale.text
    refused = desk.post(url, typed | {"until": "2020-01-01", "deliver_to": ""})
    assert refused.status_code == 422
    assert "In boxes" in refused.text
    done = desk.post(url, typed)
    assert done.status_code == 303
    assert "CN-2026-D0001-00001" in desk.get(done.location).text
    with portal.transaction():
        left = session.scalars(select(OldPart.status).where(OldPart.status == "accepted")).all()
    assert len(left) == 2


def test_nothing_is_called_when_a_filter_cannot_be_read(portal: Portal) -> None:
    """O7: a wrong filter must not mean: all of them."""
    claims.pieces(portal, 1)
    desk = portal.client(portal.desk)
    _url, typed = _call(portal, "1")
    for query in ("days=soon", "worth=much", "days=-1"):
        assert "This filter cannot be read" in desk.get(f"/collections/call?{query}").text
        assert desk.post(f"/collections/call?{query}", typed).status_code in (409, 422)
    with portal.transaction():
        assert session.scalars(select(Consignment)).all() == []


@pytest.mark.parametrize("scripts", [True, False])
def test_scans_are_answered_with_and_without_scripts(portal: Portal, scripts: bool) -> None:
    """O7: a line for htmx; else a redirect to the page that says it and keeps the place."""
    consignment = collecting.sent(portal, 2)
    numbers = collecting.numbers(portal, consignment)
    client = portal.client(portal.warehouse)
    url = f"/collections/{consignment.public_id}/receive"
    for code, said in (
        (numbers[0], "Received"),
        (numbers[0], "Already received"),
        ("X", "Unknown"),
    ):
        typed = {"code": code, "place": "Łódź <b>7"}
        if scripts:
            answer = client.post(url, typed, headers=SCANS)
            assert (answer.status_code, answer.text.count("<li")) == (200, 1)
            text = answer.text
        else:
            answer = client.post(url, typed)
            assert answer.status_code == 303
            text = client.get(answer.location).text
            assert "Łódź &lt;b&gt;7" in text
        assert said in html.unescape(text)
    empty = client.post(url, {"code": " "}, headers=SCANS if scripts else {})
    assert empty.status_code == (200 if scripts else 422)
    assert "Scan a label" in empty.text


def test_finishing_names_how_many_are_missing(portal: Portal) -> None:
    """O7: it asks first; a number that is not true any more is refused."""
    consignment = collecting.sent(portal, 3)
    collecting.scan(portal, consignment, collecting.numbers(portal, consignment)[0])
    client = portal.client(portal.warehouse)
    url = f"/collections/{consignment.public_id}/finish"
    assert "2 pieces are missing" in client.get(url).text
    stale = client.post(url, {"seen": "2", "missing": "3"})
    assert stale.status_code == 409
    done = client.post(url, {"seen": "2", "missing": "2"})
    assert done.status_code == 303
    assert "2 pieces are missing and will be charged" in client.get(done.location).text
    assert client.get(url).status_code == 303


def test_piece_shows_where_it_is(portal: Portal) -> None:
    """O7, O9: consignment and box for both sides, the storage place for headquarters."""
    consignment = collecting.sent(portal, 1)
    collecting.scan(portal, consignment, collecting.numbers(portal, consignment)[0], "Hall 9")
    with portal.transaction():
        name = session.scalars(select(OldPart.public_id)).one()
    for who, sees in ((portal.desk, True), (portal.clerk, False)):
        page = portal.client(who).get(f"/old-parts/{name}").text
        side = page.split("Return and payment")[1].split("</section>")[0]
        assert consignment.number in side
        assert "Box 1" in side
        assert ("Hall 9" in side) is sees


def test_waiting_work_and_search_lead_to_consignments(portal: Portal) -> None:
    """O7: for the dealer what to send, for the warehouse what comes, for the desk what is late."""
    collecting.sent(portal, 2, leave=1, lasts=1)
    for who, words in (
        (portal.clerk, "Called old parts to send"),
        (portal.warehouse, "Consignments to receive"),
    ):
        assert words in portal.client(who).get("/").text
    late = "Called old parts that were not sent in time"
    assert late not in portal.client(portal.desk).get("/").text
    portal.clock.advance(days=2)
    desk = portal.client(portal.desk)
    assert late in desk.get("/").text
    assert "CN-2026-D0001-00002" in desk.get("/collections?tab=late").text
    found = desk.get("/search?q=CN-2026-D0001", follow_redirects=True).text
    assert "CN-2026-D0001-00001" in found
    assert "CN-2026" not in portal.client(portal.other_clerk).get("/collections").text


def _cost(portal: Portal, client: Client, url: str) -> int:
    with portal.app.app_context():
        engine = db.engine
    seen: list[str] = []

    def note(_c: object, _cur: object, sql: str, *_rest: object) -> None:
        if sql.startswith("SELECT"):
            seen.append(sql)

    client.get(url)
    event.listen(engine, "before_cursor_execute", note)
    assert client.get(url).status_code == 200
    event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_queries_are_as_many_when_there_is_more_to_list(portal: Portal) -> None:
    """A list costs a fixed number of queries."""
    desk = portal.client(portal.desk)
    first = collecting.sent(portal, 2)
    urls = ("/collections", f"/collections/{first.public_id}", "/collections/call")
    before = [_cost(portal, desk, url) for url in urls]
    for count in (3, 4):
        collecting.sent(portal, count)
        collecting.sent(portal, count, dealer="south")
    claims.pieces(portal, 5)
    assert [_cost(portal, desk, url) for url in urls] == before
    assert before[0] <= 3


def test_packing_list_is_a_paper_of_what_is_packed(portal: Portal) -> None:
    """Point 4: one box or all; nothing for a box that there is not, or for another dealer (P1)."""
    consignment = collecting.packed(portal, 3, leave=1)
    url = f"/collections/{consignment.public_id}/packing-list.pdf"
    clerk = portal.client(portal.clerk)
    for address, status in ((url, 200), (f"{url}?box=1", 200), (f"{url}?box=2", 404)):
        answer = clerk.get(address, buffered=True)
        assert answer.status_code == status
        assert answer.data.startswith(b"%PDF") or status == 404
    assert portal.client(portal.other_clerk).get(url).status_code == 404


@pytest.mark.parametrize("code", ["9" * 5000, "\x00", "/old-parts/../x", "<script>", "🔧" * 300])
def test_odd_labels_are_unknown(portal: Portal, code: str) -> None:
    """O7: whatever a scanner types, it is answered."""
    consignment = collecting.sent(portal, 1)
    url = f"/collections/{consignment.public_id}/receive"
    for headers in (SCANS, {}):
        answer = portal.client(portal.warehouse).post(url, {"code": code}, headers=headers)
        assert answer.status_code in (200, 303, 422)
        assert "<script>" not in answer.text.split("<body")[-1].replace("<script src", "")


def test_labels_are_read_from_a_photo(portal: Portal) -> None:
    """O7: a phone's camera instead of a scanner; a photo without a code is said to have none."""
    consignment = collecting.sent(portal, 1)
    with portal.transaction():
        name = session.scalars(select(OldPart.public_id)).one()
    client = portal.client(portal.warehouse)
    url = f"/collections/{consignment.public_id}/receive"
    drawn, blank = BytesIO(), BytesIO()
    made = segno.make(f"https://parts.example/old-parts/{name}", micro=False)
    made.save(drawn, kind="png", scale=8, border=4)
    Image.new("RGB", (200, 200), "white").save(blank, "PNG")
    for photo, said in ((blank, "No code was found"), (drawn, "Received")):
        photo.seek(0)
        answer = client.post(url, {"code": "", "scan": (photo, "label.png")}, headers=SCANS)
        assert answer.status_code == 200
        assert said in answer.text
