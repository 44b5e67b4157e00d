"""Backup and restore: the database and the files of a portal, together in one archive.

The database is copied as it is at one moment, while others write: SQLite by its online backup,
PostgreSQL by its own tools. Files are copied before and after that moment. A file is written before
the row that names it, and what is under a key never changes: so all that the copied database names
is there, unless it was removed for good in those seconds.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import inspect
from sqlalchemy.engine import URL, make_url

from portal.core.db import db
from portal.files.storage import storage
from portal.operations import owner
from portal.settings import Settings

SQLITE, DUMP, FILES, MANIFEST = "database.sqlite", "database.dump", "files", "manifest.json"


class BackupError(Exception):
    """Why a backup or a restore cannot be made, in a sentence."""


def backup(settings: Settings, target: Path, *, now: datetime) -> int:
    """Write an archive of the portal that is connected; returns how many files are in it.

    The archive has its name once it is whole. BackupError if there is one of that name, or a tool
    of PostgreSQL is missing or fails.
    """
    if target.exists():
        raise BackupError(f"There is a file {target} already.")
    beside, name = tempfile.mkstemp(dir=target.parent, prefix=".new-")
    try:
        with os.fdopen(beside, "wb") as raw:
            count = _write(settings, raw, now)
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return count


def _write(settings: Settings, raw: IO[bytes], now: datetime) -> int:
    with tarfile.open(fileobj=raw, mode="w") as archive, tempfile.TemporaryDirectory() as folder:
        seen: set[str] = set()
        _add_files(archive, seen)
        copy = Path(folder) / (SQLITE if _is_sqlite(settings) else DUMP)
        _copy_sqlite(copy) if _is_sqlite(settings) else _dump(settings, copy)
        archive.add(copy, copy.name)
        _add_files(archive, seen)
        facts = {"made_at": now.isoformat(), "database": copy.name, "files": len(seen)}
        (Path(folder) / MANIFEST).write_text(json.dumps(facts), encoding="utf-8")
        # Last of all: an archive that was cut off has none.
        archive.add(Path(folder) / MANIFEST, MANIFEST)
    return len(seen)


def _add_files(archive: tarfile.TarFile, seen: set[str]) -> None:
    for key in storage().all_keys():
        if key not in seen:
            try:
                with storage().open(key) as content:
                    _add(archive, f"{FILES}/{key}", content)
            except FileNotFoundError:  # removed meanwhile
                continue
            seen.add(key)


def _add(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = content.seek(0, os.SEEK_END)
    content.seek(0)
    archive.addfile(entry, content)


def _is_sqlite(settings: Settings) -> bool:
    return make_url(settings.url).get_backend_name() == "sqlite"


def _copy_sqlite(copy: Path) -> None:
    """The database as it is at one moment; writers go on meanwhile."""
    engine = db.engine
    connection = engine.raw_connection()
    try:
        driver: Any = connection.driver_connection
        target = engine.dialect.dbapi.connect(str(copy))  # type: ignore[union-attr]
        driver.backup(target, pages=-1)
        target.close()
    finally:
        connection.close()


def _dump(settings: Settings, copy: Path) -> None:
    _run(settings, "pg_dump", "--format=custom", "--no-owner", f"--file={copy}")


def _run(settings: Settings, tool: str, *options: str) -> None:
    """Run a tool of PostgreSQL on the portal's database."""
    url = make_url(settings.url)
    given = {key: value for key, value in _places(url) if value}
    command = [tool, *options]
    try:
        subprocess.run(  # noqa: S603 - our own options
            command, env=os.environ | given, check=True, capture_output=True, text=True
        )
    except FileNotFoundError:
        raise BackupError(
            f"{tool} is not here: install PostgreSQL's client (Debian: postgresql-client)."
        ) from None
    except subprocess.CalledProcessError as error:
        raise BackupError(f"{tool}: {error.stderr.strip()}") from None


def _places(url: URL) -> Iterator[tuple[str, str]]:
    """Where PostgreSQL's tools find the database; a password is nobody's to see in a command."""
    query = {key: value if isinstance(value, str) else value[0] for key, value in url.query.items()}
    yield "PGHOST", url.host or query.get("host", "")
    yield "PGPORT", str(url.port or query.get("port", ""))
    yield "PGUSER", url.username or ""
    yield "PGPASSWORD", url.password or ""
    yield "PGDATABASE", url.database or ""
    yield "PGSSLMODE", query.get("sslmode", "")


# --- Restore ----------------------------------------------------------------------------------


def restore(settings: Settings, source: Path) -> int:
    """Put an archive's database and files where the settings say; returns how many files.

    Nothing is overwritten: BackupError if there is a database already, if the archive is not whole,
    or if it is of the other kind of database. The caller migrates and verifies it afterwards.
    """
    try:
        with tarfile.open(source) as archive, tempfile.TemporaryDirectory() as folder:
            facts = _manifest(archive)
            copy = Path(folder) / (SQLITE if _is_sqlite(settings) else DUMP)
            if facts["database"] != copy.name:
                raise BackupError(
                    "This archive is of the other kind of database: PORTAL_DATABASE_URL names "
                    f"{'SQLite' if _is_sqlite(settings) else 'PostgreSQL'}."
                )
            count = _put_files(archive)
            with copy.open("wb") as target:
                _pour(archive, copy.name, target)
            _place_sqlite(settings, copy) if _is_sqlite(settings) else _load(settings, copy)
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"{source} cannot be read: {error}") from None
    return count


def check_empty(settings: Settings) -> None:
    """BackupError if there is a database already, where a restored one would go."""
    if _is_sqlite(settings):
        path = Path(make_url(settings.url).database or "")
        if path.exists():
            raise BackupError(f"There is a database already: {path}. Move it away first.")
    elif inspect(db.engine).get_table_names():
        raise BackupError("There are tables in this database already: name an empty one.")


def _manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    if MANIFEST not in archive.getnames():
        raise BackupError("This is no backup of a portal, or it was cut off: it has no manifest.")
    content = archive.extractfile(MANIFEST)
    assert content is not None
    facts: dict[str, Any] = json.loads(content.read())
    return facts


def _put_files(archive: tarfile.TarFile) -> int:
    count = 0
    for entry in archive:
        folder, _slash, key = entry.name.partition("/")
        # Whose the storage is, is not the archive's to say.
        if folder == FILES and key != owner.KEY:
            content = archive.extractfile(entry)
            assert content is not None
            storage().put(key, content.read())
            count += 1
    return count


def _pour(archive: tarfile.TarFile, name: str, target: IO[bytes]) -> None:
    content = archive.extractfile(name)
    assert content is not None
    while chunk := content.read(1 << 20):
        target.write(chunk)


def _place_sqlite(settings: Settings, copy: Path) -> None:
    path = Path(make_url(settings.url).database or "")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".new")
    shutil.copyfile(copy, beside)
    with beside.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(beside, path)


def _load(settings: Settings, copy: Path) -> None:
    database = make_url(settings.url).database or ""
    _run(
        settings, "pg_restore", "--no-owner", "--exit-on-error", "--single-transaction",
        f"--dbname={database}", str(copy),
    )  # fmt: skip
