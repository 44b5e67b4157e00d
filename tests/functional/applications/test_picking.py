"""A7: the pick list across applications."""

from datetime import date

from sqlalchemy import select

from portal.applications import picking
from portal.applications.models import QuoteLine
from portal.core.db import session
from tests.support import story
from tests.support.pdf import Paper
from tests.support.portal import Portal

URL = "/shipments/pick-list"


def test_pick_list_adds_the_parts_of_all_that_is_to_be_shipped(portal: Portal) -> None:
    """A7: what is left of each, the oldest promise first; none that is not released, or sent."""
    later = story.released(portal, story.line(portal, quantity=4), promised_on=date(2026, 11, 2))
    sooner = story.released(
        portal,
        story.line(portal, quantity=2),
        story.line(portal, part="FP-200", quantity=3),
        by="other_clerk",
        promised_on=date(2026, 10, 20),
    )
    story.shipped(portal)
    story.confirmed(portal)
    with portal.transaction():
        line = session.scalars(select(QuoteLine.id).order_by(QuoteLine.id).limit(1)).one()
    story.send(portal, later, {line: 1})
    with portal.transaction():
        shown = picking.applications(portal.warehouse)
        assert [(row.number, row.pieces) for row in shown] == [
            (sooner.number, 5),
            (later.number, 3),
        ]
        parts = picking.parts([row.public_id for row in shown])
    assert [(part.part, part.pieces) for part in parts] == [("FP-200", 3), ("FV-100", 5)]
    assert parts[1].shares == ((sooner.number, "D0002", 2), (later.number, "D0001", 3))


def test_pick_list_is_of_the_chosen_applications_on_page_and_paper(portal: Portal) -> None:
    """A7: some of them, those of a dealer, or all of them if nothing is chosen."""
    north, south = story.released(portal), story.released(portal, by="other_clerk")
    warehouse = portal.client(portal.warehouse)
    for query, wanted, absent in (
        ("", [north, south], []),
        (f"?pick={north.public_id}", [north], [south]),
        ("?dealer=D0002", [south], [north]),
        (f"?dealer=D0002&pick={north.public_id}", [south], [north]),
        ("?dealer=nobody", [], [north, south]),
    ):
        parts = warehouse.get(URL + query).text.partition("Parts in all")[2]
        text = Paper(warehouse.get(f"{URL}.pdf{query}")).text if wanted else ""
        for one in wanted:
            assert str(one.number) in parts
            assert str(one.number) in text
        for one in absent:
            assert str(one.number) not in parts + text
    assert portal.client(portal.clerk).get(URL).status_code == 403
