"""Applications as people meet them: pages, forms, lists (A1–A8), in three languages."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.applications import policy, queries
from portal.applications.models import Application, Shipment
from portal.applications.workflow import RETURN_REASONS
from portal.core.db import session
from portal.core.permissions import Role
from tests.support import story
from tests.support.portal import Client, Portal
from tests.support.queries import counted

LINE = {
    "lines-0-part": "fv-100",
    "lines-0-quantity": "2",
    "lines-0-purpose": "warranty",
    "lines-0-product_model": "WC-9",
    "lines-0-serial": "ＳＮ－７",
    "lines-0-purchase_date": "05.03.2026",
    "lines-0-fault": "Leaks",
}
FORM = {"seen": "1", "contact": "王坤", "delivery_address": "朝阳路 1 号", **LINE}


def now_of(portal: Portal, document: Any) -> Any:
    with portal.transaction():
        return session.get_one(type(document), document.id)


def new_draft(portal: Portal, client: Client) -> Application:
    """Press «New application»."""
    answer = client.post("/applications/new")
    assert answer.status_code == 303
    with portal.transaction():
        return session.scalars(select(Application).order_by(Application.id.desc())).first()  # type: ignore[return-value]


def test_application_is_filed_when_the_form_is_complete(portal: Portal) -> None:
    """A1, A2: from the button to the number; messy dates and part numbers are understood."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    answer = clerk.post(f"/applications/{draft.public_id}/edit", {**FORM, "do": "submit"})
    assert answer.status_code == 303, answer.text
    page = clerk.get(f"/applications/{draft.public_id}")
    assert "PA-2026-D0001-00001" in page.text
    assert "FV-100" in page.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"lines-0-part": "NO-SUCH"}, "lines-0-part"),
        ({"lines-0-part": "NP-400"}, "lines-0-part"),
        ({"lines-0-quantity": "0"}, "lines-0-quantity"),
        ({"lines-0-quantity": "-1"}, "lines-0-quantity"),
        ({"lines-0-quantity": "1e9"}, "lines-0-quantity"),
        ({"lines-0-quantity": "1000000000"}, "lines-0-quantity"),
        ({"lines-0-quantity": "2.5"}, "lines-0-quantity"),
        ({"lines-0-purchase_date": "1901-01-01"}, "lines-0-purchase_date"),
        ({"lines-0-purchase_date": "2099-01-01"}, "lines-0-purchase_date"),
        ({"lines-0-purchase_date": "30.02.2026"}, "lines-0-purchase_date"),
        ({"lines-0-purpose": "gift"}, "lines-0-purpose-0"),
        ({"lines-0-fault": ""}, "lines-0-fault"),
        ({"contact": " "}, "contact"),
        ({"delivery_address": ""}, "delivery_address"),
    ],
)
def test_input_is_kept_and_explained_when_it_is_bad(
    portal: Portal, change: dict[str, str], field: str
) -> None:
    """A1: 422, a sentence that leads to its field, what was typed stays, nothing is filed."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    answer = clerk.post(f"/applications/{draft.public_id}/edit", {**FORM, **change, "do": "submit"})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert "ＳＮ－７" in answer.text
    for name, value in change.items():
        assert value.strip() in answer.text or name.endswith("purpose")
    assert now_of(portal, draft).number is None


def test_what_is_typed_is_kept_when_the_page_is_left(portal: Portal) -> None:
    """A1: saved as typed; htmx gets the estimate, and the form comes back as it was."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    typed = FORM | {"lines-0-quantity": "two", "lines-1-part": "TH-300", "lines-1-quantity": "3"}
    answer = clerk.post(
        f"/applications/{draft.public_id}/edit",
        typed,
        headers={"HX-Request": "true", "HX-Target": "div#estimate"},
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "450.00" in answer.text
    assert "HX-Target" in answer.headers["Vary"]
    page = clerk.get(f"/applications/{draft.public_id}/edit").text
    assert 'value="two"' in page
    assert 'value="TH-300"' in page


def test_lines_come_and_go_when_scripts_are_off(portal: Portal) -> None:
    """The line editor works with plain buttons."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    url = f"/applications/{draft.public_id}/edit"
    assert clerk.post(url, {**FORM, "do": "add"}).status_code == 303
    assert 'name="lines-1-part"' in clerk.get(url).text
    two = FORM | {"lines-1-part": "TH-300", "lines-1-quantity": "1", "lines-1-purpose": "stock"}
    assert clerk.post(url, {**two, "seen": "2", "do": "remove-0"}).status_code == 303
    page = clerk.get(url).text
    assert 'value="TH-300"' in page
    assert 'name="lines-1-part"' not in page


def test_page_is_refused_when_the_application_was_submitted_elsewhere(portal: Portal) -> None:
    """A1: a stale page answers 409 and keeps the typing."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    url = f"/applications/{draft.public_id}/edit"
    assert clerk.post(url, {**FORM, "do": "submit"}).status_code == 303
    answer = clerk.post(url, {**FORM, "contact": "Somebody else", "do": "submit"})
    assert answer.status_code == 409
    assert "Somebody else" in answer.text
    assert now_of(portal, draft).contact == "王坤"


def test_ways_on_stand_above_the_form_when_another_page_saved_it(portal: Portal) -> None:
    """A1: who submits a stale page reads first how to keep what is typed, or to see what is."""
    clerk = portal.client(portal.clerk)
    draft = new_draft(portal, clerk)
    url = f"/applications/{draft.public_id}/edit"
    first = FORM | {"contact": "First page", "press": "key-of-the-first-page"}
    assert clerk.post(url, {**first, "do": "save"}).status_code == 303
    answer = clerk.post(url, {**FORM, "do": "submit", "press": "key-of-another-page"})
    assert answer.status_code == 409
    above, form = answer.text.split('id="contact"')
    assert "You saved this draft on another page" in above
    assert re.search(r'name="over" value="2"', above)
    assert f'href="{url}"' in above
    assert 'name="over"' not in form
    assert "Please correct this" not in answer.text


def test_reason_stands_above_the_application_while_it_is_returned(portal: Portal) -> None:
    """A3: on its page and its form, in the words of who returned it, until it is handed in."""
    application = story.submitted(portal)
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    page = f"/applications/{application.public_id}"
    returned = {"code": next(iter(RETURN_REASONS)), "reason": "The serial is another model's"}
    seen = {"seen": str(now_of(portal, application).version)}
    assert desk.post(f"{page}/steps/return", returned | seen).status_code == 303
    clerk.post(f"/comments/application/{application.public_id}", {"text": "I look it up"})
    words = f"{RETURN_REASONS[returned['code']]}: The serial is another model&#39;s"
    for url, below in ((page, "<h2>Lines</h2>"), (f"{page}/edit", 'id="contact"')):
        above = clerk.get(url).text.split(below)[0]
        assert f"{portal.desk.name} returned it" in above
        assert words in above
    assert f"{portal.desk.name} returned it" not in clerk.get("/applications").text


def test_submitted_application_has_an_estimate_until_it_is_quoted(portal: Portal) -> None:
    """A1: what its parts cost at today's list, and nothing more once there is a quote."""
    lines = (story.line(portal, quantity=3), story.line(portal, "TH-300", 1))
    asked, answered = story.submitted(portal, *lines), story.quoted(portal, *lines)
    clerk = portal.client(portal.clerk)
    page = clerk.get(f"/applications/{asked.public_id}").text
    assert "At today's list price" in page
    assert "187.50" in page.split("<aside>")[1]
    assert "At today" not in clerk.get(f"/applications/{answered.public_id}").text


def test_drafts_are_told_apart_in_the_list(portal: Portal) -> None:
    """A1: by the dealer's own number or the first part, and by how many lines they have."""
    clerk = portal.client(portal.clerk)
    for own in ({"reference": "JOB-7"}, {}):
        draft = new_draft(portal, clerk)
        url = f"/applications/{draft.public_id}/edit"
        assert clerk.post(url, {**FORM, **own, "lines-1-part": "TH-300"}).status_code == 303
    new_draft(portal, clerk)
    rows = clerk.get("/applications?tab=draft").text.split("<tbody>")[1].split("</tr>")
    assert all(">Draft</a>" in row for row in rows[:3])
    assert ["JOB-7" in row for row in rows[:3]] == [False, False, True]
    assert ["fv-100" in row for row in rows[:3]] == [False, True, False]
    assert ['data-label="Lines">2<' in row for row in rows[:3]] == [False, True, True]


def test_quote_is_made_and_confirmed_in_pages(portal: Portal) -> None:
    """A3–A6: the desk quotes beside the request, the dealer confirms what stands there."""
    application = story.submitted(portal)
    desk, manager = portal.client(portal.desk), portal.client(portal.manager)
    url = f"/applications/{application.public_id}"
    page = desk.get(f"{url}/quote")
    assert page.status_code == 200
    line_id = page.text.split('name="lines-0-line_id"')[1].split('value="')[1].split('"')[0]
    promised = (portal.now + timedelta(days=4)).date().isoformat()
    data = {
        "seen": str(now_of(portal, application).version),
        "lines-0-line_id": line_id,
        "lines-0-part": str(portal.parts["FV-100"]),
        "lines-0-quantity": "1",
        "lines-0-remark": "One is sold out",
        "freight": "1,200.50",
        "promised_on": promised,
    }
    refused = desk.post(f"{url}/quote", data | {"freight": "12.345"})
    assert refused.status_code == 422
    assert "12.345" in refused.text
    assert desk.post(f"{url}/quote", data).status_code == 303
    shown = manager.get(url).text
    assert "CN¥1,213.00" in shown
    assert "One is sold out" in shown
    seen = str(now_of(portal, application).version)
    stale = manager.post(f"{url}/confirm", {"seen": seen, "quote_version": "7"})
    assert stale.status_code == 409
    assert manager.post(f"{url}/confirm", {"seen": seen, "quote_version": "1"}).status_code == 303
    again = manager.post(f"{url}/confirm", {"seen": seen, "quote_version": "1"})
    assert again.status_code == 409
    assert now_of(portal, application).status == "confirmed"


def test_missing_amount_is_named_when_the_account_is_short(portal: Portal) -> None:
    """A5: how much is missing, and how to deposit."""
    application = story.quoted(portal, story.line(portal, "TH-300", 100), freight=0, packing=0)
    manager = portal.client(portal.manager)
    answer = manager.post(
        f"/applications/{application.public_id}/confirm",
        {"seen": str(now_of(portal, application).version), "quote_version": "1"},
    )
    assert answer.status_code == 422
    assert "CN¥5,000.00" in answer.text
    assert "D0001" in answer.text


def test_shipping_and_receipt_work_in_pages(portal: Portal) -> None:
    """A7, A8: the warehouse ships, the clerk confirms receipt, the application is closed."""
    application = story.released(portal)
    warehouse, clerk = portal.client(portal.warehouse), portal.client(portal.clerk)
    url = f"/applications/{application.public_id}/ship"
    page = warehouse.get(url).text
    field = page.split('name="pieces-')[1].split('"')[0]
    data = {
        "seen": str(now_of(portal, application).version),
        "carrier": "SF",
        "tracking_number": "1",
        "shipped_on": portal.now.date().isoformat(),
    }
    too_many = warehouse.post(url, data | {f"pieces-{field}": "3"})
    assert too_many.status_code == 422
    assert warehouse.post(url, data | {f"pieces-{field}": "2"}).status_code == 303
    assert warehouse.post(url, data | {f"pieces-{field}": "2"}).status_code == 409
    with portal.transaction():
        shipment = session.scalars(select(Shipment)).one()
    receive = f"/shipments/{shipment.public_id}/receive"
    assert clerk.get(f"/shipments/{shipment.public_id}").status_code == 200
    assert clerk.post(receive, {"seen": str(shipment.version)}).status_code == 303
    assert clerk.post(receive, {"seen": str(shipment.version)}).status_code == 409
    assert now_of(portal, application).status == "closed"


@pytest.mark.parametrize("language", ["zh-Hans", "pl"])
def test_part_is_named_in_the_readers_language(portal: Portal, language: str) -> None:
    """C1: names in the portal's languages."""
    application = story.quoted(portal)
    clerk = portal.client(portal.clerk)
    clerk.post("/preferences", {"language": language})
    page = clerk.get(f"/applications/{application.public_id}").text
    assert f'lang="{language}"' in page
    assert {"zh-Hans": "进水阀", "pl": "Zawór napełniający"}[language] in page


@pytest.mark.parametrize("url", ["/applications", "/applications?tab=quoted&q=FV-1", "/shipments"])
def test_list_costs_three_queries_whatever_its_length(portal: Portal, url: str) -> None:
    """A list page costs at most three queries, the user included, at 10 rows and at 1,000."""
    story.shipped(portal)
    first = story.quoted(portal)
    clerk = portal.client(portal.clerk)
    for wanted in (10, 1000):
        with portal.transaction():
            copy = session.get_one(Application, first.id)
            values = {
                column.name: getattr(copy, column.name)
                for column in Application.__table__.columns
                if column.name not in ("id", "public_id", "number")
            }
            session.add_all(
                Application(**values, number=f"PA-{wanted}-{index}") for index in range(wanted)
            )
        with counted(portal.app) as statements:
            answer = clerk.get(url)
        assert answer.status_code == 200
        assert len(statements) <= 3, statements
    if "shipments" not in url:
        assert answer.text.count('class="row"') == 50
        following = answer.text.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
        assert clerk.get(following).text.count('class="row"') == 50


def test_warehouse_sees_what_it_cancelled_when_nothing_was_sent(portal: Portal) -> None:
    """A6, A7: after cancelling all of a released application its page is still there."""
    application = story.released(portal)
    with portal.transaction():
        pieces = {f"pieces-{line}": n for line, n in story.pieces_left(application).items()}
    warehouse, url = portal.client(portal.warehouse), f"/applications/{application.public_id}"
    form = {"seen": application.version, "reason": "Out of stock", "agreed": application.total}
    form |= pieces
    assert warehouse.post(f"{url}/cancel-lines", form).status_code == 303
    assert "Out of stock" in warehouse.get(url).text


def test_warehouse_sees_only_released_when_somebody_has_another_role_without_applications(
    portal: Portal,
) -> None:
    """A6: a role that gives no sight of applications adds none to the warehouse's."""
    application = story.submitted(portal)
    both = replace(portal.warehouse, roles=frozenset({Role.WAREHOUSE, Role.ADMINISTRATOR}))
    with portal.transaction():
        sight = select(Application.id).where(policy.visible_applications(both))
        assert application.id not in session.scalars(sight).all()


def test_release_is_a_conflict_when_there_is_no_quote_yet(portal: Portal) -> None:
    """A6: a step that the table does not have from here is refused as that, not as not found."""
    application = story.submitted(portal)
    url = f"/applications/{application.public_id}/steps/release"
    form = {"seen": application.version}
    assert portal.client(portal.finance).post(url, form).status_code == 409
    assert portal.client(portal.desk).post(url, form).status_code == 403


def test_tabs_of_all_roles_are_there_when_somebody_has_several(portal: Portal) -> None:
    """A6: who also ships still has the tab of what finance releases, and its work leads there."""
    both = replace(portal.warehouse, roles=frozenset({Role.WAREHOUSE, Role.FINANCE}))
    assert "confirmed" in {tab.name for tab in queries.tabs_for(both)}
    assert "confirmed" not in {tab.name for tab in queries.tabs_for(portal.warehouse)}
