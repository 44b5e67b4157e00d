"""What a policy value meant last month, told from the events of that month."""

from datetime import timedelta

import pytest

from portal.core.clock import Month
from portal.core.documents import kind_named
from portal.terms import effects
from portal.terms.values import TERMS
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted


def effect(portal: Portal, name: str) -> effects.Effect:
    """What a value meant in the month before."""
    with portal.transaction():
        found = effects.last_month(name, portal.now)
    assert found is not None
    return found


def quoted_and_withdrawn(portal: Portal, days: float) -> None:
    """A quote that its dealer lets go so many days later."""
    application = story.quoted(portal)
    portal.clock.advance(days=days)
    client = portal.client(portal.manager)
    typed = {"seen": str(application.version), "reason": "Too dear"}
    answer = client.post(f"/applications/{application.public_id}/steps/withdraw", typed)
    assert answer.status_code == 303, answer.text
    portal.clock.advance(days=-days)


def test_days_of_last_month_are_held_against_other_values(portal: Portal) -> None:
    """A10: begun days count whole; what happened in another month does not count."""
    for days in (0.5, 2, 2.5):
        quoted_and_withdrawn(portal, days)
    portal.clock.at = portal.now.replace(month=11, day=2)
    quoted_and_withdrawn(portal, 1)
    found = effect(portal, "application.quote_days")
    assert (found.month, found.count) == (Month(2026, 10), 3)
    assert sorted(found.days) == [1, 2, 3]
    assert (found.middle, found.longest) == (2, 3)
    assert [found.longer_than(days) for days in (1, 2, 3)] == [2, 1, 0]
    page = portal.client(portal.auditor).get("/policy/application.quote_days").text
    assert "In October 2026 this counted for 3 documents." in page
    assert "The longest took" in page
    assert effect(portal, "application.reply_hours").count == 3


def test_nothing_is_told_where_no_event_tells_it(portal: Portal) -> None:
    """A month without any says so; of a switch of a rule nothing is told here."""
    client = portal.client(portal.administrator)
    page = client.get("/policy/penalty.answer_days").text
    assert "In September 2026 this counted for no document." in page
    assert "Last month" not in client.get("/policy/rule.photo").text


def test_page_costs_one_query_more_whatever_happened(portal: Portal) -> None:
    """Look: a fixed number of queries."""
    client = portal.client(portal.administrator)

    def asked() -> int:
        with counted(portal.app) as statements:
            client.get("/policy/application.quote_days")
        return len(statements)

    few = asked()
    portal.clock.at = portal.now - timedelta(days=14)
    quoted_and_withdrawn(portal, 1)
    portal.clock.at = portal.now + timedelta(days=14)
    client = portal.client(portal.administrator)
    assert asked() == few


@pytest.mark.parametrize("name", sorted(effects.SOURCES))
def test_every_source_is_of_a_value_and_of_events_that_there_are(portal: Portal, name: str) -> None:
    """A step that is renamed must be renamed here too."""
    kind = kind_named(effects.SOURCES[name].kind)
    steps = {step.name for step in kind.model.workflow.transitions} | set(kind.words)
    source = effects.SOURCES[name]
    assert {*source.ends, *source.begins} <= steps
    assert name in TERMS
