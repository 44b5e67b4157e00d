"""Every read of the catalogue: parts by number and by words, and the price in force (C1, C2)."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    ScalarSelect,
    Select,
    bindparam,
    case,
    func,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from portal.catalogue.models import Part, Price, PriceList
from portal.core.db import AnyRow, AnySelect, session
from portal.core.events import Event
from portal.core.search import matches
from portal.people.models import User

AT_ONCE = 10_000
"""How many values a statement may carry: fewer than either database allows."""
MOST_HISTORY = 200


def number_key(number: str) -> str:
    """A part's number as people find it: half width, capitals, without blanks."""
    plain = number if number.isascii() else unicodedata.normalize("NFKC", number)
    return "".join(plain.upper().split())


def prices_of(part_ids: Iterable[int], on: date) -> dict[int, Price]:
    """The prices in force on a day of headquarters', by part (C2). One query.

    The latest day counts, then the list imported last; a cost of 0 means: none yet. Parts that no
    list has ever named are left out.
    """
    ids = set(part_ids)
    if not ids:
        return {}
    found = session.scalars(_in_force(), {"parts": ids, "on": on})
    return {price.part_id: price for price in found}


@cache
def _in_force() -> Select[Price]:
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
        .where(
            Price.part_id.in_(bindparam("parts", expanding=True)),
            Price.effective_from <= bindparam("on"),
        )
        .subquery()
    )
    return select(Price).join(ranked, ranked.c.id == Price.id).where(ranked.c.place == 1)


def find_part(number: str) -> Part | None:
    """The part of that number, active or not: as it is written, else in another spelling of it."""
    return find_parts([number]).get(number)


def find_parts(numbers: Iterable[str]) -> dict[str, Part]:
    """The parts by the numbers that were asked for, in any spelling; the unknown are left out.

    One query, or one for each ten thousand.
    """
    keys = {number: number_key(number) for number in numbers}
    if not keys:
        return {}
    wanted = sorted(set(keys.values()))
    found = [
        part
        for start in range(0, len(wanted), AT_ONCE)
        for part in session.scalars(
            select(Part)
            .where(Part.number_key.in_(wanted[start : start + AT_ONCE]))
            .order_by(Part.id.desc())
        )
    ]
    exact = {part.number: part for part in found}
    alike = {part.number_key: part for part in found}
    return {
        number: part
        for number, key in keys.items()
        if (part := exact.get(number) or alike.get(key)) is not None
    }


def name_in(language: str, part: Any = Part) -> ColumnElement[str]:
    """The part's name in a language of the portal, or its English one, as a column."""
    own = {"zh-Hans": part.name_zh, "pl": part.name_pl}.get(language)
    english: ColumnElement[str] = part.name.expression
    return english if own is None else func.coalesce(func.nullif(own, ""), english)


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


def suggest(text: str, language: str, *, on: date, limit: int = 10) -> Sequence[AnyRow]:
    """Active parts for what somebody has typed so far: numbers that begin so come first.

    Rows of ``public_id, number, name, unit, picture, cost, retail``; the amounts are those in
    force on the day, 0 or None where there is none. One query.
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
            Part.picture,
            in_force(Price.cost, on).label("cost"),
            in_force(Price.retail, on).label("retail"),
        )
        .where(Part.status == "active", holds(text))
        .order_by(case((begins, 0), else_=1), Part.number)
        .limit(limit)
    ).all()


def successors_of(part_ids: Iterable[int]) -> dict[int, list[Part]]:
    """Every part that may replace each part, along the chain, the nearest first (C1)."""
    chains: dict[int, list[Part]] = {part_id: [] for part_id in part_ids}
    ends = {part_id: part_id for part_id in chains}
    older = aliased(Part)
    while ends:
        found = dict(
            session.execute(
                select(older.id, Part)
                .join(Part, Part.id == older.successor_id)
                .where(older.id.in_(set(ends.values())))
            ).all()
        )
        for part_id, end in ends.items():
            chains[part_id] += [found[end]] if end in found else []
        ends = {part_id: found[end].id for part_id, end in ends.items() if end in found}
    return chains


def replacements_of(parts: Iterable[Part]) -> dict[int, Part]:
    """For each part that has one, the last of its successors that can be ordered (C1)."""
    chains = successors_of({part.id for part in parts if part.successor_id})
    active = {
        part_id: [part for part in chain if part.status == "active"]
        for part_id, chain in chains.items()
    }
    return {part_id: chain[-1] for part_id, chain in active.items() if chain}


class Known(NamedTuple):
    """A part as the catalogue has it, with its price in force on some day, if it has one."""

    id: int
    number: str
    name: str
    cost: int | None
    retail: int | None
    since: date | None


def known_parts(numbers: Iterable[str], on: date) -> dict[str, Known]:
    """The catalogue's parts among many numbers, by number and by number key, priced on a day."""
    keys = sorted({number_key(number) for number in numbers})
    alike: dict[str, Known] = {}
    exact: dict[str, Known] = {}
    for start in range(0, len(keys), AT_ONCE):
        rows = session.execute(
            select(
                Part.number_key,
                Part.id,
                Part.number,
                Part.name,
                Price.cost,
                Price.retail,
                Price.effective_from,
            )
            .outerjoin(Price, Price.id == in_force(Price.id, on))
            .where(Part.number_key.in_(keys[start : start + AT_ONCE]))
        )
        for key, part in ((row[0], Known(*row[1:])) for row in rows):
            exact[part.number] = part
            if key not in alike or part.id < alike[key].id:
                alike[key] = part
    return alike | exact


def keys_of(numbers: Sequence[str]) -> dict[str, int]:
    """The keys of many parts by their numbers, as these are written."""
    found: dict[str, int] = {}
    for start in range(0, len(numbers), AT_ONCE):
        some = Part.number.in_(numbers[start : start + AT_ONCE])
        found |= dict(session.execute(select(Part.number, Part.id).where(some)).all())
    return found


def parts_listed(language: str, on: date) -> AnySelect:
    """The rows of the list of parts, with their prices in force; not ordered yet."""
    return select(
        Part.id,
        Part.public_id,
        Part.number,
        name_in(language).label("name"),
        Part.category,
        Part.unit,
        Part.picture,
        Part.status,
        in_force(Price.cost, on).label("cost"),
        in_force(Price.retail, on).label("retail"),
    )


def without_price(on: date) -> ColumnElement[bool]:
    """The condition that a part cannot be ordered for want of a price on a day."""
    return func.coalesce(in_force(Price.cost, on), 0) == 0


def last_reason(part: Part) -> str:
    """Why a part was withdrawn, the last time."""
    reasons = select(Event.reason).where(
        Event.document_kind == part.kind,
        Event.document_id == part.id,
        Event.name == "withdraw",
    )
    return session.scalars(reasons.order_by(Event.seq.desc()).limit(1)).one_or_none() or ""


def history(part: Part) -> Sequence[AnyRow]:
    """Every price of a part with the list that said it, the one that counts last first (C2)."""
    return session.execute(
        select(
            Price.id,
            Price.effective_from,
            Price.cost,
            Price.retail,
            PriceList.public_id,
            PriceList.name,
        )
        .join(PriceList, PriceList.id == Price.price_list_id)
        .where(Price.part_id == part.id)
        .order_by(Price.effective_from.desc(), Price.id.desc())
        .limit(MOST_HISTORY)
    ).all()


def lists_listed() -> AnySelect:
    """The rows of the list of price lists; not ordered yet."""
    return select(
        PriceList.id,
        PriceList.public_id,
        PriceList.created_at,
        PriceList.status,
        PriceList.name,
        PriceList.effective_from,
        PriceList.file_name,
        User.name.label("sent_by"),
    ).join(User, User.id == PriceList.uploaded_by_id)


def prices_listed(price_list: PriceList, language: str) -> AnySelect:
    """The prices that a list brought, with their parts; not ordered yet."""
    return (
        select(
            Part.id,
            Part.public_id,
            Part.number,
            name_in(language).label("name"),
            Part.unit,
            Price.cost,
            Price.retail,
        )
        .join(Part, Part.id == Price.part_id)
        .where(Price.price_list_id == price_list.id)
    )
