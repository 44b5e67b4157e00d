"""Warranty eligibility, computed from what the catalogue knows (C4, C5)."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from portal.catalogue import warranty
from portal.catalogue.eligibility import Case, Eligibility
from portal.catalogue.models import Part
from portal.core.db import session
from tests.functional.catalogue.products import model, policy, sold
from tests.support.portal import HQ, Portal
from tests.support.queries import counted

SOLD = date(2025, 3, 4)


def judge(portal: Portal, **facts: Any) -> Eligibility:
    """The eligibility of a fill valve, today or on the day given."""
    case = Case(portal.parts["FV-100"], **facts)
    with portal.app.test_request_context(), portal.app.app_context():
        found = warranty.eligibility(case, today=portal.now.date())
        session.remove()
        return found


def reason(portal: Portal, found: Eligibility) -> str:
    """Its reason as somebody reads it in English."""
    with portal.app.test_request_context(headers={"Accept-Language": "en"}):
        return found.reason


@pytest.fixture
def w310(portal: Portal) -> int:
    """A model with 24 months of warranty, and one unit sold."""
    made = model(portal)
    policy(portal, made, 24)
    sold(portal, made, "w310-0001", SOLD)
    return made


def test_in_warranty_when_the_registered_sale_says_so(portal: Portal, w310: int) -> None:
    """C5: the verdict has its reason and the values used."""
    found = judge(portal, model="W310", serial=" Ｗ310-0001 ")
    assert (found.verdict, found.model, found.months) == ("in", "W310", 24)
    assert (found.starts_on, found.ends_on, found.source) == (SOLD, date(2027, 3, 4), "serial")
    assert reason(portal, found) == (
        "In warranty until Mar 4, 2027: 24 months from the sale on Mar 4, 2025, by its serial."
    )


def test_the_last_day_counts_to_its_end_in_headquarters_zone(portal: Portal, w310: int) -> None:
    """C5, T1, T2: 23:59:59 of the last day is in warranty, a second later is not."""
    portal.clock.at = datetime(2027, 3, 4, 23, 59, 59, tzinfo=HQ)
    assert judge(portal, serial="W310-0001").verdict == "in"
    portal.clock.at += timedelta(seconds=1)
    found = judge(portal, serial="W310-0001")
    assert found.verdict == "out"
    assert reason(portal, found).startswith("Out of warranty since Mar 5, 2027: it was 24 months")


def test_the_day_of_failure_counts_when_it_is_given(portal: Portal, w310: int) -> None:
    """C5: not the day on which somebody asks."""
    portal.clock.at = datetime(2027, 6, 1, tzinfo=HQ)
    assert judge(portal, serial="W310-0001", failed_on=date(2027, 3, 4)).verdict == "in"
    assert judge(portal, serial="W310-0001", failed_on=date(2027, 3, 5)).verdict == "out"


def test_months_end_on_the_last_day_of_a_short_month(portal: Portal) -> None:
    """C4: from 31 January, one month lasts until the end of February, in leap years the 29th."""
    short = model(portal, "S1")
    policy(portal, short, 1)
    for sold_on, last in (
        (date(2026, 1, 31), date(2026, 2, 28)),
        (date(2024, 1, 31), date(2024, 2, 29)),
        (date(2024, 2, 29), date(2024, 3, 29)),
    ):
        day = {"model": "S1", "purchased_on": sold_on}
        assert judge(portal, **day, failed_on=last).verdict == "in"
        assert judge(portal, **day, failed_on=last + timedelta(days=1)).verdict == "out"


def test_purchase_date_counts_when_the_serial_is_not_registered(portal: Portal, w310: int) -> None:
    """C5: and the doubt is said."""
    found = judge(portal, model="w 310", serial="OTHER", purchased_on=date(2026, 1, 31))
    assert (found.verdict, found.source) == ("in", "purchase_date")
    assert reason(portal, found) == (
        "In warranty until Jan 31, 2028: 24 months from the purchase on Jan 31, 2026. "
        "The serial is not registered."
    )


def test_registered_sale_decides_when_another_purchase_date_is_typed(
    portal: Portal, w310: int
) -> None:
    """C5: the disagreement is said."""
    found = judge(portal, model="W310", serial="W310-0001", purchased_on=date(2026, 9, 9))
    assert found.starts_on == SOLD
    assert reason(portal, found).endswith(
        "The purchase date given is Sep 9, 2026; the registered sale counts."
    )
    same = judge(portal, model="W310", serial="W310-0001", purchased_on=SOLD)
    assert same.notes == ()


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({}, "Unknown: no product model is given."),
        ({"serial": "?", "model": ""},
         "Unknown: no product model is given, and by the serial it cannot be found."),
        ({"model": "Z9", "purchased_on": SOLD}, "Unknown: there is no product model “Z9”."),
        ({"model": "W310"}, "Unknown: neither a serial nor a purchase date is given."),
        ({"model": "W310", "serial": "X"},
         "Unknown: no purchase date is given, and by the serial it cannot be found."),
        ({"model": "W310", "purchased_on": date(2019, 12, 31)},
         "Unknown: there is no warranty policy for W310 on Dec 31, 2019."),
        ({"model": "W310", "serial": "W310-0001", "failed_on": date(2025, 3, 3)},
         "Unknown: the product was sold on Mar 4, 2025, after it failed on Mar 3, 2025."),
    ],
)  # fmt: skip
def test_unknown_with_its_reason_when_something_is_missing(
    portal: Portal, w310: int, facts: dict[str, Any], why: str
) -> None:
    """C5: unknown is a verdict of its own, never a guess."""
    found = judge(portal, **facts)
    assert (found.verdict, reason(portal, found)) == ("unknown", why)


def test_model_is_found_among_other_words(portal: Portal, w310: int) -> None:
    """C5: people type a series' name and a colour beside the number."""
    for typed in ("Liora W310", "liora w310, white", "W 310", "马桶 ｗ310"):
        assert judge(portal, model=typed, purchased_on=SOLD).model == "W310"


def test_serial_says_the_model_when_another_one_is_typed(portal: Portal, w310: int) -> None:
    """C5: the registered unit counts, and the disagreement is said."""
    policy(portal, model(portal, "W320"), 6)
    found = judge(portal, model="W320", serial="W310-0001")
    assert (found.model, found.verdict) == ("W310", "in")
    assert reason(portal, found).endswith("The serial is registered as W310, and that counts.")
    assert judge(portal, serial="W310-0001").model == "W310"


def test_serial_of_two_models_needs_the_model(portal: Portal, w310: int) -> None:
    """C4: a serial is unique within its model only."""
    other = model(portal, "W320")
    policy(portal, other, 6)
    sold(portal, other, "W310-0001", date(2026, 9, 1))
    assert judge(portal, serial="W310-0001").cause == "no_model"
    assert judge(portal, model="W320", serial="W310-0001").months == 6
    assert judge(portal, model="W310", serial="W310-0001").months == 24


def test_policy_of_the_category_wins_over_the_general_one(portal: Portal, w310: int) -> None:
    """C4: a category's months are for its parts; 0 months are no warranty."""
    policy(portal, w310, 60, category="Valves")
    with portal.transaction():
        session.get_one(Part, portal.parts["FV-100"]).category = " valves"
    assert judge(portal, model="W310", purchased_on=SOLD).months == 60
    policy(portal, w310, 0, category="Valves")
    found = judge(portal, model="W310", purchased_on=SOLD)
    assert reason(portal, found) == "Out of warranty: this part has none on W310."


def test_policy_in_force_on_the_day_of_the_sale_counts(portal: Portal, w310: int) -> None:
    """C4: a later policy changes nothing for what was sold before; of one day the last counts."""
    policy(portal, w310, 12, since=date(2026, 1, 1))
    policy(portal, w310, 36, since=date(2026, 1, 1))
    assert judge(portal, model="W310", purchased_on=date(2025, 12, 31)).months == 24
    assert judge(portal, model="W310", purchased_on=date(2026, 1, 1)).months == 36


def test_many_cases_cost_four_queries(portal: Portal, w310: int) -> None:
    """C5: set by set, in the order that they were asked in."""
    part = portal.parts["FV-100"]
    cases = [Case(part, "W310", serial="W310-0001"), Case(part, "none"), Case(part, "W310")] * 40
    with portal.app.app_context(), counted(portal.app) as count:
        found = warranty.eligibilities(cases, today=portal.now.date())
    assert [one.verdict for one in found] == ["in", "unknown", "unknown"] * 40
    assert len(count) == 4


def test_policy_is_never_changed(portal: Portal, w310: int) -> None:
    """C4: the database itself refuses it, as it does for prices."""
    for statement in ("UPDATE warranty_policy SET months = 1", "DELETE FROM warranty_policy"):
        with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
            session.execute(text(statement))
