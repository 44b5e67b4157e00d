"""The warranty of an application's lines (C5)."""

from datetime import date

from portal.applications import queries, warranty
from tests.functional.catalogue import products
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted


def _asked(portal: Portal, pieces: int) -> list[str]:
    lines = [story.line(portal, quantity=number + 1) for number in range(pieces)]
    application = story.submitted(portal, *lines, story.line(portal, purpose="stock"))
    with portal.transaction():
        asked = list(queries.asked_lines(application).values())
    with portal.transaction(), counted(portal.app) as seen:
        found = warranty.eligibility_of(asked, portal.now)
    assert len(seen) == 4, seen
    return [found[line.id].verdict for line in asked if line.id in found]


def test_each_warranty_line_has_its_verdict_when_asked(portal: Portal) -> None:
    """C5: in four queries, however many lines; a line for stock has none."""
    model = products.model(portal, "WC-9")
    products.policy(portal, model, 24)
    products.sold(portal, model, "SN-1", date(2026, 3, 1))
    assert _asked(portal, 1) == ["in"]
    assert _asked(portal, 3) == ["in", "in", "in"]
