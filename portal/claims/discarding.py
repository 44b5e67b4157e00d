"""A draft that its dealer does not want: what it held can be claimed again, its number is kept."""

from datetime import datetime

from sqlalchemy import delete, func, select

from portal.advances.models import Advance
from portal.claims import outlay_queries
from portal.claims.models import Claim, ClaimLine, LeftOut
from portal.claims.outlay_kinds import beside
from portal.claims.run_days import zone_of
from portal.collections.models import Consignment
from portal.core import drafts, workflow
from portal.core.clock import Month
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Conflict, WrongState
from portal.core.i18n import ngettext
from portal.core.permissions import Actor
from portal.files import queries as file_queries
from portal.files import services as files
from portal.oldparts.models import OldPart
from portal.terms.values import value


def discard(claim: Claim, *, seen: int | None, page: str = "", by: Actor, now: datetime) -> None:
    """Give a draft up: what it claims is free for another claim (R2, R3).

    Its number, its history and its remark stay; whoever claims for its month again goes on with
    it. WrongState once it was submitted: headquarters knows it then. Conflict if something on it
    has lapsed for every other claim. Stale like ``services.save``.
    """
    claim = relock(claim)
    workflow.check(claim, "discard", by=by)
    drafts.check(claim, seen=seen, page=page, by=by)
    if claim.submitted_at is not None:
        raise WrongState()
    if lost := _lapsed(claim, now):
        raise Conflict(
            ngettext(
                "%(num)d line can be claimed on this claim only, for its time is over otherwise. "
                "Submit the claim instead.",
                "%(num)d lines can be claimed on this claim only, for their time is over "
                "otherwise. Submit the claim instead.",
                lost,
            )
        )
    values = {"lines": claim.line_count, "claimed": claim.claimed}
    _forget_receipts(claim, now)
    for model in (ClaimLine, LeftOut):
        session.execute(
            delete(model)
            .where(model.claim_id == claim.id)
            .execution_options(synchronize_session=False)
        )
    claim.line_count, claim.claimed, claim.saved_page = 0, 0, None
    workflow.apply(claim, "discard", by=by, now=now, values=values)


def _lapsed(claim: Claim, now: datetime) -> int:
    """How many lines of a draft no other claim could take on any more (R2)."""
    lapse_months = value("claim.lapse_months", now.date())
    first = Month.of(now).plus(-1 - lapse_months).start(zone_of(now))
    since = func.coalesce(OldPart.accepted_at, Consignment.sent_at, Advance.decided_at)
    lines = (
        beside(select(func.count()).select_from(ClaimLine))
        .outerjoin(OldPart, OldPart.id == ClaimLine.old_part_id)
        .where(ClaimLine.claim_id == claim.id, since < first)
    )
    count: int = session.execute(lines).scalar_one()
    return count


def _forget_receipts(claim: Claim, now: datetime) -> None:
    """Those of its freight and compensations: they are not seen on any page any more."""
    receipts = file_queries.by_place(claim)
    for line in outlay_queries.lines_of(claim):
        for receipt in receipts.get(line.outlay, ()):
            files.discard(receipt.public_id, claim, now=now)
