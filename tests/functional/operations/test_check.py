"""`portal check` and /readyz: each thing that can be wrong with an installation has a sentence."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import delete, text

from portal import check, create_app
from portal.core import jobs
from portal.core.clock import SystemClock
from portal.core.db import db, session
from portal.files import storage
from portal.files.s3 import S3Storage
from portal.ledger.models import Transfer
from portal.operations import facts, owner, pulses, ready
from portal.operations.models import Fact, Pulse
from portal.settings import Settings
from tests.support import s3
from tests.support.portal import Portal
from tests.support.sink import sink

SECRET = "not to be told: 4d1c7b0f93"
GOOD = Settings(
    public_url="https://parts.example.com", secure_cookies=True, proxies=1, secret_key="x" * 64
)
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
postgres_only = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found of the storage a moment ago does not count."""
    monkeypatch.setattr(ready, "PROBE_COUNTS", -1.0)


def wrong(findings: list[check.Finding]) -> list[str]:
    return [found.sentence for found in findings if found.is_wrong]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, None),
        ({"public_url": ""}, "PORTAL_PUBLIC_URL is missing"),
        ({"public_url": "", "proxies": 0}, None),
        ({"public_url": "", "proxies": 0, "host": "0.0.0.0"}, "PORTAL_PUBLIC_URL is missing"),
        (
            {"public_url": "http://parts.example.com", "secure_cookies": False},
            "passwords can be read",
        ),
        ({"public_url": "http://localhost:8000"}, "nobody can sign in"),
        ({"public_url": "http://localhost:8000", "secure_cookies": False}, None),
        ({"secure_cookies": False}, "PORTAL_SECURE_COOKIES is not yes"),
        ({"proxies": 0}, "PORTAL_PROXIES is 0"),
        ({"secret_key": SECRET}, "PORTAL_SECRET_KEY has fewer"),
        ({"metrics_token": SECRET}, "PORTAL_METRICS_TOKEN has fewer"),
        ({"smtp_host": "mail.example.com", "smtp_tls": "none"}, "PORTAL_SMTP_TLS is none"),
        ({"smtp_host": "127.0.0.1", "smtp_tls": "none"}, None),
        ({"seal_address": "a@example.com"}, "no seal leaves the portal"),
        ({"seal_address": "a@example.com", "smtp_host": "mail.example.com"}, None),
    ],
)
def test_settings_are_told_when_they_do_not_fit(changed: dict[str, Any], says: str | None) -> None:
    """Each alone is one sentence; what is secret is in none."""
    said = wrong(check.of_settings(replace(GOOD, **changed)))
    assert len(said) == (1 if says else 0), said
    assert says is None or says in said[0]
    assert SECRET not in " ".join(said)


def test_secret_key_is_told_when_others_can_read_it(tmp_path: Path) -> None:
    """The one that the portal made for itself is its owner's alone; a copy may not be."""
    settings = replace(GOOD, secret_key="", folder=tmp_path)
    settings.key()
    assert wrong(check.of_settings(settings)) == []
    (tmp_path / "secret-key").chmod(0o644)
    assert "can be read by others" in wrong(check.of_settings(settings))[0]


def test_listening_to_all_is_noted_when_headers_are_believed() -> None:
    """Right in a container, and dangerous where the port is open."""
    found = check.of_settings(replace(GOOD, host="0.0.0.0"))
    assert wrong(found) == []
    assert any("let nobody but the proxy" in one.sentence for one in found)


class Sound(NamedTuple):
    """An installation with which nothing is wrong, and its time."""

    portal: Portal
    settings: Settings

    def said(self, later: timedelta = timedelta(), **changed: Any) -> list[str]:
        """What is wrong with it after a change; tests' own PostgreSQL is careless by intent."""
        now = self.portal.clock.at.astimezone(UTC) + later
        with self.portal.app.app_context():
            found = check.of_installation(replace(self.settings, **changed), now)
        return [one for one in wrong(found) if " = off: " not in one]


@pytest.fixture
def sound(portal: Portal) -> Sound:
    """A portal at the present time, with a worker that was there just now."""
    settings = replace(portal.app.extensions["settings"], secret_key="x" * 64)
    portal.clock.at = SystemClock(settings.hq_zone).now()
    with portal.transaction():
        facts.remember(settings)
        session.add(Pulse(worker="one/1/a", at=portal.now))
    with portal.app.app_context():
        owner.claim()
    return Sound(portal, settings)


def test_nothing_is_told_when_all_is_well(sound: Sound) -> None:
    """And the address for the machines that watch says so too."""
    assert sound.said() == []
    answer = sound.portal.client().get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")


def unready(sound: Sound) -> str:
    answer = sound.portal.client().get("/readyz")
    assert answer.status_code == 503
    assert answer.mimetype == "text/plain"
    return answer.text


def test_schema_is_told_when_it_is_another_codes(sound: Sound) -> None:
    """Older, newer and none: each says what to do."""
    for revision, says in (("0039", "run portal migrate"), ("9999", "install the release")):
        with sound.portal.transaction():
            session.execute(text("UPDATE alembic_version SET version_num = :at"), {"at": revision})
        assert [says in one for one in sound.said()] == [True]
        assert says in unready(sound)


def test_money_is_told_when_its_currency_changes(sound: Sound) -> None:
    """L1: amounts are integers of one currency, and months are headquarters' own (T1)."""
    for changed in ({"currency": "PLN"}, {"zone": "Europe/Warsaw"}):
        settings = replace(sound.settings, **changed)
        assert "set it back" in sound.said(**changed)[0]
        with sound.portal.transaction():
            facts.remember(settings)
        assert sound.said() == []


@sqlite_only
def test_currency_may_change_when_nothing_is_booked(portal: Portal, tmp_path: Path) -> None:
    """Who finds after the first start that it was the wrong one puts it right."""
    settings: Settings = portal.app.extensions["settings"]
    with portal.transaction():
        facts.remember(settings)
        session.execute(text("DROP TRIGGER transfer_no_delete"))
        session.execute(delete(Transfer))
        facts.remember(replace(settings, currency="PLN"))
        assert session.get_one(Fact, "currency").value == "PLN"


@sqlite_only
def test_files_are_told_when_they_cannot_be_written(sound: Sound) -> None:
    """Here a file stands where the folder would be; root may write anywhere else."""
    shutil.rmtree(sound.settings.files_folder)
    sound.settings.files_folder.write_text("in the way")
    said = sound.said()
    assert [one.startswith("Photos and files cannot be written: Not a dir") for one in said] == [
        True
    ]
    assert str(sound.settings.files_folder) in said[0]
    told = unready(sound)
    assert "cannot be written" in told
    assert str(sound.settings.folder) not in told


@sqlite_only
def test_bucket_is_told_when_its_storage_is_away(
    sound: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library says, not what a person of the portal is told."""
    nowhere = replace(
        sound.settings, s3_bucket="x", s3_endpoint="http://127.0.0.1:1", s3_region="x",
        s3_access_key="x", s3_secret_key="x",
    )  # fmt: skip
    monkeypatch.setattr(ready, "storage", lambda: S3Storage(nowhere))
    (said,) = sound.said()
    assert said.startswith("Photos and files cannot be written: EndpointConnectionError.")


@sqlite_only
def test_disk_is_told_when_it_is_almost_full(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is: then nothing can be kept."""
    usage = shutil.disk_usage("/")._replace(free=3 * check.MB)
    monkeypatch.setattr(check.shutil, "disk_usage", lambda _path: usage)
    assert [one.startswith("Only 3 MB are free") for one in sound.said()] == [True]


def test_worker_is_told_when_there_is_none(sound: Sound) -> None:
    """It leaves a sign each minute; a day later nobody remembers it."""
    late = pulses.PATIENCE + timedelta(minutes=1)
    portal = sound.portal
    with portal.transaction():
        session.execute(delete(Pulse))
    assert [one.startswith("No worker has been here since") for one in sound.said()] == [True]
    with portal.app.app_context():
        pulses.beat(portal.clock)
    assert sound.said() == []
    portal.clock.at += late
    with portal.transaction():
        now = portal.clock.at.astimezone(UTC)
        assert [one.sentence[:40] for one in check._workers(sound.settings, now)] == [
            "No worker has been here for 11 minutes: "
        ]


def test_queue_is_told_when_it_does_not_move(sound: Sound) -> None:
    """The worker is alive, and what was due ten minutes ago still waits."""
    portal = sound.portal
    with portal.transaction():
        jobs.enqueue("files.forget", {"keys": []}, key="old", now=portal.now - timedelta(hours=1))
    assert [one.startswith("The oldest job has waited for 60") for one in sound.said()] == [True]


def test_secret_key_is_told_when_workers_run_on_several_machines(sound: Sound) -> None:
    """Each machine would make its own."""
    with sound.portal.transaction():
        session.add(Pulse(worker="two/1/b", at=sound.portal.now))
    assert sound.said() == []
    said = sound.said(secret_key="")
    assert [one.startswith("Workers run on several machines") for one in said] == [True]


def test_pulse_is_one_row_when_a_worker_rings_often(portal: Portal) -> None:
    """Once a minute it is renewed; whoever has been silent for a day is forgotten."""
    with portal.app.app_context():
        pulses.beat(portal.clock)
        first = pulses.last_seen()
        portal.clock.advance(seconds=30)
        pulses.beat(portal.clock)
        assert pulses.last_seen() == first
        portal.clock.advance(seconds=31)
        pulses.beat(portal.clock)
        assert pulses.last_seen() == portal.now
        assert pulses.alive(portal.now) == 1
        session.rollback()
    with portal.transaction():
        session.add(Pulse(worker="gone/1/c", at=portal.now - timedelta(days=2)))
    portal.clock.advance(minutes=2)
    with portal.app.app_context():
        pulses.beat(portal.clock)
        assert pulses.machines().isdisjoint({"gone"})
        session.rollback()


@postgres_only
def test_postgres_is_told_when_it_may_forget_or_its_clock_differs(sound: Sound) -> None:
    """L3: what is acknowledged is on the disk. T1: there is one time."""
    with sound.portal.app.app_context():
        now = sound.portal.clock.at.astimezone(UTC)
        said = wrong(check.of_installation(sound.settings, now))
    assert [one.split()[3] for one in said] == ["fsync", "full_page_writes", "synchronous_commit"]
    skewed = [one for one in sound.said(timedelta(minutes=-1)) if "clocks" in one]
    assert len(skewed) == 1


def test_extension_is_told_when_the_database_lacks_it(
    new_postgres: Callable[[], str], tmp_path: Path
) -> None:
    """A database that was just made: without tables, and without pg_trgm."""
    with elsewhere(replace(GOOD, folder=tmp_path, database_url=new_postgres())) as said:
        assert said[0] == "The database is empty: run portal migrate."
        assert "The extension pg_trgm is missing" in " ".join(said)


@contextmanager
def elsewhere(settings: Settings) -> Iterator[list[str]]:
    """What is wrong with another installation than the test's own."""
    own = storage.storage() if storage._storage else None
    app = create_app(settings)
    try:
        with app.app_context():
            yield wrong(check.of_installation(settings, app.extensions["clock"].now()))
            db.engine.dispose()
    finally:
        if own:
            storage.use(own)


def test_database_is_told_when_nobody_answers(tmp_path: Path) -> None:
    """Neither the page nor the command names the password; the page not even the place."""
    url = f"postgresql://portal:{SECRET.replace(' ', '')}@127.0.0.1:9/parts"
    settings = replace(GOOD, folder=tmp_path, database_url=url)
    with elsewhere(settings) as said:
        assert said[0].startswith("The database cannot be reached")
        assert SECRET.replace(" ", "") not in " ".join(said)
    answer = create_app(settings).test_client().get("/readyz", headers={"Host": "localhost"})
    assert answer.status_code == 503
    assert answer.text == "The database cannot be reached, or refuses: the log says why.\n"


@sqlite_only
def test_mail_server_is_told_when_it_takes_nothing(sound: Sound) -> None:
    """Away, or there: no letter is sent either way."""
    with sink() as mail:
        here = {"smtp_host": "localhost", "smtp_port": mail.port, "smtp_tls": "none"}
        assert sound.said(**here) == []
        said = sound.said(**here | {"smtp_tls": "starttls"})
        assert [one.startswith("The mail server takes no letters") for one in said] == [True]
        assert mail.raw == []
    said = sound.said(**here)
    assert [one.startswith("The mail server takes no letters") for one in said] == [True]


@sqlite_only
def test_storage_is_told_when_it_is_another_installations(sound: Sound) -> None:
    """With another number, without one that was there, or claimed by nobody after an upgrade."""
    assert sound.said() == []
    storage.storage().put(owner.KEY, b"f" * 32)
    assert ["portal storage claim" in one for one in sound.said()] == [True]
    storage.storage().delete(owner.KEY)
    assert ["portal storage claim" in one for one in sound.said()] == [True]
    with sound.portal.app.app_context():
        owner.forget()
    assert ["portal storage claim" in one for one in sound.said()] == [True]
    with sound.portal.app.app_context():
        owner.claim()
    assert sound.said() == []


@sqlite_only
def test_bucket_is_told_when_it_cannot_be_written(
    sound: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong key, no such bucket, nobody there; and nothing is left in one that is well."""
    with s3.server() as address:
        good = Settings(
            s3_bucket="parts", s3_endpoint=address, s3_region=s3.REGION,
            s3_access_key=s3.USER, s3_secret_key=s3.SECRET,
        )  # fmt: skip
        store = S3Storage(good)
        store.client.create_bucket(Bucket="parts")
        with sound.portal.app.app_context(), monkeypatch.context() as patched:
            patched.setattr("portal.files.storage._storage", store)
            owner.claim()
        for changed, is_well in (
            ({}, True),
            ({"s3_secret_key": "wrong"}, False),
            ({"s3_bucket": "nothing"}, False),
            ({"s3_endpoint": "http://127.0.0.1:9"}, False),
        ):
            bucket = S3Storage(replace(good, **changed))
            monkeypatch.setattr("portal.files.storage._storage", bucket)
            said = sound.said(s3_bucket=bucket.bucket)
            assert [one.startswith("Photos and files cannot") for one in said] == [True] * (
                not is_well
            )
        assert list(store.all_keys()) == [owner.KEY]


def called(folder: Path, **settings: str) -> tuple[int, str]:
    """The command itself: its exit code, and what it says."""
    own = {"PORTAL_FOLDER": str(folder), "PORTAL_SECRET_KEY": "x" * 64}
    done = subprocess.run(
        [sys.executable, "-c", "from portal.cli import main; main()", "check"],
        env=os.environ | own | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@sqlite_only
def test_command_ends_with_0_when_all_is_well_and_with_1_if_not(sound: Sound) -> None:
    """For whoever starts it from a script; notes alone are no fault."""
    folder, url = sound.settings.folder, sound.settings.database_url
    code, said = called(folder, PORTAL_DATABASE_URL=url)
    assert (code, said.splitlines()[-1]) == (0, "0 wrong, 2 to be known"), said
    code, said = called(folder, PORTAL_DATABASE_URL=url, PORTAL_CURRENCY="EUR")
    assert (code, said.startswith("Wrong: ")) == (1, False)
    assert "Wrong: PORTAL_CURRENCY is EUR" in said
