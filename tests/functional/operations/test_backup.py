"""A backup that restores: database and files together, made while others write."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import select

from portal.core.db import db, in_transaction, session
from portal.files.models import Attachment
from portal.files.storage import storage, use
from portal.ledger import services as ledger
from portal.ledger.models import Transfer
from portal.operations import owner
from portal.settings import Settings
from tests.functional.world import fingerprint
from tests.support import story
from tests.support.portal import Portal, new

Fresh = Callable[[], str]
WRITERS, TIMES = (16, 10) if "PARTLOOP_TEST_STEPS" in os.environ else (4, 1)
"""`make long` has the time for more."""
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def call(settings: Settings, *arguments: str) -> tuple[int, str]:
    """A command of the portal, for an installation: its exit code, and what it says."""
    given = {
        "PORTAL_FOLDER": str(settings.folder),
        "PORTAL_DATABASE_URL": settings.database_url,
        "PORTAL_SECRET_KEY": "test",
    }
    done = subprocess.run(
        [sys.executable, "-c", "from portal.cli import main; main()", *arguments],
        env=os.environ | given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def settings_of(portal: Portal) -> Settings:
    settings: Settings = portal.app.extensions["settings"]
    return settings


@pytest.fixture
def elsewhere(portal: Portal, tmp_path: Path, request: pytest.FixtureRequest) -> Settings:
    """An empty place for a database of the same kind."""
    url = ""
    if settings_of(portal).url.startswith("postgresql"):
        make: Fresh = request.getfixturevalue("new_postgres")
        url = make()
    return Settings(folder=tmp_path / "elsewhere", database_url=url, secret_key="test")


@contextmanager
def restored(elsewhere: Settings, archive: Path, portal: Portal) -> Iterator[Portal]:
    """What an archive makes of an empty place."""
    code, said = call(elsewhere, "restore", str(archive))
    assert (code, "0 differences" in said) == (0, True), said
    own = storage()
    again = new(elsewhere.folder, elsewhere.database_url, portal.now)
    try:
        yield again
    finally:
        use(own)
        with again.app.app_context():
            db.engine.dispose()


def test_everything_is_there_again_when_it_is_restored(
    portal: Portal, elsewhere: Settings, tmp_path: Path
) -> None:
    """L10, P4: every row of every table, every photo's bytes, clean books and histories."""
    story.accepted(portal)
    archive = tmp_path / "portal.tar"
    code, said = call(settings_of(portal), "backup", str(archive))
    assert code == 0, said
    before = fingerprint(portal)
    with portal.transaction():
        keys = session.scalars(select(Attachment.storage_key)).all()
    assert keys
    bytes_before = [_bytes(key) for key in keys]
    with restored(elsewhere, archive, portal) as again:
        after = fingerprint(again)
        # The number of the storage is a new one: the portal that was copied may still be there.
        assert after.pop("installation") != before.pop("installation")
        assert after == before
        assert [_bytes(key) for key in keys] == bytes_before
        with again.app.app_context():
            assert owner.is_ours(), "nothing lay there before"


def test_storage_stays_whose_it_is_when_a_copy_is_restored_beside_it(
    portal: Portal, elsewhere: Settings, tmp_path: Path
) -> None:
    """A drill at the same place of the files: the living portal sweeps it, the copy does not.

    Not before somebody says so; then the living one does not any more.
    """
    story.photo(portal)
    archive, own = tmp_path / "portal.tar", settings_of(portal)
    with portal.app.app_context():
        owner.claim()
    assert call(own, "backup", str(archive))[0] == 0
    elsewhere.folder.mkdir()
    elsewhere.files_folder.symlink_to(own.files_folder)
    with restored(elsewhere, archive, portal) as again, again.app.app_context():
        assert not owner.is_ours()
    with portal.app.app_context():
        assert owner.is_ours()
    for _twice in range(2):
        assert call(elsewhere, "storage", "claim")[0] == 0
    with portal.app.app_context():
        assert not owner.is_ours()


def _bytes(key: str) -> bytes:
    with storage().open(key) as content:
        return content.read()


@pytest.mark.parametrize("_time", range(TIMES))
def test_what_was_acknowledged_before_is_in_it_when_others_write(
    portal: Portal, elsewhere: Settings, tmp_path: Path, _time: int
) -> None:
    """L10: a copy of one moment, whose books agree, with all that was booked before it began."""
    stop, booked = Event(), []

    def write(writer: int) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            reference = f"B-{writer}-{number}"
            book = partial(
                ledger.deposit,
                dealer_id=portal.dealers["north" if writer % 2 else "south"],
                amount=100,
                reference=reference,
                by=portal.finance,
                now=portal.now + timedelta(seconds=number),
            )
            with portal.app.app_context():
                in_transaction(book)
            booked.append(f"bank/{reference}")
            stop.wait(0.02)  # a person's hand: SQLite has no queue for who never rests

    writers = [Thread(target=write, args=(number,)) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        while len(booked) < 2 * WRITERS:
            stop.wait(0.02)
        acknowledged, archive = list(booked), tmp_path / "portal.tar"
        code, said = call(settings_of(portal), "backup", str(archive))
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert code == 0, said
    with restored(elsewhere, archive, portal) as again, again.transaction():
        assert set(acknowledged) <= set(session.scalars(select(Transfer.cause)))


@sqlite_only
def test_nothing_is_overwritten_and_a_wrong_file_is_told(portal: Portal, tmp_path: Path) -> None:
    """Each refusal is a sentence that says what to do."""
    archive, own = tmp_path / "portal.tar", settings_of(portal)
    assert call(own, "backup", str(archive))[0] == 0
    empty = Settings(folder=tmp_path / "empty", secret_key="test")
    text, cut = tmp_path / "text.tar", tmp_path / "cut.tar"
    text.write_bytes(b"no archive")
    with tarfile.open(archive) as whole, tarfile.open(cut, "w") as part:
        entry = whole.getmember("database.sqlite")
        part.addfile(entry, whole.extractfile(entry))
    for settings, command, file, sentence in (
        (own, "backup", archive, "already"),
        (own, "restore", archive, "There is a database already"),
        (empty, "restore", text, "cannot be read"),
        (empty, "restore", cut, "it has no manifest"),
    ):
        code, said = call(settings, command, str(file))
        assert (code, sentence in said) == (1, True), said
    assert not (empty.folder / "portal.sqlite").exists()
