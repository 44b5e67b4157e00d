"""The product models with their warranty and parts, and what was sold of them."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from hashlib import sha256
from random import Random

from sqlalchemy import select

from portal.catalogue import imports, product_services
from portal.catalogue.models import ProductModel
from portal.catalogue.names import Names
from portal.catalogue.subjects import FITS, UNITS, Subject
from portal.catalogue.uploads import Upload
from portal.core.db import session
from portal.demo.assortment import (
    BASIN_MIXERS,
    BATHS,
    CISTERNS,
    ENCLOSURES,
    FAMILIES,
    KITCHEN_MIXERS,
    SHOWERS,
    SMART_TOILETS,
    TOILETS,
    URINALS,
    Family,
)
from portal.demo.cast import COMPANIES
from portal.demo.course import Order, Repair
from portal.demo.stage import Script, Stage
from portal.files.storage import new_key, storage
from portal.sheets.table import read_table
from portal.sheets.writing import Cell, write_csv, write_xlsx

MONTHS = {
    TOILETS.category: 24, SMART_TOILETS.category: 18, CISTERNS.category: 60,
    BASIN_MIXERS.category: 60, KITCHEN_MIXERS.category: 60, SHOWERS.category: 18,
    ENCLOSURES.category: 12, BATHS.category: 24, URINALS.category: 24,
}  # fmt: skip
"""How long the warranty is."""
UNDECIDED = "C120"
"""The model of which nobody has said it yet."""

NOT_REGISTERED, OTHER_DAY = 0.2, 0.07
"""Which share of the units was never registered, or on another day than the customer says."""
OTHERS = 9
"""How many units of each model are sold and never heard of."""


def products(stage: Stage, planned: Sequence[Order]) -> Script:
    """On the third day the administrator enters the models and imports what was sold."""
    rng = stage.rng("products")
    now = stage.hours["administrator"].later(stage.start, 2, rng)
    for family in FAMILIES:
        for code, series, series_zh in family.series:
            now += timedelta(minutes=rng.randint(1, 2))
            yield now
            _enter(stage, family, code, series, series_zh, now)
    now += timedelta(minutes=8)
    yield now
    fits = [(item.number[:4], item.number) for item in stage.items.values() if item.model]
    import_sheet(
        stage, FITS, "mirrane-models-parts.csv", write_csv(("Model", "Part number"), fits), now
    )
    now += timedelta(minutes=9)
    yield now
    headings = ("产品型号", "序列号", "销售日期", "经销商编号")
    sold = [*_sold(stage, planned, now.date()), *_others(stage, now.date(), rng)]
    content = write_xlsx(headings, sorted(sold, key=str), "销售")
    import_sheet(stage, UNITS, f"sold-units-{now:%Y-%m}.xlsx", content, now)


def _enter(
    stage: Stage, family: Family, code: str, series: str, series_zh: str, now: datetime
) -> None:
    administrator = stage.actors["administrator"]
    facts = Names(
        f"{series} {family.name}", f"{series_zh}{family.name_zh}", f"{series} ({family.name_pl})"
    )
    model = product_services.create_model(code, facts, by=administrator, now=now)
    if code == UNDECIDED:
        return
    rules = [("", MONTHS[family.category], date(2019, 1, 1))]
    if family is SMART_TOILETS:
        rules += [("", 36, date(now.year, 1, 1)), ("Accessories", 6, date(2019, 1, 1))]
    for category, months, since in rules:
        product_services.set_months(
            model, months, category=category, effective_from=since, seen=None,
            by=administrator, now=now,
        )  # fmt: skip


def import_sheet(stage: Stage, subject: Subject, name: str, content: bytes, now: datetime) -> None:
    key = new_key()
    storage().put(key, content)
    table = read_table(content, name)
    administrator = stage.actors["administrator"]
    sent = Upload(name, key, sha256(content).hexdigest(), table)
    sheet = imports.upload(sent, subject, by=administrator, now=now)
    imports.import_sheet(sheet, table, seen=None, by=administrator, now=now + timedelta(minutes=3))


def _sold(stage: Stage, planned: Sequence[Order], on: date) -> Iterator[tuple[Cell, ...]]:
    """What the story's customers have bought, as far as it was registered."""
    for one in planned:
        for repair in (wish.repair for wish in one.wishes if wish.repair is not None):
            rng = stage.rng(f"sold/{repair.key}/{repair.serial}")
            if repair.bought <= on and rng.random() >= NOT_REGISTERED:
                yield _unit(repair, one.company.facts.code, rng)


def _unit(repair: Repair, dealer: str, rng: Random) -> tuple[Cell, ...]:
    earlier = rng.randint(2, 30) if rng.random() < OTHER_DAY else 0
    return repair.serial[:4], repair.serial, repair.bought - timedelta(days=earlier), dealer


def _others(stage: Stage, on: date, rng: Random) -> Iterator[tuple[Cell, ...]]:
    codes = sorted(session.scalars(select(ProductModel.number)))
    for code in codes:
        for _one in range(OTHERS):
            sold_on = on - timedelta(days=rng.randint(3, 900))
            made = sold_on - timedelta(days=rng.randint(20, 120))
            dealer = rng.choice(COMPANIES).facts.code
            serial = f"{code}{made:%y}{made:%V}{rng.randint(0, 99999):05d}"
            yield code, serial, sold_on, dealer if rng.random() < 0.9 else None
