"""Who needs what and when: the applications of the story, and what becomes of each.

Most go their way from beginning to end at some time of the story; some are begun shortly before
its end, so that every state has somebody waiting in it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from portal.demo.cast import COMPANIES, CUSTOMERS, Company
from portal.demo.course import Order, Repair, Wish
from portal.demo.faults import FAULTS
from portal.demo.price_lists import Item
from portal.demo.returns import UNREGISTERED
from portal.demo.stage import Stage

SMALL = 12_000
"""Below this cost, in minor units, dealers keep a part on stock."""

ENDS = (
    ("draft", "", 0, 3),
    ("submitted", "", 0, 3),
    ("submitted", "", 1, 1),
    ("submitted", "", 4, 1),
    ("returned", "returned", 4, 2),
    ("quoted", "", 3, 3),
    ("quoted", "requoted", 5, 1),
    ("confirmed", "", 5, 3),
    ("released", "", 6, 3),
    ("released", "", 14, 1),
    ("part_shipped", "split", 9, 2),
    ("shipped", "", 8, 4),
    ("closed", "rejected", 12, 2),
    ("closed", "withdrawn", 10, 2),
    ("closed", "expired", 25, 2),
    ("closed", "cancelled", 15, 1),
    ("closed", "cancelled_all", 16, 1),
    ("closed", "returned", 20, 2),
    ("closed", "requoted", 22, 1),
    ("closed", "split", 24, 2),
    ("closed", "short", 20, 2),
    ("closed", "late", 24, 1),
    ("closed", "late", 21, 1),
    ("shipped", "late", 9, 1),
    ("closed", "missing", 24, 1),
    ("closed", "damage", 23, 1),
    ("shipped", "missing", 14, 1),
)
"""The state to stay in, the turn on the way, how many working days before the end the application
is begun, and how many of them there are."""

STOCK_ORDERS = 26

REPAIRERS = ("hujing", "hydromaz", "jingquan", "yuelan", "lazienki", "hujing", "jinguan",
             "jingquan", "baltsan", "hujing", "pengcheng", "hydromaz", "yuelan",
             "qiantang")  # fmt: skip
"""Whose customers' products break, in turns."""

PIECES = {
    "first": (("accepted",) * 8, ("accepted", "accepted"), ("accepted", "accepted"),
              ("corrected",), ("rejected:user_damage",)),
    "reviewed": (("accepted",) * 10, ("accepted", "accepted"), ("accepted", "accepted"),
                 ("rejected:out_of_warranty",), ("returned",)),
    "present": (("accepted",) * 5, ("rejected:no_fault",)),
    "fresh": (("registered",) * 4, (UNREGISTERED, UNREGISTERED), (UNREGISTERED,),
              ("registered", UNREGISTERED)),
}  # fmt: skip
"""What becomes of the old parts, by when their repairs are: those of a line stand together."""


def orders(stage: Stage) -> list[Order]:
    """Every application of the story."""
    return [*_repairs(stage), *_stock(stage), *_ends(stage), _too_dear(stage)]


def _company(rng: Random) -> Company:
    return rng.choices(COMPANIES, [company.size for company in COMPANIES])[0]


def _named(key: str) -> Company:
    return next(company for company in COMPANIES if company.key == key)


# --- Repairs --------------------------------------------------------------------------------


def _repairs(stage: Stage) -> Iterator[Order]:
    number = 0
    for when, groups in PIECES.items():
        for fates in _lines(groups):
            number += 1
            rng = stage.rng(f"repair/{number}")
            company = _named(REPAIRERS[number * 5 % len(REPAIRERS)])
            begins = _repair_begins(stage, when, company, rng)
            yield _repair_order(stage, f"repair/{number}", company, begins, fates, rng)


def _lines(groups: tuple[tuple[str, ...], ...]) -> Iterator[tuple[str, ...]]:
    """Long groups are single pieces; short ones stand together on one line."""
    for group in groups:
        if len(group) > 2:
            yield from ((fate,) for fate in group)
        else:
            yield group


def _repair_begins(stage: Stage, when: str, company: Company, rng: Random) -> datetime:
    """Early enough that the old part is reviewed in its month, fourteen days on at the latest."""
    hours = stage.hours[f"{company.key}.clerk"]
    margin = timedelta(days=17 if company.is_polish else 12)
    opening = stage.start + timedelta(hours=2)
    second = stage.reviewed.start(stage.zone)
    third = stage.reviewed.plus(1).start(stage.zone)
    if when == "first":
        return hours.anywhere(opening, max(opening, second - margin), rng)
    if when == "reviewed":
        return hours.anywhere(max(opening, second - margin / 2), third - margin, rng)
    if when == "present":
        last = stage.end - margin
        return hours.anywhere(min(third - margin / 2, last - timedelta(days=4)), last, rng)
    return hours.before(stage.end, 10 if company.is_polish else 7, rng)


def _repair_order(
    stage: Stage,
    key: str,
    company: Company,
    begins: datetime,
    fates: tuple[str, ...],
    rng: Random,
) -> Order:
    item = rng.choice([item for item in _priced(stage) if item.fault])
    wishes = [_warranty_wish(key, item, company, begins, fates, rng)]
    if rng.random() < 0.5:
        wishes.append(_stock_wish(stage, rng))
    return Order(key, company, begins, tuple(wishes))


def _warranty_wish(
    key: str,
    item: Item,
    company: Company,
    begins: datetime,
    fates: tuple[str, ...],
    rng: Random,
) -> Wish:
    failed = begins.date() - timedelta(days=rng.randint(0, 4))
    bought = failed - timedelta(days=rng.randint(60, 640))
    made = bought - timedelta(days=rng.randint(20, 120))
    country = company.facts.country
    repair = Repair(
        key=key,
        customer=rng.choice(CUSTOMERS[country]),
        phone=_phone(country, rng),
        model=item.model,
        serial=f"{item.number[:4]}{made:%y}{made:%V}{rng.randint(0, 99999):05d}",
        bought=bought,
        failed=failed,
        fault=rng.choice(FAULTS[item.fault]),
        language=int(company.is_polish),
        fates=fates,
    )
    return Wish(item.number, len(fates), repair)


def _phone(country: str, rng: Random) -> str:
    if country == "PL":
        return f"+48 {rng.randint(500, 799)} {rng.randint(100, 999)} {rng.randint(100, 999)}"
    prefix = rng.choice((136, 137, 138, 139, 158, 186))
    return f"{prefix} {rng.randint(0, 9999):04d} 0{rng.randint(0, 999):03d}"


def _priced(stage: Stage) -> list[Item]:
    return [item for item in stage.items.values() if item.cost]


# --- Stock, and what waits ------------------------------------------------------------------


def _stock_wish(stage: Stage, rng: Random) -> Wish:
    item = rng.choice([item for item in _priced(stage) if item.cost < SMALL])
    return Wish(
        item.number, rng.choice((2, 4, 5, 6, 10, 12, 20) if item.cost < 3000 else (1, 2, 3))
    )


def _stock_wishes(stage: Stage, rng: Random, least: int = 1) -> tuple[Wish, ...]:
    found = {wish.number: wish for wish in (_stock_wish(stage, rng) for _line in range(5))}
    return tuple(list(found.values())[: rng.randint(least, 5)])


def _stock(stage: Stage) -> Iterator[Order]:
    for number in range(1, STOCK_ORDERS + 1):
        key = f"stock/{number}"
        rng = stage.rng(key)
        company = _company(rng)
        hours = stage.hours[f"{company.key}.clerk"]
        last = stage.end - timedelta(days=20 if company.is_polish else 14)
        begins = hours.anywhere(stage.start + timedelta(hours=2), last, rng)
        yield Order(key, company, begins, _stock_wishes(stage, rng))


def _ends(stage: Stage) -> Iterator[Order]:
    number = 0
    for stop, turn, days, count in ENDS:
        for _order in range(count):
            number += 1
            key = f"end/{number}"
            rng = stage.rng(key)
            company = COMPANIES[(number * 7) % len(COMPANIES)]
            begins = _ago(stage, company, days, rng)
            wishes = _stock_wishes(stage, rng, least=2)
            if rng.random() < 0.45 and stop != "closed":
                wishes = (_open_repair(stage, key, company, begins, rng), *wishes[1:])
            yield Order(key, company, begins, wishes, stop, turn)


def _ago(stage: Stage, company: Company, days: int, rng: Random) -> datetime:
    """So many of headquarters' working days before the end, in the dealer's hours."""
    clerk = stage.hours[f"{company.key}.clerk"]
    if days <= 1:
        return clerk.before(stage.end, 1 + days, rng)
    return clerk.later(stage.hours["desk"].before(stage.end, days, rng), 0, rng)


def _open_repair(stage: Stage, key: str, company: Company, begins: datetime, rng: Random) -> Wish:
    item = rng.choice([item for item in _priced(stage) if item.fault])
    return _warranty_wish(key, item, company, begins, (UNREGISTERED,), rng)


def _too_dear(stage: Stage) -> Order:
    """A small dealer's quote that is more than what is on its account (A5)."""
    company = _named("qinyue")
    rng = stage.rng("too dear")
    wishes = (Wish("B810-801", 24), Wish("B820-806", 10))
    return Order("too dear", company, _ago(stage, company, 3, rng), wishes, "quoted")
