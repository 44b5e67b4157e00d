"""The rules that look for the same again: a photo, a product, a customer."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import aliased

from portal.claims.models import ClaimLine
from portal.claims.rules.rule import Figures, Found, Lines, Rule, Values
from portal.core.db import AnyRow, rows
from portal.core.i18n import _, _l, ngettext
from portal.files.alike import likest
from portal.oldparts.models import OldPart
from portal.web import filters

# --- The same photo -----------------------------------------------------------------------------

SHARE = 500
"""Of so many pieces the photos are asked for together."""


def _photo(lines: Lines, values: Values) -> Iterable[Found]:
    """Another piece, of any dealer, has the same photo; or one that looks the same."""
    marked = rows(lines.select(ClaimLine.old_part_id).where(OldPart.same_photo))
    for first in range(0, len(marked), SHARE):
        some = marked[first : first + SHARE]
        pairs = likest(OldPart.kind, [row.old_part_id for row in some])
        numbers = _numbers({pair.other_id for pair in pairs.values()})
        for row in some:
            pair = pairs.get(row.old_part_id)
            if pair is not None and (pair.exact or values["alike"]):
                yield Found(row.id, {"exact": pair.exact, "other": numbers[pair.other_id]})


def _numbers(keys: set[int]) -> dict[int, tuple[str, str]]:
    found = rows(
        select(OldPart.id, OldPart.public_id, OldPart.number).where(OldPart.id.in_(sorted(keys)))
    )
    return {row.id: (row.public_id, row.number) for row in found}


def _tell_photo(figures: Figures) -> str:
    if figures["exact"]:
        return _("Another old part has the same photo:")
    return _("Another old part has a photo that looks the same:")


# --- The same product, the same customer --------------------------------------------------------


def _known_again(lines: Lines, key: Any) -> Iterator[list[AnyRow]]:
    """The pieces of each key that lines have in common with failures of other days, by their days.

    ``line_id`` is that of the piece's line, if it is one of the lines. What was rejected is no
    repair.
    """
    mine = lines.select(ClaimLine.old_part_id, key.label("key")).subquery()
    other = aliased(OldPart)
    on_another_day = exists().where(
        getattr(other, key.key) == key,
        other.failed_on != OldPart.failed_on,
        other.created_at <= lines.now,
        other.status != "rejected",
    )
    statement = (
        select(
            key.label("key"),
            OldPart.failed_on,
            OldPart.public_id,
            OldPart.number,
            mine.c.id.label("line_id"),
        )
        .outerjoin(mine, mine.c.old_part_id == OldPart.id)
        .where(
            key.in_(select(mine.c.key)),
            OldPart.created_at <= lines.now,
            OldPart.status != "rejected",
            on_another_day,
        )
        .order_by(key, OldPart.failed_on, OldPart.id)
    )
    for _key, some in groupby(rows(statement), lambda row: row.key):
        yield list(some)


def _others_within(
    pieces: Sequence[AnyRow], days: int
) -> Iterator[tuple[AnyRow, Sequence[date], AnyRow]]:
    """Of each line's piece: the other days of failures within so many days, and the nearest piece.

    ``pieces`` are in the order of their days.
    """
    first_of: dict[date, AnyRow] = {}
    for piece in pieces:
        first_of.setdefault(piece.failed_on, piece)
    known, span = list(first_of), timedelta(days=days)
    for piece in pieces:
        if piece.line_id is None:
            continue
        day = piece.failed_on
        near = known[bisect_left(known, day - span) : bisect_right(known, day + span)]
        others = [one for one in near if one != day]
        if others:
            nearest = min(others, key=lambda one: (abs(one - day), one))
            yield piece, others, first_of[nearest]


def _other(piece: AnyRow) -> tuple[str, str]:
    return piece.public_id, piece.number


def _product(lines: Lines, values: Values) -> Iterable[Found]:
    """The same product, by its serial, failed on another day within so many days."""
    for pieces in _known_again(lines, OldPart.product_serial_key):
        for piece, _days, nearest in _others_within(pieces, values["days"]):
            apart = abs(nearest.failed_on - piece.failed_on).days
            yield Found(piece.line_id, {"apart": apart, "other": _other(nearest)})


def _tell_product(figures: Figures) -> str:
    return ngettext(
        "This product also failed %(num)d day before or after:",
        "This product also failed %(num)d days before or after:",
        figures["apart"],
    )


def _customer(lines: Lines, values: Values) -> Iterable[Found]:
    """The customer had so many other repairs within so many days; those of a day are one."""
    for pieces in _known_again(lines, OldPart.customer_key):
        for piece, days, nearest in _others_within(pieces, values["days"]):
            if len(days) >= values["repairs"]:
                yield Found(piece.line_id, {"others": len(days), "other": _other(nearest)})


def _tell_customer(figures: Figures) -> str:
    return ngettext(
        "This customer had %(num)d other repair within %(days)s, the nearest one:",
        "This customer had %(num)d other repairs within %(days)s, the nearest one:",
        figures["others"],
        days=filters.span(figures["days"], "day"),
    )


PHOTO = Rule("photo", _l("Same photo"), _photo, _tell_photo, ("alike",))
PRODUCT = Rule("product", _l("Same product again"), _product, _tell_product, ("days",))
CUSTOMER = Rule(
    "customer", _l("Same customer again"), _customer, _tell_customer, ("days", "repairs")
)
