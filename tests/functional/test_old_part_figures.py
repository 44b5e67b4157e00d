"""The figures of old parts: counted right, within one's scope, at a fixed price."""

from datetime import date

import pytest
from sqlalchemy import select

from portal.core.db import session
from portal.oldparts.models import OldPart
from portal.reports import old_parts
from tests.support import claims, story
from tests.support.portal import Portal


def test_figures_count_what_there_is(portal: Portal) -> None:
    """O9, P1: by reason, by age, by part and model; another dealer sees nothing of it."""
    names = claims.pieces(portal, 3)
    with portal.transaction():
        pieces = session.scalars(
            select(OldPart).where(OldPart.public_id.in_(names)).order_by(OldPart.id)
        ).all()
        for piece, failed, bought in zip(
            pieces,
            (date(2026, 10, 2), date(2026, 10, 2), date(2026, 9, 2)),
            (date(2026, 9, 20), date(2024, 1, 5), None),
            strict=True,
        ):
            piece.failed_on, piece.purchase_date = failed, bought
        pieces[0].rejection_code = "no_fault"
    with portal.transaction():
        top = old_parts.top_failing(portal.clerk, "en", portal.now)
        assert [(row.number, row.product_model, row.total) for row in top] == [
            ("FV-100", "WC-9", 3)
        ]
        assert (top[0].month_5, top[0].month_4) == (2, 1)
        ages = [number for _label, number in old_parts.failure_ages(portal.clerk, portal.now)]
        assert ages == [1, 0, 0, 0, 1, 1]
        assert [n for _label, n in old_parts.rejections(portal.desk, portal.now)] == [1]
        assert list(old_parts.top_failing(portal.other_clerk, "en", portal.now)) == []
        assert sum(n for _label, n in old_parts.failure_ages(portal.other_clerk, portal.now)) == 0


def test_return_rate_and_ages_follow_what_is_owed(portal: Portal) -> None:
    """O6: what arrived and is wanted, what of it is registered, and how long there is still."""
    story.received(portal)
    with portal.transaction():
        before = old_parts.returns(portal.clerk, portal.now)[-1]
        owed = dict(enumerate(n for _l, n in old_parts.ages_of_owed(portal.clerk, portal.now)))
    assert before.wanted > 0
    assert (before.registered, before.percent) == (0, 0)
    assert owed[0] == before.wanted
    portal.clock.advance(days=10)
    with portal.transaction():
        owed = dict(enumerate(n for _l, n in old_parts.ages_of_owed(portal.clerk, portal.now)))
        assert owed[1] == before.wanted
        assert sum(n for _l, n in old_parts.ages_of_owed(portal.other_clerk, portal.now)) == 0


@pytest.mark.parametrize("who", ["clerk", "desk", "warehouse", "auditor"])
def test_page_tells_them_to_whoever_sees_old_parts(portal: Portal, who: str) -> None:
    """A chart has its table; whoever does not see what is owed is told nothing of it."""
    claims.pieces(portal, 2)
    page = portal.client(portal.cast[who]).get("/old-parts/figures")
    assert page.status_code == 200
    assert "FV-100" in page.text
    assert ("What is owed" in page.text) is (who != "warehouse")
