"""Which photo is of which row (O3): by the file names that the row gives, its old part's serial,
or its number."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from portal.catalogue.queries import number_key

_COUNTED = re.compile(r"[-_ .(（#]+[0-9]{1,3}[)）]?$")
"""What tells several photos of one row apart: ``17-2``, ``17 (2)``, ``17_2``."""
_BETWEEN = re.compile(r"[,;|，；、\n]")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a row has to say of its photos; ``row`` is its place in the file."""

    row: int
    number: str
    old_serial: str
    files: Sequence[str]


def named_files(cell: str) -> list[str]:
    """The file names in a cell, whatever divides them, without folders."""
    names = (name.strip().replace("\\", "/").rsplit("/", 1)[-1] for name in _BETWEEN.split(cell))
    return [name for name in names if name]


def match(photos: Mapping[int, str], rows: Iterable[Claims]) -> dict[int, list[int]]:
    """For each row that has any, its photos, in their order.

    ``photos`` are names by key. The name that a row gives counts before its serial, that before
    its number; the whole name before one without a count, and the folder's comes last. Of rows
    that claim the same, the first one has it.
    """
    by_name: dict[str, int] = {}
    by_serial: dict[str, int] = {}
    by_number: dict[str, int] = {}
    for one in rows:
        for name in one.files:
            by_name.setdefault(number_key(name), one.row)
            by_name.setdefault(number_key(_stem(name)), one.row)
        if one.old_serial:
            by_serial.setdefault(number_key(one.old_serial), one.row)
        if _number(one.number):
            by_number.setdefault(_number(one.number), one.row)
    found: dict[int, list[int]] = defaultdict(list)
    for key, name in photos.items():
        for text in _texts(name):
            row = by_name.get(number_key(text)) or by_serial.get(number_key(text))
            row = row or by_number.get(_number(text))
            if row is not None:
                found[row].append(key)
                break
    return dict(found)


def _stem(name: str) -> str:
    return name.rpartition(".")[0] or name


def _number(text: str) -> str:
    return number_key(text).lstrip("0")


def _texts(name: str) -> Iterable[str]:
    """What of a name may say which row it belongs to, the surest first."""
    folder, _slash, last = name.rpartition("/")
    stem = _stem(last)
    return filter(None, (last, stem, _COUNTED.sub("", stem), folder))
