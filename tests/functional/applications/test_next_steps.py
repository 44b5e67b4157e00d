"""What people are told before and after a step, and where each page leads on to."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.applications import queries, quoting
from portal.applications.commands import LineAnswer
from portal.applications.models import Application, Shipment
from portal.catalogue.models import Part
from portal.core.db import session
from tests.functional.applications.test_pages import FORM, new_draft, now_of
from tests.support import story
from tests.support.portal import Client, Portal


def summary(page: str) -> list[str]:
    """The sentences of a page's error summary."""
    found = re.search(r'id="error-summary">.*?</div>', page, re.DOTALL)
    items = re.findall("<li>(.*?)</li>", found[0]) if found else []
    return [html.unescape(re.sub("<[^>]*>", "", item)) for item in items]


@pytest.mark.parametrize(
    ("step", "at", "who", "sentence"),
    [
        ("withdraw", "drafted", "clerk", "The draft is discarded."),
        ("withdraw", "quoted", "manager", "Nobody waits for it any more."),
        ("requote", "quoted", "manager", "Headquarters is asked for a new quote."),
        ("return", "submitted", "desk", "The dealer corrects it and submits it again."),
        ("reject", "submitted", "desk", "The dealer is told why."),
        ("cancel", "confirmed", "desk", "The reserved money is available to the dealer again."),
        ("release", "confirmed", "finance", "The warehouse can ship it now."),
    ],
)
def test_step_says_what_happens_next(
    portal: Portal, step: str, at: str, who: str, sentence: str
) -> None:
    """Each step is answered with a message, once."""
    application = getattr(story, at)(portal)
    client = portal.client(portal.cast[who])
    url = f"/applications/{application.public_id}"
    seen = str(now_of(portal, application).version)
    why = {"seen": seen, "reason": "So", "code": "other"}
    assert client.post(f"{url}/steps/{step}", why).status_code == 303
    assert sentence in client.get(url).text
    assert sentence not in client.get(url).text


def test_quote_confirmation_and_shipment_say_what_happens_next(portal: Portal) -> None:
    """A3–A8: until when the quote stands, what is reserved, what is on its way and what follows."""
    manager, clerk = portal.client(portal.manager), portal.client(portal.clerk)
    application = story.submitted(portal)
    url = f"/applications/{application.public_id}"
    desk = portal.client(portal.desk)
    line_id = desk.get(f"{url}/quote").text.split('name="lines-0-line_id"')[1].split('value="')[1]
    quote = {
        "seen": str(now_of(portal, application).version),
        "lines-0-line_id": line_id.split('"')[0],
        "lines-0-part": str(portal.parts["FV-100"]),
        "lines-0-quantity": "2",
        "promised_on": (portal.now + timedelta(days=4)).date().isoformat(),
    }
    assert desk.post(f"{url}/quote", quote).status_code == 303
    assert "Sent. The dealer can confirm this quote until" in desk.get(url).text
    confirm = {"seen": str(now_of(portal, application).version), "quote_version": "1"}
    assert manager.post(f"{url}/confirm", confirm).status_code == 303
    assert "are reserved until headquarters releases them." in manager.get(url).text
    application = story.released(portal)
    url = f"/applications/{application.public_id}"
    warehouse = portal.client(portal.warehouse)
    field = warehouse.get(f"{url}/ship").text.split('name="pieces-')[1].split('"')[0]
    sent = {
        "seen": str(now_of(portal, application).version),
        "carrier": "SF",
        "tracking_number": "1",
        "shipped_on": portal.now.date().isoformat(),
        f"pieces-{field}": "2",
    }
    answer = warehouse.post(f"{url}/ship", sent)
    assert "is on its way. The dealer confirms" in warehouse.get(answer.location).text
    assert f'href="{answer.location}">Confirm receipt of SH-' in clerk.get(url).text
    page = clerk.get(answer.location).text
    assert "You confirm that all of it arrived: 2 pieces." in page
    assert clerk.post(f"{answer.location}/receive", {"seen": "1"}).status_code == 303
    page = clerk.get(answer.location).text
    assert "Received. Next, register the old parts" in page
    register = f'href="/old-parts/to-register?q={now_of(portal, application).number}"'
    assert f"{register}>Register old parts (2)" in page
    assert f'<a href="{url}">PA-' in page
    assert "Register old parts (2)" in clerk.get(url).text
    assert "Register old parts" not in warehouse.get(answer.location).text


def test_step_that_ends_something_waits_for_a_second_press(portal: Portal) -> None:
    """The button opens a box that says what will happen; without scripts too."""
    application = story.quoted(portal)
    page = portal.client(portal.manager).get(f"/applications/{application.public_id}").text
    box = re.search(r"<details[^>]*><summary[^>]*>Withdraw<.*?</details>", page, re.DOTALL)
    assert box
    assert "This ends the application for good." in box[0]
    assert box[0].count("<form") == 1


def test_draft_can_be_edited_and_discarded_from_its_page(portal: Portal) -> None:
    """A1: its page names what its buttons do."""
    draft = story.drafted(portal)
    page = portal.client(portal.clerk).get(f"/applications/{draft.public_id}").text
    assert f'href="/applications/{draft.public_id}/edit">Edit and submit</a>' in page
    assert "Discard draft" in page
    assert ">Withdraw<" not in page


def test_form_leads_to_the_application_when_it_was_submitted(portal: Portal) -> None:
    """A1: going back to the form of what was submitted is no dead end."""
    application = story.submitted(portal)
    clerk = portal.client(portal.clerk)
    answer = clerk.get(f"/applications/{application.public_id}/edit")
    assert (answer.status_code, answer.location) == (303, f"/applications/{application.public_id}")
    assert "can no longer be edited" in clerk.get(answer.location).text
    late = clerk.post(
        f"/applications/{application.public_id}/edit",
        FORM | {"contact": "Another"},
        headers={"HX-Request": "true", "HX-Target": "div#estimate"},
    )
    assert late.status_code == 409
    assert "<html" not in late.text


def test_everything_wrong_is_said_at_once_and_where(portal: Portal) -> None:
    """A1: of every line: what is missing, what cannot be read and what cannot be ordered."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    wrong = {
        "contact": "",
        "lines-1-part": "NO-SUCH",
        "lines-1-quantity": "",
        "lines-1-purpose": "warranty",
        "lines-2-part": "",
        "lines-2-quantity": "1",
        "lines-2-purpose": "stock",
    }
    answer = clerk.post(f"/applications/{draft.public_id}/edit", {**FORM, **wrong, "do": "submit"})
    assert answer.status_code == 422
    assert summary(answer.text) == [
        "Contact: Please fill this in.",
        "Line 2 · Part number: There is no such part.",
        "Line 2 · Quantity: Please fill this in.",
        "Line 2 · Product model: A warranty line names the product's model.",
        "Line 2 · Serial number: A warranty line has a serial or a purchase date.",
        "Line 2 · Fault: A warranty line describes the fault.",
        "Line 3 · Part number: Please fill this in.",
    ]


def test_delivery_is_that_of_the_dealers_last_application(portal: Portal) -> None:
    """Who files a second application need not type the address again; another dealer sees none."""
    story.submitted(portal)
    clerk = portal.client(portal.clerk)
    delivery = {
        "contact": "王坤",
        "phone": "010-5555 0101",
        "delivery_address": "朝阳路 1 号, 北京",
    }
    typed = new_draft(portal, clerk).typed
    assert typed | delivery == typed
    of_south = new_draft(portal, portal.client(portal.other_clerk)).typed
    assert {of_south[name] for name in delivery} == {""}


def test_new_line_has_the_focus_and_a_quantity(portal: Portal) -> None:
    """What is added is where one goes on typing, and looks as the first line did."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    url = f"/applications/{draft.public_id}/edit"
    answer = clerk.post(url, {**FORM, "do": "add"})
    assert answer.location == f"{url}#lines-1-part"
    assert re.search(r'name="lines-1-quantity"[^>]*value="1"', clerk.get(url).text)


def test_replacement_has_its_own_name(portal: Portal) -> None:
    """A3: the number and the name of what is sent belong together; the warehouse reads remarks."""
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
        part.successor_id = portal.parts["TH-300"]
    application = story.submitted(portal)
    with portal.transaction():
        (row,) = queries.lines_of(session.get_one(Application, application.id))
        sent = LineAnswer(row.ApplicationLine.id, portal.parts["TH-300"], 2)
        answer = story.answer(portal, application, lines=(sent,), remark="Carefully, please")
        quoting.quote(application, answer, seen=None, by=portal.desk, now=portal.now)
        quoting.confirm(application, quote_version=1, seen=None, by=portal.manager, now=portal.now)
        quoting.release(application, seen=None, by=portal.finance, now=portal.now)
    url = f"/applications/{application.public_id}"
    for page in (
        portal.client(portal.clerk).get(url).text,
        portal.client(portal.warehouse).get(f"{url}/ship").text,
    ):
        assert "Thermostatic cartridge" in page
        assert "Carefully, please" in page


def entries_on(client: Client, application: Application) -> list[str]:
    """Which entries a page of an application leads to, in order."""
    page = client.get(f"/applications/{application.public_id}").text
    return re.findall(r'href="/entries/[^"]+">([^<]+)<', page)


def test_application_leads_to_what_it_booked(portal: Portal) -> None:
    """L4: for whoever reads the ledger; the warehouse does not."""
    with portal.transaction():
        shipment = session.get_one(Shipment, story.shipped(portal).id)
        application = session.scalars(
            select(Application).where(Application.id == shipment.application_id)
        ).one()
    booked = ["Parts deduction", "Freight"]
    assert entries_on(portal.client(portal.clerk), application) == booked
    assert entries_on(portal.client(portal.finance), application) == booked
    assert entries_on(portal.client(portal.warehouse), application) == []
