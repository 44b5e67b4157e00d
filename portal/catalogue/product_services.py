"""Every write of product models by hand: names, warranty, and the parts that they have (C4)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select

from portal.catalogue import policy, product_queries, queries
from portal.catalogue.models import Fit, ProductModel, WarrantyPolicy
from portal.catalogue.names import Names, call
from portal.catalogue.price_columns import NUMBER
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.core.search import normal

MOST_MONTHS = 600


def create_model(number: str, names: Names, *, by: Actor, now: datetime) -> ProductModel:
    """Make a product model (C4). Invalid for a number that there is in any spelling."""
    by.must(policy.PRODUCT_MANAGE)
    key = queries.number_key(number)
    if not key or len(key) > NUMBER:
        raise Invalid(_("This model number is too long."), field="number")
    known = session.scalar(select(ProductModel.number).where(ProductModel.number_key == key))
    if known is not None:
        raise Invalid(_("There is this model already: %(number)s.", number=known), field="number")
    model = ProductModel(status="active", created_at=now, number=number, number_key=key)
    call(model, names)
    session.add(model)
    said = {name: value for name, value in asdict(names).items() if value}
    workflow.begin(model, by=by, now=now, number=number, **said)
    return model


def edit_model(
    model: ProductModel, names: Names, *, seen: int | None, by: Actor, now: datetime
) -> None:
    """Change a model's names; the event has each before and after. Stale."""
    model = _locked(model, seen, by)
    if changes := call(model, names):
        _changed(model, "edit", changes, by, now)


def step_model(
    model: ProductModel, step: str, *, seen: int | None, reason: str = "", by: Actor, now: datetime
) -> None:
    """Withdraw a model, with a reason, or restore it. Stale, WrongState."""
    workflow.apply(relock(model), step, by=by, now=now, seen=seen, reason=reason)


def set_months(
    model: ProductModel,
    months: int,
    *,
    category: str = "",
    effective_from: date,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Say how long the warranty is for what is sold from a day on (C4).

    ``category`` is one of parts, or "" for all that have no rule of their own; 0 months are no
    warranty. A rule of the same day is corrected by the new one; what it says already is not said
    again. Invalid for another category than parts have; Stale.
    """
    model = _locked(model, seen, by)
    if not 0 <= months <= MOST_MONTHS:
        raise Invalid(
            _("Enter a whole number from %(least)d to %(most)d.", least=0, most=MOST_MONTHS),
            field="months",
        )
    if category and category not in product_queries.categories():
        raise Invalid(_("No part has this category."), field="category")
    rules = product_queries.rules_of(model, effective_from)
    said = (normal(category), months, effective_from)
    if said in [(normal(rule.category), rule.months, rule.effective_from) for rule in rules]:
        return
    values = {"months": months, "effective_from": effective_from.isoformat()}
    session.add(
        WarrantyPolicy(
            model_id=model.id, category=category, months=months, effective_from=effective_from
        )
    )
    named = {"category": category} if category else {}
    _changed(model, "policy", named | values, by, now)


def add_part(
    model: ProductModel, number: str, *, seen: int | None, by: Actor, now: datetime
) -> None:
    """Say that a model has a part; one that it has already changes nothing. Invalid, Stale."""
    model = _locked(model, seen, by)
    part = queries.find_part(number)
    if part is None:
        raise Invalid(_("There is no part “%(number)s”.", number=number[:60]), field="number")
    there = select(Fit.part_id).where(Fit.model_id == model.id, Fit.part_id == part.id)
    if session.scalar(there) is None:
        session.execute(insert(Fit).values(model_id=model.id, part_id=part.id))
        _changed(model, "fit", {"part": part.number}, by, now)


def remove_part(
    model: ProductModel, number: str, *, seen: int | None, by: Actor, now: datetime
) -> None:
    """Say that a model has not a part; one that it has not changes nothing. Stale."""
    model = _locked(model, seen, by)
    part = queries.find_part(number)
    if part is None:
        return
    gone = delete(Fit).where(Fit.model_id == model.id, Fit.part_id == part.id)
    if session.scalar(gone.returning(Fit.part_id)) is not None:
        _changed(model, "unfit", {"part": part.number}, by, now)


def _locked(model: ProductModel, seen: int | None, by: Actor) -> ProductModel:
    by.must(policy.PRODUCT_MANAGE)
    model = relock(model)
    if seen is not None and seen != model.version:
        raise Stale()
    return model


def _changed(
    model: ProductModel, name: str, values: Mapping[str, Any], by: Actor, now: datetime
) -> None:
    model.version += 1
    record(model, name, by=by, now=now, values=values)
