"""The labour of replacing an old part, claimed by the approved schedule of service fees (R1, R3).

A policy value lets it. It is on the claim that its old part is on, and leaves it together with it.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from portal.claims import labour_queries, outlays, services
from portal.claims.commands import Work
from portal.claims.models import LABOUR, Claim, ClaimLine
from portal.core.db import session
from portal.core.errors import Conflict, Invalid, Stale
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.oldparts.models import OldPart


def add(claim: Claim, works: Sequence[Work], *, page: str = "", by: Actor, now: datetime) -> None:
    """Put the labour of old parts that are on a draft on it as well.

    What it costs is never typed: it is the rate of the dealer's schedule that was in force on the
    day of the replacement, times the quantity. ``page`` is as ``services.save`` has it. Invalid, at
    its field, for a service that this schedule does not have; Conflict where headquarters
    reimburses no labour, and for a piece that is not on the draft, or whose labour is. The
    database lets a piece have labour on one line, ever (R3).
    """
    outlays.may_write(claim, by)
    # Before the claim, as who takes a piece out of it does.
    named = OldPart.public_id.in_({work.old_part for work in works})
    mine = select(OldPart.id).where(named, OldPart.dealer_id == claim.dealer_id)
    session.execute(mine.order_by(OldPart.id).with_for_update(key_share=True)).all()
    claim = outlays.draft_of(claim, by)
    if not labour_queries.is_reimbursed(now):
        raise Conflict(_("Headquarters reimburses no labour now."))
    has_labour = select(ClaimLine.old_part_id).where(ClaimLine.kind == LABOUR)
    free = labour_queries.pieces_of(claim).where(named, OldPart.id.not_in(has_labour))
    pieces = {piece.public_id: piece for piece in session.execute(free)}
    rates = labour_queries.rates_for(claim, list(pieces.values()), "en")
    if not works:
        raise Invalid(_("Choose a service for at least one old part."))
    for work in works:
        if work.old_part not in pieces:
            raise Conflict(_("What is on the claim has changed. Open the page again."))
        rate = rates[work.old_part].get(work.service)
        if rate is None:
            field = f"service-{work.old_part}"
            raise Invalid(_("Choose a service of the schedule."), field=field)
        line = ClaimLine(
            dealer_id=claim.dealer_id,
            claim_id=claim.id,
            position=session.scalar(select(services.last_position(claim) + 1)),
            kind=LABOUR,
            old_part_id=pieces[work.old_part].id,
            part_id=pieces[work.old_part].part_id,
            fee_line_id=rate.id,
            quantity=work.quantity,
            claimed=rate.amount * work.quantity,
        )
        session.add(line)
        session.flush()
    outlays.changed(claim, page, by, now)


def remove(claim: Claim, name: str, *, page: str = "", by: Actor, now: datetime) -> None:
    """Take the labour of an old part off a draft; Stale if it is not on it."""
    claim = outlays.draft_of(claim, by)
    its = select(OldPart.id).where(OldPart.public_id == name).scalar_subquery()
    line = session.scalars(
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.kind == LABOUR)
        .where(ClaimLine.old_part_id == its)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        raise Stale()
    session.delete(line)
    session.flush()
    outlays.changed(claim, page, by, now)
