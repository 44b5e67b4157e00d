"""Reads of what dealers paid others and claim back (R1): what can be claimed, and what is."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, false, select

from portal.advances.models import Advance
from portal.claims import eligibility
from portal.claims.models import Claim, ClaimLine
from portal.claims.outlay_kinds import COLUMNS, OUTLAYS, Outlay, beside
from portal.collections.models import Consignment
from portal.core.clock import Month
from portal.core.db import AnyRow, rows
from portal.terms.values import value

MOST = 200
"""Of so many documents at most one is chosen at a time."""


def can_be_claimed(claim: Claim, kind: Outlay, now: datetime) -> list[ColumnElement[bool]]:
    """The condition that a document can be put on a draft (R1–R3).

    It could be claimed by the end of the draft's month, has not lapsed, and is on no claim.
    """
    lapse_months = value("claim.lapse_months", now.date())
    month = Month.parse(claim.month)
    in_time = eligibility.in_time(kind.since, month, now, lapse_months)
    return [*kind.free(claim.dealer_id), in_time]


def claimable(claim: Claim, kind: str, now: datetime) -> Sequence[AnyRow]:
    """The documents of a kind that can be put on a draft, the oldest before."""
    known = OUTLAYS[kind]
    other = Advance if known.model is Consignment else Consignment
    return rows(
        select(*COLUMNS)
        .select_from(known.model)
        .outerjoin(other, false())
        .where(*can_be_claimed(claim, known, now))
        .order_by(known.since, known.model.id)
        .limit(MOST)
    )


def lines_of(claim: Claim) -> Sequence[AnyRow]:
    """The lines of a claim for what was paid, each with what it claims."""
    return rows(
        beside(
            select(ClaimLine.kind, ClaimLine.claimed, ClaimLine.remark, *COLUMNS).select_from(
                ClaimLine
            )
        )
        .where(ClaimLine.claim_id == claim.id, ClaimLine.kind.in_(OUTLAYS))
        .order_by(ClaimLine.position)
    )
