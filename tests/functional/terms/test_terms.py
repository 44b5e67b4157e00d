"""Policy values: proposed by one, decided by another, in force from a day on."""

import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import Forbidden, Invalid
from portal.core.permissions import SYSTEM, Actor, Role
from portal.notices.models import Notice
from portal.people import services as people
from portal.terms import services
from portal.terms.models import PolicyValue
from portal.terms.values import TERMS, value
from tests.support.portal import PASSWORD, START, Portal
from tests.support.queries import counted

NAME = "oldpart.register_days"
PROPOSAL = {"value": "20", "effective_from": "2026-11-01", "reason": "The winter is long."}


@pytest.fixture
def second(portal: Portal) -> Actor:
    """Another administrator."""
    with portal.transaction():
        return people.add_user(
            email="second@example.com",
            name="Second",
            password=PASSWORD,
            roles=[Role.ADMINISTRATOR],
            dealer=None,
            by=SYSTEM,
            now=portal.now,
        ).actor


def proposed(portal: Portal, by: Actor | None = None, **change: Any) -> PolicyValue:
    with portal.transaction():
        return services.propose(
            change.pop("name", NAME),
            change.pop("value", 20),
            effective_from=change.pop("effective_from", date(2026, 11, 1)),
            reason="why",
            by=by or portal.administrator,
            now=portal.now,
        )


def decide(portal: Portal, change: PolicyValue, step: str, by: Actor, **more: Any) -> None:
    with portal.transaction():
        change = session.get_one(PolicyValue, change.id)
        services.decide(change, step, seen=more.pop("seen", None), by=by, now=portal.now, **more)


def in_force(portal: Portal, on: date) -> int:
    with portal.transaction():
        return value(NAME, on=on)


def test_value_counts_from_its_day_when_somebody_else_approved_it(
    portal: Portal, second: Actor
) -> None:
    """P2, T2: proposed it counts for nothing; approved it counts from its first day on."""
    client = portal.client(portal.administrator)
    answer = client.post(f"/policy/{NAME}", PROPOSAL)
    assert answer.status_code == 303, answer.text
    first = date(2026, 11, 1)
    assert in_force(portal, first) == TERMS[NAME].default
    with portal.transaction():
        change = session.scalars(select(PolicyValue)).one()
    url = f"/policy/changes/{change.public_id}"
    mine = client.get(url).text
    assert f"{url}/approve" not in mine
    assert f"{url}/withdraw" in mine
    other = portal.client(second)
    assert "Policy changes to decide on" in other.get("/").text
    assert f"{url}/approve" in other.get(url).text
    assert other.post(f"{url}/approve", {"seen": "1"}).status_code == 303
    assert in_force(portal, first - timedelta(days=1)) == TERMS[NAME].default
    assert in_force(portal, first) == 20
    assert "The winter is long." in client.get(f"/policy/{NAME}").text
    assert "Policy changes to decide on" not in other.get("/").text
    with portal.transaction():
        told = session.scalars(select(Notice.user_id)).all()
    assert told == [portal.administrator.id]


def test_nobody_decides_on_their_own_proposal_when_trying(portal: Portal) -> None:
    """P2: not by the button, not by the address; the value does not change."""
    change = proposed(portal)
    client = portal.client(portal.administrator)
    said = "You proposed it yourself: another administrator decides."
    assert said in client.get(f"/policy/changes/{change.public_id}").text
    assert said not in portal.client(portal.auditor).get(f"/policy/changes/{change.public_id}").text
    for step in ("approve", "decline"):
        url = f"/policy/changes/{change.public_id}/{step}"
        assert client.post(url, {"seen": "1", "reason": "x"}).status_code == 403
    assert in_force(portal, date(2027, 1, 1)) == TERMS[NAME].default
    url = f"/policy/changes/{change.public_id}/withdraw"
    assert client.post(url, {"seen": "1"}).status_code == 303
    assert client.post(url, {"seen": "2"}).status_code == 409


def test_proposal_ends_when_it_is_declined_with_a_reason(portal: Portal, second: Actor) -> None:
    """P4: the reason is on the timeline; a decided change is not decided again."""
    change = proposed(portal)
    client, url = portal.client(second), f"/policy/changes/{change.public_id}"
    assert client.post(f"{url}/decline", {"seen": "1", "reason": ""}).status_code == 422
    reason = {"seen": "1", "reason": "Fifteen is enough."}
    assert client.post(f"{url}/decline", reason).status_code == 303
    assert "Fifteen is enough." in client.get(url).text
    assert client.post(f"{url}/approve", {"seen": "1"}).status_code == 409
    assert client.post(f"{url}/erase", {"seen": "1"}).status_code == 404
    assert in_force(portal, date(2027, 1, 1)) == TERMS[NAME].default


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"value": "0"}, "value"),
        ({"value": "121"}, "value"),
        ({"value": "1e9"}, "value"),
        ({"value": "-1"}, "value"),
        ({"value": "2.5"}, "value"),
        ({"value": "twenty"}, "value"),
        ({"value": ""}, "value"),
        ({"effective_from": "2026-10-11"}, "effective_from"),
        ({"effective_from": "1901-01-01"}, "effective_from"),
        ({"effective_from": "2099-01-01"}, "effective_from"),
        ({"effective_from": "31.02.2027"}, "effective_from"),
        ({"effective_from": ""}, "effective_from"),
        ({"reason": "  "}, "reason"),
    ],
)
def test_proposal_is_refused_when_something_is_wrong(
    portal: Portal, change: dict[str, str], field: str
) -> None:
    """422 with a sentence at the field, what was typed stays, nothing is proposed."""
    answer = portal.client(portal.administrator).post(f"/policy/{NAME}", PROPOSAL | change)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    for typed in (PROPOSAL | change).values():
        assert typed.strip() in unescape(answer.text)
    with portal.transaction():
        assert session.scalars(select(PolicyValue)).all() == []


def test_value_cannot_change_the_past_when_it_is_approved_late(
    portal: Portal, second: Actor
) -> None:
    """A proposal whose day has passed is declined or withdrawn, not approved (T1: HQ's day)."""
    change = proposed(portal, effective_from=START.date())
    portal.clock.at = START.replace(hour=23, minute=59, second=59)
    decide(portal, proposed(portal, effective_from=START.date()), "approve", second)
    portal.clock.advance(seconds=1)
    with pytest.raises(Invalid):
        decide(portal, change, "approve", second)
    decide(portal, change, "decline", second, reason="too late")


def test_latest_counts_when_two_are_approved_for_one_day(portal: Portal, second: Actor) -> None:
    """A slip is put right by a new value for the same day; nothing is overwritten."""
    for number in (20, 25):
        decide(portal, proposed(portal, value=number), "approve", second)
    assert in_force(portal, date(2026, 11, 1)) == 25
    with portal.transaction():
        assert len(session.scalars(select(PolicyValue)).all()) == 2


@pytest.mark.parametrize("who", ["desk", "finance", "warehouse", "reviewer", "auditor"])
def test_headquarters_reads_and_does_not_set_when_not_administrator(
    portal: Portal, who: str
) -> None:
    """P3: the page without its form, and the form's address refused."""
    change = proposed(portal)
    client = portal.client(portal.cast[who])
    for url in ("/policy", f"/policy/{NAME}", f"/policy/changes/{change.public_id}"):
        assert client.get(url).status_code == 200
    assert "Propose a new value" not in client.get(f"/policy/{NAME}").text
    assert client.post(f"/policy/{NAME}", PROPOSAL).status_code == 403
    url = f"/policy/changes/{change.public_id}/approve"
    assert client.post(url, {"seen": "1"}).status_code == 403
    with portal.transaction(), pytest.raises(Forbidden):
        services.propose(
            NAME,
            20,
            effective_from=date(2026, 11, 1),
            reason="x",
            by=portal.cast[who],
            now=portal.now,
        )


def test_dealer_sees_no_policy_values_when_looking(portal: Portal) -> None:
    """P1: not the list, not a value, not a change, and no comment on one."""
    change = proposed(portal)
    client = portal.client(portal.manager)
    for url in ("/policy", f"/policy/{NAME}", f"/policy/changes/{change.public_id}"):
        assert client.get(url).status_code == 403
    answer = client.post(f"/comments/policy/{change.public_id}", {"text": "x"})
    assert answer.status_code == 404


def test_nothing_is_there_when_the_name_is_unknown(portal: Portal) -> None:
    """404 for a rule or a change that does not exist."""
    client = portal.client(portal.administrator)
    assert client.get("/policy/no.such").status_code == 404
    assert client.post("/policy/no.such", PROPOSAL).status_code == 404
    assert client.get("/policy/changes/AAAAAAAAAAAAAAAA").status_code == 404


def test_switch_is_answered_by_yes_or_no_when_proposed(portal: Portal) -> None:
    """A6: a rule that is on or off has no number on its page."""
    client = portal.client(portal.administrator)
    url = "/policy/application.release_automatically"
    assert 'type="radio"' in client.get(url).text
    typed = PROPOSAL | {"value": "1"}
    assert client.post(url, typed).status_code == 303
    assert client.post(url, PROPOSAL | {"value": "2"}).status_code == 422


@pytest.mark.parametrize("wanted", [10, 1000])
def test_page_costs_few_queries_when_there_are_many_changes(portal: Portal, wanted: int) -> None:
    """The list and one rule's history, however long; one more tells what it meant last month."""
    with portal.transaction():
        session.add_all(
            PolicyValue(
                status="approved",
                created_at=portal.now,
                name=NAME,
                value=1 + index % 100,
                effective_from=START.date() + timedelta(days=index),
                reason="x",
                proposed_by_id=portal.administrator.id,
            )
            for index in range(wanted)
        )
    client = portal.client(portal.administrator)
    for url, most in (("/policy", 3), (f"/policy/{NAME}", 4)):
        with counted(portal.app) as statements:
            assert client.get(url).status_code == 200
        assert len(statements) <= most, statements


def test_zero_can_be_proposed_when_the_term_allows_it(portal: Portal) -> None:
    """O2: the number of photos may be none."""
    administrator = portal.client(portal.administrator)
    answer = administrator.post("/policy/oldpart.photos", PROPOSAL | {"value": "0"})
    assert answer.status_code == 303
    beyond = administrator.post("/policy/oldpart.photos", PROPOSAL | {"value": "11"})
    assert beyond.status_code == 422


def test_pages_are_in_words_when_a_value_is_looked_up(portal: Portal) -> None:
    """P2: no name of ours and no number of a rule stands on a page for people."""
    client = portal.client(portal.administrator)
    urls = ["/policy", *(f"/policy/{name}" for name in TERMS)]
    for url in urls:
        main = re.sub(r"<[^>]+>", " ", client.get(url).text.partition("<main")[2])
        assert not [name for name in TERMS if name in main], url
        assert not re.search(r"\([A-Z]\d+\)", main), url
    assert "Time to answer an application" in client.get("/policy/application.reply_hours").text


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("0.5", 50), ("0,75 %", 75), ("10", 1000), ("0,005", None), ("10.01", None), ("many", None)],
)
def test_rate_is_typed_and_read_in_percent(portal: Portal, typed: str, kept: int | None) -> None:
    """A9: a rate is kept in hundredths of a percent, and nobody has to know that."""
    client = portal.client(portal.administrator)
    client.post("/preferences", {"language": "pl"})
    url = "/policy/compensation.rate"
    assert "0,5" in client.get(url).text
    answer = client.post(url, PROPOSAL | {"value": typed})
    assert answer.status_code == (303 if kept else 422)
    if kept is None:
        assert f'value="{typed}"' in answer.text
        return
    with portal.transaction():
        change = session.scalars(select(PolicyValue)).one()
        assert change.value == kept
    page = client.get(f"/policy/changes/{change.public_id}").text
    assert f"{kept / 100:g}".replace(".", ",") in page
    assert "hundredths" not in page


def test_amount_proposed_when_it_is_typed_as_money(portal: Portal) -> None:
    """R5, L1: a limit is typed and shown as an amount, and kept in minor units, within bounds."""
    client, url = portal.client(portal.administrator), "/policy/rule.amount_limit"
    sent = {"value": "6,000.50", "effective_from": "2026-12-01", "reason": "Prices have risen"}
    for wrong, sentence in (
        ("0", "An amount must be above zero."),
        ("20,000,000.01", "Enter an amount from CN¥0.01 to CN¥20,000,000.00."),
    ):
        answer = client.post(url, sent | {"value": wrong})
        assert answer.status_code == 422
        assert sentence in answer.text
    answer = client.post(url, sent)
    assert answer.status_code == 303
    with portal.transaction():
        assert session.scalars(select(PolicyValue.value)).one() == 600_050
    page = client.get(url).text
    assert "CN¥6,000.50" in page
    assert "CN¥5,000.00" in page
