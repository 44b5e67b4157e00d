"""Charges for old parts that headquarters never got (O6): worked out once, booked once.

What is owed is locked before its charge, and both before the dealer's account. A charge is booked
whatever the account holds: L5 lets no confirmation overspend, and what is missing is not spent.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, func, select

from portal.catalogue.models import Part, Price
from portal.catalogue.queries import prices_of
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, Forbidden, NotFound, Stale
from portal.core.i18n import _
from portal.core.numbering import numbers_in_a_row
from portal.core.permissions import SYSTEM, Actor
from portal.core.search import normal
from portal.files import services as files
from portal.ledger import services as ledger
from portal.ledger.models import DEALER, OLD_PART_CHARGES
from portal.oldparts import owed as owing
from portal.oldparts import policy
from portal.oldparts.charge_models import OWED, OldPartCharge, OwedLine, each_of
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.terms.calendar import end_of
from portal.terms.values import value

PAID = ("charged", "disputed", "upheld")
"""The states in which the dealer has paid."""


def charge_if_overdue(owed: OwedLine, *, now: datetime) -> OldPartCharge | None:
    """Charge what was not registered in time; harmless if it was, or was settled (O6)."""
    line = owing.locked(owed.shipment_line_id)
    if line is None or line.state != OWED or line.register_by >= now:
        return None
    charge = _of_line(line, by=SYSTEM, now=now)
    _charge(charge, by=SYSTEM, now=now)
    return charge


def waive_owed(
    owed: OwedLine, *, seen: int | None, reason: str, by: Actor, now: datetime
) -> OldPartCharge:
    """Let a dealer off what is still owed of a line, with a reason: it is never charged (O6).

    ``seen`` is how many pieces the page showed: Stale if it is another number now. Conflict once
    all is registered or it was settled; Invalid without a reason.
    """
    by.must(policy.WAIVE_CHARGE)
    line = owing.locked(owed.shipment_line_id)
    if line is None or line.state != OWED:
        raise Conflict(_("Nothing is owed of this line any more."))
    if seen is not None and seen != line.pieces:
        raise Stale()
    charge = _of_line(line, by=by, now=now)
    workflow.apply(charge, "waive", by=by, now=now, reason=reason)
    return charge


def charge_missing(old_parts: Sequence[OldPart], *, by: Actor, now: datetime) -> None:
    """Charge pieces of a dealer that were called in and never arrived, as if unregistered (O6, O7).

    Each gets a charge that is due, which the worker books at once: thousands can be missing. None
    for what was charged before, or will be once there is a price: by itself, or among the
    unregistered pieces of its line. The caller has locked the pieces and what is owed of their
    lines.
    """
    found = _not_charged(old_parts)
    charges = [
        OldPartCharge(
            dealer_id=old_part.dealer_id,
            old_part_id=old_part.id,
            part_id=part_id,
            pieces=1,
            cost=old_part.unit_price,
        )
        for old_part, part_id in found
    ]
    causes = [old_part.number for old_part, _part_id in found]
    facts = [{"old_part": cause, "pieces": 1} for cause in causes]
    _begin(charges, causes, facts, by=by, now=now)


def _not_charged(old_parts: Sequence[OldPart]) -> list[tuple[OldPart, int]]:
    """The pieces that no charge covers, each with the part that its charge is for."""
    own = exists().where(OldPartCharge.old_part_id == OldPart.id)
    its_line = exists().where(
        OldPartCharge.shipment_line_id == OldPart.shipment_line_id,
        OldPartCharge.status.in_([*PAID, "unpriced"]),
        OldPartCharge.created_at <= OldPart.created_at,
    )
    owed_part = (
        select(OwedLine.part_id)
        .where(OwedLine.shipment_line_id == OldPart.shipment_line_id)
        .scalar_subquery()
    )
    found = session.execute(
        select(OldPart, func.coalesce(owed_part, OldPart.part_id))
        .where(OldPart.id.in_([one.id for one in old_parts]), ~own, ~its_line)
        .order_by(OldPart.id)
    )
    return [(old_part, part_id) for old_part, part_id in found]


def charge_due(charge: OldPartCharge, *, now: datetime) -> None:
    """Work out and book a charge that is due; harmless if that was done (O6, O7)."""
    charge = relock(charge)
    if charge.status == "due":
        _charge(charge, by=SYSTEM, now=now)


def _of_line(line: OwedLine, *, by: Actor, now: datetime) -> OldPartCharge:
    """Make out the charge for what is left of a locked line, and settle the line with it."""
    owing.settle(line)
    charge = OldPartCharge(
        dealer_id=line.dealer_id,
        shipment_line_id=line.shipment_line_id,
        part_id=line.part_id,
        pieces=line.pieces,
        cost=line.unit_price,
    )
    shipment = owing.shipment_of(line).number
    facts = {
        "shipment": shipment,
        "pieces": line.pieces,
        "register_by": line.register_by.isoformat(),
        "register_days": line.days,
    }
    _begin([charge], [shipment], [facts], by=by, now=now)
    return charge


def _begin(
    charges: Sequence[OldPartCharge],
    causes: Sequence[str],
    facts: Sequence[dict[str, Any]],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Make out charges of one dealer: for each its cause, and what is kept of it."""
    if not charges:
        return
    dealer = session.get_one(Dealer, charges[0].dealer_id)
    its_parts = select(Part).where(Part.id.in_({charge.part_id for charge in charges}))
    parts = {part.id: part for part in session.scalars(its_parts)}
    numbers = numbers_in_a_row("OC", dealer.code, now, len(charges))
    for charge, number, cause in zip(charges, numbers, causes, strict=True):
        part = parts[charge.part_id]
        charge.status, charge.created_at, charge.raised_by_id = "due", now, by.id
        charge.number = number
        charge.search_text = normal(
            charge.number,
            cause,
            *(part.number, part.name, part.name_zh, part.name_pl),
            *(dealer.code, dealer.name),
        )
    session.add_all(charges)
    session.flush()
    values = {
        charge.id: {"part": parts[charge.part_id].number, **known}
        for charge, known in zip(charges, facts, strict=True)
    }
    workflow.begin_many(charges, by=by, now=now, values=values)


def _charge(charge: OldPartCharge, *, by: Actor, now: datetime, seen: int | None = None) -> None:
    """Work a locked charge out with the prices of today, and book it if there is anything to."""
    workflow.check(charge, "charge", by=by, seen=seen)
    price = price_of(charge.part_id, now)
    if price is None:
        if charge.status == "unpriced":
            raise Conflict(_("The price list still has no out-of-warranty price for this part."))
        workflow.apply(charge, "set_aside", by=by, now=now)
        return
    charge.retail, charge.price_list_id = price.retail, price.price_list_id
    charge.in_full = in_full(now)
    amount = max(charge.pieces * charge.each, 0)
    computation = {
        "pieces": charge.pieces,
        "retail": price.retail,
        "priced_from": price.effective_from.isoformat(),
        "cost": charge.cost,
        "charge_in_full": charge.in_full,
        "amount": amount,
    }
    if not amount:
        workflow.apply(charge, "clear", by=by, now=now, values=computation)
        return
    answer_days = value("oldpart.dispute_days", on=now.date())
    charge.amount, charge.charged_at = amount, now
    charge.raised_by_id = by.id or charge.raised_by_id
    charge.answer_by = end_of(now.date() + timedelta(days=answer_days), now.tzinfo)
    computation["dispute_days"] = answer_days
    workflow.apply(charge, "charge", by=by, now=now, values=computation)
    ledger.transfer(
        dealer_id=charge.dealer_id,
        source=DEALER,
        target=OLD_PART_CHARGES,
        amount=amount,
        kind="old_part_charge",
        cause=cause_of(charge),
        by=by,
        now=now,
        document=charge,
    )


def price_of(part_id: int, now: datetime) -> Price | None:
    """The price in force today, if it has an out-of-warranty price (C2)."""
    price = prices_of([part_id], now.date()).get(part_id)
    return price if price is not None and price.retail else None


def in_full(now: datetime) -> bool:
    """Whether the whole out-of-warranty price is charged today, and not the difference (O6)."""
    return bool(value("oldpart.charge_in_full", on=now.date()))


def estimate(line: OwedLine, now: datetime) -> int | None:
    """What would be charged today for what is left of a line; None without a price."""
    price = price_of(line.part_id, now)
    if price is None:
        return None
    return max(line.pieces * each_of(price.retail, line.unit_price, in_full=in_full(now)), 0)


def cause_of(charge: OldPartCharge) -> str:
    """The cause of its entry, made from what is charged: once for each, ever (L4)."""
    if charge.old_part_id is not None:
        return f"old-part/{charge.old_part_id}/charge"
    return f"shipment-line/{charge.shipment_line_id}/old-part-charge"


def act(
    charge: OldPartCharge,
    step: str,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Take a direct step: charge or waive what had no price, uphold a dispute, or reverse (O6).

    Stale, WrongState; Conflict if there is no price still. Forbidden for whoever raised it by hand
    to decide on it (P2).
    """
    charge = relock(charge)
    if step == "charge":
        _charge(charge, by=by, now=now, seen=seen)
        return
    workflow.check(charge, step, by=by, seen=seen, reason=reason)
    if step in ("uphold", "reverse") and by.id is not None and by.id == charge.raised_by_id:
        raise Forbidden(_("You raised this charge yourself: somebody else decides on it."))
    workflow.apply(charge, step, by=by, now=now, seen=seen, reason=reason)
    if step == "reverse":
        entry = ledger.booked(cause_of(charge))
        assert entry is not None
        ledger.take_back(entry, by=by, now=now, reason=reason)


def dispute(
    charge: OldPartCharge,
    reason: str,
    photo_ids: Sequence[str],
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> None:
    """Answer a charge with words, and with photos as evidence: finance decides on it (O6).

    Conflict once the time to do so is over.
    """
    charge = relock(charge)
    if by.is_dealer and charge.dealer_id != by.dealer_id:
        raise NotFound()
    workflow.check(charge, "dispute", by=by, seen=seen, reason=reason)
    if charge.answer_by is None or charge.answer_by < now:
        raise Conflict(_("The time to dispute this charge is over."))
    files.claim(photo_ids, charge, by=by)
    values = {"photos": len(set(photo_ids))} if photo_ids else {}
    workflow.apply(charge, "dispute", by=by, now=now, seen=seen, reason=reason, values=values)


def of_line(shipment_line_id: int) -> OldPartCharge | None:
    """The charge of a shipped line, or its waiver."""
    mine = OldPartCharge.shipment_line_id == shipment_line_id
    return session.scalars(select(OldPartCharge).where(mine)).one_or_none()


def due() -> Sequence[OldPartCharge]:
    """The charges that are to be booked, the oldest first: as many as fit in a round."""
    return session.scalars(
        select(OldPartCharge)
        .where(OldPartCharge.status == "due")
        .order_by(OldPartCharge.created_at, OldPartCharge.id)
        .limit(owing.AT_ONCE)
    ).all()
