"""The pages of what is owed of old parts, and of charges for it (O6)."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.oldparts import charges
from portal.oldparts.charge_models import OldPartCharge, OwedLine
from portal.oldparts.models import OldPart
from tests.support import story
from tests.support.portal import Client, Portal
from tests.support.queries import counted

BLOCKED = ("clerk", "manager", "warehouse", "administrator")


def status_of(portal: Portal, charge: OldPartCharge) -> str:
    """A charge's status as the database has it."""
    with portal.transaction():
        statement = select(OldPartCharge.status).where(OldPartCharge.id == charge.id)
        return str(session.scalars(statement).one())


def owed_line(portal: Portal, *lines: Any, by: str = "clerk") -> int:
    """The key of a line of which old parts are owed."""
    shipment = story.received(portal, *lines, by=by)
    with portal.transaction():
        return story.line_ids(shipment)[0]


def page_of(charge: OldPartCharge) -> str:
    """A charge's address."""
    return f"/old-parts/charges/{charge.public_id}"


def test_charge_shows_both_sides_how_it_was_worked_out(portal: Portal) -> None:
    """O6, P4: the price list, the prices, the pieces, and what was deducted."""
    charge = story.charged(portal)
    for who in ("clerk", "finance"):
        page = portal.client(portal.cast[who]).get(page_of(charge))
        assert page.status_code == 200
        for words in (charge.number, "2 of 2", "CN¥25.00", "CN¥12.50", "15 days"):
            assert words in page.text, words
    listed = portal.client(portal.desk).get("/old-parts/charges?q=fv-100")
    assert charge.number in listed.text
    assert "D0001" in listed.text
    assert charge.number not in portal.client(portal.desk).get("/old-parts/charges?q=zzz").text
    foreign = portal.client(portal.other_clerk)
    assert charge.number not in foreign.get("/old-parts/charges").text
    assert foreign.get(page_of(charge)).status_code == 404


def test_dealer_disputes_on_the_page_with_photos(portal: Portal) -> None:
    """O6: what was typed stays when it is refused; finance sees words and photos."""
    charge = story.charged(portal)
    client = portal.client(portal.clerk)
    assert "Dispute the charge" in client.get(page_of(charge)).text
    photo = story.photo(portal)
    typed = {"seen": "2", "reason": "  ", "photos_kept": photo}
    refused = client.post(f"{page_of(charge)}/dispute", typed)
    assert refused.status_code == 422
    assert photo in refused.text
    stale = client.post(f"{page_of(charge)}/dispute", typed | {"seen": "1", "reason": "We did"})
    assert stale.status_code == 409
    assert "We did" in stale.text
    sent = client.post(f"{page_of(charge)}/dispute", typed | {"reason": "We <b>sent</b> it"})
    assert sent.status_code == 303
    page = portal.client(portal.finance).get(page_of(charge)).text
    assert "We &lt;b&gt;sent&lt;/b&gt; it" in page
    assert photo in page
    assert "Disputed old-part charges" in portal.client(portal.finance).get("/").text


def test_dispute_is_not_offered_when_its_time_is_over(portal: Portal) -> None:
    """O6: nor taken, whatever the page said."""
    charge = story.charged(portal)
    portal.clock.advance(days=40)
    client = portal.client(portal.clerk)
    assert "/dispute" not in client.get(page_of(charge)).text
    assert client.get(f"{page_of(charge)}/dispute").status_code == 303
    typed = {"seen": "2", "reason": "We sent it"}
    assert client.post(f"{page_of(charge)}/dispute", typed).status_code == 409
    assert status_of(portal, charge) == "charged"


def test_finance_reverses_and_the_page_shows_both_entries(portal: Portal) -> None:
    """O6, L3: with a reason that the dealer reads."""
    charge = story.charged(portal)
    client = portal.client(portal.finance)
    url = f"{page_of(charge)}/steps/reverse"
    assert client.post(url, {"seen": "2", "reason": ""}).status_code == 422
    assert portal.client(portal.desk).post(url, {"seen": "2", "reason": "X"}).status_code == 403
    assert client.post(url, {"seen": "2", "reason": "It was found"}).status_code == 303
    assert client.post(url, {"seen": "2", "reason": "It was found"}).status_code == 409
    page = portal.client(portal.manager).get(page_of(charge)).text
    assert "It was found" in page
    assert "Reversal" in page


def test_late_registration_is_shown_at_the_charge_and_at_the_piece(portal: Portal) -> None:
    """O6: it undoes nothing by itself; finance sees it, and may act."""
    shipment = story.received(portal)
    charge = story.charged(portal, shipment)
    portal.clock.advance(days=21)
    old_part = story.registered(portal, shipment)
    page = portal.client(portal.finance).get(page_of(charge)).text
    assert old_part.number in page
    assert "1 piece was registered after all" in page
    piece = portal.client(portal.finance).get(f"/old-parts/{old_part.public_id}").text
    assert charge.number in piece
    assert "It was not registered in time." in piece
    warehouse = portal.client(portal.warehouse).get(f"/old-parts/{old_part.public_id}").text
    assert charge.number not in warehouse
    assert status_of(portal, charge) == "charged"


def test_dealer_sees_what_is_owed_and_what_was_charged(portal: Portal) -> None:
    """O6: until when, and in a tab of its own what was charged or waived."""
    charge = story.charged(portal)
    story.received(portal, story.line(portal, "TH-300"))
    client = portal.client(portal.clerk)
    page = client.get("/old-parts/to-register").text
    assert "TH-300" in page
    assert "FV-100" not in page
    settled = client.get("/old-parts/to-register?tab=settled").text
    assert charge.number in settled
    assert "TH-300" not in settled
    home = client.get("/").text
    assert "Old-part charges to accept or dispute" in home


def test_headquarters_sees_what_is_owed_across_dealers(portal: Portal) -> None:
    """O6: line by line with its sums, by dealer, of one dealer, found by its application."""
    owed_line(portal, story.line(portal, quantity=3))
    portal.clock.advance(days=10)
    owed_line(portal, story.line(portal, "TH-300", quantity=1), by="other_clerk")
    client = portal.client(portal.desk)
    page = client.get("/old-parts/owed").text
    assert page.index("FV-100") < page.index("TH-300")
    assert "4 pieces, CN¥187.50 deducted" in page
    page = client.get("/old-parts/owed?dealer=D0002").text
    assert "1 piece, CN¥150.00 deducted" in page
    assert "FV-100" not in page
    assert "FV-100" in client.get("/old-parts/owed?tab=soon").text
    assert "TH-300" not in client.get("/old-parts/owed?tab=soon").text
    assert "Nothing is owed" in client.get("/old-parts/owed?tab=overdue").text
    assert "TH-300" in client.get("/old-parts/owed?q=PA-2026-D0002").text
    dealers = {order: client.get(f"/old-parts/owed/dealers?order={order}").text
               for order in ("value", "pieces", "age")}  # fmt: skip
    for order, first, second in (
        ("value", "D0002", "D0001"),
        ("pieces", "D0001", "D0002"),
        ("age", "D0001", "D0002"),
    ):
        main = dealers[order].split("<main")[1]
        assert main.index(first) < main.index(second), order
    for who in BLOCKED:
        assert portal.client(portal.cast[who]).get("/old-parts/owed").status_code == 403


def _waive(client: Client, line: int, **typed: str) -> int:
    sent = {"seen": "2", "reason": "Scrapped here"} | typed
    return client.post(f"/old-parts/owed/{line}/waive", sent).status_code


def test_desk_waives_on_the_page_of_the_line(portal: Portal) -> None:
    """O6: it says what would be charged; a stale page and a second press change nothing."""
    line = owed_line(portal)
    client = portal.client(portal.desk)
    page = client.get(f"/old-parts/owed/{line}").text
    assert "CN¥25.00" in page
    assert "Waive" in page
    assert "Waive" not in portal.client(portal.finance).get(f"/old-parts/owed/{line}").text
    assert _waive(client, line, reason="") == 422
    assert _waive(client, line, seen="1") == 409
    assert _waive(portal.client(portal.finance), line) == 403
    assert _waive(client, line) == 303
    assert _waive(client, line) == 409
    with portal.transaction():
        charge = charges.of_line(line)
    assert charge is not None
    assert charge.status == "waived"
    assert "Scrapped here" in portal.client(portal.clerk).get(page_of(charge)).text
    assert charge.number in client.get(f"/old-parts/owed/{line}").text


def test_charge_without_a_price_waits_for_the_desk(portal: Portal) -> None:
    """O6: the page says so, and asks for a price or a waiver."""
    line = owed_line(portal)
    with portal.transaction():
        owed = session.get_one(OwedLine, line)
        owed.part_id = portal.parts["NP-400"]
    portal.clock.advance(days=16)
    with portal.transaction():
        owed = session.get_one(OwedLine, line)
        charge = charges.charge_if_overdue(owed, now=portal.now)
    assert charge is not None
    assert status_of(portal, charge) == "unpriced"
    client = portal.client(portal.desk)
    assert "Old-part charges without a price" in client.get("/").text
    assert "no out-of-warranty price for NP-400" in client.get(page_of(charge)).text
    again = client.post(f"{page_of(charge)}/steps/charge", {"seen": "2"})
    assert again.status_code == 409
    assert "still has no out-of-warranty price" in again.text


@pytest.mark.parametrize("count", [2, 12])
def test_lists_cost_the_same_queries_whatever_their_length(portal: Portal, count: int) -> None:
    """House: the person, the rows, the tabs' counts, and the sums of what is owed."""
    for _ in range(count):
        story.charged(portal)
        owed_line(portal)
    client = portal.client(portal.desk)
    for url, most in (
        ("/old-parts/charges", 3),
        ("/old-parts/owed", 4),
        ("/old-parts/owed?dealer=D0001&q=SN-1", 5),
        ("/old-parts/owed/dealers", 2),
    ):
        with counted(portal.app) as statements:
            assert client.get(url).status_code == 200
        assert len(statements) == most, (url, statements)


def test_naughty_searches_and_orders_are_no_error(portal: Portal) -> None:
    """House: whatever stands in the address."""
    story.charged(portal)
    owed_line(portal)
    client = portal.client(portal.desk)
    for text in ("%", "'", '"', "\x00", "a" * 5000, "‮", "(", "AND", "*"):
        for url in ("/old-parts/charges", "/old-parts/owed"):
            asked = {"q": text, "dealer": text, "tab": text, "after": text, "order": text}
            assert client.get(url, query_string=asked).status_code == 200, text
    assert client.get("/old-parts/owed/dealers", query_string={"order": "'"}).status_code == 200
    assert client.get(f"/old-parts/owed/{2**63 - 1}").status_code == 404
    assert client.get(f"/old-parts/owed/{2**64}").status_code == 404


def test_charge_that_is_due_says_so(portal: Portal) -> None:
    """O6, O7: until the worker has booked it, it is under a tab and in words of its own."""
    old_part = story.accepted(portal)
    with portal.transaction():
        lost = session.get_one(OldPart, old_part.id)
        charges.charge_missing([lost], by=portal.warehouse, now=portal.now)
        charge = session.scalars(select(OldPartCharge)).one()
    client = portal.client(portal.desk)
    assert "It is being worked out and booked." in client.get(page_of(charge)).text
    assert charge.number in client.get("/old-parts/charges?tab=due").text
    assert "It is worked out when there is a price." not in client.get(page_of(charge)).text
