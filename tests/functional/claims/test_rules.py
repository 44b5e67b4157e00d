"""Each rule by itself (R5): what it finds, what it just does not, its values and its switch."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from portal.applications.models import QuoteLine
from portal.catalogue.models import Price
from portal.claims.models import ClaimLine
from portal.claims.rules import RULES
from portal.core.db import session
from portal.oldparts.inspection_models import HEADQUARTERS, Inspection
from portal.oldparts.models import OldPart
from portal.people import services as people
from portal.terms.rule_terms import RULE_TERMS
from tests.functional.catalogue.products import model, policy, sold
from tests.functional.claims.looking import change, claimed, looked
from tests.support import claims as story
from tests.support import collecting
from tests.support.portal import DEALERS, HQ, Portal
from tests.support.queries import counted

SEPTEMBER = date(2026, 9, 1)


def test_every_parameter_is_a_policy_value_of_one_rule() -> None:
    """R5: each rule has its switch, and no policy value of rules belongs to none."""
    known = [term.name for rule in RULES.values() for term in rule.terms]
    assert sorted(known) == sorted(term.name for term in RULE_TERMS)
    assert all(rule.switch.is_switch for rule in RULES.values())


# Warranty


@pytest.fixture
def w310(portal: Portal) -> int:
    """A model with 12 months of warranty."""
    made = model(portal)
    policy(portal, made, 12)
    return made


def test_line_found_when_it_was_out_of_warranty(portal: Portal, w310: int) -> None:
    """R5, C5: the last day counts still; what is not known is found only where that is wanted."""
    bought = {"product_model": "Liora W310", "purchase_date": SEPTEMBER}
    claimed(
        portal,
        bought | {"failed_on": date(2027, 9, 1)},
        bought | {"failed_on": date(2027, 9, 2)},
        {"product_model": "Something else", "purchase_date": SEPTEMBER},
    )
    out = "Out of warranty since Sep 2, 2027: it was 12 months from the purchase on Sep 1, 2026."
    assert looked(portal, "warranty") == {2: out}
    assert looked(portal, "warranty", unknown=1) == {
        2: out,
        3: "Unknown: there is no product model “Something else”.",
    }
    assert looked(portal, "warranty", on=0) == {}


def test_registered_sale_told_when_it_decides(portal: Portal, w310: int) -> None:
    """R5, C5: the sentence names the sale by the serial, and the doubt about the day."""
    sold(portal, w310, "S-1", date(2025, 1, 1))
    claimed(
        portal,
        {
            "product_model": "W310", "product_serial": "S-1", "product_serial_key": "S-1",
            "purchase_date": SEPTEMBER, "failed_on": date(2026, 9, 20),
        },
    )  # fmt: skip
    (sentence,) = looked(portal, "warranty").values()
    assert sentence.startswith("Out of warranty since Jan 2, 2026: it was 12 months from the sale")
    assert "The purchase date given is Sep 1, 2026; the registered sale counts." in sentence


# Price and quantity


def test_line_found_when_another_price_was_deducted_quoted_or_listed(portal: Portal) -> None:
    """R5: what is claimed for a piece is what was deducted for it, and what the list had."""
    claimed(portal, {}, {})
    assert looked(portal, "price") == {}
    with portal.transaction():
        price = session.scalars(select(Price).where(Price.part_id == portal.parts["FV-100"])).one()
        session.execute(update(QuoteLine).values(price_id=price.id))
    assert looked(portal, "price") == {}
    with portal.transaction():
        session.execute(update(ClaimLine).where(ClaimLine.position == 2).values(claimed=1251))
    assert looked(portal, "price") == {
        2: "Claimed is CN¥12.51; deducted was CN¥12.50 for the piece. "
        "Claimed is CN¥12.51; quoted was CN¥12.50 for the piece. "
        "Claimed is CN¥12.51; the price list had CN¥12.50."
    }
    with portal.transaction():
        session.execute(update(ClaimLine).values(claimed=1250))
        session.execute(update(QuoteLine).values(unit_price=1200, amount=2400))
    sentence = "Claimed is CN¥12.50; quoted was CN¥12.00 for the piece."
    assert looked(portal, "price") == {1: sentence, 2: sentence}
    assert looked(portal, "price", on=0) == {}


# Where the old part is


def test_line_found_when_its_old_part_is_missing_or_failed(portal: Portal) -> None:
    """R5: a piece that is lost or has failed, whatever headquarters said of paying for it."""
    claimed(portal, *({} for _state in range(6)))
    states = ("missing", "failed", "objected", "passed", "scrapped", "failed")
    with portal.transaction():
        pieces = session.scalars(select(OldPart).order_by(OldPart.id)).all()
        for piece, state in zip(pieces, states, strict=True):
            session.execute(update(OldPart).where(OldPart.id == piece.id).values(status=state))
        session.add(
            Inspection(
                old_part_id=pieces[5].id, inspected_at=portal.now,
                failure_code="transport", pays=HEADQUARTERS,
            )
        )  # fmt: skip
    assert looked(portal, "piece") == {
        1: "The old part is missing.",
        2: "The old part failed its inspection.",
        3: "The old part failed its inspection, and the dealer objects.",
        6: "The old part failed its inspection; headquarters pays all the same.",
    }
    assert looked(portal, "piece", on=0) == {}


def test_line_found_when_a_called_old_part_is_overdue(portal: Portal) -> None:
    """R5: 14 days after the day by which it was to be sent, to the second."""
    story.pieces(portal, 2)
    consignment = collecting.called(portal, 0)
    story.submitted(portal)
    due = collecting.fresh(portal, consignment).due_at.astimezone(HQ)
    portal.clock.at = due + timedelta(days=14)
    assert looked(portal, "piece") == {}
    portal.clock.at += timedelta(seconds=1)
    sentence = "The old part was to be sent by Oct 26, 2026 and has not arrived."
    assert looked(portal, "piece") == {1: sentence, 2: sentence}
    assert looked(portal, "piece", days=15) == {}


def test_line_found_when_only_received_old_parts_are_wanted(portal: Portal) -> None:
    """R5: where headquarters wants each piece to have arrived, one that has not is found."""
    claimed(portal, {"status": "sent"}, {"status": "received"}, {})
    assert looked(portal, "piece") == {}
    sentence = "The old part has not arrived at headquarters."
    assert looked(portal, "piece", received=1) == {1: sentence, 3: sentence}


# The same again


def _twice(portal: Portal, days: int, **common: Any) -> None:
    """Two pieces with something in common, whose products failed so many days apart."""
    later = SEPTEMBER + timedelta(days=days)
    claimed(portal, {"failed_on": SEPTEMBER}, {"failed_on": later}, {}, **common)
    with portal.transaction():
        third = select(ClaimLine.old_part_id).where(ClaimLine.position == 3)
        nothing = {"product_serial_key": None, "customer_key": None}
        session.execute(update(OldPart).where(OldPart.id.in_(third)).values(**nothing))


@pytest.mark.parametrize(("days", "found"), [(0, False), (1, True), (90, True), (91, False)])
def test_line_found_when_its_product_failed_again_within_days(
    portal: Portal, days: int, found: bool
) -> None:
    """R5: the same serial within 90 days; several parts of one day are one repair."""
    common = {"product_serial": "X-1"}
    if days:
        common["product_serial_key"] = "X-1"
        _twice(portal, days, **common)
    else:
        claimed(portal, {"failed_on": SEPTEMBER} | common, {"failed_on": SEPTEMBER} | common)
    seen = looked(portal, "product")
    assert set(seen) == ({1, 2} if found else set())
    if found:
        plural = "s" if days > 1 else ""
        assert seen[1] == f"This product also failed {days} day{plural} before or after:"
    assert set(looked(portal, "product", days=91)) == ({1, 2} if days else set())
    assert looked(portal, "product", on=0) == {}


def test_line_found_when_another_dealer_repaired_the_product(portal: Portal) -> None:
    """R5: of whichever dealer the other piece is; one that was rejected is no repair."""
    (other,) = story.pieces(portal, 1, dealer="south")
    key = {"product_serial_key": "X-1"}
    change(portal, {other: key | {"failed_on": SEPTEMBER}})
    claimed(portal, key | {"failed_on": SEPTEMBER + timedelta(days=5)})
    assert looked(portal, "product") == {1: "This product also failed 5 days before or after:"}
    change(portal, {other: {"status": "rejected"}})
    assert looked(portal, "product") == {}


def test_line_not_found_when_the_other_piece_was_registered_later(portal: Portal) -> None:
    """R5: what the rules know is what was registered when the run took the claim in."""
    key = {"product_serial_key": "X-1"}
    claimed(portal, key | {"failed_on": SEPTEMBER + timedelta(days=5)})
    (other,) = story.pieces(portal, 1, dealer="south", at=portal.now + timedelta(seconds=1))
    change(portal, {other: key | {"failed_on": SEPTEMBER}})
    assert looked(portal, "product") == {}


def test_line_found_when_its_customer_had_several_other_repairs(portal: Portal) -> None:
    """R5: three other days of failures within 90 days; of the two at the edge each has only two."""
    days = (0, 45, 46, 90, 91)
    claimed(
        portal,
        *({"failed_on": SEPTEMBER + timedelta(days=one)} for one in days),
        {"failed_on": SEPTEMBER},
        customer_key="138000000",
    )
    found = looked(portal, "customer")
    assert found[1] == "This customer had 3 other repairs within 90 days, the nearest one:"
    assert found[2] == "This customer had 4 other repairs within 90 days, the nearest one:"
    assert set(found) == {1, 2, 3, 4, 5, 6}
    assert set(looked(portal, "customer", days=89)) == {2, 3, 4, 5}
    assert set(looked(portal, "customer", repairs=4)) == {2, 3, 4}
    assert looked(portal, "customer", repairs=5) == {}
    assert looked(portal, "customer", on=0) == {}


# Frequency


def _dealers(portal: Portal, *counts: tuple[int, int]) -> None:
    """Further dealers, each with so many old parts of the valve of so many shipped pieces."""
    for number, (pieces, others) in enumerate(counts):
        key = f"d{number}"
        with portal.transaction():
            facts = replace(DEALERS["north"], code=f"F{number:03d}")
            made = people.add_dealer(facts, by=portal.administrator, now=portal.now)
            portal.dealers[key] = made.id
        story.pieces(portal, pieces, dealer=key)
        if others:
            story.pieces(portal, others, dealer=key, part="FP-200")


def test_lines_found_when_a_part_is_far_more_frequent_than_elsewhere(portal: Portal) -> None:
    """R5: 7 of 10 shipped pieces here, against 2 of 10 in the middle of three others; 300 %."""
    _dealers(portal, (1, 9), (2, 8), (5, 5))
    story.pieces(portal, 3, part="FP-200")
    claimed(portal, *({} for _piece in range(7)))
    sentence = (
        "Since April 2026 this dealer registered 7 old parts of this kind: 70 per 100 pieces "
        "shipped to it. The median of the 3 other dealers that had it is 20."
    )
    valve = set(range(4, 11))
    assert looked(portal, "frequency") == dict.fromkeys(valve, sentence)
    assert set(looked(portal, "frequency", share=34999)) == valve
    assert looked(portal, "frequency", share=35000) == {}, "not above 3.5 times the median"
    assert set(looked(portal, "frequency", pieces=7)) == valve
    assert looked(portal, "frequency", pieces=8) == {}, "too few pieces"
    assert looked(portal, "frequency", dealers=4) == {}, "too few dealers"
    assert looked(portal, "frequency", on=0) == {}


def test_lines_not_found_when_the_pieces_are_too_old_to_compare(portal: Portal) -> None:
    """R5: only the months that are compared count, of the dealer and of the others."""
    _dealers(portal, (1, 9), (1, 9), (1, 9))
    claimed(portal, *({} for _piece in range(7)))
    assert looked(portal, "frequency", months=1)
    portal.clock.at = datetime(2026, 12, 1, tzinfo=HQ)
    assert looked(portal, "frequency", months=1) == {}
    assert looked(portal, "frequency", months=2)


# Days


def test_line_found_when_its_days_cannot_be(portal: Portal) -> None:
    """R5: failed before the sale, repaired before the shipment, or after the claim."""
    today = portal.now.date()
    claimed(
        portal,
        {"failed_on": SEPTEMBER, "purchase_date": SEPTEMBER},
        {"failed_on": SEPTEMBER, "purchase_date": SEPTEMBER + timedelta(days=1)},
        {"replaced_on": today - timedelta(days=1)},
        {"replaced_on": today + timedelta(days=1)},
    )
    assert looked(portal, "days") == {
        2: "The product failed on Sep 1, 2026 and was sold on Sep 2, 2026.",
        3: "The part was replaced on Oct 11, 2026; the new one was shipped on Oct 12, 2026.",
        4: "The part was replaced on Oct 13, 2026, after the claim of Oct 12, 2026.",
    }
    assert looked(portal, "days", on=0) == {}


def test_registered_sale_counts_when_the_serial_has_one(portal: Portal, w310: int) -> None:
    """R5: a typed purchase date cannot hide that the product was sold later."""
    sold(portal, w310, "S-1", SEPTEMBER + timedelta(days=9))
    key = {"product_serial": "S-1", "product_serial_key": "S-1"}
    claimed(portal, key | {"failed_on": SEPTEMBER, "purchase_date": SEPTEMBER})
    assert looked(portal, "days") == {
        1: "The product failed on Sep 1, 2026 and was sold on Sep 10, 2026."
    }


# Amount


def test_line_found_when_its_amount_is_above_the_limit(portal: Portal) -> None:
    """R5: above the limit, not at it."""
    story.pieces(portal, 1, price=500_000)
    story.pieces(portal, 1, price=500_001)
    story.submitted(portal)
    assert looked(portal, "amount") == {
        2: "Claimed is CN¥5,000.01, which is above the limit of CN¥5,000.00."
    }
    assert looked(portal, "amount", limit=500_001) == {}
    assert set(looked(portal, "amount", limit=499_999)) == {1, 2}
    assert looked(portal, "amount", on=0) == {}


# However many


@pytest.mark.parametrize("rule", RULES)
def test_queries_stay_the_same_when_there_are_more_lines(portal: Portal, rule: str) -> None:
    """R5: a rule is a statement, and not one for each line."""

    def cost() -> int:
        looked(portal, rule)
        with counted(portal.app) as statements:
            looked(portal, rule)
        return len(statements)

    same: dict[str, Any] = {"product_serial_key": "X-1", "customer_key": "1", "same_photo": True}
    claimed(portal, *({"failed_on": SEPTEMBER + timedelta(days=one)} | same for one in range(4)))
    few = cost()
    portal.clock.at = datetime(2026, 11, 4, tzinfo=HQ)
    names = story.pieces(portal, 40, at=datetime(2026, 11, 1, tzinfo=HQ))
    days = {
        name: {"failed_on": SEPTEMBER + timedelta(days=10 + at)} | same
        for at, name in enumerate(names)
    }
    change(portal, days)
    story.submitted(portal, story.NOVEMBER)
    assert cost() == few
