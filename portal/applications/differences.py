"""What differs between two answers to an application, in words (A3, A4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from portal.core.i18n import _
from portal.web import filters


@dataclass(frozen=True)
class LineFigures:
    """One line of an answer, with its place and the part that was asked for; minor units."""

    place: int
    asked: str
    part: str
    quantity: int
    unit_price: int
    remark: str = ""


@dataclass(frozen=True)
class Figures:
    """An answer as it is compared: its lines by the asked line's key; amounts in minor units."""

    lines: Mapping[int, LineFigures]
    freight: int
    packing: int
    promised_on: date
    remark: str
    total: int


class Change(NamedTuple):
    """What differs, as it was and as it is."""

    what: str
    before: Any
    after: Any


def changes(before: Figures, after: Figures) -> list[Change]:
    """Each figure that differs, in the order of the page.

    Lines are compared that both have: of those of an application that was corrected in between,
    none is the same.
    """
    found = [
        change
        for key, line in after.lines.items()
        if key in before.lines
        for change in _of_line(before.lines[key], line)
    ]
    pairs = (
        (_("Freight"), before.freight, after.freight, filters.money),
        (_("Packing"), before.packing, after.packing, filters.money),
        (_("Promised ship date"), before.promised_on, after.promised_on, filters.day),
        (_("Remark"), before.remark, after.remark, str),
        (_("Total"), before.total, after.total, filters.money),
    )
    return found + _differing(pairs)


def _of_line(before: LineFigures, after: LineFigures) -> list[Change]:
    name = f"{_('Line %(number)s', number=after.place)} · {after.asked} · "
    pairs = (
        (name + _("Part to send"), before.part, after.part, str),
        (name + _("Quantity"), before.quantity, after.quantity, str),
        (name + _("Unit price"), before.unit_price, after.unit_price, filters.money),
        (name + _("Remark"), before.remark, after.remark, str),
    )
    return _differing(pairs)


def _differing(pairs: Any) -> list[Change]:
    return [
        Change(what, write(before) or "–", write(after) or "–")
        for what, before, after, write in pairs
        if before != after
    ]
