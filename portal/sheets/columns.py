"""Which column of a table is which field: proposed from the headings, decided by the person."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.core.errors import Invalid
from portal.core.i18n import _

Mapped = dict[str, int | None]
"""For each column's key the index of its heading, or None where the table has none."""


@dataclass(frozen=True, slots=True)
class Column:
    """A field that an import looks for; ``names`` are headings it is known by, best first."""

    key: str
    label: Any
    required: bool = False
    names: tuple[str, ...] = ()


def normalised(heading: str) -> str:
    """A heading without case, blanks, width, accents and signs: ``Part No. *`` is ``partno``."""
    plain = unicodedata.normalize("NFKD", heading[:200].casefold().replace("ł", "l"))
    return "".join(filter(str.isalnum, plain))


def propose(
    columns: Sequence[Column],
    headings: Sequence[str],
    chosen: Mapping[str, str] | None = None,
) -> Mapped:
    """Map columns to headings by their key, names and label; no heading is proposed twice.

    ``chosen`` is what the person picked: for a column's key the index of a heading, or "" for
    none; it overrides the proposal. Invalid if it is no index of a heading.
    """
    exact = [normalised(heading) for heading in headings]
    without_unit = [normalised(re.sub(r"[(（\[【].*?[)）\]】]", "", h[:200])) for h in headings]
    mapping: Mapped = {}
    for seen in (exact, without_unit):
        for column in columns:
            names = map(normalised, (*column.names, column.key, str(column.label)))
            free = (
                seen.index(name)
                for name in names
                if name in seen and seen.index(name) not in mapping.values()
            )
            if mapping.get(column.key) is None:
                mapping[column.key] = next(free, None)
    for column in columns:
        choice = (chosen or {}).get(column.key)
        if choice is not None:
            mapping[column.key] = _index(choice, len(headings)) if choice else None
    return mapping


def _index(choice: str, count: int) -> int:
    if not re.fullmatch(r"[0-9]{1,3}", choice) or int(choice) >= count:
        raise Invalid(_("This file has no such column. Choose the columns again."))
    return int(choice)


def missing(columns: Sequence[Column], mapping: Mapped) -> list[Column]:
    """The required columns that have no heading."""
    return [column for column in columns if column.required and mapping.get(column.key) is None]
