"""Every write of a schedule of service fees: typed, submitted, decided on (F1).

Each verb takes the version that was seen and the time in headquarters' zone, and locks the
schedule first, so that two people on one of them take turns.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select

from portal.catalogue.queries import number_key
from portal.core import drafts, workflow
from portal.core.db import session, take_turn
from portal.core.documents import relock
from portal.core.errors import Conflict, Invalid, NotFound, WrongState
from portal.core.events import record
from portal.core.i18n import _
from portal.core.numbering import next_number
from portal.core.permissions import Actor
from portal.fees import items, policy, queries
from portal.fees.commands import Fee, Fees
from portal.fees.models import FeeLine, FeeSchedule, ServiceItem
from portal.fees.workflow import OPEN
from portal.people.models import Dealer


def start(*, by: Actor, now: datetime) -> FeeSchedule:
    """Begin a schedule with the rates approved last, or go on with one that is still open (F1)."""
    by.must(policy.WRITE)
    assert by.dealer_id is not None
    take_turn(f"fees/{by.dealer_id}")
    mine = FeeSchedule.dealer_id == by.dealer_id, FeeSchedule.status.in_(OPEN)
    begun = session.scalars(select(FeeSchedule).where(*mine)).one_or_none()
    if begun is not None:
        return begun
    latest = queries.in_force(by.dealer_id, date.max)
    made = FeeSchedule(
        status="draft",
        created_at=now,
        dealer_id=by.dealer_id,
        created_by_id=by.id,
        typed=queries.typed_of(latest) if latest else {},
    )
    session.add(made)
    session.flush()
    workflow.begin(made, by=by, now=now)
    return made


def save(
    schedule: FeeSchedule,
    typed: dict[str, Any],
    *,
    seen: int | None = None,
    page: str = "",
    leaves: bool = False,
    file: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Keep what is typed, or was read from a ``file`` of that name, complete or not.

    ``page``, ``leaves`` and Stale as for other drafts (``core.drafts``).
    """
    by.must(policy.WRITE)
    schedule = relock(schedule)
    _check(schedule, by)
    if typed == schedule.typed:
        return
    drafts.check(schedule, seen=seen, page=page, by=by)
    schedule.typed = typed
    drafts.mark(schedule, page=page, leaves=leaves, by=by, now=now)
    if file:
        record(schedule, "edit", by=by, now=now, values={"file": file})


def _check(schedule: FeeSchedule, by: Actor) -> None:
    """Whether it can still be written; a clerk writes what the manager submits."""
    if by.is_dealer and schedule.dealer_id != by.dealer_id:
        raise NotFound()
    if schedule.workflow.find("submit", schedule.status) is None:
        raise WrongState()


def submit(
    schedule: FeeSchedule,
    fees: Fees,
    *,
    seen: int | None,
    page: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Hand a schedule in; its first time gives it its number (F1).

    Invalid, at its field, for a service that is not offered, stands there twice, or has no amount;
    Stale as for ``save``.
    """
    schedule = relock(schedule)
    workflow.check(schedule, "submit", by=by)
    drafts.check(schedule, seen=seen, page=page, by=by)
    schedule.saved_page = None
    if not fees.lines:
        raise Invalid(_("Enter the amount of at least one service."))
    known = items.by_keys([fee.item_id for fee in fees.lines])
    if wrong := wrong_in(fees.lines, known):
        raise Invalid(fields=wrong)
    dealer = session.get_one(Dealer, schedule.dealer_id)
    if schedule.number is None:
        schedule.number = next_number("SF", dealer.code, now)
    schedule.effective_on, schedule.grounds = fees.effective_on, fees.grounds
    schedule.revision += 1
    schedule.line_count = len(fees.lines)
    schedule.submitted_at = now
    values = {"lines": len(fees.lines), "effective_on": fees.effective_on.isoformat()}
    workflow.apply(schedule, "submit", by=by, now=now, values=values)
    lines = [
        {
            "dealer_id": schedule.dealer_id,
            "schedule_id": schedule.id,
            "revision": schedule.revision,
            "position": position,
            "item_id": fee.item_id,
            "name": "" if fee.item_id else fee.name,
            "unit": known[fee.item_id].unit if fee.item_id else fee.unit,
            "amount": fee.amount,
            "grounds": fee.grounds,
        }
        for position, fee in enumerate(fees.lines, start=1)
    ]
    session.execute(insert(FeeLine), lines)


def wrong_in(lines: Iterable[Fee], items: Mapping[int | None, ServiceItem]) -> dict[str, str]:
    """Why lines cannot be submitted as they are: a sentence by field."""
    wrong: dict[str, str] = {}
    seen: set[tuple[str, str] | int] = set()
    for fee in lines:
        place = f"lines-{fee.row}"
        what = fee.item_id if fee.item_id is not None else (number_key(fee.name), fee.unit)
        if fee.item_id is not None and (
            fee.item_id not in items or items[fee.item_id].status != "active"
        ):
            wrong[f"{place}-amount"] = _(
                "Headquarters has withdrawn this service. Leave its amount empty."
            )
        elif fee.item_id is None and not fee.name:
            wrong[f"{place}-service"] = _("Say what service this is for.")
        elif what in seen:
            wrong[f"{place}-service"] = _("This service stands in the schedule already.")
        elif fee.amount is None:
            wrong[f"{place}-amount"] = _("Please fill this in.")
        seen.add(what)
    return wrong


def is_to_come(schedule: FeeSchedule, now: datetime) -> bool:
    """Whether a schedule is approved and not in force yet, on headquarters' day."""
    return schedule.in_force_from is not None and schedule.in_force_from > now.date()


def step(
    schedule: FeeSchedule,
    name: str,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Approve, return, reject or withdraw a schedule, or revoke it before it is in force (F1).

    What is approved late is in force from the day of its approval. Stale, WrongState; Invalid
    without the reason that the step needs; Conflict where rates are in force, or were.
    """
    schedule = relock(schedule)
    values = {}
    if name == "revoke":
        workflow.check(schedule, name, by=by, seen=seen)
        if not is_to_come(schedule, now):
            raise Conflict(_("These rates are in force already. Submit others instead."))
        schedule.in_force_from = None
    if name == "approve":
        workflow.check(schedule, name, by=by, seen=seen)
        assert schedule.effective_on is not None
        schedule.in_force_from = max(schedule.effective_on, now.date())
        values["in_force_from"] = schedule.in_force_from.isoformat()
    workflow.apply(schedule, name, by=by, now=now, seen=seen, reason=reason, values=values)
    if name == "return":
        day = schedule.effective_on.isoformat() if schedule.effective_on else ""
        schedule.typed = queries.typed_of(schedule) | {"effective_on": day}
