"""Scrapping at the dealer, with a photo as proof (O7)."""

import pytest
from sqlalchemy import select

from portal.collections.models import ConsignmentPiece
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, Stale, WrongState
from portal.oldparts import scrapping
from portal.oldparts.models import OldPart
from tests.support import claims, collecting, story
from tests.support.portal import Portal


def _piece(portal: Portal, name: str) -> OldPart:
    with portal.transaction():
        return session.scalars(select(OldPart).where(OldPart.public_id == name)).one()


def _allow(portal: Portal, *names: str, by: str = "desk") -> int:
    seen = {name: _piece(portal, name).version for name in names}
    with portal.transaction():
        return scrapping.allow_many(seen, by=portal.cast[by], now=portal.now)


def test_piece_is_scrapped_when_a_photo_proves_it(portal: Portal) -> None:
    """O7: headquarters allows it, the dealer proves it; not twice."""
    (name,) = claims.pieces(portal, 1)
    assert _allow(portal, name) == 1
    photo = story.photo(portal)
    facts = {"seen": None, "by": portal.clerk, "now": portal.now}
    with portal.transaction():
        piece = session.scalars(select(OldPart).where(OldPart.public_id == name)).one()
        with pytest.raises(Invalid):
            scrapping.scrap(piece, [], **facts)
        for who, refusal in ((portal.other_clerk, NotFound), (portal.desk, Forbidden)):
            with pytest.raises(refusal):
                scrapping.scrap(piece, [photo], **(facts | {"by": who}))
        scrapping.scrap(piece, [photo], **facts)
        with pytest.raises(WrongState):
            scrapping.scrap(piece, [photo], **facts)
    assert _piece(portal, name).status == "scrapped"
    page = portal.client(portal.desk).get(f"/old-parts/{name}").text
    assert f"/files/{photo}" in page


def test_photo_proves_nothing_when_the_piece_has_it_already(portal: Portal) -> None:
    """O7: the photo of the registration, sent once more, does not show the scrapped piece."""
    accepted = story.accepted(portal)  # with the photo that ``story.photo`` gives
    _allow(portal, accepted.public_id)
    again = story.photo(portal)
    with portal.transaction():
        piece = session.get_one(OldPart, accepted.id)
        with pytest.raises(Invalid, match="add a new one"):
            scrapping.scrap(piece, [again], seen=None, by=portal.clerk, now=portal.now)
    assert _piece(portal, accepted.public_id).status == "to_scrap"


def test_called_piece_leaves_its_consignment_when_it_may_be_scrapped(portal: Portal) -> None:
    """O7: what it leaves ends with the last piece; kept after all, it can be called again."""
    consignment = collecting.called(portal, 2)
    with portal.transaction():
        first, second = session.scalars(select(OldPart.public_id).order_by(OldPart.id)).all()
    _allow(portal, first)
    assert collecting.fresh(portal, consignment).status == "called"
    assert len(collecting.numbers(portal, consignment)) == 1
    client = portal.client(portal.desk)
    done = client.post(f"/old-parts/{second}/steps/allow_scrap", {"seen": "2"})
    assert done.status_code == 303
    assert collecting.fresh(portal, consignment).status == "ended"
    with portal.transaction():
        assert session.scalars(select(ConsignmentPiece)).all() == []
        piece = session.scalars(select(OldPart).where(OldPart.public_id == second)).one()
        scrapping.decide(piece, "keep", seen=None, by=portal.desk, now=portal.now)
    assert collecting.call(portal, pieces=1)
    assert collecting.broken_chains(portal) == []


def test_none_is_allowed_when_one_of_many_changed(portal: Portal) -> None:
    """O7: all or none, by the versions that were looked at; only the desk, only accepted ones."""
    first, second = claims.pieces(portal, 2)
    (sent,) = claims.pieces(portal, 1, status="sent")
    with pytest.raises(WrongState):
        _allow(portal, first, sent)
    with pytest.raises(Forbidden):
        _allow(portal, first, by="clerk")
    with pytest.raises(Invalid):
        _allow(portal)
    with pytest.raises(Stale), portal.transaction():
        scrapping.allow_many({first: 1, second: 7}, by=portal.desk, now=portal.now)
    assert _piece(portal, first).status == "accepted"
    assert _allow(portal, first, second) == 2


def test_desk_allows_what_is_ticked_in_the_list(portal: Portal) -> None:
    """O7: the page shows what cannot be scrapped; the dealer's page asks for the photo."""
    first, second = claims.pieces(portal, 2)
    (sent,) = claims.pieces(portal, 1, status="sent")
    desk = portal.client(portal.desk)
    shown = desk.get("/old-parts/scrapping", query_string={"pick": [first, second, sent]}).text
    assert (shown.count('name="pick"'), shown.count("On its way")) == (2, 1)
    typed = {"pick": [first, second], f"seen-{first}": "1", f"seen-{second}": "9"}
    assert desk.post("/old-parts/scrapping", typed).status_code == 409
    assert desk.post("/old-parts/scrapping", typed | {f"seen-{second}": "1"}).status_code == 303
    clerk = portal.client(portal.clerk)
    assert "Old parts to scrap" in clerk.get("/").text
    refused = clerk.post(f"/old-parts/{first}/scrap", {"seen": "2"})
    assert refused.status_code == 422
    assert "Add a photo" in refused.text
