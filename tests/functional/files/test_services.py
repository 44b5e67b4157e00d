"""Attachments on both databases: received, claimed, removed, swept."""

import pytest
from sqlalchemy import func, select

from portal.core import jobs
from portal.core.db import session, transaction
from portal.core.errors import Invalid, NotFound
from portal.files import queries, services
from portal.files.models import Attachment
from portal.files.storage import storage
from tests.functional.files.conftest import north
from tests.support.portal import START, Portal

PDF = b"%PDF-1.4 an invoice"


def received(portal: Portal, content: bytes, who: str = "clerk", name: str = "a.png") -> Attachment:
    """An unclaimed attachment of somebody."""
    prepared = services.prepare(content, name, purpose="file")
    with transaction():
        return services.keep(prepared, by=portal.cast[who], now=START)


def test_described_and_stored_when_photo_is_received(portal: Portal, photo: bytes) -> None:
    """What we made of it is stored, with sizes and both hashes."""
    with portal.app.app_context():
        one = received(portal, photo, name="C:\\fotos\\leak\u202e.png")
        assert (one.name, one.media_type, one.width, one.height) == (
            "leak.png",
            "image/jpeg",
            60,
            40,
        )
        assert (one.uploaded_by, one.document_id) == (portal.clerk.id, None)
        assert one.sha256 != one.original_sha256
        with storage().open(one.storage_key) as content:
            assert len(content.read()) == one.size
        assert one.thumbnail_key is not None
        assert storage().exists(one.thumbnail_key)


def test_kept_as_it_is_when_file_is_pdf(portal: Portal, photo: bytes) -> None:
    """A PDF is a file, never a photo."""
    with portal.app.app_context():
        one = received(portal, PDF, name="invoice.pdf")
        assert (one.media_type, one.is_picture, one.size) == ("application/pdf", False, len(PDF))
        with pytest.raises(Invalid, match=r"“invoice.pdf” is not a photo"):
            services.prepare(PDF, "invoice.pdf", purpose="photo")


def test_visible_as_its_document_when_claimed(portal: Portal, photo: bytes) -> None:
    """P1: unclaimed it is its uploader's alone, claimed it is seen like its document."""
    with portal.app.app_context():
        one = received(portal, photo)
        everybody = ("clerk", "manager", "other_clerk", "desk", "auditor")
        seen = {name for name in everybody if queries.visible(one, portal.cast[name])}
        assert seen == {"clerk"}
        dealer = north(portal)
        with transaction():
            assert services.claim([one.public_id], dealer, by=portal.clerk) == 1
        session.expire_all()
        seen = {name for name in everybody if queries.visible(one, portal.cast[name])}
        assert seen == {"clerk", "manager", "desk", "auditor"}
        with pytest.raises(NotFound):
            queries.find(one.public_id, portal.other_clerk)
        assert one.dealer_id == dealer.id
        assert [row.public_id for row in queries.of_document(dealer)] == [one.public_id]
        assert queries.unclaimed([one.public_id], portal.clerk) == []


def test_refused_when_claimed_twice_or_by_another(portal: Portal, photo: bytes) -> None:
    """Each is claimed once, by its uploader; of a list with one bad name nothing is claimed."""
    with portal.app.app_context():
        mine, hers = received(portal, photo), received(portal, photo, who="other_clerk")
        dealer, clerk = north(portal), portal.clerk
        bad = ([mine.public_id, hers.public_id], [mine.public_id, "x" * 16])
        for names in bad:
            with pytest.raises(Invalid), transaction():
                services.claim(names, dealer, by=clerk)
        assert queries.of_document(dealer) == []
        with transaction():
            services.claim([mine.public_id, mine.public_id], dealer, by=clerk)
        with pytest.raises(Invalid), transaction():
            services.claim([mine.public_id], dealer, by=clerk)


def test_bytes_gone_when_removed(portal: Portal, photo: bytes) -> None:
    """The row goes at once, the bytes with the job; only one's own, only unclaimed."""
    with portal.app.app_context():
        one = received(portal, photo)
        keys = [one.storage_key, one.thumbnail_key or ""]
        name = one.public_id
        for other in ("manager", "other_clerk", "desk"):
            with pytest.raises(NotFound), transaction():
                services.remove(name, by=portal.cast[other], now=START)
        with transaction():
            services.remove(name, by=portal.clerk, now=START)
        assert all(storage().exists(key) for key in keys)
        jobs.drain(portal.clock)
        assert not any(storage().exists(key) for key in keys)
        with pytest.raises(NotFound), transaction():
            services.remove(name, by=portal.clerk, now=START)


def test_not_removed_when_claimed(portal: Portal, photo: bytes) -> None:
    """What a document has is evidence."""
    with portal.app.app_context():
        one, clerk = received(portal, photo), portal.clerk
        with transaction():
            services.claim([one.public_id], north(portal), by=clerk)
        with pytest.raises(NotFound), transaction():
            services.remove(one.public_id, by=clerk, now=START)


def test_only_old_unclaimed_ones_gone_when_swept(portal: Portal, photo: bytes) -> None:
    """T2: two days after its arrival what nobody claimed goes, and not a second before."""
    with portal.app.app_context():
        claimed, left = received(portal, photo), received(portal, PDF)
        key = left.storage_key
        with transaction():
            services.claim([claimed.public_id], north(portal), by=portal.clerk)
        portal.clock.advance(days=2)
        services.sweep(portal.clock)
        assert session.scalar(select(func.count()).select_from(Attachment)) == 2
        session.rollback()
        portal.clock.advance(seconds=1)
        services.sweep(portal.clock)
        jobs.drain(portal.clock)
        assert session.scalars(select(Attachment.id)).all() == [claimed.id]
        session.rollback()
        assert not storage().exists(key)
        assert storage().exists(claimed.storage_key)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\张伟\\照片 1.jpg", "照片 1.jpg"),
        ("a\0b\n\u202ec.png", "abc.png"),
        ("", "file"),
        ("\ud800", "file"),
        ("x" * 300 + ".jpeg", "x" * 250 + ".jpeg"),
        ("y" * 300, "y" * 255),
    ],
)
def test_name_is_clean_when_it_was_not(given: str, kept: str) -> None:
    """A name is only shown, so it loses nothing but what cannot be shown."""
    assert services.clean_name(given) == kept
