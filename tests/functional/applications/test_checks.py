"""``ledger verify`` compares applications with the ledger (L10)."""

from sqlalchemy import update

from portal.applications import services, shipping
from portal.applications.models import Application, QuoteLine
from portal.core.db import session
from portal.ledger.verify import verify
from tests.support import story
from tests.support.portal import Portal


def problems(portal: Portal) -> list[str]:
    with portal.transaction():
        return list(verify())


def test_nothing_is_found_when_all_went_through_the_services(portal: Portal) -> None:
    """L10: there are no differences, whatever became of the applications."""
    story.quoted(portal)
    story.received(portal)
    cancelled = story.released(portal)
    with portal.transaction():
        cancelled = session.get_one(Application, cancelled.id)
        shipping.cancel_lines(
            cancelled,
            story.pieces_left(cancelled),
            reason="Sold out",
            seen=None,
            by=portal.warehouse,
            now=portal.now,
        )
    voided = story.confirmed(portal)
    with portal.transaction():
        services.step(
            session.get_one(Application, voided.id),
            "cancel",
            seen=None,
            by=portal.desk,
            now=portal.now,
            reason="Ordered twice",
        )
    assert problems(portal) == []


def test_difference_is_named_when_a_status_lies(portal: Portal) -> None:
    """L10: every reservation is recomputed from its application."""
    application = story.confirmed(portal)
    with portal.transaction():
        session.execute(update(Application).values(status="released"))
    assert problems(portal) == [
        f"application: {application.number} is released, its reservation is open"
    ]


def test_difference_is_named_when_a_cancelled_piece_was_not_refunded(portal: Portal) -> None:
    """L10, A7: refunds are recomputed from the cancelled pieces."""
    application = story.released(portal)
    with portal.transaction():
        session.execute(update(QuoteLine).values(cancelled=1))
    assert problems(portal) == [
        f"refund: {application.number} was refunded 0, its cancelled pieces make 1250"
    ]
