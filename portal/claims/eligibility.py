"""What a dealer can claim for a month, and what lapses with it (R1, R2)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.claims.figures import total
from portal.claims.models import Claim, ClaimLine
from portal.claims.outlay_kinds import OUTLAYS, Outlay
from portal.claims.run_days import zone_of
from portal.core.clock import Month
from portal.core.db import AnyRow, session
from portal.oldparts.inspections import reimbursable
from portal.oldparts.models import OldPart
from portal.terms.values import value


def in_time(
    at: InstrumentedAttribute[Any], month: Month, now: datetime, lapse_months: int
) -> ColumnElement[bool]:
    """Whether what became claimable then can be claimed for a month: it had, and has not lapsed."""
    # Who files late files for the month before at best: an old month revives nothing.
    first = max(month, Month.of(now).plus(-1)).plus(-lapse_months)
    zone = zone_of(now)
    return (at >= first.start(zone)) & (at < month.plus(1).start(zone))


_any_line = aliased(ClaimLine)
_ON_A_CLAIM = exists().where(_any_line.old_part_id == OldPart.id)


def eligible(
    dealer_id: int, month: Month, now: datetime, lapse_months: int
) -> list[ColumnElement[bool]]:
    """The condition that an old part can be put on a dealer's claim for a month (R1, R2).

    It was accepted by the month's end, at most ``lapse_months`` before the month, is not lost since
    (O7), has not failed (O8), and is on no claim.
    """
    its_own = OldPart.dealer_id == dealer_id
    return [its_own, claimable(month, now, lapse_months), ~_ON_A_CLAIM]


def claimable(month: Month, now: datetime, lapse_months: int) -> ColumnElement[bool]:
    """The condition that an old part can be claimed for a month, if it is on no claim yet (R2)."""
    in_its_time = in_time(OldPart.accepted_at, month, now, lapse_months)
    return and_(reimbursable(), OldPart.unit_price > 0, in_its_time)


def _lapses(at: InstrumentedAttribute[Any], now: datetime) -> ColumnElement[bool]:
    """Whether what became claimable then can be claimed this month for the last time (R2)."""
    first = Month.of(now).plus(-1 - value("claim.lapse_months", now.date()))
    zone = zone_of(now)
    return (at >= first.start(zone)) & (at < first.plus(1).start(zone))


def last_pieces(now: datetime) -> list[ColumnElement[bool]]:
    """The condition that an old part is on no claim, and lapses with the month (R2)."""
    in_its_time = _lapses(OldPart.accepted_at, now)
    return [reimbursable(), OldPart.unit_price > 0, in_its_time, ~_ON_A_CLAIM]


def last_outlays(kind: Outlay, now: datetime) -> list[ColumnElement[bool]]:
    """The condition that a document of a kind is on no claim, and lapses with the month (R2)."""
    return [*kind.unclaimed(), _lapses(kind.since, now)]


def lapsing(dealer_id: int, now: datetime) -> AnyRow:
    """How many ``pieces`` of a dealer lapse with the month (R2), and their ``amount``.

    Beside that, by the kind of line, of how much else it lapses.
    """
    others = (
        select(func.count())
        .where(kind.model.dealer_id == dealer_id, *last_outlays(kind, now))
        .scalar_subquery()
        .label(name)
        for name, kind in OUTLAYS.items()
    )
    return session.execute(
        select(
            func.count().label("pieces"),
            total(OldPart.unit_price).label("amount"),
            *others,
        ).where(OldPart.dealer_id == dealer_id, *last_pieces(now))
    ).one()


class Proposal(NamedTuple):
    """What a dealer could claim for a month; ``amount``, of the pieces, in minor units."""

    month: Month
    pieces: int
    amount: int
    outlays: Mapping[str, int]
    """How many documents of each kind."""
    claim: AnyRow | None

    @property
    def is_empty(self) -> bool:
        return not self.pieces and not any(self.outlays.values())


def proposals(dealer_id: int, now: datetime) -> list[Proposal]:
    """The present month and those before it, as far back as pieces do not lapse (R2)."""
    lapse_months = value("claim.lapse_months", now.date())
    months = [Month.of(now).plus(-back) for back in range(lapse_months + 1)]
    columns: list[ColumnElement[Any]] = []
    for month in months:
        fits = in_time(OldPart.accepted_at, month, now, lapse_months)
        columns += [
            total(case((fits, 1), else_=0)),
            total(case((fits, OldPart.unit_price), else_=0)),
        ]
    sums = session.execute(
        select(*columns).where(*eligible(dealer_id, months[0], now, lapse_months + 1))
    ).one()
    claims = latest_claims(dealer_id, months)
    outlays = outlays_for(dealer_id, months, now)
    return [
        Proposal(month, pieces, amount, others, claims.get(str(month)))
        for month, pieces, amount, others in zip(
            months, sums[::2], sums[1::2], outlays, strict=True
        )
    ]


def outlays_for(
    dealer_id: int, months: Sequence[Month], now: datetime
) -> Sequence[Mapping[str, int]]:
    """How many documents of each kind of outlay can be claimed for each of some months (R2)."""
    lapse_months = value("claim.lapse_months", now.date())
    statements = (
        select(
            literal(name),
            *(
                func.count().filter(in_time(kind.since, month, now, lapse_months))
                for month in months
            ),
        ).where(*kind.free(dealer_id))
        for name, kind in OUTLAYS.items()
    )
    counts = {name: of_months for name, *of_months in session.execute(union_all(*statements))}
    return [{name: counts[name][place] for name in counts} for place in range(len(months))]


def latest_claims(dealer_id: int, months: Sequence[Month]) -> dict[str, AnyRow]:
    """The last claim of each of some months that a dealer has, supplements included.

    What was discarded is none.
    """
    rows = session.execute(
        select(Claim.month, Claim.public_id, Claim.number, Claim.status, Claim.run_id)
        .where(
            Claim.dealer_id == dealer_id,
            Claim.month.in_([str(month) for month in months]),
            Claim.status != "discarded",
        )
        .order_by(Claim.ordinal)
    )
    return {row.month: row for row in rows}


def to_file(dealer_id: int, month: Month, now: datetime) -> AnyRow:
    """How many ``pieces`` a dealer could claim for a month, and for how much ``amount``."""
    lapse_months = value("claim.lapse_months", now.date())
    sums = func.count().label("pieces"), total(OldPart.unit_price).label("amount")
    return session.execute(
        select(*sums).where(*eligible(dealer_id, month, now, lapse_months))
    ).one()
