"""Photos in a real S3, through the whole portal; and what people read while it is away."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from portal.core import jobs
from portal.core.errors import Unavailable
from portal.files.s3 import S3Storage
from portal.files.storage import new_key, use
from portal.settings import Settings
from tests.functional.files.test_views import counted, get, ids_in, post, sent, uploaded
from tests.support import s3
from tests.support.portal import Portal

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def bucket() -> Iterator[Settings]:
    """An empty bucket."""
    with s3.server() as address:
        settings = Settings(
            s3_bucket="parts",
            s3_endpoint=address,
            s3_region=s3.REGION,
            s3_access_key=s3.USER,
            s3_secret_key=s3.SECRET,
        )
        S3Storage(settings).client.create_bucket(Bucket="parts")
        yield settings


@pytest.fixture
def store(bucket: Settings, portal: Portal, monkeypatch: pytest.MonkeyPatch) -> S3Storage:
    """The emptied bucket, which the portal uses."""
    store = S3Storage(bucket)
    for found in store.client.list_objects_v2(Bucket="parts").get("Contents", ()):
        store.delete(found["Key"])
    monkeypatch.setattr("portal.files.storage._storage", store)
    return store


@pytest.fixture
def away(bucket: Settings) -> S3Storage:
    """The same bucket while nothing answers there."""
    return S3Storage(replace(bucket, s3_endpoint=NOWHERE))


def test_bytes_come_back_when_put(bucket: Settings) -> None:
    """What was put can be opened, until it is deleted; deleting again does no harm."""
    store, key = S3Storage(bucket), new_key()
    assert not store.exists(key)
    store.put(key, b"content")
    assert store.exists(key)
    with store.open(key) as stored:
        assert stored.read() == b"content"
    store.delete(key)
    store.delete(key)
    with pytest.raises(FileNotFoundError):
        store.open(key)


@pytest.mark.parametrize("wrong", [{"s3_secret_key": "forged"}, {"s3_bucket": "another"}])
def test_told_to_try_again_when_storage_refuses(bucket: Settings, wrong: dict[str, str]) -> None:
    """What the storage refuses is no file that is gone: nobody may take it for one."""
    with pytest.raises(Unavailable):
        S3Storage(replace(bucket, **wrong)).put(new_key(), b"content")


def test_refused_when_key_is_not_ours(bucket: Settings) -> None:
    """No key leads to another object."""
    with pytest.raises(ValueError, match="not a storage key"):
        S3Storage(bucket).open("../secret")


def test_photo_is_seen_by_its_people_only_when_it_lies_in_s3(
    portal: Portal, store: S3Storage, photo: bytes
) -> None:
    """P1: the portal hands it out; there is no address of the bucket's that could be passed on."""
    name = uploaded(portal.client(portal.clerk), photo)
    assert get(portal.client(portal.clerk), f"/files/{name}").mimetype == "image/jpeg"
    assert get(portal.client(portal.other_clerk), f"/files/{name}").status_code == 404
    assert get(portal.client(), f"/files/{name}").status_code in (302, 303)


def test_form_is_kept_when_storage_is_away(
    portal: Portal, store: S3Storage, away: S3Storage, photo: bytes
) -> None:
    """A clear sentence at the field; what came before stays, and the next try succeeds."""
    clerk = portal.client(portal.clerk)
    first = uploaded(clerk, photo)
    use(away)
    refused = post(clerk, "/files", sent((photo, "b.png"), photos_kept=first))
    assert refused.status_code == 422
    assert "Please try again in a minute." in refused.text
    assert ids_in(refused.text) == [first]
    assert get(clerk, f"/files/{first}").status_code == 503
    assert counted(portal) == 1
    use(store)
    assert len(ids_in(post(clerk, "/files", sent((photo, "b.png"), photos_kept=first)).text)) == 2


def test_bytes_go_later_when_storage_was_away(
    portal: Portal, store: S3Storage, away: S3Storage, photo: bytes
) -> None:
    """The job that deletes is tried again until it has."""
    clerk = portal.client(portal.clerk)
    name = uploaded(clerk, photo)
    assert _held(store) == 2
    use(away)
    clerk.post(f"/files/{name}/remove")
    with portal.app.app_context():
        jobs.drain(portal.clock)
        use(store)
        portal.clock.advance(minutes=10)
        jobs.drain(portal.clock)
    assert _held(store) == 0


def _held(store: S3Storage) -> int:
    return int(store.client.list_objects_v2(Bucket=store.bucket)["KeyCount"])
