"""Invoices to customers, beside the rates in force on their day (F2, F3, P1, P2)."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from portal.core.events import Event, verify
from portal.corrections.models import Correction
from portal.fees.models import ServiceItem
from portal.invoices import queries, services
from portal.invoices.models import CustomerInvoice
from portal.invoices.models import CustomerInvoiceLine as Line
from portal.ledger.models import Transfer
from portal.notices.models import Notice
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from tests.support import claims, correcting, fees, invoices, story
from tests.support.portal import Portal
from tests.support.queries import plan_of


@pytest.fixture
def visit(portal: Portal) -> ServiceItem:
    """A service of which the dealer in the north may charge 60.00, since the 12th."""
    item = fees.named(portal, "V-10")
    fees.approved(portal, fees.of(item, 6000), fees.own(5000, row=1))
    return item


def beside(portal: Portal, invoice: CustomerInvoice) -> list[tuple[int | None, int | None, int]]:
    """Rate, what is allowed and what was charged, line by line."""
    with portal.transaction():
        rows = session.execute(
            select(Line.rate, Line.allowed, Line.amount)
            .where(Line.invoice_id == invoice.id)
            .order_by(Line.position)
        )
        return [(rate, allowed, amount) for rate, allowed, amount in rows]


def told(portal: Portal, who: str) -> int:
    with portal.transaction():
        about = select(Event.id).where(Event.document_kind == "invoice")
        mine = Notice.event_id.in_(about), Notice.user_id == portal.cast[who].id
        return len(session.scalars(select(Notice.id).where(*mine)).all())


def test_invoice_within_the_rates_is_in_order(portal: Portal, visit: ServiceItem) -> None:
    """F2: up to the rate × quantity, of headquarters' services and the dealer's own words."""
    made = invoices.recorded(
        portal, invoices.of(visit, 15000, 250), invoices.own(4999, name="drill", row=1)
    )
    assert (made.status, made.number) == ("in_order", "CI-2026-D0001-00001")
    assert (made.charged, made.above) == (19999, 0)
    assert beside(portal, made) == [(6000, 15000, 15000), (5000, 5000, 4999)]
    assert told(portal, "desk") == 0
    with portal.transaction():
        assert list(verify()) == []


def test_invoice_above_the_rates_is_flagged(portal: Portal, visit: ServiceItem) -> None:
    """F2, P4: above a rate, or for what has none; headquarters is told, and how much it is."""
    made = invoices.recorded(
        portal, invoices.of(visit, 7000), invoices.own(800, name="Parking", row=1)
    )
    assert (made.status, made.charged, made.above) == ("flagged", 7800, 1800)
    assert beside(portal, made) == [(6000, 6000, 7000), (None, None, 800)]
    assert told(portal, "desk") == 1
    with portal.transaction():
        flags = select(Event.values).where(Event.name == "flag")
        assert session.scalars(flags).one() == {"above": 1800, "schedule": "SF-2026-D0001-00001"}


def test_service_without_a_rate_is_flagged_even_for_nothing(
    portal: Portal, visit: ServiceItem
) -> None:
    """F2: what no schedule has is for headquarters to see, whatever it costs."""
    made = invoices.recorded(portal, invoices.own(0, name="Parking"))
    assert (made.status, made.above) == ("flagged", 0)


@pytest.mark.parametrize(
    ("rate", "quantity", "allowed"), [(3333, 150, 5000), (1, 50, 1), (1, 49, 0)]
)
def test_quantity_is_rounded_half_up_once(
    portal: Portal, rate: int, quantity: int, allowed: int
) -> None:
    """L1, F2: rate × quantity in whole minor units."""
    fees.approved(portal, fees.own(rate, unit="hour"))
    charge = invoices.own(allowed, quantity, unit="hour")
    made = invoices.recorded(portal, charge)
    assert made.status == "in_order"
    over = invoices.own(allowed + 1, quantity, unit="hour")
    assert invoices.recorded(portal, over, paper="F-2").status == "flagged"


def test_schedule_of_the_day_counts(portal: Portal, visit: ServiceItem) -> None:
    """F1, F2: of the invoice's day, not of the day that it is recorded; without one it is flagged.

    Another dealer's schedule is none."""
    portal.clock.advance(days=20)
    today = portal.now.date()
    fees.approved(portal, fees.of(visit, 9000), since=today)
    charge = invoices.of(visit, 9000)
    for day, status in (
        (today, "in_order"),
        (today - timedelta(days=1), "flagged"),
        (date(2026, 10, 11), "flagged"),
    ):
        assert invoices.recorded(portal, charge, paper=str(day), on=day).status == status
    theirs = invoices.recorded(portal, charge, dealer="south", by="other_clerk", on=today)
    assert (theirs.status, theirs.schedule_id) == ("flagged", None)


def test_paper_is_recorded_once(portal: Portal, visit: ServiceItem) -> None:
    """F2: by its number in any spelling, for a dealer; again once it was taken back."""
    first = invoices.recorded(portal, invoices.of(visit, 5000))
    with pytest.raises(Invalid) as refused:
        invoices.recorded(portal, paper="ｆ-1001 ")
    told = f"This invoice is recorded already, as {first.number}."
    assert refused.value.fields == {"paper_number": told}
    invoices.recorded(portal, dealer="south", by="other_clerk")
    invoices.stepped(portal, first, "void", by="clerk", reason="Typed twice")
    assert invoices.recorded(portal, invoices.of(visit, 5000)).status == "in_order"


def test_refused_when_it_cannot_be_kept(portal: Portal, visit: ServiceItem) -> None:
    """F2, P1: nothing charged, a service without a name or twice, a piece of another dealer's."""
    (piece,) = claims.pieces(portal, 1, dealer="south")
    with portal.transaction():
        number = session.scalars(select(OldPart.number).where(OldPart.public_id == piece)).one()
    for charges, sentence in (
        ((invoices.own(name=""),), "Say what service"),
        ((invoices.own(), invoices.own(name="DRILL ", row=1)), "on the invoice already"),
    ):
        with pytest.raises(Invalid) as refused:
            invoices.recorded(portal, *charges)
        assert sentence in " ".join(map(str, refused.value.fields.values()))
    with pytest.raises(Invalid) as refused:
        invoices.recorded(portal, old_part=number)
    assert list(refused.value.fields) == ["old_part"]
    for dealer, by in (("south", "clerk"), ("north", "other_manager")):
        with pytest.raises(NotFound):
            invoices.recorded(portal, dealer=dealer, by=by)
    with pytest.raises(Forbidden):
        invoices.recorded(portal, by="warehouse", files=[])


def test_each_side_takes_its_own_back(portal: Portal, visit: ServiceItem) -> None:
    """F2: what the other side recorded stays."""
    theirs = invoices.recorded(portal, invoices.of(visit, 5000), by="desk", paper="F-1")
    own = invoices.recorded(portal, invoices.of(visit, 5000), paper="F-2")
    for invoice, step, by in ((theirs, "void", "clerk"), (own, "strike", "desk")):
        with pytest.raises(Forbidden, match="other side recorded it"):
            invoices.stepped(portal, invoice, step, by=by)
    assert invoices.stepped(portal, own, "void", by="manager").status == "voided"
    assert invoices.stepped(portal, theirs, "strike").status == "voided"
    auditor = portal.client(portal.auditor)
    assert auditor.get("/audit").text.count(">took the invoice back</option>") == 1
    for step in ("void", "strike"):  # one wording finds both
        shown = auditor.get(f"/audit?kind=invoice+{step}").text
        assert (
            shown.count("took the invoice back</td>") + shown.count("took the invoice back <") == 2
        )


def test_desk_accepts_what_another_one_recorded(portal: Portal, visit: ServiceItem) -> None:
    """F2, P2: with a reason that the dealer reads; never one's own; what is flagged stays."""
    flagged = invoices.recorded(portal, invoices.of(visit, 7000))
    with pytest.raises(Invalid):
        invoices.stepped(portal, flagged, "accept", reason=" ")
    with pytest.raises(Forbidden):
        invoices.stepped(portal, flagged, "accept", by="manager")
    with pytest.raises(WrongState):
        invoices.stepped(portal, flagged, "void", by="clerk")
    assert invoices.stepped(portal, flagged, "accept").status == "accepted"
    assert told(portal, "clerk") == 1
    own = invoices.recorded(portal, invoices.of(visit, 7000), by="desk", paper="F-2")
    with pytest.raises(Forbidden, match="recorded it yourself"):
        invoices.stepped(portal, own, "accept")


def test_penalty_follows_with_the_invoice_as_evidence(portal: Portal, visit: ServiceItem) -> None:
    """F2, F3, L8: announced by one of finance, once, booked by another one after the answer."""
    flagged = invoices.recorded(portal, invoices.of(visit, 7000), by="desk")

    def penalize(seen: int | None = None, by: str = "finance") -> Correction:
        with portal.transaction():
            found = session.get_one(CustomerInvoice, flagged.id)
            facts = {"seen": seen, "by": portal.cast[by], "now": portal.now}
            return services.penalize(found, 1000, "Above the rates", **facts)

    for seen, by, refusal in ((1, "finance", Stale), (None, "desk", Forbidden)):
        with pytest.raises(refusal):
            penalize(seen, by)
    made = penalize()
    assert (made.status, made.amount, made.sort) == ("announced", -1000, "penalty")
    with pytest.raises(WrongState):
        penalize()
    with portal.transaction():
        assert session.get_one(CustomerInvoice, flagged.id).penalty_id == made.id
    page = portal.client(portal.manager).get(f"/corrections/{made.public_id}").text
    assert f'<a href="/invoices/{flagged.public_id}">{flagged.number}</a>' in page
    portal.clock.advance(days=9)
    correcting.stepped(portal, made, "book", correcting.checker(portal))
    with portal.transaction():
        booked = select(Transfer.amount).where(Transfer.kind == "penalty")
        assert session.scalars(booked).one() == 1000
        assert list(verify()) == []


def test_invoice_is_decided_on_anew_once_its_penalty_is_dropped(
    portal: Portal, visit: ServiceItem
) -> None:
    """F2, F3: it is flagged again, the desk is told, and it can be accepted or penalized."""
    flagged = invoices.recorded(portal, invoices.of(visit, 7000))
    was_told = told(portal, "desk")

    def penalize() -> Correction:
        with portal.transaction():
            found = session.get_one(CustomerInvoice, flagged.id)
            facts = {"seen": None, "by": portal.finance, "now": portal.now}
            return services.penalize(found, 1000, "Above the rates", **facts)

    made = penalize()
    correcting.stepped(portal, made, "drop", correcting.checker(portal), "They were right")
    with portal.transaction():
        found = session.get_one(CustomerInvoice, flagged.id)
        assert (found.status, found.penalty_id) == ("flagged", None)
        assert list(verify()) == []
    assert told(portal, "desk") == was_told + 1
    page = portal.client(portal.manager).get(f"/invoices/{flagged.public_id}").text
    assert "its penalty does not stand" in page
    again = penalize()
    correcting.stepped(portal, again, "drop", correcting.checker(portal), "They were right")
    assert invoices.stepped(portal, flagged, "accept").status == "accepted"


def test_invoice_is_decided_on_anew_once_its_penalty_is_reversed(
    portal: Portal, visit: ServiceItem
) -> None:
    """F2, L3: a penalty that was a mistake decides on nothing; another one can be announced."""
    flagged = invoices.recorded(portal, invoices.of(visit, 7000))
    with portal.transaction():
        found = session.get_one(CustomerInvoice, flagged.id)
        facts = {"seen": None, "by": portal.finance, "now": portal.now}
        made = services.penalize(found, 1000, "Above the rates", **facts)
    portal.clock.advance(days=9)
    checker = correcting.checker(portal)
    correcting.stepped(portal, made, "book", checker)
    correcting.stepped(portal, made, "reverse", checker, "Another dealer's invoice")
    with portal.transaction():
        found = session.get_one(CustomerInvoice, flagged.id)
        assert (found.status, found.penalty_id) == ("flagged", None)
        assert list(verify()) == []
    page = portal.client(portal.manager).get(f"/invoices/{flagged.public_id}").text
    assert "its penalty does not stand" in page
    assert invoices.stepped(portal, flagged, "accept").status == "accepted"


def test_dealer_sees_its_own_only(portal: Portal, visit: ServiceItem) -> None:
    """P1: the page, the list and the search of another dealer know nothing of it."""
    made = invoices.recorded(portal, invoices.of(visit, 7000), by="desk")
    south = portal.client(portal.other_manager)
    assert south.get(f"/invoices/{made.public_id}").status_code == 404
    for url in ("/invoices", "/invoices?q=1001", "/search?q=F-1001"):
        assert made.number not in south.get(url).text
        assert made.number in portal.client(portal.manager).get(url).text


def test_invoices_are_found_by_an_index(portal: Portal, visit: ServiceItem) -> None:
    """House: headquarters' search, by number, paper, customer and dealer."""
    made = invoices.recorded(portal, invoices.of(visit, 7000))
    desk = portal.client(portal.desk)
    for words in (made.number, "f-1001", "李秀英", "D0001", "北方卫浴"):
        assert made.number in desk.get("/invoices", query_string={"q": words}).text, words
    assert made.number not in desk.get("/invoices?q=D0002").text
    with portal.transaction():
        assert "customer_invoice_search" in plan_of(queries.listed(portal.desk, "f-1001"))


def test_invoices_are_found_by_what_their_dealer_is_called_now(portal: Portal) -> None:
    """House: a dealer may get another name after it recorded them."""
    mine, other = invoices.recorded(portal), invoices.recorded(portal, dealer="south", by="desk")
    story.renamed(portal, "north", "Jezioro 100%")
    shown = portal.client(portal.desk).get("/invoices", query_string={"q": "jezioro 100%"}).text
    assert mine.number in shown
    assert other.number not in shown


# --- The pages ------------------------------------------------------------------------------

TYPED = {
    "paper_number": "F-7",
    "issued_on": "2026-10-12",
    "customer_name": "Anna Nowak",
    "lines-0-unit": "job",
    "lines-1-unit": "job",
}


def test_form_offers_the_services_and_checks_them(portal: Portal, visit: ServiceItem) -> None:
    """F2: headquarters' services and the dealer's own; hours with decimals; then it is told."""
    clerk = portal.client(portal.clerk)
    page = clerk.get("/invoices/new").text
    assert "V-10 Visit (per visit)" in page
    assert 'value="own:job:Drill"' in page
    lines = {
        "lines-0-service": visit.public_id, "lines-0-quantity": "1.5", "lines-0-amount": "90",
        "lines-1-service": "own:job:Drill", "lines-1-quantity": "1", "lines-1-amount": "50",
    }  # fmt: skip
    answer = clerk.post("/invoices/new", data=TYPED | lines)
    assert answer.status_code == 303
    shown = clerk.get(answer.location).text
    assert "It keeps to the rates in force." in shown
    assert re.search(r"1\.5\s*<span", shown)
    dear = TYPED | lines | {"paper_number": "F-8", "lines-1-amount": "50.01"}
    flagged = clerk.get(clerk.post("/invoices/new", data=dear).location).text
    assert "It is above the rates" in flagged
    assert "0.01 above" in flagged


def test_form_keeps_what_was_typed(portal: Portal, visit: ServiceItem) -> None:
    """F2: what is missing or cannot be read has its sentence; further lines cost nothing."""
    clerk = portal.client(portal.clerk)
    lines = {
        "lines-0-own": "Parking", "lines-0-quantity": "two", "lines-0-amount": "5",
        "lines-1-amount": "9",
    }  # fmt: skip
    refused = clerk.post("/invoices/new", data=TYPED | lines)
    assert refused.status_code == 422
    for sentence in ("Enter a number above zero", "Say what service this is for", "Parking"):
        assert sentence in refused.text
    assert 'value="two"' in refused.text
    more = clerk.post("/invoices/new", data=TYPED | lines | {"more": "1"})
    assert more.status_code == 200
    assert 'value="Parking"' in more.text
    assert "lines-5-amount" in more.text
    empty = clerk.post("/invoices/new", data=TYPED)
    assert "Enter at least one service" in empty.text
    late = clerk.post("/invoices/new", data=TYPED | {"issued_on": "2026-10-13"})
    assert "Enter a date from" in late.text


def test_headquarters_records_for_a_dealer(portal: Portal, visit: ServiceItem) -> None:
    """F2, P2: the desk chooses the dealer first; whoever recorded it does not accept it."""
    desk = portal.client(portal.desk)
    with portal.transaction():
        north = session.get_one(Dealer, portal.dealers["north"]).public_id
    assert f'value="{north}"' in desk.get("/invoices/whose").text
    form = desk.get(f"/invoices/whose?dealer={north}").location
    assert form == f"/invoices/of/{north}"
    assert "V-10 Visit (per visit)" in desk.get(form).text
    for unknown in ("/invoices/whose?dealer=AAAAAAAAAAAAAAAA", "/invoices/of/AAAAAAAAAAAAAAAA"):
        assert desk.get(unknown).status_code == 404
    line = {
        "lines-0-service": visit.public_id, "lines-0-quantity": "1", "lines-0-amount": "70",
        "files_kept": story.photo(portal, "desk"),
    }  # fmt: skip
    url = desk.post(form, data=TYPED | line).location
    page = desk.get(url).text
    assert "You recorded it yourself" in page
    assert f"{url}/steps/accept" not in page
    finance = portal.client(portal.finance)
    assert 'value="10.00"' in finance.get(f"{url}/penalty").text
    assert "Customer invoices above the rates" in finance.get("/").text
