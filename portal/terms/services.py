"""Every change to a policy value (P2, P4): proposed by one person, decided by another."""

from datetime import date, datetime

from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Forbidden, Invalid
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.core.workflow import Transition
from portal.terms import policy
from portal.terms.models import PolicyValue
from portal.terms.values import TERMS, value

FURTHEST_YEARS = 5
STEPS = ("approve", "decline", "withdraw")


def propose(
    name: str, new: int, *, effective_from: date, reason: str, by: Actor, now: datetime
) -> PolicyValue:
    """Propose a value from a day on, with its reason; it waits for somebody else (P2).

    Invalid if the value is out of its bounds, or the day is past or more than five years ahead.
    KeyError for a name that no rule has.
    """
    by.must(policy.SET)
    term = TERMS[name]
    if not term.least <= new <= term.most:
        raise Invalid(term.bounds, field="value")
    _check_day(effective_from, now)
    if not reason.strip():
        raise Invalid(_("Please say why: the other side will read it."), field="reason")
    change = PolicyValue(
        status="proposed",
        created_at=now,
        name=name,
        value=new,
        effective_from=effective_from,
        reason=reason.strip(),
        proposed_by_id=by.id,
    )
    session.add(change)
    session.flush()
    workflow.begin(
        change,
        by=by,
        now=now,
        value=[value(name, on=effective_from), new],
        effective_from=effective_from.isoformat(),
    )
    return change


def _check_day(day: date, now: datetime) -> None:
    if day < now.date():
        raise Invalid(
            _("A value cannot change the past: choose today or a later day."),
            field="effective_from",
        )
    if day.year > now.year + FURTHEST_YEARS:
        raise Invalid(_("This day is too far ahead."), field="effective_from")


def _is_own(change: PolicyValue, by: Actor) -> bool:
    return by.id is not None and by.id == change.proposed_by_id


def possible(change: PolicyValue, by: Actor) -> list[Transition]:
    """The steps that this person may take now: withdrawing one's own, deciding on others' (P2)."""
    return [
        step
        for step in change.workflow.available(change.status, by)
        if (step.name == "withdraw") == _is_own(change, by)
    ]


def waits_for_another(change: PolicyValue, by: Actor) -> bool:
    """Whether somebody else decides on a change that this person proposed (P2)."""
    return change.status == "proposed" and _is_own(change, by)


def decide(
    change: PolicyValue,
    step: str,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Approve or decline what somebody else proposed, or withdraw what one proposed oneself.

    Forbidden for one's own proposal (P2), or to withdraw another's. Invalid to approve a value
    whose day has passed meanwhile.
    """
    change = relock(change)
    workflow.check(change, step, by=by, seen=seen, reason=reason)
    if (step == "withdraw") != _is_own(change, by):
        raise Forbidden(
            _("Only who proposed a change withdraws it.")
            if step == "withdraw"
            else _("Somebody else decides on a change that you proposed.")
        )
    if step == "approve":
        _check_day(change.effective_from, now)
    workflow.apply(change, step, by=by, now=now, seen=seen, reason=reason)
