"""The rule that compares how often dealers replace a part."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import NamedTuple

from sqlalchemy import func, select, tuple_

from portal.applications.models import Shipment, ShipmentLine
from portal.claims.models import ClaimLine
from portal.claims.rules.rule import Figures, Found, Lines, Rule, Values
from portal.claims.run_days import zone_of
from portal.core.clock import Month
from portal.core.db import rows
from portal.core.i18n import _, _l, ngettext
from portal.oldparts.models import OldPart
from portal.web import filters

SHARE = 500
"""Of so many dealers' parts the lines are asked for together."""


class _Unusual(NamedTuple):
    """A dealer's part that is replaced far more often than by others; of 100 shipped pieces."""

    dealer_id: int
    part_id: int
    pieces: int
    shipped: int
    rate: Fraction
    median: Fraction
    dealers: int


def _frequency(lines: Lines, values: Values) -> Iterable[Found]:
    """Per 100 pieces shipped to the dealer, far more old parts of the part than at the others."""
    since = Month.of(lines.now).plus(-values["months"])
    unusual = lines.once(
        ("frequency", frozenset(values.items())),
        lambda whole: {(one.dealer_id, one.part_id): one for one in _unusual(whole, since, values)},
    )
    keys = sorted(unusual)
    for first in range(0, len(keys), SHARE):
        some = tuple_(ClaimLine.dealer_id, ClaimLine.part_id).in_(keys[first : first + SHARE])
        for row in rows(lines.select(ClaimLine.dealer_id, ClaimLine.part_id).where(some)):
            one = unusual[row.dealer_id, row.part_id]
            yield Found(
                row.id,
                {
                    "registered": one.pieces,
                    "shipped": one.shipped,
                    "rate": _hundredths(one.rate),
                    "median": _hundredths(one.median),
                    "compared": one.dealers,
                    "since": str(since),
                },
            )


def _hundredths(rate: Fraction) -> int:
    return int(rate * 100 + Fraction(1, 2))


def _unusual(lines: Lines, since: Month, values: Values) -> Iterator[_Unusual]:
    shipped, pieces = _shipped(lines, since), _pieces(lines, since)
    for part_id, by_dealer in pieces.items():
        rates = {
            dealer_id: Fraction(100 * count, shipped[dealer_id])
            for dealer_id, count in by_dealer.items()
            if shipped.get(dealer_id)
        }
        if len(rates) <= values["dealers"]:
            continue
        order = sorted(rates, key=lambda dealer_id: (rates[dealer_id], dealer_id))
        ordered = [rates[dealer_id] for dealer_id in order]
        for place, dealer_id in enumerate(order):
            if by_dealer[dealer_id] < values["pieces"]:
                continue
            median = _median_without(ordered, place)
            if rates[dealer_id] * 10_000 > median * values["share"]:
                yield _Unusual(
                    dealer_id,
                    part_id,
                    by_dealer[dealer_id],
                    shipped[dealer_id],
                    rates[dealer_id],
                    median,
                    len(order) - 1,
                )


def _median_without(ordered: list[Fraction], place: int) -> Fraction:
    """The median of numbers in their order, but for the one at a place."""
    rest = len(ordered) - 1

    def at(index: int) -> Fraction:
        return ordered[index if index < place else index + 1]

    return (at((rest - 1) // 2) + at(rest // 2)) / 2


def _shipped(lines: Lines, since: Month) -> Mapping[int, int]:
    """How many pieces were shipped to each dealer."""
    statement = (
        select(Shipment.dealer_id, func.sum(ShipmentLine.quantity).label("pieces"))
        .join(ShipmentLine, ShipmentLine.shipment_id == Shipment.id)
        .where(Shipment.shipped_on >= since.first, Shipment.created_at <= lines.now)
        .group_by(Shipment.dealer_id)
    )
    return {row.dealer_id: int(row.pieces) for row in rows(statement)}


def _pieces(lines: Lines, since: Month) -> Mapping[int, Mapping[int, int]]:
    """How many old parts of each part of the lines each dealer registered, if it did any."""
    parts = lines.select().with_only_columns(ClaimLine.part_id)
    statement = (
        select(OldPart.part_id, OldPart.dealer_id, func.count().label("pieces"))
        .where(
            OldPart.part_id.in_(parts),
            OldPart.created_at >= since.start(zone_of(lines.now)),
            OldPart.created_at <= lines.now,
            OldPart.status != "rejected",
        )
        .group_by(OldPart.part_id, OldPart.dealer_id)
    )
    found: dict[int, dict[int, int]] = defaultdict(dict)
    for row in rows(statement):
        found[row.part_id][row.dealer_id] = row.pieces
    return found


def _tell(figures: Figures) -> str:
    mine = ngettext(
        "Since %(since)s this dealer registered %(num)d old part of this kind: %(rate)s per 100 "
        "pieces shipped to it.",
        "Since %(since)s this dealer registered %(num)d old parts of this kind: %(rate)s per 100 "
        "pieces shipped to it.",
        figures["registered"],
        since=filters.month(figures["since"]),
        rate=filters.hundredths(figures["rate"]),
    )
    others = _(
        "The median of the %(dealers)s other dealers that had it is %(median)s.",
        dealers=figures["compared"],
        median=filters.hundredths(figures["median"]),
    )
    return f"{mine} {others}"


FREQUENCY = Rule(
    "frequency",
    _l("Unusually frequent part"),
    _frequency,
    _tell,
    ("share", "months", "pieces", "dealers"),
)
