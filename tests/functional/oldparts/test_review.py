"""The review at headquarters: what is found, what is known beside it, and many at once (O4, O5)."""

import re
from datetime import date, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from portal.core.db import session
from portal.core.events import Event
from portal.files import services as files
from portal.oldparts import reviewing, services
from portal.oldparts.findings import judged
from portal.oldparts.models import OldPart
from tests.functional.catalogue import products
from tests.functional.oldparts.test_same_photos import drawn, jpeg
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted

DENIED = ("clerk", "manager", "finance", "warehouse", "reviewer", "administrator", "auditor")


_seeds = count(1000)


@pytest.fixture(autouse=True)
def known_model(portal: Portal) -> None:
    """The model that the stories speak of, with two years of warranty; and the same photos."""
    global _seeds
    _seeds = count(1000)
    products.policy(portal, products.model(portal, "WC-9"), 24)


def piece(portal: Portal, by: str = "clerk", photo: bytes | None = None, **other: Any) -> OldPart:
    """A piece that waits for review, with a photo, a customer and a serial of its own."""
    seed = next(_seeds)
    shipment = story.received(portal, by=by)
    facts = {"by": portal.cast[by], "now": portal.now}
    own = {"customer_phone": f"138{seed:08}", "product_serial": f"SN{seed:06}"}
    with portal.transaction():
        taken = files.receive(photo or jpeg(drawn(seed)), "valve.jpg", **facts)
        command = story.registration(portal, **(own | other))
        line = story.line_ids(shipment)[0]
        return services.register(line, command, [taken.public_id], **facts)


def found(portal: Portal, old_part: OldPart) -> list[str]:
    """The findings on a piece, with the numbers that they name."""
    with portal.app.test_request_context(), portal.transaction():
        fresh = session.get_one(OldPart, old_part.id)
        findings = judged([fresh], now=portal.now)[fresh.id].findings
        return [
            f"{one.sentence} {one.other.number if one.other else ''}".strip() for one in findings
        ]


def status_of(portal: Portal, old_part: OldPart) -> str:
    """The state that the database has."""
    with portal.transaction():
        return session.get_one(OldPart, old_part.id).status


def decide(portal: Portal, old_part: OldPart, step: str, **typed: str) -> TestResponse:
    """Press a decision on the page of a review."""
    place = f"/old-parts/review/{old_part.public_id}/{step}"
    return portal.client(portal.desk).post(place, {"seen": "1", **typed})


def accept(portal: Portal, *pieces: OldPart, seen: int = 1, who: str = "desk") -> TestResponse:
    """Accept what is ticked."""
    ticked = {"pick": [one.public_id for one in pieces]}
    versions = {f"seen-{one.public_id}": str(seen) for one in pieces}
    return portal.client(portal.cast[who]).post("/old-parts/review", ticked | versions)


def test_nothing_is_found_on_an_ordinary_piece(portal: Portal) -> None:
    """O5: in warranty, a photo and a serial of its own."""
    assert found(portal, piece(portal)) == []


def test_warranty_is_doubted_when_it_is_over_or_unknown(portal: Portal) -> None:
    """C5, O5: the reason in words."""
    over = piece(portal, purchase_date=date(2023, 1, 5))
    assert found(portal, over)[0].startswith("Out of warranty since")
    unknown = piece(portal, product_model="Nobody's")
    assert found(portal, unknown)[0].startswith("Unknown: there is no product model")


@pytest.mark.parametrize("typed", ["SN-1OO4", "sn 1004", "SN.lO0A"])
def test_serial_that_looks_like_another_is_found(portal: Portal, typed: str) -> None:
    """O4: O and 0, I and 1 look alike, whoever registered it; equal ones are the same product."""
    first = piece(portal, by="other_clerk", product_serial="SN-1004", failed_on=date(2026, 9, 1))
    second = piece(portal, product_serial=typed)
    alike = f"The product's serial looks like another, SN-1004: {first.number}"
    assert (alike in found(portal, second)) == (typed != "SN.lO0A")


def test_old_serial_that_looks_like_another_is_found(portal: Portal) -> None:
    """O4: only a warning; the same serial is refused at once."""
    first = piece(portal, by="other_clerk", old_serial="FV-100Z")
    second = piece(portal, old_serial="FV 1002")
    sentence = "The old part's serial looks like another"
    assert found(portal, second) == [f"{sentence}, FV-100Z: {first.number}"]
    assert found(portal, first) == [f"{sentence}, FV 1002: {second.number}"]


def test_product_that_comes_again_is_found(portal: Portal) -> None:
    """O5: the same part of it, or another dealer's piece of it."""
    first = piece(portal, product_serial="SN 77", failed_on=date(2026, 9, 1))
    again = piece(portal, by="other_clerk", product_serial="sn77")
    assert found(portal, again) == [
        f"The same part of this product was registered before: {first.number}",
        f"Another dealer registered a piece of this product: {first.number}",
    ]


def test_photo_of_another_piece_is_found_on_both(portal: Portal) -> None:
    """O5: also after it was made smaller."""
    picture = drawn(5)
    first = piece(portal, photo=jpeg(picture))
    second = piece(portal, by="other_clerk", photo=jpeg(picture, quality=60, side=500))
    sentence = "Another piece has the same photo, or one that looks the same."
    assert found(portal, first) == found(portal, second) == [sentence]


def test_customer_with_many_repairs_is_found(portal: Portal) -> None:
    """O5: three other days within a year; pieces of one day are one repair."""
    phone = {"customer_phone": "+86 138 1234 5678"}
    for day in (1, 2):
        piece(portal, failed_on=date(2026, 9, day), customer_phone="13812345678")
    piece(portal, **phone)
    last = piece(portal, **phone)
    assert found(portal, last) == []
    piece(portal, failed_on=date(2026, 9, 3), **phone)
    assert found(portal, last) == ["This customer had 3 other repairs within a year."]


def test_history_stands_beside_the_piece(portal: Portal) -> None:
    """O5: how often, and the last ones with their links: customer, product, part, dealer."""
    same = {"product_serial": "SN 9", "customer_phone": "138 0000 1111"}
    first = piece(portal, failed_on=date(2026, 9, 1), **same)
    foreign = piece(portal, by="other_clerk")
    second = piece(portal, **same)
    nameless = [piece(portal, by="other_clerk", product_serial="") for _ in range(2)]
    page = portal.client(portal.desk).get(f"/old-parts/review/{nameless[1].public_id}").text
    assert "This product: 0" in page
    page = portal.client(portal.desk).get(f"/old-parts/review/{second.public_id}").text
    for shown in (
        "This customer, within a year: 1",
        "This product: 1",
        "This part at this dealer, within a year: 1",
        "This dealer, within a year: 2, of them rejected: 0",
    ):
        assert shown in page
    assert page.count(f'href="/old-parts/{first.public_id}"') == 4
    assert foreign.number not in page
    assert "In warranty until" in page


def test_next_one_comes_after_a_decision(portal: Portal) -> None:
    """O5: the oldest first; at the end it is said that none is left."""
    pieces = [piece(portal) for _ in range(3)]
    done = decide(portal, pieces[0], "accept")
    assert (done.status_code, done.location) == (303, f"/old-parts/review/{pieces[1].public_id}")
    done = decide(portal, pieces[1], "return", code="photo")
    assert done.location == f"/old-parts/review/{pieces[2].public_id}"
    done = decide(portal, pieces[2], "reject", code="no_fault")
    assert done.location == "/old-parts"
    assert [status_of(portal, one) for one in pieces] == ["accepted", "returned", "rejected"]
    page = portal.client(portal.clerk).get(f"/old-parts/{pieces[1].public_id}").text
    assert "The photos do not show the part and its fault" in page


def test_second_reviewer_is_told_when_the_first_was_faster(portal: Portal) -> None:
    """O5: 409, nothing changes, and the way to the next one is on the page."""
    first, second = piece(portal), piece(portal)
    assert decide(portal, first, "accept").status_code == 303
    late = decide(portal, first, "reject", code="user_damage", press="another-page-s-key")
    assert late.status_code == 409
    assert status_of(portal, first) == "accepted"
    assert f'href="/old-parts/review/{second.public_id}"' in late.text
    assert "does not wait for review any more" in late.text


def test_refused_decision_keeps_what_was_typed(portal: Portal) -> None:
    """O5: no reason, one that is none, or another one without words."""
    one = piece(portal)
    for typed, sentence in (
        ({"code": "", "reason": ""}, "Choose why."),
        ({"code": "made_up", "reason": "<b>"}, "Choose why."),
        ({"code": "other", "reason": " "}, "Please say why"),
    ):
        page = decide(portal, one, "reject", **typed)
        assert page.status_code == 422
        assert sentence in page.text
        assert re.search(r'<details class="choose" name="decision" open>', page.text)
    assert 'value="other" checked' in page.text
    assert decide(portal, one, "correct").status_code == 404
    assert decide(portal, one, "nonsense").status_code == 404


def test_many_are_accepted_at_once(portal: Portal) -> None:
    """O5, P4: each with its event; a press that is repeated does nothing more."""
    pieces = [piece(portal) for _ in range(3)]
    page = portal.client(portal.desk).get("/old-parts/review").text
    assert page.count('name="pick"') == 3
    assert accept(portal, *pieces[:2]).status_code == 303
    assert [status_of(portal, one) for one in pieces] == ["accepted", "accepted", "registered"]
    with portal.transaction():
        named = select(Event).where(Event.document_kind == "oldpart", Event.name == "accept")
        assert {one.actor_name for one in session.scalars(named)} == {"Desk"}
        assert session.get_one(OldPart, pieces[0].id).accepted_at == portal.now
    client = portal.client(portal.desk)
    ticked = {"pick": [pieces[0].public_id], f"seen-{pieces[0].public_id}": "1"}
    told = client.post("/old-parts/review", ticked, follow_redirects=True).text
    assert f"{pieces[0].number}: Somebody changed this" in told


def test_suspicious_piece_is_not_accepted_among_many(portal: Portal) -> None:
    """O5: also if it became so after the page was made."""
    good, bad = piece(portal), piece(portal, purchase_date=date(2023, 1, 5))
    client = portal.client(portal.desk)
    clear = client.get("/old-parts/review").text
    assert good.number in clear
    assert bad.number not in clear
    suspicious = client.get("/old-parts/review?tab=suspicious").text
    assert bad.number in suspicious
    assert "Out of warranty since" in suspicious
    assert 'name="pick"' not in suspicious
    assert accept(portal, good, bad).status_code == 303
    assert [status_of(portal, one) for one in (good, bad)] == ["accepted", "registered"]


def test_many_are_accepted_by_the_desk_alone(portal: Portal) -> None:
    """P1, O5: and a version that nobody saw is stale."""
    one = piece(portal)
    for name in (*DENIED, "other_clerk"):
        assert accept(portal, one, who=name).status_code == 403
    assert accept(portal, one, seen=7).status_code == 303
    assert status_of(portal, one) == "registered"
    nothing = portal.client(portal.desk).post("/old-parts/review", {})
    assert nothing.status_code == 422
    assert "Tick at least one piece." in nothing.text
    hostile = {"pick": ["'; DROP TABLE old_part;--", "😀" * 50], "seen-x": "1"}
    assert portal.client(portal.desk).post("/old-parts/review", hostile).status_code == 303


def test_queue_costs_the_same_however_long_it_is(portal: Portal) -> None:
    """Look: a fixed number of queries for the list, and for the page of a piece."""
    first = piece(portal)
    client = portal.client(portal.desk)
    places = ("/old-parts/review", f"/old-parts/review/{first.public_id}")

    def cost() -> list[int]:
        numbers = []
        for place in places:
            client.get(place)
            with counted(portal.app) as statements:
                assert client.get(place).status_code == 200
            numbers.append(len(statements))
        return numbers

    piece(portal)
    before = cost()
    for day in range(1, 5):
        piece(portal, failed_on=portal.now.date() - timedelta(days=day))
    assert cost() == before
    assert before[0] <= 13


def test_queue_is_searched(portal: Portal) -> None:
    """Look: by number, serial, customer or part; what was accepted leads back to the search."""
    wanted, other = piece(portal, customer_name="Łucja Żak"), piece(portal)
    client = portal.client(portal.desk)
    page = client.get("/old-parts/review?q=żak").text
    assert wanted.number in page
    assert other.number not in page
    assert "Nothing matches" in client.get("/old-parts/review?q=%00zzz").text
    ticked = {"pick": [wanted.public_id], f"seen-{wanted.public_id}": "1"}
    done = client.post("/old-parts/review?q=żak", ticked)
    assert done.location.startswith("/old-parts/review?q=")


def test_only_so_many_are_looked_at(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Look: the queue's page does not grow without end."""
    for _ in range(3):
        piece(portal)
    monkeypatch.setattr(reviewing, "MOST", 2)
    page = portal.client(portal.desk).get("/old-parts/review").text
    assert page.count('name="pick"') == 2
    assert "These are the 2 that have waited longest" in page
