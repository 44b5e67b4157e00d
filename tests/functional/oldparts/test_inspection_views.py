"""O8: the pages of the inspection, and of the objection."""

import re

from tests.support import claims, story
from tests.support.inspecting import inspect, piece, status
from tests.support.portal import Portal
from tests.support.queries import counted


def test_warehouse_scans_and_inspects_one_piece_after_another(portal: Portal) -> None:
    """O8: a label opens its piece; after one is decided the next one comes, the last one ends."""
    first, second = claims.pieces(portal, 2, status="received")
    client = portal.client(portal.warehouse)
    assert first in client.get("/old-parts/inspect").text
    with portal.transaction():
        number = piece(second).number
    for code in (number.lower(), f"https://portal.example/old-parts/{second}"):
        opened = client.get("/old-parts/inspect/scan", query_string={"code": code})
        assert opened.location == f"/old-parts/{second}/inspect"
    unknown = client.get("/old-parts/inspect/scan?code=OP-0%00")
    assert unknown.location == "/old-parts/inspect"
    done = client.post(f"/old-parts/{second}/inspect", {"seen": "1", "result": "pass"})
    assert done.location == f"/old-parts/{first}/inspect"
    photo = story.photo(portal, "warehouse")
    typed = {"seen": "1", "result": "fail", "reason": "Żółw & 水", "photos_kept": photo}
    refused = client.post(f"/old-parts/{first}/inspect", typed)
    assert refused.status_code == 422
    assert "Żółw &amp; 水" in refused.text
    assert photo in refused.text
    typed |= {"code": "transport", "pays": "dealer"}
    stale = client.post(f"/old-parts/{first}/inspect", typed | {"seen": "0"})
    assert stale.status_code == 409
    done = client.post(f"/old-parts/{first}/inspect", typed)
    assert done.location == "/old-parts/inspect"
    assert (status(portal, first), status(portal, second)) == ("failed", "passed")
    tab = client.get("/old-parts/inspect?tab=passed").text
    seen = re.search(rf'name="seen-{second}" value="(\d+)"', tab)
    assert seen is not None
    ticked = {"pick": second, f"seen-{second}": seen[1]}
    client.post("/old-parts/inspect?tab=passed", ticked)
    assert status(portal, second) == "disposed"
    assert client.post("/old-parts/inspect?tab=passed", {}).status_code == 422


def test_dealer_reads_why_and_objects_when_a_piece_failed(portal: Portal) -> None:
    """O8, P1: the reason, the photo and who pays; another dealer learns nothing of it."""
    (name,) = claims.pieces(portal, 1, status="received")
    inspect(portal, name)
    clerk = portal.client(portal.clerk)
    page = clerk.get(f"/old-parts/{name}").text
    assert "Damaged by the user" in page
    assert "Burst by frost" in page
    assert f"/old-parts/{name}/object" in page
    empty = clerk.post(f"/old-parts/{name}/object", {"seen": "2", "reason": " "})
    assert empty.status_code == 422
    other = portal.client(portal.other_clerk)
    assert other.get(f"/old-parts/{name}/object").status_code == 404
    photo = story.photo(portal)
    sent = {"seen": "2", "reason": "The carrier broke it", "photos_kept": photo}
    assert other.post(f"/old-parts/{name}/object", sent).status_code == 404
    assert clerk.post(f"/old-parts/{name}/object", sent).status_code == 303
    desk = portal.client(portal.desk)
    assert name in desk.get("/old-parts?tab=objected").text
    page = desk.get(f"/old-parts/{name}").text
    assert photo in page
    assert f"/old-parts/{name}/steps/overturn" in page
    # The review's own address takes no decision on an inspection.
    answer = desk.post(f"/old-parts/review/{name}/overturn", {"seen": "3", "reason": "So"})
    assert answer.status_code == 404
    done = desk.post(f"/old-parts/{name}/steps/overturn", {"seen": "3", "reason": "It was whole"})
    assert done.status_code == 303
    assert status(portal, name) == "passed"
    assert f"/old-parts/{name}/object" not in clerk.get(f"/old-parts/{name}").text


def test_a_failed_piece_that_cannot_be_objected_to_offers_no_form(portal: Portal) -> None:
    """O8: once the time is over the page sends back with a sentence."""
    (name,) = claims.pieces(portal, 1, status="received")
    inspect(portal, name)
    portal.clock.advance(days=15)
    clerk = portal.client(portal.clerk)
    assert clerk.get(f"/old-parts/{name}/object").status_code == 303
    sent = {"seen": "2", "reason": "The carrier broke it"}
    assert clerk.post(f"/old-parts/{name}/object", sent).status_code == 409


def test_list_to_inspect_costs_the_same_queries_however_long_it_is(portal: Portal) -> None:
    """O8: one for the rows and one for all the tabs, whatever there is."""
    warehouse = portal.client(portal.warehouse)

    def asked() -> int:
        with counted(portal.app) as statements:
            assert warehouse.get("/old-parts/inspect").status_code == 200
        return len(statements)

    claims.pieces(portal, 1, status="received")
    asked()  # what is asked once is not counted
    few = asked()
    claims.pieces(portal, 20, status="received")
    assert asked() == few <= 8
