"""Every write of the services that headquarters names, and what is read of them (F1)."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.catalogue.names import Names, call
from portal.catalogue.price_columns import NUMBER
from portal.catalogue.queries import name_in, number_key
from portal.core import workflow
from portal.core.db import AnySelect, session, take_turn
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.fees import policy
from portal.fees.models import ServiceItem


def create(code: str, names: Names, unit: str, *, by: Actor, now: datetime) -> ServiceItem:
    """Name a service. Invalid for a code that there is in any spelling."""
    by.must(policy.ITEM_MANAGE)
    take_turn("service items")
    key = number_key(code)
    if not key or len(key) > NUMBER:
        raise Invalid(_("This code is too long."), field="code")
    known = session.scalar(select(ServiceItem.code).where(ServiceItem.code_key == key))
    if known is not None:
        raise Invalid(_("There is this code already: %(code)s.", code=known), field="code")
    made = ServiceItem(status="active", created_at=now, code=code, code_key=key, unit=unit)
    call(made, names)
    session.add(made)
    session.flush()
    told = {name: getattr(made, name) for name in ("code", "name", "name_zh", "name_pl", "unit")}
    workflow.begin(made, by=by, now=now, **{name: value for name, value in told.items() if value})
    return made


def edit(
    one: ServiceItem, names: Names, unit: str, *, seen: int | None, by: Actor, now: datetime
) -> None:
    """Change what a service is called, and its unit; the event has both before and after. Stale.

    Schedules keep the unit that they were submitted with.
    """
    by.must(policy.ITEM_MANAGE)
    one = relock(one)
    if seen is not None and seen != one.version:
        raise Stale()
    changes: dict[str, Any] = dict(call(one, names))
    if one.unit != unit:
        changes["unit"] = [one.unit, unit]
        one.unit = unit
    if changes:
        one.version += 1
        record(one, "edit", by=by, now=now, values=changes)


def step(
    one: ServiceItem, name: str, *, seen: int | None, reason: str = "", by: Actor, now: datetime
) -> None:
    """Withdraw a service, with a reason, or restore it. Stale, WrongState."""
    workflow.apply(relock(one), name, by=by, now=now, seen=seen, reason=reason)


def listed(language: str) -> AnySelect:
    """The rows of the list of services; not ordered yet."""
    return select(
        ServiceItem.public_id,
        ServiceItem.code,
        ServiceItem.status,
        ServiceItem.unit,
        name_in(language, ServiceItem).label("name"),
    )


def offered(also: Sequence[str] = ()) -> Sequence[ServiceItem]:
    """The services that a schedule can name, by code; with those that it names ``also``."""
    known = (ServiceItem.status == "active") | ServiceItem.public_id.in_(also)
    return session.scalars(select(ServiceItem).where(known).order_by(ServiceItem.code)).all()


def by_keys(keys: Collection[int | None]) -> dict[int | None, ServiceItem]:
    """Services by their keys; what is no service's is left out."""
    found = session.scalars(select(ServiceItem).where(ServiceItem.id.in_(set(keys) - {None})))
    return {item.id: item for item in found}


def by_words(items: Sequence[ServiceItem]) -> Mapping[str, ServiceItem]:
    """Services by all that a spreadsheet may call them: code and names, as keys of numbers."""
    found: dict[str, ServiceItem] = {}
    for item in items:
        for words in (item.name_pl, item.name_zh, item.name, item.code):
            if words:
                found[number_key(words)] = item
    return found
