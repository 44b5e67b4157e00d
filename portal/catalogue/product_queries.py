"""Reads of product models, their warranty, their parts, and sold units (C4)."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, case, func, or_, select

from portal.catalogue import policy
from portal.catalogue.models import Fit, Part, ProductModel, SoldUnit, WarrantyPolicy
from portal.catalogue.queries import AT_ONCE, name_in, number_key
from portal.core.db import AnyRow, AnySelect, session
from portal.core.permissions import Actor
from portal.core.search import matches, normal
from portal.people.models import Dealer

MOST_PARTS = 1000
MOST_OFFERED = 200


def models_by_key(keys: Collection[str]) -> dict[str, int]:
    """The keys of product models by their number keys."""
    wanted = sorted(keys)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), AT_ONCE):
        some = ProductModel.number_key.in_(wanted[start : start + AT_ONCE])
        rows = session.execute(select(ProductModel.number_key, ProductModel.id).where(some))
        found |= dict(rows.all())
    return found


def model_name(language: str) -> ColumnElement[str]:
    """The model's name in a language of the portal, or its English one, as a column."""
    own = {"zh-Hans": ProductModel.name_zh, "pl": ProductModel.name_pl}.get(language)
    name = ProductModel.name
    return name.expression if own is None else func.coalesce(func.nullif(own, ""), name)


def holds(text: str) -> ColumnElement[bool]:
    """The condition that a model's number or a name contains a text."""
    # Models are hundreds, not millions: no index of their own.
    found = matches(ProductModel, text, own=True)
    key = number_key(text)
    return or_(ProductModel.number_key.startswith(key, autoescape=True), found) if key else found


def models_listed(language: str, on: date) -> AnySelect:
    """The rows of the list of models, with their general months in force; not ordered yet."""
    months = (
        select(WarrantyPolicy.months)
        .where(
            WarrantyPolicy.model_id == ProductModel.id,
            WarrantyPolicy.category == "",
            WarrantyPolicy.effective_from <= on,
        )
        .order_by(WarrantyPolicy.effective_from.desc(), WarrantyPolicy.id.desc())
        .limit(1)
        .correlate(ProductModel)
        .scalar_subquery()
    )
    return select(
        ProductModel.public_id,
        ProductModel.number,
        ProductModel.status,
        model_name(language).label("name"),
        months.label("months"),
    )


class Rule(NamedTuple):
    """A warranty policy as the model's page shows it; ``when`` is past, now or later."""

    category: str
    months: int
    effective_from: date
    when: str


def rules_of(model: ProductModel, on: date) -> list[Rule]:
    """The policies of a model by category, the general ones first, the latest of each first."""
    found = session.execute(
        select(WarrantyPolicy.category, WarrantyPolicy.months, WarrantyPolicy.effective_from)
        .where(WarrantyPolicy.model_id == model.id)
        .order_by(
            func.lower(WarrantyPolicy.category),
            WarrantyPolicy.effective_from.desc(),
            WarrantyPolicy.id.desc(),
        )
    ).all()
    rules = []
    shown: set[tuple[str, date]] = set()
    in_force: set[str] = set()
    for category, months, since in found:
        key = normal(category)
        if (key, since) in shown:
            continue  # corrected: a later one of the same day counts
        shown.add((key, since))
        when = "later" if since > on else "past" if key in in_force else "now"
        if when == "now":
            in_force.add(key)
        rules.append(Rule(category, months, since, when))
    return rules


def categories() -> Sequence[str]:
    """The categories that parts have."""
    return session.scalars(
        select(Part.category).where(Part.category != "").distinct().order_by(Part.category)
    ).all()


def parts_of(model: ProductModel, language: str) -> Sequence[AnyRow]:
    """The parts that a model has, by number."""
    return session.execute(
        select(Part.public_id, Part.number, name_in(language).label("name"), Part.picture)
        .join(Fit, Fit.part_id == Part.id)
        .where(Fit.model_id == model.id)
        .order_by(Part.number)
        .limit(MOST_PARTS)
    ).all()


def models_of(part: Part, language: str) -> Sequence[AnyRow]:
    """The models that have a part, by number."""
    return session.execute(
        select(
            ProductModel.public_id,
            ProductModel.number,
            model_name(language).label("name"),
        )
        .join(Fit, Fit.model_id == ProductModel.id)
        .where(Fit.part_id == part.id)
        .order_by(ProductModel.number)
        .limit(MOST_PARTS)
    ).all()


def models_offered(parts: Collection[int], language: str) -> Sequence[AnyRow]:
    """Models to choose from, by name; first those that have one of some parts. One query."""
    fitting = ProductModel.id.in_(select(Fit.model_id).where(Fit.part_id.in_(parts)))
    name = model_name(language)
    return session.execute(
        select(ProductModel.number, name.label("name"))
        .where(ProductModel.status == "active")
        .order_by(case((fitting, 0), else_=1), func.lower(name), ProductModel.number)
        .limit(MOST_OFFERED)
    ).all()


def units_listed(actor: Actor, language: str) -> AnySelect:
    """The rows of the list of sold units that an actor sees (P1); not ordered yet."""
    return (
        select(
            SoldUnit.id,
            SoldUnit.created_at,
            SoldUnit.serial,
            SoldUnit.sold_on,
            ProductModel.public_id.label("model_id"),
            ProductModel.number.label("model"),
            model_name(language).label("model_name"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(ProductModel, ProductModel.id == SoldUnit.model_id)
        .outerjoin(Dealer, Dealer.id == SoldUnit.dealer_id)
        .where(policy.visible_units(actor))
    )


def units_sold(model: ProductModel, actor: Actor) -> int:
    """How many units of a model an actor sees, counted no further than a list shows it."""
    some = (
        select(SoldUnit.id)
        .where(SoldUnit.model_id == model.id, policy.visible_units(actor))
        .limit(1001)
        .subquery()
    )
    return session.scalars(select(func.count()).select_from(some)).one()
