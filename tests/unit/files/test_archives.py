"""Archives of photos (O3): what is in them, whatever their names; and hostile ones."""

import io
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from portal.core.errors import Invalid
from portal.files import archives
from portal.files.archives import decoded, is_archive, unpacked
from portal.files.services import MAX_BYTES

AWKWARD = Path(__file__).parents[4] / "shared" / "data" / "awkward"


def packed(*files: tuple[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A .zip of some files."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as archive:
        for name, one in files:
            archive.writestr(name, one)
    return content.getvalue()


def opened(content: bytes, most: int = 100) -> list[tuple[str, int, str]]:
    """Name, size and refusal of each file."""
    found = unpacked(io.BytesIO(content), "photos.zip", most)
    return [(one.name, len(one.content), one.refused) for one in found]


def test_files_are_unpacked_with_their_folders_when_archive_is_good() -> None:
    """O3: what a program put there by itself is no photo."""
    content = packed(
        ("17.jpg", b"one"),
        ("more/18.jpg", b"other"),
        ("more/", b""),
        ("__MACOSX/._17.jpg", b"x"),
        (".DS_Store", b"x"),
        ("Thumbs.db", b"x"),
    )
    assert is_archive(content)
    assert opened(content) == [("17.jpg", 3, ""), ("more/18.jpg", 5, "")]


def test_archive_on_disk_is_read_where_it_lies(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(packed(("a.jpg", b"1")))
    with (tmp_path / "a.zip").open("rb") as file:
        assert [one.name for one in unpacked(file, "a.zip", 5)] == ["a.jpg"]


def test_names_stay_names_when_they_lead_elsewhere(tmp_path: Path) -> None:
    """Nothing is written under a name, so one with ``../`` is as good as any."""
    names = ["../../etc/passwd.jpg", "/abs.jpg", "..\\up.jpg", "C:\\x.jpg"]
    assert [name for name, *_rest in opened(packed(*((name, b"1") for name in names)))] == names


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("图片17.jpg".encode(), "图片17.jpg"),
        ("旧件照片.jpg".encode("gbk"), "旧件照片.jpg"),
        ("镕件旧照片.jpg".encode("gbk"), "镕件旧照片.jpg"),
        ("zażółć gęślą.jpg".encode("cp852"), "zażółć gęślą.jpg"),
        (b"plain.jpg", "plain.jpg"),
    ],
)
def test_name_is_read_when_archive_does_not_tell_its_encoding(raw: bytes, name: str) -> None:
    assert decoded(raw) == name


def test_name_in_gbk_comes_out_of_an_archive_of_windows() -> None:
    content = packed(("XXXX.jpg", b"1")).replace(b"XXXX", "旧件".encode("gbk"))
    assert opened(content) == [("旧件.jpg", 1, "")]


def _encrypted() -> bytes:
    content = bytearray(packed(("a.jpg", b"secret")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


def _bomb() -> bytes:
    return packed(*((f"{n}.jpg", bytes(MAX_BYTES)) for n in range(4)), method=zipfile.ZIP_DEFLATED)


def _lying_bomb() -> bytes:
    """Its directory says that it unpacks to little."""
    content = bytearray(packed(("a.jpg", bytes(300 << 20)), method=zipfile.ZIP_DEFLATED))
    struct.pack_into("<L", content, content.index(b"PK\x01\x02") + 24, 1000)
    return bytes(content)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_encrypted, "password"),
        (_bomb, "too large when unpacked"),
        (lambda: packed(*((f"{n}.txt", b"") for n in range(10_000))), "too many files"),
        (lambda: packed(("a.jpg", b"1"))[:-20], "damaged"),
        (lambda: b"PK\x03\x04 and nothing more", "damaged"),
    ],
)
def test_archive_is_refused_with_a_sentence_when_hostile(
    make: Callable[[], bytes], says: str
) -> None:
    began = time.monotonic()
    with pytest.raises(Invalid, match=says):
        opened(make(), most=5000)
    assert time.monotonic() - began < 20


def test_file_is_refused_alone_when_it_is_damaged_or_larger_than_said() -> None:
    content = packed(("good.jpg", b"good"), ("bad.jpg", b"content"))
    broken = content.replace(b"content", b"CONTENT")
    assert opened(broken) == [("good.jpg", 4, ""), ("bad.jpg", 0, "damaged")]
    assert opened(_lying_bomb()) == [("a.jpg", 0, "damaged")]
    large = packed(("big.jpg", bytes(MAX_BYTES + 1)))
    assert opened(large) == [("big.jpg", 0, "bytes")]


def test_archive_in_an_archive_is_a_file_like_any_other() -> None:
    inner = packed(("a.jpg", b"1"))
    assert opened(packed(("inner.zip", inner))) == [("inner.zip", len(inner), "")]


MEASURE = """
import resource, sys
from portal.files.archives import unpacked
for path in sys.argv[1:]:
    with open(path, "rb") as archive:
        assert list(unpacked(archive, path, 5000))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.skipif(not AWKWARD.exists(), reason="the shared data is not here")
def test_real_archive_is_unpacked_and_a_child_takes_little(tmp_path: Path) -> None:
    """Measured from a small process, for the children of a large one begin with its size."""
    many = tmp_path / "many.zip"
    many.write_bytes(packed(*((f"{n}", b"") for n in range(5000))))
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, AWKWARD / "images" / "valid_archive.zip", many],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(archives.__file__).parents[2],
    )
    assert int(measured.stdout) < 512 << 10


@pytest.mark.parametrize(
    "start",
    [
        "from portal.files.unzip import confine; confine()",
        "from portal.sheets.reader import confine; confine()",
    ],
)
def test_child_gives_way_to_pages_when_it_opens_what_strangers_sent(start: str) -> None:
    """Hostile uploads slow no page down, and a busy machine does not starve them."""
    measured = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import os; before = os.nice(0); {start}; print(os.nice(0) - before)",
        ],
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(archives.__file__).parents[2],
    )
    assert int(measured.stdout) == 7


@pytest.mark.parametrize(("side", "given_way"), [(3900, 0), (7000, 19)])
def test_only_a_huge_picture_gives_way_to_pages(side: int, given_way: int) -> None:
    """A workshop's photo is opened at once, on a busy machine too."""
    content = io.BytesIO()
    Image.new("1", (side, side)).save(content, "PNG")
    start = (
        "import os, sys; before = os.nice(0); from portal.files.decode import opened;"
        " opened(sys.stdin.buffer.read(), 'PNG'); print(os.nice(0) - before)"
    )
    measured = subprocess.run(
        [sys.executable, "-c", start],
        input=content.getvalue(),
        stdout=subprocess.PIPE,
        check=True,
        cwd=Path(archives.__file__).parents[2],
    )
    assert int(measured.stdout) == given_way
