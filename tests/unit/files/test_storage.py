"""The folder in which attachments lie."""

from pathlib import Path

import pytest

from portal.files.storage import FolderStorage, new_key


def test_bytes_come_back_when_put(tmp_path: Path) -> None:
    """What was put can be opened, until it is deleted."""
    folder, key = FolderStorage(tmp_path / "files"), new_key()
    assert not folder.exists(key)
    folder.put(key, b"content")
    assert folder.exists(key)
    with folder.open(key) as stored:
        assert stored.read() == b"content"
    folder.delete(key)
    assert not folder.exists(key)
    with pytest.raises(FileNotFoundError):
        folder.open(key)


def test_nothing_happens_when_deleted_twice(tmp_path: Path) -> None:
    """A job that deletes may run again."""
    FolderStorage(tmp_path).delete(new_key())


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 32, "a" * 31, "a" * 32 + "\n"])
def test_refused_when_key_is_not_ours(tmp_path: Path, key: str) -> None:
    """No key leads out of the folder."""
    with pytest.raises(ValueError, match="not a storage key"):
        FolderStorage(tmp_path).put(key, b"")


def test_nothing_remains_when_put_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a file never stands under its key."""
    folder, key = FolderStorage(tmp_path), new_key()

    def full(_source: object, _target: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("portal.files.storage.os.replace", full)
    with pytest.raises(OSError, match="disk full"):
        folder.put(key, b"content")
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
