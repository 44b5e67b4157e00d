"""Requests for advance compensation: sent, corrected, withdrawn, decided (S4)."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.advances import policy
from portal.advances.commands import Request
from portal.advances.models import Advance
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Forbidden, Invalid
from portal.core.events import Event
from portal.core.i18n import _, _l
from portal.core.numbering import next_number
from portal.core.permissions import Actor
from portal.core.personal import NEUTRAL
from portal.files import services as files
from portal.files.queries import of_document
from portal.oldparts import queries as oldparts
from portal.oldparts.models import OldPart
from portal.people.models import Dealer

EVIDENCE = "evidence"
"""The place of what a request was sent with; what a comment brings has none."""
NO_EVIDENCE = _l("Attach what shows it: a photo, or a paper of the customer’s.")


def request(asked: Request, file_ids: Collection[str], *, by: Actor, now: datetime) -> Advance:
    """Ask headquarters to approve a compensation for a customer (S4).

    Invalid, at its field, without a customer, without words on what happened, for an amount that is
    not above zero, without evidence, and for an old part that is not the dealer's own (P1).
    """
    by.must(policy.REQUEST)
    if by.dealer_id is None:
        raise Forbidden()
    columns = _columns(asked, by.dealer_id)
    if not file_ids:
        raise Invalid(NO_EVIDENCE, field="files")
    code = session.scalars(select(Dealer.code).where(Dealer.id == by.dealer_id)).one()
    advance = Advance(
        status="requested",
        created_at=now,
        dealer_id=by.dealer_id,
        number=next_number("AC", code, now),
        requested_by_id=by.id,
        **columns,
    )
    session.add(advance)
    session.flush()
    attached = files.claim(file_ids, advance, place=EVIDENCE, by=by)
    workflow.begin(advance, by=by, now=now, asked=asked.asked, attached=attached)
    return advance


def _columns(asked: Request, dealer_id: int) -> dict[str, Any]:
    missing = {
        name: _("Please fill this in.")
        for name in ("customer_name", "what_happened")
        if not getattr(asked, name).strip()
    }
    if asked.asked <= 0:
        missing["asked"] = _("An amount must be above zero.")
    piece = None
    if asked.old_part.strip():
        piece = oldparts.numbered(asked.old_part, dealer_id)
        if piece is None:
            missing["old_part"] = _("You have no old part with this number.")
    if missing:
        raise Invalid(fields=missing)
    names = ("customer_name", "product_model", "product_serial", "what_happened", "asked")
    return {**{name: getattr(asked, name) for name in names}, "old_part_id": piece}


def correct(
    advance: Advance,
    asked: Request,
    file_ids: Collection[str],
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> Event:
    """Send a returned request again, corrected, perhaps with more evidence.

    Invalid as ``request`` is; what changed is on the timeline.
    """
    advance = relock(advance)
    workflow.check(advance, "correct", by=by, seen=seen)
    columns = _columns(asked, advance.dealer_id)
    if not file_ids and not any(one.place == EVIDENCE for one in of_document(advance)):
        raise Invalid(NO_EVIDENCE, field="files")
    changes = {
        name: [getattr(advance, name), new]
        for name, new in columns.items()
        if new != getattr(advance, name)
    }
    if old_parts := changes.pop("old_part_id", None):
        changes["old_part"] = [_number_of(one) for one in old_parts]
    for name, new in columns.items():
        setattr(advance, name, new)
    attached = files.claim(file_ids, advance, place=EVIDENCE, by=by)
    more = {"attached": attached} if attached else {}
    return workflow.apply(advance, "correct", by=by, now=now, seen=seen, values=changes | more)


def _number_of(old_part_id: int | None) -> str | None:
    return session.scalar(select(OldPart.number).where(OldPart.id == old_part_id))


def act(
    advance: Advance, step: str, *, seen: int | None, reason: str = "", by: Actor, now: datetime
) -> None:
    """Withdraw a request; return it for correction or reject it, each with a reason."""
    advance = relock(advance)
    workflow.check(advance, step, by=by, seen=seen, reason=reason)
    if step == "reject":
        advance.decided_by_id, advance.decided_at = by.id, now
    workflow.apply(advance, step, by=by, now=now, seen=seen, reason=reason)


def approve(
    advance: Advance,
    amount: int | None,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Let the dealer pay the customer so much at most, in minor units, and claim it back (S4, R1).

    Invalid, at its field, for an amount that is not above zero or above what was asked for, and for
    a smaller one without a reason.
    """
    advance = relock(advance)
    workflow.check(advance, "approve", by=by, seen=seen)
    if amount is None or not 0 < amount <= advance.asked:
        raise Invalid(
            _("What is approved is above zero, and not more than what was asked for."),
            field="amount",
        )
    if amount < advance.asked and not reason.strip():
        raise Invalid(_("Please say why: the other side will read it."), field="reason")
    advance.approved, advance.decided_by_id, advance.decided_at = amount, by.id, now
    values = {"asked": advance.asked, "approved": amount}
    workflow.apply(advance, "approve", by=by, now=now, seen=seen, reason=reason, values=values)


def forget_customer(advance: Advance) -> None:
    """Remove who the customer is from a locked request."""
    advance.customer_name = NEUTRAL
