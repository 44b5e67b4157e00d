"""Reads of the labour of a draft's old parts (R1): what can be claimed, and what is."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import and_, exists, func, select
from sqlalchemy.orm import aliased

from portal.catalogue.models import Part
from portal.claims.figures import total
from portal.claims.models import LABOUR, OLD_PART, Claim, ClaimLine
from portal.claims.outlay_kinds import LABOUR_COLUMNS, beside
from portal.claims.queries import LINES
from portal.core.db import AnyRow, AnySelect, rows, session
from portal.fees import queries as fees
from portal.fees.models import FeeSchedule
from portal.oldparts.models import OldPart
from portal.terms.values import value

_labour = aliased(ClaimLine)
_ITS_LABOUR = and_(_labour.old_part_id == OldPart.id, _labour.kind == LABOUR)


def is_reimbursed(now: datetime) -> bool:
    """Whether headquarters reimburses labour (R1)."""
    return bool(value("claim.labour", now.date()))


def pieces_of(claim: Claim) -> AnySelect:
    """The old parts that stand on a claim for themselves."""
    return (
        select(OldPart.id, OldPart.public_id, OldPart.part_id, OldPart.replaced_on)
        .join(ClaimLine, ClaimLine.old_part_id == OldPart.id)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.kind == OLD_PART)
    )


def page(claim: Claim, after: int) -> Sequence[AnyRow]:
    """A claim's old parts behind a position, one more than a page shows, each with its labour."""
    columns = ClaimLine.old_part_id, ClaimLine.claimed, *LABOUR_COLUMNS
    its = (
        beside(select(*columns).select_from(ClaimLine))
        .where(ClaimLine.claim_id == claim.id, ClaimLine.kind == LABOUR)
        .subquery()
    )
    return rows(
        pieces_of(claim)
        .add_columns(
            ClaimLine.position,
            OldPart.number.label("old_part_number"),
            Part.number.label("part_number"),
            Part.name,
            Part.name_zh,
            Part.name_pl,
            *(column for column in its.c if column.name != "old_part_id"),
        )
        .join(Part, Part.id == OldPart.part_id)
        .outerjoin(its, its.c.old_part_id == OldPart.id)
        .where(ClaimLine.position > after)
        .order_by(ClaimLine.position)
        .limit(LINES + 1)
    )


def line_of(line: ClaimLine) -> AnyRow:
    """What a line for labour claims."""
    return session.execute(
        beside(select(*LABOUR_COLUMNS).select_from(ClaimLine)).where(ClaimLine.id == line.id)
    ).one()


def rates_for(
    claim: Claim, pieces: Sequence[AnyRow], language: str
) -> Mapping[str, Mapping[int, AnyRow]]:
    """What the dealer's schedule that was in force when each piece was replaced has, above zero.

    By the piece's public id and the rate's position. Two queries.
    """
    on = fees.rates_on(claim.dealer_id, {one.replaced_on for one in pieces}, language)
    return {
        one.public_id: {rate.position: rate for rate in on[one.replaced_on] if rate.amount}
        for one in pieces
    }


def sums(claim: Claim, now: datetime) -> AnyRow | None:
    """How many ``lines`` of a claim are for labour, their ``amount``, and how many more could be.

    None where there is none, and headquarters reimburses none.
    """
    mine = FeeSchedule.dealer_id == OldPart.dealer_id
    has_rates = exists().where(mine, FeeSchedule.in_force_from <= OldPart.replaced_on)
    free = pieces_of(claim).where(has_rates, ~exists().where(_ITS_LABOUR)).subquery()
    found = session.execute(
        select(
            func.count().label("lines"),
            total(ClaimLine.claimed).label("amount"),
            select(func.count()).select_from(free).scalar_subquery().label("free"),
        ).where(ClaimLine.claim_id == claim.id, ClaimLine.kind == LABOUR)
    ).one()
    return found if found.lines or (found.free and is_reimbursed(now)) else None
