"""The child program that opens a stranger's .zip: ``python -I unzip.py MOST_FILES MOST_BYTES``.

The archive is stdin, a real file. On stdout, for each file in it: a line of JSON with its ``name``
(``raw`` instead, in hexadecimal, where the archive does not say what encoding it is in), its
``size`` and, if it cannot be had, why: ``refused``; then so many bytes. The last line is an object
with ``end``: a code why the archive is refused, or null. It imports nothing of the portal and
limits itself first. Names are only told, nothing is written.
"""

import contextlib
import json
import os
import resource
import sys
import zipfile
from typing import Any

MAX_MEMORY = 400 << 20  # bytes of address space
MAX_SECONDS = 20  # of processor time
MAX_UNPACKED = 2 << 30
RATIO, SMALL = 20, 20 << 20
"""Photos do not shrink: an archive that unpacks to more than this is no archive of photos."""
HIDDEN = {"thumbs.db", "desktop.ini"}


class Refused(Exception):
    """The archive is refused; the argument is a code that ``archives.py`` has a sentence for."""


def confine() -> None:
    """Bound what a hostile archive can cost, and give way to whoever waits for a page."""
    os.nice(7)
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_CPU, MAX_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # macOS knows no RLIMIT_AS
            resource.setrlimit(what, (most, most))


def files_of(archive: zipfile.ZipFile, packed: int, most_files: int) -> list[zipfile.ZipInfo]:
    """The files that somebody put there; Refused if they are too many, or too large unpacked."""
    found = [one for one in archive.infolist() if not one.is_dir() and not is_hidden(one.filename)]
    if len(found) > most_files:
        raise Refused("members")
    if any(one.flag_bits & 1 for one in found):
        raise Refused("password")
    unpacked = sum(one.file_size for one in found)
    if unpacked > MAX_UNPACKED or unpacked > RATIO * packed + SMALL:
        raise Refused("unpacked")
    return found


def is_hidden(name: str) -> bool:
    """Whether a program put the file there, and not a person."""
    *folders, last = name.replace("\\", "/").split("/")
    return last.startswith(".") or last.lower() in HIDDEN or "__MACOSX" in folders


def content_of(archive: zipfile.ZipFile, one: zipfile.ZipInfo, most: int) -> tuple[bytes, str]:
    """The bytes of a file, or why it cannot be had; no more of it is unpacked than may be."""
    try:
        with archive.open(one) as file:
            content = file.read(most + 1)
    except MemoryError:
        return b"", "bytes"
    except Exception:  # a broken archive makes the decoders raise anything at all
        return b"", "damaged"
    return (content, "") if len(content) <= most else (b"", "bytes")


def name_of(one: zipfile.ZipInfo) -> dict[str, Any]:
    """The name as the archive has it."""
    if one.flag_bits & 0x800:
        return {"name": one.orig_filename}
    return {"raw": one.orig_filename.encode("cp437").hex()}


def unpack(most_files: int, most_bytes: int) -> None:
    """Write every file to stdout."""
    source, answer = sys.stdin.buffer, sys.stdout.buffer
    packed = source.seek(0, 2)
    source.seek(0)
    with zipfile.ZipFile(source) as archive:
        for one in files_of(archive, packed, most_files):
            content, refused = content_of(archive, one, most_bytes)
            line = name_of(one) | {"size": len(content), "refused": refused}
            answer.write(json.dumps(line).encode() + b"\n" + content)


def main() -> None:
    """Every failure is a code, never a traceback."""
    confine()
    end = None
    try:
        unpack(*map(int, sys.argv[1:3]))
    except Refused as refused:
        end = refused.args[0]
    except MemoryError:
        end = "members"
    except Exception:
        end = "damaged"
    sys.stdout.buffer.write(json.dumps({"end": end}).encode() + b"\n")


if __name__ == "__main__":
    main()
