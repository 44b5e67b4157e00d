"""What a form that is being typed would cost, and what there is to know of each line (A1, C5)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from portal.applications.editor import Row
from portal.applications.models import WARRANTY, ApplicationLine
from portal.applications.services import MOST_PIECES
from portal.catalogue.eligibility import Case, Eligibility
from portal.catalogue.models import Part, Price
from portal.catalogue.queries import find_parts, prices_of, replacements_of
from portal.catalogue.warranty import eligibilities
from portal.core.clock import parse_day


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is typed, at its place in the form, with what is known of it.

    ``price`` is None where the part cannot be ordered for want of one, ``amount`` where it cannot
    be reckoned. ``instead`` is the part that replaces its part in the end.
    """

    number: int
    typed: Row
    part: Part | None
    price: Price | None
    amount: int | None
    instead: Part | None
    warranty: Eligibility | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """The lines that name a part, and their total in minor units."""

    lines: Sequence[Line]
    total: int


def estimated(rows: Sequence[Row], now: datetime) -> Estimate:
    """What typed lines would cost at today's list, as far as they can be read (A1).

    The number of queries does not depend on how many lines there are.
    """
    parts = find_parts({row["part"] for row in rows} - {""})
    prices = prices_of([part.id for part in parts.values()], now.date())
    instead = replacements_of(parts.values())
    warranties = _warranties(rows, parts, now.date())
    lines = []
    for number, row in enumerate(rows):
        part = parts.get(row["part"])
        price = prices.get(part.id) if part and part.status == "active" else None
        price = price if price and price.cost else None
        lines.append(
            Line(
                number,
                row,
                part,
                price,
                _amount(price, row["quantity"]),
                instead.get(part.id) if part else None,
                warranties.get(number),
            )
        )
    return Estimate([one for one in lines if one.typed["part"]], sum(i.amount or 0 for i in lines))


def at_list(lines: Iterable[ApplicationLine], on: date) -> int:
    """What the parts of lines that were asked for cost at the list of a day, in minor units.

    A part without a price counts nothing.
    """
    asked = list(lines)
    prices = prices_of([line.part_id for line in asked], on)
    return sum(prices[one.part_id].cost * one.quantity for one in asked if one.part_id in prices)


def _amount(price: Price | None, quantity: str) -> int | None:
    if price is None or not quantity.isdecimal() or len(quantity) > 6:
        return None
    return price.cost * int(quantity) if int(quantity) <= MOST_PIECES else None


def _warranties(
    rows: Sequence[Row], parts: Mapping[str, Part], today: date
) -> dict[int, Eligibility]:
    """The verdict on each warranty line whose part is known, by its place."""
    cases = {
        number: Case(
            parts[row["part"]].id,
            model=row["product_model"],
            serial=row["serial"],
            purchased_on=_day(row["purchase_date"]),
        )
        for number, row in enumerate(rows)
        if row["purpose"] == WARRANTY and row["part"] in parts
    }
    if not cases:
        return {}
    return dict(zip(cases, eligibilities(list(cases.values()), today=today), strict=True))


def _day(text: str) -> date | None:
    try:
        return parse_day(text) if text else None
    except ValueError:
        return None
