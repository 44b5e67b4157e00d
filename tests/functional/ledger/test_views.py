"""The pages of money: who sees what, what can be typed, and what it costs."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import url_for
from sqlalchemy import func, insert, select

from portal.core.db import public_id, session
from portal.ledger.models import BANK, DEALER, Account, Reservation, Transfer
from portal.people.models import Dealer
from tests.functional.ledger.books import dealer, deposit, figures, reserve, set_limit
from tests.support import story
from tests.support.portal import DEALERS, DEPOSIT, Portal
from tests.support.queries import counted

RECEIVED = {"dealer": "", "amount": "1 234,50", "reference": "ICBC 77"}


def name_of(portal: Portal, name: str = "north") -> str:
    """A dealer's public id."""
    with portal.transaction():
        return dealer(portal, name).public_id


def typed(portal: Portal, **other: str) -> dict[str, str]:
    """What finance types to book a deposit."""
    return RECEIVED | {"dealer": name_of(portal)} | other


def entries(portal: Portal) -> int:
    with portal.transaction():
        return session.scalar(select(func.count()).select_from(Transfer)) or 0


def test_dealer_sees_the_account_when_opening_it(portal: Portal) -> None:
    """L5: posted, reserved, credit limit and available, and each entry with its cause."""
    set_limit(portal, 50_000)
    application = story.released(portal)
    waiting = story.confirmed(portal, story.line(portal, serial="SN-2"))
    page = portal.client(portal.clerk).get("/account").text
    total = 2 * 1250 + 1500
    for amount in (DEPOSIT - total, 50_000, total, DEPOSIT + 50_000 - 2 * total):
        assert f"CN¥{amount / 100:,.2f}" in page
    assert "Parts deduction" in page
    assert "−CN¥25.00" in page or "-CN¥25.00" in page
    assert "Bank reference START D0001" in page
    with portal.app.test_request_context():
        assert url_for("applications.show", name=application.public_id) in page
    reserved = portal.client(portal.clerk).get("/account?tab=reserved").text
    assert waiting.public_id in reserved
    assert application.public_id not in reserved


def test_headquarters_sees_every_account_when_it_may(portal: Portal) -> None:
    """P1: headquarters sees all dealers' accounts; a search narrows them."""
    client = portal.client(portal.finance)
    page = client.get("/accounts").text
    assert "D0001" in page
    assert "D0002" in page
    assert "D0001" not in client.get("/accounts?q=łazienki").text
    assert "D0002" in client.get("/accounts?q=łazienki").text
    assert "D0001" not in client.get("/accounts?tab=reserved").text
    reserve(portal, DEPOSIT)
    for tab in ("reserved", "spent"):
        page = client.get(f"/accounts?tab={tab}").text
        assert "D0001" in page
        assert "D0002" not in page


def test_foreign_account_is_missing_when_a_dealer_asks(portal: Portal) -> None:
    """P1: what belongs to another dealer is not found, and no different from nothing."""
    foreign = deposit(portal, "ICBC 88", name="south")
    client = portal.client(portal.manager)
    for url in (f"/accounts/{name_of(portal, 'south')}", f"/entries/{foreign.public_id}"):
        assert client.get(url).status_code == 404
    assert client.get(f"/accounts/{name_of(portal)}").status_code == 200
    assert client.get("/accounts").status_code == 403
    assert "ICBC 88" not in client.get("/search?q=icbc88").text
    assert "ICBC 88" in portal.client(portal.other_clerk).get("/search?q=icbc88").text


@pytest.mark.parametrize("who", ["manager", "desk", "administrator", "auditor", "warehouse"])
def test_money_stays_when_somebody_else_posts(portal: Portal, who: str) -> None:
    """L7, L3: only finance books and reverses."""
    made = deposit(portal, "ICBC 70")
    before = entries(portal)
    client = portal.client(portal.cast[who])
    assert client.get("/deposits/new").status_code == 403
    assert client.post("/deposits/new", typed(portal)).status_code == 403
    answer = client.post(f"/entries/{made.public_id}/reverse", {"reason": "Wrong"})
    assert answer.status_code == 403
    assert entries(portal) == before


@pytest.mark.parametrize(
    ("amount", "booked"),
    [
        ("1234.5", 123_450),
        ("1 234,50", 123_450),
        ("¥1,234.50", 123_450),
        ("  7  ", 700),
        ("１２", 1200),
        ("0.01", 1),
    ],
)
def test_deposit_is_booked_when_the_amount_is_messy(
    portal: Portal, amount: str, booked: int
) -> None:
    """L1, L7: an amount as people write it, in minor units."""
    answer = portal.client(portal.finance).post("/deposits/new", typed(portal, amount=amount))
    assert answer.status_code == 303
    assert answer.location == f"/accounts/{name_of(portal)}"
    assert figures(portal)[0] == DEPOSIT + booked


def test_all_is_said_at_once_when_a_deposit_is_wrong_in_several_ways(portal: Portal) -> None:
    """L7: each sentence with its field, an amount of nothing too."""
    wrong = {"dealer": "", "amount": "0", "reference": ""}
    answer = portal.client(portal.finance).post("/deposits/new", typed(portal, **wrong))
    assert answer.status_code == 422
    for item in (
        '<a href="#dealer">Dealer: Please fill this in.</a>',
        '<a href="#amount">Amount: An amount must be above zero.</a>',
        '<a href="#reference">Bank reference: Please fill this in.</a>',
    ):
        assert item in answer.text


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("amount", "12.345", "at most 2 digits after the decimal sign"),
        ("amount", "0", "above zero"),
        ("amount", "-5", "cannot be negative"),
        ("amount", "", "fill this in"),
        ("amount", "   ", "fill this in"),
        ("amount", "a lot", "is not an amount of money"),
        ("amount", "1e9", "is not an amount of money"),
        ("amount", "999999999999.00", "too large"),
        ("reference", "", "fill this in"),
        ("reference", " \t ", "fill this in"),
        ("reference", "\x00\x07", "fill this in"),
        ("reference", "7" * 101, "At most 100 characters"),
        ("reference", "start d0002", "has already been booked"),
        ("dealer", "", "fill this in"),
        ("dealer", "D9999", "Not a valid choice"),
    ],
)
def test_deposit_gets_a_sentence_when_the_input_is_bad(
    portal: Portal, field: str, text: str, sentence: str
) -> None:
    """Bad input: 422, its sentence, what was typed stays, nothing changes."""
    before = entries(portal)
    answer = portal.client(portal.finance).post("/deposits/new", typed(portal, **{field: text}))
    assert answer.status_code == 422
    assert sentence in answer.text
    for name, value in (typed(portal) | {field: text}).items():
        if value.isprintable() and value.strip() and (name, value) != ("dealer", "D9999"):
            assert f'value="{value.strip()}"' in answer.text
    assert entries(portal) == before


def test_deposit_has_one_effect_when_it_is_posted_twice(portal: Portal) -> None:
    """L7: the second of two equal submissions is told what the first one booked."""
    client = portal.client(portal.finance)
    first, second = (client.post("/deposits/new", typed(portal)) for _time in range(2))
    assert (first.status_code, second.status_code) == (303, 422)
    assert "has already been booked" in second.text
    assert "CN¥1,234.50 for D0001" in second.text
    assert figures(portal)[0] == DEPOSIT + 123_450


def test_deposit_form_knows_the_dealer_when_it_comes_from_an_account(portal: Portal) -> None:
    """A deposit is mostly booked from the account that it is for."""
    name = name_of(portal, "south")
    page = portal.client(portal.finance).get(f"/deposits/new?dealer={name}").text
    assert f'<option selected value="{name}">' in page


def test_entry_is_reversed_once_when_it_is_posted_twice(portal: Portal) -> None:
    """L3: one reversal with a reason; the second press is told so."""
    made = deposit(portal, "ICBC 77")
    client = portal.client(portal.finance)
    url = f"/entries/{made.public_id}"
    assert "Reverse this entry" in client.get(url).text
    first, second = (client.post(f"{url}/reverse", {"reason": "Wrong dealer"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 409)
    assert "already been reversed" in second.text
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT)
    page = client.get(url).text
    assert "Reversed by" in page
    assert first.location in page
    assert "Reverse this entry" not in page
    reversal = client.get(first.location).text
    assert url in reversal
    assert "Wrong dealer" in reversal
    assert "Reverse this entry" not in reversal


def test_reversal_is_not_offered_when_a_document_caused_the_entry(portal: Portal) -> None:
    """L3: the page says what puts it right instead; who sends the form anyway is told the same."""
    application = story.released(portal)
    with portal.transaction():
        statement = select(Transfer.public_id).where(Transfer.kind == "parts_deduction")
        url = f"/entries/{session.scalars(statement).one()}"
    client, before = portal.client(portal.finance), figures(portal)
    page = client.get(url).text
    assert "/reverse" not in page
    sentence = f"This entry follows from {application.number}."
    assert sentence in page
    answer = client.post(f"{url}/reverse", {"reason": "Wrong"})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert figures(portal) == before
    assert sentence not in portal.client(portal.manager).get(url).text


def test_finance_is_warned_when_the_deposit_is_spent_already(portal: Portal) -> None:
    """L5: what a reversal would leave missing is said before it is done."""
    url = f"/entries/{deposit(portal, 'ICBC 77').public_id}"
    client = portal.client(portal.finance)
    assert "will be missing" not in client.get(url).text
    reserve(portal, DEPOSIT + 4_000)
    assert "CN¥40.00 of it is spent or reserved already" in client.get(url).text


def limit_form(portal: Portal, **other: str) -> dict[str, str]:
    """What finance types to change the credit limit."""
    return {"seen": "1", "credit_limit": "1 500,00", "reason": "Pays in time"} | other


def test_credit_limit_is_changed_when_finance_types_it(portal: Portal) -> None:
    """L5, P4: from the account's page; the dealer sees it there, with who, why, from and to."""
    client, url = portal.client(portal.finance), f"/accounts/{name_of(portal)}"
    assert f"{url}/credit-limit" in client.get(url).text
    page = client.get(f"{url}/credit-limit").text
    assert 'name="credit_limit"' in page
    answer = client.post(f"{url}/credit-limit", limit_form(portal))
    assert (answer.status_code, answer.location) == (303, f"{url}?tab=history")
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT + 150_000)
    dealers = portal.client(portal.manager)
    page = dealers.get("/account").text
    assert "with a credit limit of CN¥1,500.00" in page
    assert "/credit-limit" not in page
    page = dealers.get("/account?tab=history").text
    assert "Finance changed the credit limit" in page
    assert re.search(r"<del>.*CN¥0.00</del> <ins>.*CN¥1,500.00</ins>", page)
    assert "Pays in time" in page
    assert "Pays in time" not in portal.client(portal.other_manager).get("/account").text


def test_history_has_pages_when_it_is_long(portal: Portal) -> None:
    """House: each deposit of the bank's files is in it; fifty are shown, the newest first."""
    for number in range(60):
        deposit(portal, f"ICBC {number:03}")
    client = portal.client(portal.finance)
    first = client.get(f"/accounts/{name_of(portal)}?tab=history").text
    assert first.count("Bank reference ICBC") == 50
    assert first.index("ICBC 059") < first.index("ICBC 010")
    after = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert after
    second = client.get(html.unescape(after[1])).text
    assert second.count("Bank reference ICBC") == 10
    assert "Bank reference START D0001" in second


@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("credit_limit", "", "fill this in"),
        ("credit_limit", "-5", "cannot be negative"),
        ("credit_limit", "a lot", "is not an amount of money"),
        ("credit_limit", "999999999999.00", "too large"),
        ("credit_limit", "0", "is the credit limit already"),
        ("reason", " ", "fill this in"),
        ("reason", "x" * 4001, "At most 4000"),
    ],
)
def test_credit_limit_gets_a_sentence_when_the_input_is_bad(
    portal: Portal, field: str, text: str, sentence: str
) -> None:
    """Bad input: 422, its sentence, what was typed stays, nothing changes."""
    url = f"/accounts/{name_of(portal)}/credit-limit"
    answer = portal.client(portal.finance).post(url, limit_form(portal, **{field: text}))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT)


def test_second_of_finance_sees_the_new_limit_when_both_changed_it(portal: Portal) -> None:
    """P4: the second is told; what they typed stays, and sent again it is meant."""
    url = f"/accounts/{name_of(portal)}/credit-limit"
    client = portal.client(portal.finance)
    assert client.post(url, limit_form(portal)).status_code == 303
    answer = client.post(url, limit_form(portal, credit_limit="7"))
    assert answer.status_code == 409
    assert 'value="2"' in answer.text
    assert 'value="7"' in answer.text
    assert "CN¥1,500.00" in answer.text
    assert client.post(url, limit_form(portal, credit_limit="7", seen="2")).status_code == 303
    assert figures(portal)[2] == DEPOSIT + 700


@pytest.mark.parametrize("reason", ["", "  ", "x" * 4001])
def test_reversal_gets_a_sentence_when_the_reason_is_bad(portal: Portal, reason: str) -> None:
    """L3: no reversal without a reason."""
    made = deposit(portal, "ICBC 77")
    url = f"/entries/{made.public_id}/reverse"
    answer = portal.client(portal.finance).post(url, {"reason": reason})
    assert answer.status_code == 422
    assert "fill this in" in answer.text or "At most 4000" in answer.text
    assert figures(portal)[0] == DEPOSIT + 10_000


def test_entry_tells_everything_when_opened(portal: Portal) -> None:
    """L2: kind, amount, from and to, cause, actor, time, and the document."""
    application = story.released(portal)
    with portal.transaction():
        statement = select(Transfer).where(Transfer.kind == "parts_deduction")
        made = session.scalars(statement).one()
    page = portal.client(portal.manager).get(f"/entries/{made.public_id}").text
    assert "Parts sales" in page
    assert "Parts deduction" in page
    assert made.cause not in page
    assert application.number in page
    assert portal.finance.name in page
    with portal.app.test_request_context():
        assert url_for("applications.show", name=application.public_id) in page


def test_entry_names_the_bank_reference_when_it_is_a_deposit(portal: Portal) -> None:
    """L7: the reference is what people know a deposit by; keys of ours are not shown."""
    made = deposit(portal, "ICBC 77")
    page = portal.client(portal.finance).get(f"/entries/{made.public_id}").text
    assert "<dt>Bank reference</dt><dd>ICBC 77</dd>" in page
    assert made.cause not in page


def test_room_is_marked_when_a_page_of_it_is_open(portal: Portal) -> None:
    """Frame: every page of the feature is in its room, for a dealer and for headquarters."""
    made = deposit(portal, "ICBC 77")
    for who, room in (("clerk", "Account"), ("finance", "Accounts")):
        page = portal.client(portal.cast[who]).get(f"/entries/{made.public_id}").text
        (current,) = page.partition("<main")[0].split(' aria-current="page">')[1::2] or [""]
        assert f"<span>{room}</span>" in current


def test_link_is_left_out_when_the_reader_may_not_follow_it(portal: Portal) -> None:
    """P1: a number is shown, but no door that would not open."""
    reserve(portal, 400)
    page = portal.client(portal.clerk).get("/account?tab=reserved").text
    assert "D0001" in page
    assert "/dealers/" not in page


def test_text_comes_back_as_typed_when_it_is_naughty(portal: Portal) -> None:
    """Bad input: texts are shown, never run."""
    text = "<script>alert('x')</script> ٱلْعَرَبِيَّة 👩‍🔧 {{ 7*7 }} %s"
    client = portal.client(portal.finance)
    assert client.post("/deposits/new", typed(portal, reference=text)).status_code == 303
    page = client.get(f"/accounts/{name_of(portal)}").text
    assert "<script>alert" not in page
    assert "{{ 7*7 }} %s" in page


@pytest.mark.parametrize(
    "query",
    [
        "after=x",
        "after=MjAyNi0wMS0wMVQwMDowMDowMHwx",
        "after=MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwx",
        "name=x&endpoint=y&_external=1&_scheme=z",
        "tab=nothing",
        "kind=gift",
        "kind=deposit&after=%C3%BC",
    ],
)
def test_account_is_shown_when_its_address_is_odd(portal: Portal, query: str) -> None:
    """Bad input: an address that somebody made up is no error."""
    client = portal.client(portal.finance)
    assert client.get(f"/accounts/{name_of(portal)}?{query}").status_code == 200
    assert client.get(f"/accounts?{query}").status_code == 200


def test_entries_are_all_there_when_turning_the_pages(portal: Portal) -> None:
    """Lists: newest first, fifty a page, each entry once, by keyset; and by kind."""
    fill(portal, range(120))
    client = portal.client(portal.clerk)
    seen: list[str] = []
    url = "/account?kind=penalty"
    while url:
        page = client.get(url).text
        seen += [part.partition('"')[0] for part in page.split('href="/entries/')[1:]]
        links = page.split('rel="next" href="')[1:]
        url = links[0].partition('"')[0].replace("&amp;", "&") if links else ""
    assert len(seen) == len(set(seen)) == 120
    with portal.transaction():
        newest = select(Transfer.public_id).where(Transfer.kind == "penalty")
        order = (Transfer.at.desc(), Transfer.id.desc())
        assert seen == list(session.scalars(newest.order_by(*order)))


def test_entries_are_those_of_the_days_that_the_address_names(portal: Portal) -> None:
    """L9, look: a month of the account can be looked at and taken along, in the reader's zone."""
    deposit(portal, "EARLY")
    portal.clock.advance(days=1)
    deposit(portal, "LATE")
    url, today = f"/accounts/{name_of(portal)}", portal.now.date()
    client = portal.client(portal.finance)
    for query, early, late in (
        (f"from={today}", False, True),
        (f"to={today - timedelta(days=1)}", True, False),
        (f"from={today}&to={today}&kind=deposit", False, True),
        ("from=x&to=31.02.2026", True, True),
    ):
        for path in (url, f"{url}/export/csv"):
            text = client.get(f"{path}?{query}", buffered=True).text
            assert ("EARLY" in text, "LATE" in text) == (early, late), path
    page = client.get(f"{url}?from={today + timedelta(days=1)}").text
    assert "No entry of this account is like that." in page


def fill(portal: Portal, numbers: range) -> None:
    """An entry and a reservation on one account for each number."""
    with portal.transaction():
        mine = Account.dealer_id == portal.dealers["north"]
        account = session.scalars(select(Account.id).where(mine)).one()
        bank = session.scalars(select(Account.id).where(Account.purpose == BANK)).one()
        document = dealer(portal)
        common: dict[str, Any] = {
            "dealer_id": document.id,
            "amount": 1,
            "document_kind": document.kind,
            "document_id": document.id,
            "document_name": document.public_id,
            "document_title": document.title,
        }
        entry = common | {
            "from_account_id": account,
            "to_account_id": bank,
            "kind": "penalty",
            "actor_name": "Somebody",
            "values": {},
        }
        causes = [
            {"cause": f"many/{number}", "at": portal.now + timedelta(seconds=number // 2)}
            for number in numbers
        ]
        session.execute(
            insert(Transfer), [entry | cause | {"public_id": public_id()} for cause in causes]
        )
        session.execute(
            insert(Reservation), [common | cause | {"account_id": account} for cause in causes]
        )


@pytest.mark.parametrize("url", ["/account", "/account?tab=reserved", "/account?kind=penalty"])
def test_account_costs_three_queries_when_it_is_long(portal: Portal, url: str) -> None:
    """Lists: at most three queries, the user included, at 10 and at 1,000 rows."""
    client = portal.client(portal.clerk)
    for numbers in (range(10), range(10, 1000)):
        fill(portal, numbers)
        with counted(portal.app) as statements:
            assert client.get(url).status_code == 200
        assert len(statements) <= 3, statements


def people_it(portal: Portal, numbers: range) -> None:
    """A dealer with an account for each number."""
    common = vars(DEALERS["north"]) | {"status": "active", "created_at": portal.now}
    with portal.transaction():
        made = session.scalars(
            insert(Dealer).returning(Dealer.id),
            [
                common | {"code": f"E{number:05}", "public_id": public_id(), "search_text": ""}
                for number in numbers
            ],
        )
        account = {"purpose": DEALER, "status": "active", "created_at": portal.now}
        accounts = [account | {"dealer_id": key, "public_id": public_id()} for key in made]
        session.execute(insert(Account), accounts)


def test_accounts_cost_three_queries_when_they_are_many(portal: Portal) -> None:
    """Lists: at most three queries, the user included, at 10 and at 1,000 rows."""
    client = portal.client(portal.finance)
    for numbers in (range(10), range(10, 1000)):
        people_it(portal, numbers)
        with counted(portal.app) as statements:
            assert client.get("/accounts").status_code == 200
        assert len(statements) <= 3, statements
