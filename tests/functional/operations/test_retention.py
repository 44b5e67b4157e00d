"""What is kept for some time only, and what is kept for ever."""

import os
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.applications.models import Application
from portal.core import jobs
from portal.core.db import Base, reading, session
from portal.core.events import Event, verify
from portal.core.jobs import Job
from portal.files.storage import UNFINISHED, FolderStorage, new_key, storage
from portal.operations import owner, retention
from portal.operations.books import LANE
from portal.people.models import LoginSession
from portal.settings import RESOURCES
from tests.functional import world as worlds
from tests.support import story
from tests.support.portal import Portal

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def aged(key: str, portal: Portal, **ago: int) -> None:
    """Let bytes have been written so long ago."""
    store = storage()
    assert isinstance(store, FolderStorage)
    at = (portal.now - timedelta(**ago)).timestamp()
    os.utime(store._path(key), (at, at))


def night(portal: Portal, *, is_claimed: bool = True) -> Job | None:
    """Do what is due in the coming night; the job that looks for lost files."""
    portal.clock.at = (portal.clock.at + timedelta(days=1)).replace(hour=retention.NIGHT)
    with portal.app.app_context():
        if is_claimed:
            owner.claim()
        retention.promise(portal.clock)
        retention.promise(portal.clock)
        jobs.drain(portal.clock, lane=LANE)
        with reading():
            return jobs.state_of(f"{retention.ORPHANS}/{portal.now:%Y-%m-%d}")


def test_bytes_are_deleted_when_a_crash_kept_their_row_from_being_written(portal: Portal) -> None:
    """A week later; what any row names stays, whatever its age, and what may still get its row."""
    world = worlds.build(portal)
    named = set(storage().all_keys())
    assert len(named) > 10
    for key in named:
        aged(key, portal, days=900)
    lost, young = new_key(), new_key()
    for key, days in ((lost, 8), (young, 5)):
        storage().put(key, b"x")
        aged(key, portal, days=days)
    store = storage()
    assert isinstance(store, FolderStorage)
    unfinished = store._path(lost).with_name(f"{UNFINISHED}abc")
    unfinished.write_bytes(b"x")
    os.utime(unfinished, (0, 0))
    assert world
    job = night(portal)
    assert job is not None
    assert (job.done_at, job.error) == (portal.now, "")
    assert set(store.all_keys()) == named | {young, owner.KEY}
    aged(owner.KEY, portal, days=900)
    job = night(portal)
    assert job is not None
    assert job.error == ""
    assert storage().exists(owner.KEY)
    assert not unfinished.exists()


@sqlite_only
@pytest.mark.parametrize(("files", "lost"), [(1, 6), (0, 1)])
def test_no_file_is_deleted_when_many_seem_lost(portal: Portal, files: int, lost: int) -> None:
    """Two portals at one storage, or a new database at an old one: nobody's files are deleted."""
    keys = {new_key() for _number in range(lost)}
    for key in keys:
        storage().put(key, b"x")
        aged(key, portal, days=30)
    for _number in range(files):
        story.photo(portal)
    keys = set(storage().all_keys())
    job = night(portal)
    assert job is not None
    assert job.attempts == jobs.MOST_ATTEMPTS
    assert "another portal" in job.error
    assert set(storage().all_keys()) == keys | {owner.KEY}


@sqlite_only
@pytest.mark.parametrize("whose", ["another's", "lost", "nobody's", "a copy's", "ours"])
def test_no_file_is_deleted_when_the_storage_is_another_installations(
    portal: Portal, whose: str
) -> None:
    """However few are lost. A storage is whose number is in it, and nobody claims it unasked."""
    for _number in range(3):
        story.photo(portal)
    with portal.app.app_context():
        owner.claim_if_new()
        assert not owner.is_ours()
        if whose != "nobody's":
            owner.claim()
        if whose == "a copy's":
            owner.forget()
    if whose in ("lost", "another's"):
        storage().delete(owner.KEY)
    if whose == "another's":
        storage().put(owner.KEY, b"f" * 32)
    lost = new_key()
    storage().put(lost, b"x")
    aged(lost, portal, days=30)
    job = night(portal, is_claimed=False)
    assert job is not None
    assert storage().exists(lost) == (whose != "ours")
    assert ("portal storage claim" in job.error) == (whose != "ours")
    job = night(portal)
    assert job is not None
    assert job.error == ""
    assert not storage().exists(lost)


@sqlite_only
def test_new_installation_claims_its_storage(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is in either; and a crash between the two numbers leaves what can be mended."""
    with portal.app.app_context():

        def crash(_write: object) -> None:
            raise OSError

        monkeypatch.setattr(owner, "in_transaction", crash)
        with pytest.raises(OSError):
            owner.claim_if_new()
        monkeypatch.undo()
        owner.claim_if_new()
        assert not owner.is_ours(), "the storage is not empty any more"
        owner.claim()
        assert owner.is_ours()
        storage().delete(owner.KEY)
        owner.forget()
        owner.claim_if_new()
        assert owner.is_ours()


def test_columns_that_name_bytes_are_known() -> None:
    """Whatever a feature puts into the storage, its key is in a column of one of these names."""
    names = {column.name for table in Base.metadata.sorted_tables for column in table.columns}
    assert names >= retention.KEYS
    puts = {
        str(path.relative_to(RESOURCES / "portal"))
        for path in (RESOURCES / "portal").rglob("*.py")
        if "demo" not in path.parts and re.search(r"storage\(\)\.put\(", path.read_text())
    }
    assert puts == {
        "backup.py",
        "catalogue/sheet_pages.py",
        "files/services.py",
        "oldparts/batch_photos.py",
        "operations/owner.py",
        "operations/ready.py",
    }, "name the column of its key in retention.KEYS"


def test_past_sign_ins_are_forgotten_when_their_time_is_over(portal: Portal) -> None:
    """Those that are under way stay, and so does what was done in them."""
    portal.client(portal.clerk)
    with portal.transaction():
        before = session.scalars(select(func.count()).select_from(Event)).one()
    portal.clock.advance(days=90)
    portal.client(portal.manager)
    for days, left in ((0, 2), (1, 1)):
        portal.clock.advance(days=days)
        with portal.app.app_context():
            retention.forget_sessions(portal.clock)
            assert len(session.scalars(select(LoginSession.id)).all()) == left
            assert session.scalars(select(func.count()).select_from(Event)).one() == before
            session.rollback()


def test_draft_is_discarded_when_nobody_touches_it_for_a_year(portal: Portal) -> None:
    """With its photos; its events stay, and say why. One that is saved again has a year more."""
    world = worlds.build(portal)
    with portal.transaction():
        drafts = session.scalars(select(Application).where(Application.status == "draft")).all()
        ids = [draft.id for draft in drafts]
        others = session.scalars(select(func.count()).where(Application.status != "draft")).one()
    assert world
    assert len(ids) > 1
    portal.clock.advance(days=200)
    with portal.transaction():
        session.get_one(Application, ids[0]).saved_at = portal.now
    portal.clock.advance(days=166)
    with portal.app.app_context():
        jobs.ring(portal.clock)
        jobs.ring(portal.clock)
    with portal.transaction():
        assert session.get_one(Application, ids[0]).status == "draft"
        for key in ids[1:]:
            assert session.get_one(Application, key).status == "withdrawn"
        told = session.scalars(
            select(Event).where(Event.document_kind == "application", Event.name == "withdraw")
        ).all()
        assert {event.document_id for event in told} >= set(ids[1:])
        assert [event.values["draft_days"] for event in told if event.document_id == ids[1]] == [
            365
        ]
        assert list(verify()) == []
    name = session_name(portal, ids[1])
    page = portal.client(portal.clerk).get(f"/applications/{name}")
    assert page.status_code in (200, 404)
    assert others


def session_name(portal: Portal, key: int) -> str:
    with portal.transaction():
        return session.get_one(Application, key).public_id
