"""What became of the money of a claim and of a run, counted in one query each (R8)."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, cast, exists, func, select

from portal.claims.appeal_models import Appeal
from portal.claims.models import LABOUR, OLD_PART, Claim, ClaimFinding, ClaimLine, Run
from portal.claims.workflow import DECIDED, UNDECIDED
from portal.core.db import AnySelect, Key, session
from portal.ledger.models import Transfer
from portal.people.models import Dealer


def total(column: Any) -> ColumnElement[int]:
    """The sum of a column of whole numbers, as one: 0 for no rows."""
    return cast(func.coalesce(func.sum(column), 0), Key)


def has_finding() -> ColumnElement[bool]:
    """The condition that a rule found something on a line (R5)."""
    return exists().where(ClaimFinding.line_id == ClaimLine.id)


def its_piece(piece: type[ClaimLine]) -> ColumnElement[bool]:
    """The condition that a line claims the old part whose labour another one claims (R1)."""
    same = piece.claim_id == ClaimLine.claim_id, piece.old_part_id == ClaimLine.old_part_id
    return and_(*same, piece.kind == OLD_PART)


class Why(NamedTuple):
    """How many lines were decided in one way for one reason, and what was taken off them."""

    status: str
    reason_code: str
    lines: int
    off: int


@dataclass(frozen=True)
class Statement:
    """What was claimed, and what became of it, in minor units (R8).

    claimed = approved + reduced + rejected + open; ``reduced`` is what was taken off, and
    ``open`` what nobody has decided yet. ``counts`` has the number of lines by their status;
    ``suspicious`` are the lines with a finding. Of the open ones, ``open_suspicious`` have one,
    ``open_drawn`` are drawn for a spot check, ``open_labour`` are labour to be looked at, and
    ``alone`` are decided by themselves (R5).
    """

    lines: int
    open_lines: int
    claimed: int
    approved: int
    reduced: int
    rejected: int
    open: int
    suspicious: int
    open_suspicious: int
    open_drawn: int
    open_labour: int
    alone: int
    whys: Sequence[Why]
    counts: Mapping[str, int]

    @property
    def decided_lines(self) -> int:
        return self.lines - self.open_lines


def statement_of(claim: Claim) -> Statement:
    """What became of the lines of a claim."""
    return _statement(Claim.id == claim.id)


def statement_of_run(run: Run) -> Statement:
    """What became of the lines of all claims of a run."""
    return _statement(Claim.run_id == run.id)


def statement_beside(one: Claim | Appeal) -> Statement:
    """What became of the lines of all claims that a dealer has in the run of a claim or appeal."""
    return _statement(and_(Claim.run_id == one.run_id, Claim.dealer_id == one.dealer_id))


class Appeals(NamedTuple):
    """How many appeals a run pays, what was taken off their lines, and what was ``granted``."""

    number: int
    taken_off: int
    granted: int


def appeals_of(run: Run) -> Appeals:
    """The appeals that a run pays: those that it took up as it began to close (R6)."""
    return _appeals(Appeal.run_id == run.id)


def appeals_beside(one: Claim | Appeal) -> Appeals:
    """The appeals of a dealer that the run of a claim or appeal pays."""
    return _appeals(and_(Appeal.run_id == one.run_id, Appeal.dealer_id == one.dealer_id))


def _appeals(which: ColumnElement[bool]) -> Appeals:
    taken_off = total(Appeal.claimed - Appeal.approved)
    row = session.execute(select(func.count(), taken_off, total(Appeal.amount)).where(which)).one()
    return Appeals(*row)


def _statement(which: ColumnElement[bool]) -> Statement:
    rows = session.execute(
        select(
            ClaimLine.status,
            ClaimLine.reason_code,
            func.count().label("lines"),
            total(ClaimLine.claimed).label("claimed"),
            total(ClaimLine.approved).label("approved"),
            # What has a finding is decided by itself: the others need not be looked up.
            func.count().filter(ClaimLine.alone, has_finding()).label("suspicious"),
            func.count().filter(ClaimLine.drawn).label("drawn"),
            func.count().filter(ClaimLine.alone, ClaimLine.kind == LABOUR).label("labour"),
            func.count().filter(ClaimLine.alone).label("alone"),
        )
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(which)
        .group_by(ClaimLine.status, ClaimLine.reason_code)
        .order_by(ClaimLine.status, ClaimLine.reason_code)
    ).all()

    def off(*statuses: str) -> int:
        return sum(row.claimed - row.approved for row in rows if row.status in statuses)

    counts: Counter[str] = Counter()
    for row in rows:
        counts[row.status] += row.lines
    return Statement(
        lines=counts.total(),
        open_lines=counts["open"],
        claimed=sum(row.claimed for row in rows),
        approved=sum(row.approved for row in rows),
        reduced=off("reduced"),
        rejected=off("rejected"),
        open=off("open"),
        suspicious=sum(row.suspicious for row in rows),
        open_suspicious=sum(row.suspicious for row in rows if row.status == "open"),
        open_drawn=sum(row.drawn for row in rows if row.status == "open"),
        open_labour=sum(row.labour for row in rows if row.status == "open"),
        alone=sum(row.alone for row in rows if row.status == "open"),
        whys=[
            Why(row.status, row.reason_code, row.lines, row.claimed - row.approved)
            for row in rows
            if row.reason_code
        ],
        counts=counts,
    )


def claims_of_run(run: Run) -> AnySelect:
    """The claims of a run, each with what became of its lines; also one without lines (O8)."""

    def part(status: str, column: Any) -> ColumnElement[int]:
        return total(case((ClaimLine.status == status, column), else_=0))

    return (
        select(
            Claim.id,
            Claim.created_at,
            Claim.public_id,
            Claim.number,
            Claim.status,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            func.count(ClaimLine.id).label("lines"),
            part("open", 1).label("open_lines"),
            total(ClaimLine.claimed).label("claimed"),
            total(ClaimLine.approved).label("approved"),
            part("reduced", ClaimLine.claimed - ClaimLine.approved).label("reduced"),
            part("rejected", ClaimLine.claimed).label("rejected"),
            part("open", ClaimLine.claimed).label("open"),
            Claim.suspicious,
        )
        .join(Dealer, Dealer.id == Claim.dealer_id)
        .outerjoin(ClaimLine, ClaimLine.claim_id == Claim.id)
        .where(Claim.run_id == run.id)
        .group_by(Claim.id, Dealer.code, Dealer.name)
    )


@dataclass(frozen=True)
class Progress:
    """How far the claims of a run are; at those ``waiting`` rules have not looked yet (R5)."""

    claims: int
    dealers: int
    waiting: int
    undecided: int
    settled: int

    @property
    def decided(self) -> int:
        return self.claims - self.undecided


def progress(run: Run) -> Progress:
    """How far the claims of a run are."""
    row = session.execute(
        select(
            func.count(),
            func.count(Claim.dealer_id.distinct()),
            func.count().filter(Claim.status == "submitted"),
            func.count().filter(Claim.status.in_(UNDECIDED)),
            func.count().filter(Claim.status == "settled"),
        ).where(Claim.run_id == run.id)
    ).one()
    return Progress(*row)


@dataclass(frozen=True)
class Agreement:
    """The same money counted in four places, in minor units (R8).

    ``lines`` and ``claims`` are those that are decided; ``run`` is what the closing wrote down;
    ``ledger`` is what was booked for the claims that are ``settled``. ``appeals`` are those that
    the run pays, and ``appeals_ledger`` what was booked for the ``appeals_settled`` of them;
    ``run_appeals`` is what the closing wrote down.
    """

    lines: int
    claims: int
    settled: int
    ledger: int
    run: int | None
    appeals: int
    appeals_settled: int
    appeals_ledger: int
    run_appeals: int | None

    @property
    def holds(self) -> bool:
        """Whether they agree to the cent, as far as the run has come."""
        if self.lines != self.claims or self.ledger != self.settled:
            return False
        if self.appeals_ledger != self.appeals_settled:
            return False
        if self.run is None:
            return True
        paid = self.run_appeals == self.appeals == self.appeals_ledger
        return paid and self.run == self.claims == self.ledger


def credit_of(claim_id: Any) -> ColumnElement[bool]:
    """The condition of the entry in the ledger that paid a claim."""
    return and_(
        Transfer.document_kind == Claim.kind,
        Transfer.document_id == claim_id,
        Transfer.kind == "reimbursement",
    )


def credit_of_appeal(appeal_id: Any) -> ColumnElement[bool]:
    """The condition of the entry in the ledger that paid an appeal."""
    return and_(
        Transfer.document_kind == Appeal.kind,
        Transfer.document_id == appeal_id,
        Transfer.kind == "reimbursement",
    )


def agreement(run: Run) -> Agreement:
    """Count a run's money in lines, claims, appeals and ledger, with one query (R8)."""
    mine = Claim.run_id == run.id
    decided = Claim.status.in_(DECIDED)
    booked = select(total(Transfer.amount)).join(Claim, credit_of(Claim.id)).where(mine)
    lines = (
        select(total(ClaimLine.approved))
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(mine, decided)
    )
    claims = select(total(Claim.approved)).where(mine, decided)
    paid = Appeal.run_id == run.id
    appeals = select(total(Appeal.amount)).where(paid)
    entries = select(total(Transfer.amount)).join(Appeal, credit_of_appeal(Appeal.id)).where(paid)
    sums = session.execute(
        select(
            lines.scalar_subquery(),
            claims.scalar_subquery(),
            claims.where(Claim.status == "settled").scalar_subquery(),
            booked.scalar_subquery(),
            appeals.scalar_subquery(),
            appeals.where(Appeal.status == "settled").scalar_subquery(),
            entries.scalar_subquery(),
        )
    ).one()
    lines_sum, claims_sum, settled, ledger, granted, granted_settled, granted_ledger = sums
    closed = run.status == "closed"
    return Agreement(
        lines=lines_sum,
        claims=claims_sum,
        settled=settled,
        ledger=ledger,
        run=run.approved if closed else None,
        appeals=granted,
        appeals_settled=granted_settled,
        appeals_ledger=granted_ledger,
        run_appeals=run.appealed if closed else None,
    )
