"""Archives of photos from strangers: opened in a child process with limits, file after file.

A name in an archive is only a name: nothing is ever written under it.
"""

import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.files.services import MAX_BYTES

_UNZIP = Path(__file__).with_name("unzip.py")
_HIGH = re.compile(rb"[\x80-\xff]+")
CHINESE = 6
"""So many bytes beyond ASCII in a row are no Polish: they are GBK."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A file of an archive, with the folder that it lies in; ``refused`` says why it has no bytes:
    ``damaged``, or ``bytes`` for too many."""

    name: str
    content: bytes
    refused: str = ""


def is_archive(opening: bytes) -> bool:
    """Whether a file that begins so is a .zip."""
    return opening.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def unpacked(archive: IO[bytes], name: str, most_files: int) -> Iterator[Packed]:
    """The files of a .zip, one after the other; at most 20 s and 400 MB, in a child process.

    Invalid, with a sentence that names the archive, if it is damaged, protected, or too large.
    Whatever was yielded before stays what it was.
    """
    with TemporaryFile() as copy:
        source = _real(archive, copy)
        # By path and without the environment: the child needs neither the portal nor its secrets.
        command = [sys.executable, "-I", str(_UNZIP), str(most_files), str(MAX_BYTES)]
        with subprocess.Popen(  # noqa: S603 - a fixed command
            command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={"MALLOC_ARENA_MAX": "1"}, cwd="/",
        ) as child:  # fmt: skip
            assert child.stdout is not None
            try:
                yield from _answers(child.stdout, name, most_files)
            finally:
                child.kill()


def _real(archive: IO[bytes], copy: IO[bytes]) -> IO[bytes]:
    """The archive as a file that another process can read: itself, or its copy."""
    archive.seek(0)
    with suppress(io.UnsupportedOperation, AttributeError):
        archive.fileno()
        return archive
    while piece := archive.read(1 << 20):
        copy.write(piece)
    copy.flush()
    copy.seek(0)
    return copy


def _answers(stream: IO[bytes], name: str, most_files: int) -> Iterator[Packed]:
    while line := stream.readline():
        said = json.loads(line)
        if "end" in said:
            if said["end"]:
                raise Invalid(_refusal(said["end"], name, most_files), field="photos")
            return
        content = stream.read(said["size"])
        if len(content) < said["size"]:
            break
        written = said["name"] if "name" in said else decoded(bytes.fromhex(said["raw"]))
        yield Packed(written, content, said["refused"])
    raise Invalid(_refusal("slow", name, most_files), field="photos")  # it was stopped


def decoded(raw: bytes) -> str:
    """A name whose encoding nobody tells: UTF-8, Chinese, or what Windows writes in Poland."""
    runs = [len(run) for run in _HIGH.findall(raw)]
    for encoding in ("utf-8", "gb2312"):
        with suppress(UnicodeDecodeError):
            return raw.decode(encoding)
    if max(runs) >= CHINESE:
        with suppress(UnicodeDecodeError):
            return raw.decode("gb18030")
    return raw.decode("cp852", "replace")


def _refusal(code: str, name: str, most_files: int) -> str:
    if code == "password":
        return _("“%(name)s” is protected by a password. Send it without one.", name=name)
    if code == "members":
        return _(
            "“%(name)s” holds too many files: at most %(most)s photos can be sent.",
            name=name, most=most_files,
        )  # fmt: skip
    if code in ("unpacked", "slow"):
        return _("“%(name)s” is too large when unpacked. Send it in smaller files.", name=name)
    return _("“%(name)s” is damaged. Make the .zip file again, and send that.", name=name)
