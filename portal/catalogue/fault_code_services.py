"""Every write of fault codes by hand: what they are, what they stand for, whether they count."""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.catalogue import policy
from portal.catalogue.models import FaultCode
from portal.catalogue.names import Names, call
from portal.catalogue.price_columns import NUMBER
from portal.catalogue.queries import number_key
from portal.core import workflow
from portal.core.db import session, take_turn
from portal.core.documents import relock
from portal.core.errors import Invalid, Stale
from portal.core.events import record
from portal.core.i18n import _
from portal.core.permissions import Actor


def create(code: str, names: Names, *, by: Actor, now: datetime) -> FaultCode:
    """Make a fault code. Invalid for one that there is in any spelling."""
    by.must(policy.FAULT_CODE_MANAGE)
    take_turn("fault codes")
    key = number_key(code)
    if not key or len(key) > NUMBER:
        raise Invalid(_("This fault code is too long."), field="code")
    known = session.scalar(select(FaultCode.code).where(FaultCode.code_key == key))
    if known is not None:
        raise Invalid(_("There is this fault code already: %(code)s.", code=known), field="code")
    made = new(code, names, now)
    session.add(made)
    workflow.begin(made, by=by, now=now, **said(made))
    return made


def new(code: str, names: Names, now: datetime) -> FaultCode:
    """A fault code that is not kept yet."""
    made = FaultCode(status="active", created_at=now, code=code, code_key=number_key(code))
    call(made, names)
    return made


def said(one: FaultCode) -> dict[str, str]:
    """What the first event says of a fault code."""
    told = {name: getattr(one, name) for name in ("code", "name", "name_zh", "name_pl")}
    return {name: value for name, value in told.items() if value}


def edit(one: FaultCode, names: Names, *, seen: int | None, by: Actor, now: datetime) -> None:
    """Change what it stands for; the event has each text before and after. Stale."""
    by.must(policy.FAULT_CODE_MANAGE)
    take_turn("fault codes")
    one = relock(one)
    if seen is not None and seen != one.version:
        raise Stale()
    if changes := change(one, names):
        record(one, "edit", by=by, now=now, values=changes)


def change(one: FaultCode, names: Names) -> dict[str, Any]:
    """Set what a locked fault code stands for; each text that changes, before and after."""
    if changes := call(one, names):
        one.version += 1
    return changes


def step(
    one: FaultCode, name: str, *, seen: int | None, reason: str = "", by: Actor, now: datetime
) -> None:
    """Withdraw a fault code, with a reason, or restore it. Stale, WrongState."""
    workflow.apply(relock(one), name, by=by, now=now, seen=seen, reason=reason)
