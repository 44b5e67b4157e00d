"""The demo's two price lists, and how a part is called in each language."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from portal.core.money import half_up, share, to_major
from portal.demo.assortment import FAMILIES, REPLACED, UNIVERSAL, UNPRICED, Family, Type
from portal.sheets.writing import Cell

HEADINGS = (
    "Part number", "Name", "中文名称", "Nazwa polska", "Unit", "Category", "Return required",
    "Cost price", "Out-of-warranty price",
)  # fmt: skip


@dataclass(frozen=True)
class Item:
    """A spare part of the catalogue; amounts in minor units, 0 where there is no price yet."""

    number: str
    name: str
    name_zh: str
    name_pl: str
    unit: str
    category: str
    returned: bool
    cost: int
    retail: int
    model: str = ""
    fault: str = ""


def rows(listed: list[Item]) -> list[list[Cell]]:
    """A price list as its spreadsheet has it, under ``HEADINGS``."""
    return [
        [
            item.number,
            item.name,
            item.name_zh,
            item.name_pl,
            item.unit,
            item.category,
            "yes" if item.returned else "no",
            to_major(item.cost),
            to_major(item.retail),
        ]
        for item in listed
    ]


def first_list(rng: Random) -> list[Item]:
    """Every part of the first price list."""
    made = [
        _item(family, kind, place, rng)
        for family in FAMILIES
        for place in range(len(family.series))
        for kind in family.types
    ]
    return made + [_universal(kind, rng) for kind in UNIVERSAL]


def _item(family: Family, kind: Type, place: int, rng: Random) -> Item:
    code, series, series_zh = family.series[place]
    number = f"{code}-{kind.code}"
    cost = _cost(kind.cost * (1 + 0.12 * place))
    unpriced = number in UNPRICED
    return Item(
        number=number,
        name=_between(kind.name, f"for {series} {code} {family.name}"),
        name_zh=f"{code} {series_zh}{family.name_zh}{_joined(kind.name_zh)}",
        name_pl=_between(kind.name_pl, f"do {family.name_pl} {series} {code}"),
        unit=kind.unit,
        category=family.category,
        returned=kind.returned,
        cost=0 if unpriced else cost,
        retail=0 if unpriced else _retail(cost, rng),
        model=f"{series} {code}",
        fault=kind.fault,
    )


def _between(name: str, product: str) -> str:
    """The product follows the part's name, before what tells variants apart: *…, chrome*."""
    part, comma, variant = name.partition(", ")
    return f"{part} {product}{comma}{variant}"


def _joined(name: str) -> str:
    """Chinese runs on, but a figure keeps a blank before it."""
    return f" {name}" if name[0].isascii() else name


def _universal(kind: Type, rng: Random) -> Item:
    cost = _cost(kind.cost)
    return Item(
        number=f"X000-{kind.code:03d}",
        name=kind.name,
        name_zh=kind.name_zh,
        name_pl=kind.name_pl,
        unit=kind.unit,
        category="Accessories",
        returned=False,
        cost=cost,
        retail=_retail(cost, rng),
    )


def _cost(yuan: float) -> int:
    """To ten fen."""
    return half_up(Decimal(str(round(yuan * 10)))) * 10


def _retail(cost: int, rng: Random) -> int:
    """What a customer pays: a good half more, to half a yuan."""
    return max(share(cost, Decimal(rng.randint(160, 195)) / 100) // 50 * 50, cost + 50)


def second_list(first: list[Item], rng: Random) -> list[Item]:
    """The second price list: most parts dearer, some new prices, and the improved parts."""
    return list(_revised(first, rng))


def _revised(first: list[Item], rng: Random) -> Iterator[Item]:
    for item in first:
        cost = _priced_anew(item, rng)
        retail = item.retail if cost == item.cost else _retail(cost, rng)
        changed = replace(item, cost=cost, retail=retail)
        yield changed
        if item.number in REPLACED:
            yield _improved(changed, rng)


def _priced_anew(item: Item, rng: Random) -> int:
    if not item.cost:
        return _cost(rng.randint(60, 180))
    if rng.random() < 0.25:
        return item.cost
    return share(item.cost, Decimal(rng.randint(102, 107)) / 100) // 10 * 10


def _improved(item: Item, rng: Random) -> Item:
    cost = share(item.cost, Decimal("1.08")) // 10 * 10
    return replace(
        item,
        number=f"{item.number}A",
        name=f"{item.name}, improved",
        name_zh=f"{item.name_zh}（改进型）",
        name_pl=f"{item.name_pl}, wersja ulepszona",
        cost=cost,
        retail=_retail(cost, rng),
    )
