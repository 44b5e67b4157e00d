"""The same photo for two pieces: headquarters is told, no dealer is (O5, P1)."""

import io
from pathlib import Path
from random import Random

import pytest
from PIL import Image
from sqlalchemy import insert, select, text

from portal.core.db import public_id, session
from portal.files import services as files
from portal.files.models import BANDS, Attachment
from portal.oldparts import services
from portal.oldparts.models import OldPart
from portal.oldparts.same_photos import MOST_TOLD
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted

REAL = Path(__file__).parents[4] / "shared/data/awkward/images"
needs_photos = pytest.mark.skipif(not REAL.is_dir(), reason="the real photos are not here")
NOT_TOLD = ("clerk", "manager", "other_clerk", "other_manager", "finance", "reviewer", "auditor")
EXACT, NEAR = "The same photo is used for", "A photo that looks the same is used for"


def drawn(seed: int) -> Image.Image:
    """A picture of 640 × 480, another one for each seed."""
    random = Random(seed)
    grid = Image.frombytes("RGB", (8, 6), random.randbytes(8 * 6 * 3))
    return grid.resize((640, 480), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 90, side: int = 2000) -> bytes:
    """A picture as JPEG, not larger than so many pixels."""
    target, small = io.BytesIO(), image.convert("RGB")
    small.thumbnail((side, side))
    small.save(target, "JPEG", quality=quality)
    return target.getvalue()


def registered(portal: Portal, *photos: bytes, by: str = "clerk") -> OldPart:
    """A piece of a dealer's own with these photos."""
    shipment = story.received(portal, by=by)
    with portal.transaction():
        facts = {"by": portal.cast[by], "now": portal.now}
        ids = [files.receive(one, "valve.jpg", **facts).public_id for one in photos]
        first = story.line_ids(shipment)[0]
        return services.register(first, story.registration(portal), ids, **facts)


def page_of(portal: Portal, old_part: OldPart, who: str = "desk") -> str:
    """The page of a piece as somebody sees it."""
    page = portal.client(portal.cast[who]).get(f"/old-parts/{old_part.public_id}")
    return page.text if page.status_code == 200 else ""


def photos_of(portal: Portal, old_part: OldPart) -> list[str]:
    """The photos of a piece, by their public ids."""
    with portal.transaction():
        of_piece = (Attachment.document_kind == "oldpart", Attachment.document_id == old_part.id)
        return list(session.scalars(select(Attachment.public_id).where(*of_piece)))


def test_review_is_told_when_another_dealer_used_the_photo(portal: Portal) -> None:
    """O5, P1: exactly the same file; both photos on the page and a link, for the desk alone."""
    photo = jpeg(drawn(1))
    ours, theirs = registered(portal, photo), registered(portal, photo, by="other_clerk")
    page = page_of(portal, ours)
    assert f"{EXACT} {theirs.number}." in page
    assert f'href="/old-parts/{theirs.public_id}"' in page
    assert "Łazienki" in page
    for one in photos_of(portal, ours) + photos_of(portal, theirs):
        assert f'href="/files/{one}" data-photo' in page
        assert portal.client(portal.desk).get(f"/files/{one}", buffered=True).status_code == 200
    assert f"{EXACT} {ours.number}." in page_of(portal, theirs)
    for who in NOT_TOLD:
        for mine, other in ((ours, theirs), (theirs, ours)):
            page = page_of(portal, mine, who)
            assert EXACT not in page
            assert other.number not in page


def test_dealer_is_not_told_when_both_pieces_are_its_own(portal: Portal) -> None:
    """O5: to who reviews it is a hint, to nobody an accusation; nothing is refused."""
    photo = jpeg(drawn(1))
    first, second = registered(portal, photo), registered(portal, photo)
    assert f"{EXACT} {first.number}." in page_of(portal, second)
    assert EXACT not in page_of(portal, second, "clerk")


def test_review_is_told_when_the_photo_was_encoded_anew(portal: Portal) -> None:
    """O5: smaller and of lower quality; each other piece once, the likest photo first."""
    ours = registered(portal, jpeg(drawn(1)), jpeg(drawn(2)))
    small = jpeg(drawn(1), quality=40, side=400)
    theirs = registered(portal, small, jpeg(drawn(2), quality=60), by="other_clerk")
    page = page_of(portal, ours)
    assert page.count(f"{NEAR} {theirs.number}.") == 1
    assert EXACT not in page


def test_likest_piece_comes_first_when_it_has_a_second_photo_less_alike(portal: Portal) -> None:
    """O5: a piece stands at the place of its likest photo, whatever else it shares."""
    ours = registered(portal, jpeg(drawn(1)), jpeg(drawn(2)))
    twice = registered(portal, jpeg(drawn(1)), jpeg(drawn(2), quality=60), by="other_clerk")
    once = registered(portal, jpeg(drawn(2)), by="other_clerk")
    page = page_of(portal, ours)
    first, second = page.find(f"{EXACT} {twice.number}."), page.find(f"{EXACT} {once.number}.")
    assert 0 < first < second


def test_nothing_is_said_when_photos_differ(portal: Portal) -> None:
    """O5: neither of another photo, nor of the same one twice in one piece."""
    ours = registered(portal, jpeg(drawn(1)), jpeg(drawn(1)), jpeg(drawn(1), quality=50))
    registered(portal, jpeg(drawn(2)), by="other_clerk")
    page = page_of(portal, ours)
    assert EXACT not in page
    assert NEAR not in page


@needs_photos
def test_real_photos_are_known_again_and_kept_apart(portal: Portal) -> None:
    """O5: three photos of one place, and one of them as a messenger would send it on."""
    names = [REAL / f"exif/jpg__gps__DSCN00{number}.jpg" for number in (10, 21, 29)]
    first, second, third = (registered(portal, name.read_bytes()) for name in names)
    sent_on = jpeg(Image.open(names[0]), quality=50, side=480)
    again = registered(portal, sent_on, by="other_clerk")
    assert f"{NEAR} {first.number}." in page_of(portal, again)
    for other in (second, third):
        page = page_of(portal, other)
        assert EXACT not in page
        assert NEAR not in page


@pytest.mark.parametrize("count", [1, 300])
def test_search_costs_three_queries_whatever_is_found(portal: Portal, count: int) -> None:
    """House: the photos of the piece, what is like them, and whose that is; few are told."""
    client = portal.client(portal.desk)
    alone = registered(portal, jpeg(drawn(7)))
    with counted(portal.app) as before:
        client.get(f"/old-parts/{alone.public_id}")
    ours = registered(portal, jpeg(drawn(1)))
    others = [registered(portal, jpeg(drawn(1))) for _ in range(MOST_TOLD + 1)]
    with portal.transaction():
        made = session.scalars(select(Attachment).where(Attachment.document_id == ours.id)).first()
        assert made
        row = {
            column.key: getattr(made, column.key)
            for column in Attachment.__table__.columns
            if column.key not in ("id", "public_id", "document_id")
        }
        keys = [others[at % len(others)].id for at in range(count)]
        session.execute(
            insert(Attachment),
            [row | {"document_id": key, "public_id": public_id()} for key in keys],
        )
    with counted(portal.app) as after:
        page = client.get(f"/old-parts/{ours.public_id}")
    assert page.text.count(EXACT) == MOST_TOLD
    assert len(after) == len(before) + 1


def test_search_goes_along_its_indexes(portal: Portal) -> None:
    """House: each part of a look has its index, which the database takes; no photo is scanned."""
    condition = " OR ".join(f"{band} IN (1, 2)" for band in BANDS)
    query = f"SELECT id FROM attachment WHERE sha256 IN ('a', 'b') OR {condition}"
    with portal.transaction():
        sqlite = session.get_bind().dialect.name == "sqlite"
        if not sqlite:
            session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.execute(text(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + query))
        told = "\n".join(str(row) for row in plan)
    for index in ("ix_attachment_sha256", *(f"ix_attachment_look_{at}" for at in range(4))):
        assert index in told
    assert "SCAN" not in told
    assert "Seq Scan" not in told
