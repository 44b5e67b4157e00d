"""Every read of the catalogue: parts by number and by words, and the price in force (C1, C2)."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, case, func, or_, select

from portal.catalogue.models import Part, Price
from portal.core.db import session
from portal.core.search import matches


def number_key(number: str) -> str:
    """A part's number as people find it: half width, capitals, without blanks."""
    return "".join(unicodedata.normalize("NFKC", number).upper().split())


def price_of(part_id: int, on: date) -> Price | None:
    """The price of a part in force on a day of headquarters' (C2); a cost of 0 means: none yet.

    The latest day counts, then the one imported last. None if no list has ever named the part.
    """
    return prices_of([part_id], on).get(part_id)


def prices_of(part_ids: Iterable[int], on: date) -> dict[int, Price]:
    """The prices in force on a day, by part (C2); parts without any are left out. One query."""
    ids = set(part_ids)
    if not ids:
        return {}
    ranked = (
        select(
            Price.id,
            func.row_number()
            .over(
                partition_by=Price.part_id,
                order_by=(Price.effective_from.desc(), Price.id.desc()),
            )
            .label("place"),
        )
        .where(Price.part_id.in_(ids), Price.effective_from <= on)
        .subquery()
    )
    found = session.scalars(
        select(Price).join(ranked, ranked.c.id == Price.id).where(ranked.c.place == 1)
    )
    return {price.part_id: price for price in found}


def find_part(number: str) -> Part | None:
    """The part of that number, active or not: as it is written, else in another spelling of it."""
    return find_parts([number]).get(number)


def find_parts(numbers: Iterable[str]) -> dict[str, Part]:
    """The parts by the numbers that were asked for, in any spelling; the unknown are left out.

    One query.
    """
    keys = {number: number_key(number) for number in numbers}
    if not keys:
        return {}
    found = session.scalars(
        select(Part).where(Part.number_key.in_(set(keys.values()))).order_by(Part.id.desc())
    ).all()
    exact = {part.number: part for part in found}
    alike = {part.number_key: part for part in found}
    return {
        number: part
        for number, key in keys.items()
        if (part := exact.get(number) or alike.get(key)) is not None
    }


def name_in(language: str) -> ColumnElement[str]:
    """The part's name in a language of the portal, or its English one, as a column."""
    own = {"zh-Hans": Part.name_zh, "pl": Part.name_pl}.get(language)
    return Part.name.expression if own is None else func.coalesce(func.nullif(own, ""), Part.name)


def in_force(column: Any, on: date) -> ScalarSelect[Any]:
    """A column of the price of the outer query's part that is in force on a day (C2)."""
    return (
        select(column)
        .where(Price.part_id == Part.id, Price.effective_from <= on)
        .order_by(Price.effective_from.desc(), Price.id.desc())
        .limit(1)
        .correlate(Part)
        .scalar_subquery()
    )


def holds(text: str) -> ColumnElement[bool]:
    """The condition that a part's number begins with a text, or number or a name contains it."""
    key = number_key(text)
    found = matches(Part, text)
    return or_(Part.number_key.startswith(key, autoescape=True), found) if key else found


def suggest(text: str, language: str, *, on: date, limit: int = 10) -> Sequence[Row[Any]]:
    """Active parts for what somebody has typed so far: numbers that begin so come first.

    Rows of ``public_id, number, name, unit, cost, retail``; the amounts are those in force on the
    day, 0 or None where there is none. One query.
    """
    key = number_key(text)
    if not key:
        return []
    begins = Part.number_key.startswith(key, autoescape=True)
    return session.execute(
        select(
            Part.public_id,
            Part.number,
            name_in(language).label("name"),
            Part.unit,
            in_force(Price.cost, on).label("cost"),
            in_force(Price.retail, on).label("retail"),
        )
        .where(Part.active, holds(text))
        .order_by(case((begins, 0), else_=1), Part.number)
        .limit(limit)
    ).all()
