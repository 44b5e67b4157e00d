"""What can be claimed for a few days more only is announced to its dealer, once a month (R2)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, or_, select

from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.claims import eligibility, policy
from portal.claims.lapse_models import Lapse
from portal.claims.outlay_kinds import OUTLAYS
from portal.core import jobs, workflow
from portal.core.clock import Clock, Month
from portal.core.db import AnyRow, reading, session
from portal.core.documents import relock
from portal.core.i18n import _l
from portal.core.permissions import SYSTEM, Actor
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.terms.calendar import end_of
from portal.terms.values import value

MOST = 200
"""So many pieces are named."""
KIND = "claims.announce_lapses"


def month_of(now: datetime) -> Month:
    """The claim that must hold by the end of this month what lapses then."""
    return Month.of(now).plus(-1)


def until(now: datetime) -> datetime:
    """When it lapses: at the end of the month, in headquarters' zone (T1)."""
    return end_of(Month.of(now).plus(1).first - timedelta(days=1), now.tzinfo)


def is_near(now: datetime) -> bool:
    """Whether the end of the month is as near as the policy value says."""
    days = value("claim.remind_days", now.date())
    return bool(days) and until(now) - now <= timedelta(days=days)


promise = jobs.daily(KIND, when=is_near)
"""On each of the last days of a month, promise to look once for what lapses."""


@jobs.handler(KIND, label=_l("Announcement of what lapses"))
def announce_all(_payload: dict[str, Any], clock: Clock) -> None:
    """Announce it to every dealer that has not been told of this month's.

    Where that failed for some, the job fails, and so is tried again.
    """
    with reading():
        due = to_tell(clock.now())
    if failed := jobs.each_alone(due, announce, clock):
        raise RuntimeError(f"{failed} dealers could not be told of what lapses")


def to_tell(now: datetime) -> Sequence[Dealer]:
    """The dealers that something lapses for, and that were not told yet."""
    pieces = select(OldPart.dealer_id).where(*eligibility.last_pieces(now))
    others = (
        select(kind.model.dealer_id).where(*eligibility.last_outlays(kind, now))
        for kind in OUTLAYS.values()
    )
    told = exists().where(Lapse.dealer_id == Dealer.id, Lapse.month == str(month_of(now)))
    lapses = or_(*(Dealer.id.in_(whose) for whose in (pieces, *others)))
    return session.scalars(select(Dealer).where(lapses, ~told).order_by(Dealer.id)).all()


def announce(dealer: Dealer, *, now: datetime) -> None:
    """Tell a dealer's people what lapses; harmless if they were told, or nothing does."""
    dealer, month = relock(dealer, key_share=True), month_of(now)
    mine = Lapse.dealer_id == dealer.id, Lapse.month == str(month)
    found = eligibility.lapsing(dealer.id, now)
    others = {"consignments": found.freight, "compensations": found.advance}
    if session.scalar(select(exists().where(*mine))) or not (found.pieces or any(others.values())):
        return
    lapse = Lapse(
        status="announced",
        created_at=now,
        dealer_id=dealer.id,
        month=str(month),
        until=until(now),
        pieces=found.pieces,
        amount=found.amount,
        **others,
    )
    session.add(lapse)
    session.flush()
    values: dict[str, object] = {
        "until": lapse.until.isoformat(),
        "month": lapse.month,
        "pieces": found.pieces,
        "amount": found.amount,
    }
    values |= {name: count for name, count in others.items() if count}
    values["lapse_months"] = value("claim.lapse_months", now.date())
    values["remind_days"] = value("claim.remind_days", now.date())
    workflow.begin(lapse, by=SYSTEM, now=now, **values)


# --- Reads ----------------------------------------------------------------------------------


def current(actor: Actor, now: datetime) -> Lapse | None:
    """What a dealer's people were told of and can still do something about."""
    if actor.dealer_id is None or not actor.can(policy.WRITE):
        return None
    mine = Lapse.dealer_id == actor.dealer_id, Lapse.until >= now
    return session.scalars(select(Lapse).where(*mine).order_by(Lapse.id.desc())).first()


def pieces_of(lapse: Lapse, now: datetime, language: str) -> Sequence[AnyRow]:
    """Those of its pieces that are on no claim yet, at most ``MOST``; none once it is too late."""
    if lapse.until < now:
        return ()
    return session.execute(
        select(
            OldPart.number,
            OldPart.public_id,
            OldPart.product_model,
            OldPart.product_serial,
            OldPart.accepted_at,
            OldPart.unit_price,
            Part.number.label("part_number"),
            name_in(language).label("part_name"),
        )
        .join(Part, Part.id == OldPart.part_id)
        .where(OldPart.dealer_id == lapse.dealer_id, *eligibility.last_pieces(now))
        .order_by(OldPart.id)
        .limit(MOST)
    ).all()
