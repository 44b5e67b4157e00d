"""How many pieces of a part are on their way, on the part's page (P1)."""

import re

from portal.catalogue import open_quantities
from portal.catalogue.models import Part
from portal.core.db import session
from tests.support import story
from tests.support.portal import Portal


def told(portal: Portal, who: str, number: str) -> tuple[int, ...] | None:
    """Asked, confirmed, to ship and on the way, as somebody sees them."""
    with portal.transaction():
        part = session.get_one(Part, portal.parts[number])
        return open_quantities.open_quantities(part, portal.cast[who])


def test_pieces_are_counted_once_by_how_far_they_are(portal: Portal) -> None:
    """C1: what arrived counts no more."""
    expected = {
        story.submitted: (1, 0, 0, 0), story.quoted: (1, 0, 0, 0), story.confirmed: (0, 1, 0, 0),
        story.released: (0, 0, 1, 0), story.shipped: (0, 0, 0, 1), story.received: (0, 0, 0, 0),
    }  # fmt: skip
    before = told(portal, "desk", "FV-100")
    assert before == (0, 0, 0, 0)
    for make, moved in expected.items():
        make(portal)  # type: ignore[operator]
        after = told(portal, "desk", "FV-100")
        assert after is not None
        grown = tuple(new - old for new, old in zip(after, before, strict=True))
        assert [bool(number) for number in grown] == [bool(number) for number in moved], make
        before = after


def test_each_sees_no_more_than_its_own(portal: Portal) -> None:
    """P1, A6: another dealer's are not counted; the warehouse sees what was released."""
    story.submitted(portal, by="clerk")
    story.released(portal, by="other_clerk")
    north, south = told(portal, "clerk", "FV-100"), told(portal, "other_clerk", "FV-100")
    desk, warehouse = told(portal, "desk", "FV-100"), told(portal, "warehouse", "FV-100")
    assert north
    assert south
    assert (bool(north[0]), bool(north[2])) == (True, False)
    assert (bool(south[0]), bool(south[2])) == (False, True)
    assert desk == tuple(a + b for a, b in zip(north, south, strict=True))
    assert warehouse == south
    assert told(portal, "administrator", "FV-100") == (0, 0, 0, 0)
    with portal.transaction():
        name = session.get_one(Part, portal.parts["FV-100"]).public_id
    page = portal.client(portal.clerk).get(f"/parts/{name}").text
    assert re.search(rf"Asked for</dt>\s*<dd>{north[0]}</dd>", page)
    assert "Open quantities" not in portal.client(portal.administrator).get(f"/parts/{name}").text
