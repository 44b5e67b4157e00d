"""Many at once: quoted at list price, released (A3, A6)."""

from typing import Any

import pytest
from sqlalchemy import func, select

from portal.applications import quoting, services
from portal.applications.models import Application, Quote, QuoteLine
from portal.catalogue.models import Part
from portal.core.db import session
from portal.core.errors import Forbidden
from portal.core.events import verify
from portal.ledger.models import Transfer
from portal.ledger.verify import verify as differences
from portal.notices.models import Notice
from tests.functional.applications.test_pages import now_of
from tests.functional.applications.test_quoting import text_of
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted

PROMISE = "2026-10-15"


def withdraw(portal: Portal, part: str) -> None:
    with portal.transaction():
        session.get_one(Part, portal.parts[part]).status = "withdrawn"


def seen(portal: Portal, *applications: Application) -> dict[str, int]:
    """The versions that the page of many names."""
    return {f"seen-{one.public_id}": now_of(portal, one).version for one in applications}


def statuses(portal: Portal, *applications: Application) -> list[str]:
    return [now_of(portal, one).status for one in applications]


def test_many_are_quoted_as_asked_at_list_price(portal: Portal) -> None:
    """A3, C2: the same parts and quantities, the prices in force, the fees given once for each."""
    one = story.submitted(portal, story.line(portal, quantity=3), story.line(portal, "FP-200", 1))
    two = story.submitted(portal, story.line(portal, "TH-300", 2), by="other_clerk")
    desk = portal.client(portal.desk)
    picks = [one.public_id, two.public_id]
    page = text_of(desk.get("/applications/many/quote", query_string={"pick": picks}).text)
    assert "CN¥42.30" in page
    assert "Total CN¥342.30" in page
    form = {"pick": picks, "freight": "5", "packing": "", "promised_on": PROMISE}
    form |= seen(portal, one, two)
    answer = desk.post("/applications/many/quote", form)
    assert (answer.status_code, answer.location) == (303, "/applications?tab=submitted")
    assert "2 quotes are sent." in desk.get(answer.location).text
    for made, total in ((one, 3 * 1250 + 480 + 500), (two, 2 * 15000 + 500)):
        kept = now_of(portal, made)
        assert (kept.status, kept.total, kept.quote_version) == ("quoted", total, 1)
    with portal.transaction():
        quotes = session.scalars(select(Quote)).all()
        assert {(quote.freight, quote.packing, str(quote.promised_on)) for quote in quotes} == {
            (500, 0, PROMISE)
        }
        assert session.scalar(select(func.sum(QuoteLine.amount))) == 3750 + 480 + 30000
        assert list(verify()) == []


def test_those_that_cannot_be_are_named_with_their_reason(portal: Portal) -> None:
    """A3: no price, withdrawn, quoted meanwhile: the others are sent all the same."""
    good, no_price, gone, out = (
        story.submitted(portal, story.line(portal, part))
        for part in ("FV-100", "TH-300", "FP-200", "FV-100")
    )
    withdraw(portal, "FP-200")
    with portal.transaction():
        kept = session.get_one(Application, no_price.id)
        (row,) = quoting.basis_of([kept], portal.now).asked[kept.id]
        row.part_id = portal.parts["NP-400"]
        quoting.quote(
            session.get_one(Application, out.id),
            story.answer(portal, out),
            seen=None,
            by=portal.desk,
            now=portal.now,
        )
    desk = portal.client(portal.desk)
    picks = [one.public_id for one in (good, no_price, gone, out)]
    form = {"pick": picks, "promised_on": PROMISE} | seen(portal, good, no_price, gone, out)
    answer = desk.post("/applications/many/quote", form)
    assert answer.status_code == 303
    shown = text_of(desk.get(answer.location).text)
    assert "1 quote is sent." in shown
    assert "Not possible: NP-400 has no price yet." in shown
    assert "Not possible: FP-200 was withdrawn." in shown
    assert "Not possible: This step has already been taken" in shown
    assert good.public_id not in answer.location
    assert statuses(portal, good, no_price, gone, out) == [
        "quoted", "submitted", "submitted", "quoted",
    ]  # fmt: skip
    assert now_of(portal, out).quote_version == 1


def test_nothing_is_quoted_that_was_changed_since_the_page_was_opened(portal: Portal) -> None:
    """A3: returned, corrected and submitted again meanwhile: shown anew, with what it is now."""
    application, desk = story.submitted(portal), portal.client(portal.desk)
    form = {"pick": [application.public_id], "promised_on": PROMISE} | seen(portal, application)
    with portal.transaction():
        one = session.get_one(Application, application.id)
        why = {"reason": "How many?", "code": "quantity"}
        services.step(one, "return", seen=None, by=portal.desk, now=portal.now, **why)
        many = story.request(portal, story.line(portal, quantity=5000))
        services.submit(one, many, seen=None, by=portal.clerk, now=portal.now)
    answer = desk.post("/applications/many/quote", form)
    assert answer.status_code == 303
    assert "CN¥62,500.00" in desk.get(answer.location).text
    assert statuses(portal, application) == ["submitted"]


@pytest.mark.parametrize(
    "bad",
    [
        {"freight": "12.345"},
        {"freight": "-1"},
        {"promised_on": ""},
        {"promised_on": "2026-10-11"},
        {"promised_on": "30.02.2026"},
        {"pick": ["AAAAAAAAAAAAAAAA"]},
        {"pick": []},
        {"pick": ["\N{NULL}"]},
    ],
)
def test_nothing_is_sent_when_the_form_is_wrong(portal: Portal, bad: dict[str, Any]) -> None:
    """A3: 422, what was typed stays, nothing is quoted."""
    application = story.submitted(portal)
    form = {"pick": [application.public_id], "freight": "5", "promised_on": PROMISE}
    answer = portal.client(portal.desk).post("/applications/many/quote", form | bad)
    assert answer.status_code == 422
    assert str(next(iter(bad.values()))).strip("[]'") in answer.text or "pick" in bad
    assert statuses(portal, application) == ["submitted"]


def test_many_ask_once_whatever_their_number(portal: Portal) -> None:
    """A3: what quotes follow from is asked for once; each adds itself and its event at most."""
    costs = []
    for count in (3, 12):
        ids = [story.submitted(portal).id for _ in range(count)]
        with counted(portal.app) as statements, portal.transaction():
            outcome = quoting.quote_at_list(
                ids, promised_on=portal.now.date(), by=portal.desk, now=portal.now
            )
        assert len(outcome.done) == count
        costs.append(len(statements))
    assert costs[1] - costs[0] <= 2 * 9, statements


def test_only_those_who_may_do_many(portal: Portal) -> None:
    """P3: the service asks too, also for one that the page would not show."""
    application = story.submitted(portal)
    with portal.transaction(), pytest.raises(Forbidden):
        quoting.quote_at_list(
            [application.id], promised_on=portal.now.date(), by=portal.finance, now=portal.now
        )
    assert statuses(portal, application) == ["submitted"]


def test_many_are_released(portal: Portal) -> None:
    """A6, L6: each reservation is posted once; what was cancelled meanwhile is named."""
    one, two = story.confirmed(portal), story.confirmed(portal, by="other_clerk")
    waits = story.quoted(portal)
    finance = portal.client(portal.finance)
    picks = [item.public_id for item in (one, two, waits)]
    shown = text_of(finance.get("/applications/many/release", query_string={"pick": picks}).text)
    assert "Total CN¥80.00" in shown
    for _time in range(2):
        answer = finance.post("/applications/many/release", {"pick": picks})
        assert answer.status_code == 303
    assert waits.public_id in answer.location
    assert statuses(portal, one, two, waits) == ["released", "released", "quoted"]
    with portal.transaction():
        posted = select(func.count()).where(Transfer.kind == "parts_deduction")
        assert session.scalar(posted) == 2
        assert list(differences()) == []
        told = select(func.count()).select_from(Notice).where(Notice.user_id == portal.warehouse.id)
        assert session.scalar(told) == 2


@pytest.mark.parametrize(
    ("tab", "who", "page"),
    [
        ("submitted", "desk", "/applications/many/quote"),
        ("confirmed", "finance", "/applications/many/release"),
        ("submitted", "finance", None),
        ("confirmed", "desk", None),
        ("quoted", "desk", None),
        ("quoted", "manager", None),
    ],
)
def test_rows_can_be_ticked_where_something_can_be_done(
    portal: Portal, tab: str, who: str, page: str | None
) -> None:
    """A3, A6: the desk's queue and that of finance, for those who may."""
    story.submitted(portal), story.confirmed(portal), story.quoted(portal)
    shown = portal.client(portal.cast[who]).get(f"/applications?tab={tab}").text
    assert ('name="pick"' in shown) == (page is not None)
    if page:
        assert f'<form action="{page}">' in shown
