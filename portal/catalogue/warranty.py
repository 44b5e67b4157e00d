"""Warranty eligibility (C4, C5): computed from what is known of a case, never stored as a fact.

The months of a model's policy run from the sale: 24 months from 4 March 2025 last until 4 March
2027, to the end of that day in headquarters' zone; from 31 January, one month lasts until the last
day of February. The policy in force on the day of the sale counts: a later one changes nothing.
A registered sale wins over the purchase date that somebody has typed.
"""

import calendar
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache, partial
from typing import NamedTuple

from sqlalchemy import select

from portal.catalogue.eligibility import Case, Eligibility, Note, Verdict
from portal.catalogue.models import Part, ProductModel, SoldUnit, WarrantyPolicy
from portal.catalogue.queries import number_key
from portal.catalogue.serials import serial_key
from portal.core.clock import Month
from portal.core.db import session
from portal.core.search import normal

MOST_WORDS = 8
"""How many words of what is typed as a model are looked at."""


class _Unit(NamedTuple):
    model_id: int
    sold_on: date


class _Policy(NamedTuple):
    """A policy of a model, its category as it is compared."""

    category: str
    months: int
    effective_from: date


@dataclass(frozen=True)
class _Known:
    """What the catalogue knows of some cases."""

    categories: Mapping[int, str]
    models: Mapping[str, int]
    numbers: Mapping[int, str]
    units: Mapping[str, Sequence[_Unit]]
    policies: Mapping[int, Sequence[_Policy]]


@lru_cache(maxsize=4096)
def after_months(start: date, months: int) -> date:
    """The same day so many months later, or the last one of a month that is too short."""
    year, number = Month.of(start).plus(months)
    if year > date.max.year:
        return date.max
    return date(year, number, min(start.day, calendar.monthrange(year, number)[1]))


def eligibility(case: Case, *, today: date) -> Eligibility:
    """The eligibility of one case."""
    (found,) = eligibilities([case], today=today)
    return found


def eligibilities(cases: Sequence[Case], *, today: date) -> list[Eligibility]:
    """The eligibility of each case, in their order; four queries, however many they are.

    ``today`` is headquarters' day; it stands in for the day of a failure that nobody has named.
    """
    known = _known(cases)
    return [_judged(case, known, case.failed_on or today) for case in cases]


# What is known


def _known(cases: Sequence[Case]) -> _Known:
    texts = {key for case in cases for key in _runs(case.model)}
    serials = {serial_key(case.serial) for case in cases} - {""}
    units: dict[str, list[_Unit]] = {}
    for key, model_id, sold_on in session.execute(
        select(SoldUnit.serial_key, SoldUnit.model_id, SoldUnit.sold_on).where(
            SoldUnit.serial_key.in_(serials)
        )
    ):
        units.setdefault(key, []).append(_Unit(model_id, sold_on))
    sold = {unit.model_id for some in units.values() for unit in some}
    found = session.execute(
        select(ProductModel.number_key, ProductModel.id, ProductModel.number).where(
            ProductModel.number_key.in_(texts) | ProductModel.id.in_(sold)
        )
    ).all()
    numbers = {model_id: number for _key, model_id, number in found}
    return _Known(
        _categories({case.part_id for case in cases}),
        {key: model_id for key, model_id, _number in found},
        numbers,
        units,
        _policies(numbers),
    )


def _categories(part_ids: Iterable[int]) -> dict[int, str]:
    rows = session.execute(select(Part.id, Part.category).where(Part.id.in_(set(part_ids))))
    return {part_id: normal(category) for part_id, category in rows}


def _policies(model_ids: Iterable[int]) -> dict[int, list[_Policy]]:
    """The policies of some models, the one that counts first."""
    found: dict[int, list[_Policy]] = {}
    for model_id, category, months, effective_from in session.execute(
        select(
            WarrantyPolicy.model_id,
            WarrantyPolicy.category,
            WarrantyPolicy.months,
            WarrantyPolicy.effective_from,
        )
        .where(WarrantyPolicy.model_id.in_(set(model_ids)))
        .order_by(WarrantyPolicy.effective_from.desc(), WarrantyPolicy.id.desc())
    ):
        one = _Policy(normal(category), months, effective_from)
        found.setdefault(model_id, []).append(one)
    return found


@lru_cache(maxsize=4096)
def _runs(text: str) -> tuple[str, ...]:
    """The keys of whatever words of a text may be a model's number, the longest first."""
    words = text.replace(",", " ").replace("，", " ").split()[:MOST_WORDS]
    spans = (
        (first, last) for first in range(len(words)) for last in range(first + 1, len(words) + 1)
    )
    keys = {number_key(" ".join(words[first:last])) for first, last in spans}
    return tuple(sorted(keys, key=lambda key: (-len(key), key)))


# What follows


def _judged(case: Case, known: _Known, failed_on: date) -> Eligibility:
    typed = next((known.models[key] for key in _runs(case.model) if key in known.models), None)
    unit = _unit(known.units.get(serial_key(case.serial), ()), typed)
    notes = _notes(case, unit, typed)
    model_id = unit.model_id if unit else typed
    if model_id is None:
        return Eligibility(case, "unknown", "no_model", failed_on, notes=notes)
    model = known.numbers[model_id]
    starts_on = unit.sold_on if unit else case.purchased_on
    if starts_on is None:
        return Eligibility(case, "unknown", "no_day", failed_on, model, notes=notes)
    # Made with all that is known at once: many are judged together.
    made = partial(
        Eligibility,
        case,
        failed_on=failed_on,
        model=model,
        starts_on=starts_on,
        source="serial" if unit else "purchase_date",
        notes=notes,
    )
    if failed_on < starts_on:
        return made("unknown", "sold_later")
    months = _months(known, model_id, case.part_id, starts_on)
    if months is None:
        return made("unknown", "no_policy")
    if months == 0:
        return made("out", "none", months=0)
    ends_on = after_months(starts_on, months)
    verdict: Verdict = "in" if failed_on <= ends_on else "out"
    return made(verdict, "months", months=months, ends_on=ends_on)


def _unit(units: Sequence[_Unit], typed: int | None) -> _Unit | None:
    """The unit of the model that was typed; else the only one with that serial."""
    of_model = next((unit for unit in units if unit.model_id == typed), None)
    return of_model or (units[0] if len(units) == 1 else None)


def _months(known: _Known, model_id: int, part_id: int, on: date) -> int | None:
    """The months in force on a day: those of the part's category, else the model's general ones."""
    in_force = [one for one in known.policies.get(model_id, ()) if one.effective_from <= on]
    for category in (known.categories.get(part_id, ""), ""):
        found = next((one for one in in_force if one.category == category), None)
        if found is not None:
            return found.months
    return None


def _notes(case: Case, unit: _Unit | None, typed: int | None) -> tuple[Note, ...]:
    if unit is None:
        return ("unregistered",) if serial_key(case.serial) else ()
    notes: list[Note] = []
    if typed is not None and typed != unit.model_id:
        notes.append("other_model")
    if case.purchased_on is not None and case.purchased_on != unit.sold_on:
        notes.append("other_day")
    return tuple(notes)
