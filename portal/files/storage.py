"""Where the bytes of attachments lie: one small protocol, and the folder that fulfils it.

``s3`` is the other one that does.
"""

import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

KEY = re.compile(r"[0-9a-f]{32}")
"""What a key looks like."""
UNFINISHED = ".new-"
"""How the name of a file begins that is being written."""


class Storage(Protocol):
    """Bytes by key. A key is written once; what is under it never changes."""

    def put(self, key: str, content: bytes) -> None:
        """Keep the bytes, durably and all or nothing."""

    def open(self, key: str) -> BinaryIO:
        """The bytes, to be read and closed; FileNotFoundError if there are none."""

    def delete(self, key: str) -> None:
        """Forget the bytes; nothing happens if there are none."""

    def exists(self, key: str) -> bool:
        """Whether there are bytes under the key."""

    def all_keys(self) -> Iterator[str]:
        """All keys that there are, in no order; what comes or goes meanwhile may be among them."""

    def written_before(self, at: datetime, beginning: str) -> Iterator[str]:
        """The keys that begin so and were written before; what never got whole is removed."""


def new_key() -> str:
    """A random key: it says nothing of what it holds and cannot be guessed."""
    return secrets.token_hex(16)


def checked(key: str) -> str:
    """The key; ValueError for one that we did not make."""
    if not KEY.fullmatch(key):
        raise ValueError("not a storage key")
    return key


class FolderStorage:
    """A folder, fanned out by the first characters of the key so that no folder grows huge."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _path(self, key: str) -> Path:
        return self.folder / checked(key)[:2] / key[2:4] / key

    def put(self, key: str, content: bytes) -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=UNFINISHED)
        try:
            with os.fdopen(handle, "wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def open(self, key: str) -> BinaryIO:
        return self._path(key).open("rb")

    def delete(self, key: str) -> None:
        self._path(key).unlink(missing_ok=True)

    def exists(self, key: str) -> bool:
        return self._path(key).is_file()

    def all_keys(self) -> Iterator[str]:
        for _folder, _folders, names in os.walk(self.folder):
            yield from filter(KEY.fullmatch, names)

    def written_before(self, at: datetime, beginning: str) -> Iterator[str]:
        for part in self.folder.glob(f"{beginning}*"):
            for folder, _folders, names in os.walk(part):
                for path in (Path(folder, name) for name in names):
                    try:
                        if path.stat().st_mtime >= at.timestamp():
                            continue
                        if path.name.startswith(UNFINISHED):
                            path.unlink()
                        elif KEY.fullmatch(path.name):
                            yield path.name
                    except FileNotFoundError:  # deleted meanwhile
                        continue


_storage: Storage | None = None


def use(storage: Storage) -> None:
    """Say where attachments lie; ``create_app`` does so once."""
    global _storage
    _storage = storage


def storage() -> Storage:
    """Where attachments lie."""
    if _storage is None:
        raise RuntimeError("no storage was chosen: call use() first")
    return _storage
