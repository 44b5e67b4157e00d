"""A7, A8: the pages on which the warehouse ships and cancels, the dealer reports, HQ settles."""

import io
import re
from typing import Any

from PIL import Image
from sqlalchemy import func, select

from portal.applications.commands import Found
from portal.applications.models import Application, DeliveryReport, QuoteLine, Shipment
from portal.core.db import session
from portal.files.models import Attachment
from portal.ledger.models import Transfer
from tests.support import story
from tests.support.portal import Client, Portal


def typed(client: Client, url: str) -> dict[str, str]:
    """What stands in the fields of a page's forms."""
    fields = re.findall(r"<input\b[^>]*>", client.get(url).text)
    names = [
        (re.search(r'name="([^"]+)"', one), re.search(r'value="([^"]*)"', one)) for one in fields
    ]
    return {name[1]: value[1] if value else "" for name, value in names if name}


def only(portal: Portal, statement: Any) -> Any:
    with portal.transaction():
        return session.execute(statement).scalar_one()


def jpeg() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(content, "JPEG")
    return content.getvalue()


# The dealer


def test_report_is_made_and_settled_in_pages(portal: Portal) -> None:
    """A8: by line with a photo from the camera; the desk sends it again; both see all of it."""
    shipment = story.shipped(portal, story.line(portal, quantity=3))
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    page = f"/shipments/{shipment.public_id}"
    assert f'href="{page}/report"' in clerk.get(page).text
    with portal.transaction():
        (line,) = story.line_ids(shipment)
    found = {f"short-{line}": "1", f"damaged-{line}": "1", "remark": "The box was wet", "seen": "1"}
    photos = {"photos": (io.BytesIO(jpeg()), "wet.jpg")}
    sent = clerk.post(f"{page}/report", found | photos, content_type="multipart/form-data")
    assert sent.status_code == 303
    report = clerk.get(sent.location).text
    assert "The box was wet" in report
    assert "/thumbnail" in report
    assert "Resolve" not in re.findall(r"<button[^>]*>([^<]*)", report)
    number = only(portal, select(DeliveryReport.number))
    application = only(portal, select(Application))
    for client in (clerk, desk):
        assert number in client.get(f"/applications/{application.public_id}").text
        assert number in client.get(page).text
    waiting = desk.get(f"/applications/{application.public_id}").text
    assert "After-sales desk" in waiting.split('aria-label="Next step"')[1].split("</section>")[0]
    assert shipment.number in desk.get("/shipments?tab=reported").text
    assert "Delivery reports to resolve" in desk.get("/").text
    choice = {f"line-{line}": "again", "seen": "1", "reason": "Two more on Monday"}
    assert desk.post(f"{sent.location}/settle", choice).status_code == 303
    assert "Two more on Monday" in clerk.get(sent.location).text
    form = portal.client(portal.warehouse).get(f"/applications/{application.public_id}/ship").text
    assert "2 to send again" in form
    assert "Delivery reports to resolve" not in desk.get("/").text


def test_report_keeps_what_was_typed_when_it_is_refused(portal: Portal) -> None:
    """A8: more than was sent, damage without a photo, words for a count; nothing is lost."""
    shipment = story.shipped(portal)
    clerk, url = portal.client(portal.clerk), f"/shipments/{shipment.public_id}/report"
    assert 'Photos<span class="optional">' not in clerk.get(url).text
    with portal.transaction():
        (line,) = story.line_ids(shipment)
    short, damaged = f"short-{line}", f"damaged-{line}"
    for wrong, sentence in (
        ({short: "two"}, "Enter a whole number."),
        ({short: "3"}, "Enter a whole number from 0 to 2."),
        ({short: "2", damaged: "1"}, "This line was sent with 2 in all."),
        ({damaged: "1"}, "Add a photo of what is damaged."),
        ({}, "Enter what is missing or damaged."),
    ):
        answer = clerk.post(url, wrong | {"remark": "Torn box", "seen": "1"})
        assert answer.status_code == 422
        assert sentence in answer.text
        assert "Torn box" in answer.text
        assert all(f'value="{count}"' in answer.text for count in wrong.values())
    kept = story.photo(portal)
    stale = {damaged: "1", "remark": "Torn box", "seen": "7", "photos_kept": kept}
    answer = clerk.post(url, stale)
    assert answer.status_code == 409
    assert "Torn box" in answer.text
    assert kept in answer.text
    assert clerk.post(url, stale | {"seen": "1"}).status_code == 303
    assert clerk.get(url).status_code == 303
    assert only(portal, select(func.count()).select_from(Attachment)) == 1


def test_settling_keeps_what_was_typed_when_it_is_refused(portal: Portal) -> None:
    """A8: no choice, a made-up one, a stale page; then the exact refund is booked, once."""
    shipment = story.shipped(portal)
    report = story.reported(portal, shipment, {0: Found(short=2)}, photos=[])
    desk, url = portal.client(portal.desk), f"/delivery-reports/{report.public_id}"
    page = desk.get(url).text
    assert "Refund CN¥25.00" in page
    assert " checked" not in page.split("<main")[1]
    with portal.transaction():
        (line,) = story.line_ids(shipment)
    choice = {f"line-{line}": "refund", "seen": "1", "reason": "Sorry"}
    missing = desk.post(f"{url}/settle", {"seen": "1", "reason": "Sorry"})
    assert missing.status_code == 422
    assert f'id="line-{line}-error"' in missing.text
    assert "Choose what to do about it." in missing.text
    for wrong, status in (
        ({f"line-{line}": ""}, 422),
        ({f"line-{line}": "keep"}, 422),
        ({"seen": "7"}, 409),
    ):
        answer = desk.post(f"{url}/settle", choice | wrong)
        assert answer.status_code == status
        assert "Sorry" in answer.text
    assert desk.post(f"{url}/settle", choice).status_code == 303
    assert desk.post(f"{url}/settle", choice).status_code == 409
    assert only(portal, select(Transfer.amount).where(Transfer.kind == "refund")) == 2500


def test_choice_of_one_line_stays_when_that_of_another_is_missing(portal: Portal) -> None:
    """A8: nothing is chosen for the desk, and what it chose is not asked twice."""
    shipment = story.shipped(portal, story.line(portal), story.line(portal, "FP-200"))
    report = story.reported(portal, shipment, {0: Found(short=1), 1: Found(short=1)}, photos=[])
    with portal.transaction():
        first, second = story.line_ids(shipment)
    url = f"/delivery-reports/{report.public_id}/settle"
    answer = portal.client(portal.desk).post(url, {f"line-{second}": "refund", "seen": "1"})
    assert answer.status_code == 422
    assert f'id="line-{first}-error"' in answer.text
    assert f'id="line-{second}-error"' not in answer.text
    (chosen,) = re.findall(r"<input checked[^>]*>", answer.text)
    assert f'name="line-{second}"' in chosen
    assert 'value="refund"' in chosen


# The warehouse


def test_ship_form_is_filled_by_buttons_and_remembers_the_carrier(portal: Portal) -> None:
    """A7: all that is left, nothing of it, and who took the last shipment to this dealer."""
    story.shipped(portal, story.line(portal))
    application = story.released(portal, story.line(portal), story.line(portal, part="FP-200"))
    warehouse = portal.client(portal.warehouse)
    url = f"/applications/{application.public_id}/ship"
    first = typed(warehouse, url)
    assert first["carrier"] == "SF Express"
    pieces = [name for name in first if name.startswith("pieces-")]
    assert [first[name] for name in pieces] == ["2", "2"]
    for fill, expected in (("none", ""), ("all", "2")):
        answer = warehouse.post(url, {"fill": fill, "carrier": "DHL", "seen": "5"})
        assert answer.status_code == 200
        assert 'value="DHL"' in answer.text
        for name in pieces:
            value = re.search(rf'name="{name}"[^>]*value="([^"]*)"', answer.text)
            assert value is not None
            assert value[1] == expected
    assert only(portal, select(func.count()).select_from(Shipment)) == 1


def test_refund_is_shown_before_pieces_are_cancelled(portal: Portal) -> None:
    """A7: the exact amount, the fees if nothing was sent, and again if the pieces change."""
    application = story.released(portal, story.line(portal, quantity=3))
    warehouse = portal.client(portal.warehouse)
    url = f"/applications/{application.public_id}/cancel-lines"
    line = f"pieces-{only(portal, select(QuoteLine.id))}"
    form = {"seen": str(application.version), "reason": "Sold out", line: "1"}

    def refunded() -> int:
        total = select(func.coalesce(func.sum(Transfer.amount), 0))
        amount: int = only(portal, total.where(Transfer.kind == "refund"))
        return amount

    without = warehouse.post(url, form | {"reason": ""})
    assert without.status_code == 422
    assert warehouse.post(url, form | {line: "4"}).status_code == 422
    assert warehouse.post(url, form | {"seen": "1"}).status_code == 409
    shown = warehouse.post(url, form)
    assert shown.status_code == 200
    assert "Cancel and refund CN¥12.50" in shown.text
    assert "Sold out" in shown.text
    assert refunded() == 0
    all_of_it = warehouse.post(url, form | {"agreed": "1250", line: "3"})
    assert all_of_it.status_code == 200
    total = only(portal, select(Application.total))
    assert f'name="agreed" type="hidden" value="{total}"' in all_of_it.text
    assert "Nothing is left to send after it." in all_of_it.text
    assert refunded() == 0
    assert warehouse.post(url, form | {"agreed": "1250"}).status_code == 303
    assert refunded() == 1250
    rest = form | {line: "2", "seen": str(application.version + 1)}
    assert warehouse.post(url, rest | {"agreed": str(total - 1250)}).status_code == 303
    assert refunded() == total
    assert only(portal, select(Application.status)) == "cancelled"


def test_freight_is_kept_when_something_was_sent_before_the_rest_is_cancelled(
    portal: Portal,
) -> None:
    """A7: only the price of the pieces comes back."""
    application = story.released(portal, story.line(portal, quantity=3))
    line_id = only(portal, select(QuoteLine.id))
    story.send(portal, application, {line_id: 1})
    warehouse = portal.client(portal.warehouse)
    url = f"/applications/{application.public_id}/cancel-lines"
    version = only(portal, select(Application.version))
    form = {"seen": str(version), "reason": "Sold out", f"pieces-{line_id}": "2"}
    shown = warehouse.post(url, form)
    assert "Cancel and refund CN¥25.00" in shown.text
    assert warehouse.post(url, form | {"agreed": "2500"}).status_code == 303
    assert only(portal, select(func.sum(Transfer.amount)).where(Transfer.kind == "refund")) == 2500
