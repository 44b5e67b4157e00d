"""Reads of the freight that dealers claim (R1): of which consignments."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, select

from portal.claims import queries
from portal.claims.models import Claim, ClaimLine
from portal.collections.models import Consignment
from portal.core.clock import Month
from portal.core.db import AnyRow, rows
from portal.terms.values import value

MOST = 200
"""Of so many consignments at most one is chosen at a time."""


def can_be_claimed(claim: Claim, now: datetime) -> list[ColumnElement[bool]]:
    """The condition that the freight of a consignment can be put on a draft (R1–R3).

    It was sent by the end of the draft's month, has not lapsed, and is on no claim.
    """
    lapse_months = value("claim.lapse_months", now.date())
    month = Month.parse(claim.month)
    sent = queries.in_time(Consignment.sent_at, month, now, lapse_months)
    return [*queries.with_freight(claim.dealer_id), sent]


def claimable(claim: Claim, now: datetime) -> Sequence[AnyRow]:
    """The consignments whose freight can be put on a draft, the one that was sent first before."""
    return rows(
        select(*queries.CONSIGNMENT)
        .where(*can_be_claimed(claim, now))
        .order_by(Consignment.sent_at, Consignment.id)
        .limit(MOST)
    )


def lines_of(claim: Claim) -> Sequence[AnyRow]:
    """The lines of a claim that claim freight, each with its consignment."""
    return rows(
        select(ClaimLine.kind, ClaimLine.claimed, ClaimLine.remark)
        .add_columns(*queries.CONSIGNMENT)
        .join(Consignment, Consignment.id == ClaimLine.consignment_id)
        .where(ClaimLine.claim_id == claim.id)
        .order_by(ClaimLine.position)
    )
