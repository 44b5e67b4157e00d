"""What a run came to, for headquarters: by reason, dealer, part and model, month by month (R8)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, select

from portal.catalogue.models import Part
from portal.claims import figures, statements
from portal.claims.appeal_models import Appeal
from portal.claims.figures import total
from portal.claims.models import LABOUR, OLD_PART, Claim, ClaimLine, Run
from portal.claims.statement_models import RunDealer, RunPart
from portal.claims.workflow import LINE, LINE_KINDS, REASONS
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _, _l, ngettext
from portal.oldparts.models import OldPart
from portal.people.models import Dealer

MOST = 10
"""How many rows of a share a page shows one by one."""


@dataclass(frozen=True)
class Row:
    """What lines that have something in common came to, in minor units.

    ``before`` is what was approved of such lines in the run of the month before, ``off_before``
    what was taken off them.
    """

    label: str
    lines: int
    claimed: int
    approved: int
    taken_off: int
    before: int
    off_before: int = 0


@dataclass(frozen=True)
class Share:
    """A run divided by something, the greatest first; ``of`` is the amount that counts for that."""

    name: str
    title: Any
    of: str
    rows: Sequence[Row]

    @property
    def top(self) -> Sequence[Row]:
        """The first rows, and what the others come to: together they are the run."""
        first, others = self.rows[:MOST], self.rows[MOST:]
        if len(others) < 2:
            return self.rows
        label = ngettext("%(num)s other", "%(num)s others", len(others))
        return [*first, replace(_together(others), label=label)]

    def amount(self, row: Row) -> int:
        """What a row is ranked by."""
        return int(getattr(row, self.of))

    def before(self, row: Row) -> int:
        """The same of the month before."""
        return row.off_before if self.of == "taken_off" else row.before

    @property
    def greatest(self) -> int:
        return max((self.amount(row) for row in self.top), default=0)


@dataclass(frozen=True)
class Summary:
    """A run beside the one before it, each with the appeals it paid; no ``last`` for the first."""

    whole: figures.Statement
    appeals: figures.Appeals
    last: Run | None
    before: figures.Statement | None
    appeals_before: figures.Appeals | None
    shares: Sequence[Share]


def summary_of(run: Run) -> Summary:
    """What a run came to; a fixed number of queries, whatever its lines."""
    last = session.scalars(
        select(Run).where(Run.month < run.month).order_by(Run.month.desc()).limit(1)
    ).one_or_none()
    return Summary(
        figures.statement_of_run(run),
        figures.appeals_of(run),
        last,
        figures.statement_of_run(last) if last else None,
        figures.appeals_of(last) if last else None,
        [
            Share("reason", _l("By decision and reason"), "taken_off", _by_reason(run, last)),
            Share("dealer", _l("By dealer"), "approved", _by_dealer(run, last)),
            Share("part", _l("By part"), "approved", _by_part(run, last)),
            Share("model", _l("By product model"), "approved", _by_model(run, last)),
            *_appeals(run, last),
        ],
    )


def _sums(run: Run, last: Run | None, *by: Any) -> AnySelect:
    """The lines of two runs, divided by columns, with their sums."""
    mine = Claim.run_id == run.id
    off = case((ClaimLine.approved.is_not(None), ClaimLine.claimed - ClaimLine.approved), else_=0)

    def of_this(amount: Any) -> ColumnElement[int]:
        return total(case((mine, amount), else_=0))

    def of_last(amount: Any) -> ColumnElement[int]:
        return total(case((mine, 0), else_=amount))

    return (
        select(
            *by,
            of_this(literal(1)).label("lines"),
            of_this(ClaimLine.claimed).label("claimed"),
            of_this(func.coalesce(ClaimLine.approved, 0)).label("approved"),
            of_this(off).label("taken_off"),
            of_last(func.coalesce(ClaimLine.approved, 0)).label("before"),
            of_last(off).label("off_before"),
        )
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.run_id.in_([run.id, last.id] if last else [run.id]))
        .group_by(*by)
    )


def _rows(
    statement: AnySelect, key: Callable[[AnyRow], Any], label: Callable[[AnyRow], str], of: str
) -> Sequence[Row]:
    """The rows of a statement under one label for each key, the greatest first.

    A name that was changed between the two runs is that of the later one.
    """
    found: dict[Any, tuple[str, list[AnyRow]]] = {}
    for row in session.execute(statement):
        name, rows = found.setdefault(key(row), (label(row), []))
        rows.append(row)
        found[key(row)] = (label(row) if row.lines else name, rows)
    made = [replace(_together(rows), label=name) for name, rows in found.values()]
    return sorted(made, key=lambda row: (-getattr(row, of), -row.before, row.label))


def _together(rows: Iterable[AnyRow | Row]) -> Row:
    names = ("lines", "claimed", "approved", "taken_off", "before", "off_before")
    rows = list(rows)
    return Row("", *(sum(getattr(row, name) for row in rows) for name in names))


def _by_reason(run: Run, last: Run | None) -> Sequence[Row]:
    def label(row: AnyRow) -> str:
        decision = str(LINE.state(row.status).label)
        if not row.reason_code:
            return decision
        return _("%(field)s: %(sentence)s", field=decision, sentence=REASONS[row.reason_code])

    statement = _sums(run, last, ClaimLine.status, ClaimLine.reason_code)
    return _rows(statement, lambda row: (row.status, row.reason_code), label, "taken_off")


def _by_dealer(run: Run, last: Run | None) -> Sequence[Row]:
    code, name, *_place = statements.dealer_names()
    statement = (
        _sums(run, last, Claim.dealer_id, code, name)
        .join(Dealer, Dealer.id == Claim.dealer_id)
        .outerjoin(RunDealer, statements.of_dealer())
    )
    return _rows(statement, lambda row: row.dealer_id, _dealer_label, "approved")


def _by_part(run: Run, last: Run | None) -> Sequence[Row]:
    number, *_names = statements.part_names()
    statement = (
        _sums(
            run, last, _kind(), ClaimLine.part_id,
            number, statements.part_label().label("part_label"),
        )
        .outerjoin(Part, Part.id == ClaimLine.part_id)
        .outerjoin(RunPart, statements.of_part())
    )  # fmt: skip
    return _rows(
        statement,
        lambda row: (row.kind, row.part_id),
        lambda row: _other_kind(row) or f"{row.part_number} {row.part_label}",
        "approved",
    )


def _other_kind(row: AnyRow) -> str:
    """What lines claim that claim nothing of an old part: they have no part and no model."""
    return "" if row.kind == OLD_PART else str(LINE_KINDS[row.kind])


def _kind() -> ColumnElement[str]:
    """What lines claim; the labour for an old part counts with its part and its model."""
    return case((ClaimLine.kind == LABOUR, OLD_PART), else_=ClaimLine.kind).label("kind")


def _by_model(run: Run, last: Run | None) -> Sequence[Row]:
    statement = _sums(run, last, _kind(), OldPart.product_model).outerjoin(
        OldPart, OldPart.id == ClaimLine.old_part_id
    )
    return _rows(
        statement,
        lambda row: (row.kind, row.product_model),
        lambda row: _other_kind(row) or row.product_model or _("No model"),
        "approved",
    )


def _appeals(run: Run, last: Run | None) -> list[Share]:
    """The appeals that the runs paid, by dealer: they are beside the lines, not among them (R6)."""
    mine = Appeal.run_id == run.id
    gap = Appeal.claimed - Appeal.approved

    def of_this(amount: Any) -> ColumnElement[int]:
        return total(case((mine, amount), else_=0))

    code, name, *_place = statements.dealer_names()
    statement = (
        select(
            Appeal.dealer_id,
            code,
            name,
            of_this(literal(1)).label("lines"),
            of_this(gap).label("claimed"),
            of_this(Appeal.amount).label("approved"),
            of_this(gap - Appeal.amount).label("taken_off"),
            total(case((mine, 0), else_=Appeal.amount)).label("before"),
            total(case((mine, 0), else_=gap - Appeal.amount)).label("off_before"),
        )
        .select_from(Appeal)
        .join(Dealer, Dealer.id == Appeal.dealer_id)
        .outerjoin(
            RunDealer,
            and_(RunDealer.run_id == Appeal.run_id, RunDealer.dealer_id == Appeal.dealer_id),
        )
        .where(Appeal.run_id.in_([run.id, last.id] if last else [run.id]))
        .group_by(Appeal.dealer_id, code, name)
    )
    rows = _rows(statement, lambda row: row.dealer_id, _dealer_label, "approved")
    return [Share("appeals", _l("Appeals by dealer"), "approved", rows)] if rows else []


def _dealer_label(row: AnyRow) -> str:
    return f"{row.dealer_code} {row.dealer_name}"
