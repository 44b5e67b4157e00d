"""Reads of claims and runs, each within what the actor may see (P1), and what is due when."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, aliased

from portal.catalogue.models import Part
from portal.claims import policy
from portal.claims.appeal_queries import has_appealable
from portal.claims.figures import credit_of, has_finding, total
from portal.claims.models import OLD_PART, Claim, ClaimLine, LeftOut, Run
from portal.claims.outlay_kinds import COLUMNS, LABOUR_COLUMNS, OUTLAYS, Outlay, beside
from portal.claims.workflow import UNDECIDED
from portal.core.clock import Month
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import contains
from portal.files.models import Attachment
from portal.ledger.models import Transfer
from portal.oldparts.inspections import reimbursable
from portal.oldparts.models import OldPart
from portal.people.models import Dealer, User
from portal.terms import calendar
from portal.terms.values import in_force, value, values
from portal.web.lists import Tab

LINES = 100
"""How many lines a page shows."""
FAR = 2**31 - 1
"""No line is behind this position."""
SUSPICIOUS = "suspicious"
"""The share of a claim's lines that have a finding (R5)."""

_TABS = (
    Tab("all", _l("All")),
    Tab("draft", _l("Drafts"), Claim.status == "draft"),
    Tab("submitted", _l("Submitted"), Claim.status == "submitted"),
    Tab("in_review", _l("In review"), Claim.status == "in_review"),
    Tab("decided", _l("Decided"), Claim.status == "decided"),
    Tab("settled", _l("Settled"), Claim.status == "settled"),
)
_BACK = Tab("draft", _l("Back at the dealer"), Claim.status == "draft")
RETURNED = and_(Claim.status == "draft", Claim.submitted_by_id.is_not(None))
"""The condition that a claim was returned for correction."""


# --- Time (R2, R4) --------------------------------------------------------------------------


def zone_of(now: datetime) -> ZoneInfo:
    """Headquarters' zone, in which ``now`` is given (T1)."""
    if not isinstance(now.tzinfo, ZoneInfo):
        raise TypeError("now must be in headquarters' zone")
    return now.tzinfo


_DAY, _ON_WORKING_DAY = "claim.run_day", "claim.run_on_working_day"


def _run_day(month: Month, now: datetime, day: int, *, moves: int) -> datetime:
    """When the run for a month opens: what is submitted from then on is in the next one (R4).

    If it ``moves``, it is headquarters' next working day, but for one of another month.
    """
    first = month.plus(1).start(zone_of(now)).replace(day=day)
    if not moves:
        return first
    working = calendar.load(now, first.date()).working_days_after(first.date(), 0)
    if working.month != first.month:
        return first
    return datetime.combine(working, time(), first.tzinfo)


def next_cutoff(now: datetime) -> datetime:
    """The next opening of a run."""
    known = values((_DAY, _ON_WORKING_DAY), now.date())
    day, moves = known[_DAY], known[_ON_WORKING_DAY]
    this_month = _run_day(Month.of(now).plus(-1), now, day, moves=moves)
    return this_month if now < this_month else _run_day(Month.of(now), now, day, moves=moves)


class Opening(NamedTuple):
    """The run that can be opened next, and when it opens by itself."""

    month: Month
    at: datetime


def next_opening(now: datetime) -> Opening | None:
    """The run that can be opened next; None when the present month has its run."""
    today = now.date()
    last, day, moves = session.execute(
        select(
            select(func.max(Run.month)).scalar_subquery(),
            in_force(_DAY, today),
            in_force(_ON_WORKING_DAY, today),
        )
    ).one()
    before = Month.of(now).plus(-1)
    if last is not None and last > str(before):
        return None
    month = Month.of(now) if last == str(before) else before
    return Opening(month, _run_day(month, now, day, moves=moves))


# --- Eligible old parts (R1, R2) ------------------------------------------------------------


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


# --- Lists ----------------------------------------------------------------------------------


def tabs_for(actor: Actor, now: datetime) -> tuple[Tab, ...]:
    """The tabs of the list of claims.

    A draft that headquarters sees was returned, or taken back; a dealer has what it may appeal
    against.
    """
    if actor.is_dealer:
        return (*_TABS, Tab("appealable", _l("Can be appealed"), has_appealable(now)))
    return (_TABS[0], *_TABS[2:], _BACK)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the claims whose number, or dealer, contains a text."""
    conditions = [policy.visible_claims(actor)]
    if text:
        dealers = select(Dealer.id).where(contains(Dealer.name, text))
        conditions.append(or_(contains(Claim.number, text), Claim.dealer_id.in_(dealers)))
    return conditions


def listed(actor: Actor, text: str, tab: Tab) -> AnySelect:
    """The rows of a list of claims, as columns."""
    statement = (
        select(
            Claim.id,
            Claim.created_at,
            Claim.public_id,
            Claim.number,
            Claim.month,
            Claim.status,
            Claim.submitted_at,
            Claim.line_count,
            Claim.claimed,
            Claim.approved,
            Claim.suspicious,
            RETURNED.label("is_returned"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Dealer, Dealer.id == Claim.dealer_id)
        .where(*scope(actor, text))
    )
    return statement if tab.where is None else statement.where(tab.where)


def _approved_so_far() -> ColumnElement[int]:
    return (
        select(total(ClaimLine.approved))
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.run_id == Run.id)
        .correlate(Run)
        .scalar_subquery()
    )


def runs_listed(actor: Actor) -> AnySelect:
    """The rows of the list of runs; the totals of an open one are those of its claims' lines."""

    def of_claims(column: ColumnElement[Any]) -> ColumnElement[Any]:
        return select(column).where(Claim.run_id == Run.id).correlate(Run).scalar_subquery()

    return select(
        Run.id,
        Run.created_at,
        Run.public_id,
        Run.month,
        Run.status,
        Run.closed_at,
        of_claims(func.count()).label("claims"),
        of_claims(func.count().filter(Claim.status.in_(UNDECIDED))).label("waiting"),
        of_claims(total(Claim.claimed)).label("claimed"),
        of_claims(total(Claim.suspicious)).label("suspicious"),
        case((Run.status == "closed", Run.approved), else_=_approved_so_far()).label("approved"),
    ).where(policy.visible_runs(actor))


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """At most ten claims for the search at the top."""
    return session.execute(
        listed(actor, text, _TABS[0]).order_by(Claim.created_at.desc(), Claim.id.desc()).limit(10)
    ).all()


# --- One claim ------------------------------------------------------------------------------


def heading(claim: Claim) -> AnyRow:
    """The names around a claim: its dealer, its run, and who submitted it."""
    return session.execute(
        select(
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            Dealer.public_id.label("dealer_public_id"),
            Run.public_id.label("run_public_id"),
            Run.month.label("run_month"),
            User.name.label("submitted_by"),
        )
        .select_from(Claim)
        .join(Dealer, Dealer.id == Claim.dealer_id)
        .outerjoin(Run, Run.id == Claim.run_id)
        .outerjoin(User, User.id == Claim.submitted_by_id)
        .where(Claim.id == claim.id)
    ).one()


_PHOTO = (
    select(Attachment.public_id)
    .where(
        Attachment.document_kind == OldPart.kind,
        Attachment.document_id == OldPart.id,
        Attachment.thumbnail_key.is_not(None),
    )
    .order_by(Attachment.id)
    .limit(1)
    .correlate(OldPart)
    .scalar_subquery()
)
_PIECE = (
    OldPart.id.label("old_part_id"),
    OldPart.public_id.label("old_part"),
    OldPart.number.label("old_part_number"),
    OldPart.product_model,
    OldPart.product_serial,
    OldPart.failed_on,
    OldPart.fault_code,
    OldPart.status.label("old_part_status"),
    _PHOTO.label("photo"),
    Part.number.label("part_number"),
    Part.name,
    Part.name_zh,
    Part.name_pl,
)


def lines_of(claim: Claim, status: str | None, after: int) -> Sequence[AnyRow]:
    """The lines behind a position, one more than a page shows; of one status if it is given.

    One query: each with its part, its old part, the first photo of it, or with the other
    document that it claims, and the decision. ``SUSPICIOUS`` stands in for a status.
    """
    statement = (
        beside(
            select(
                ClaimLine.id,
                ClaimLine.position,
                ClaimLine.kind,
                ClaimLine.claimed,
                ClaimLine.remark,
                ClaimLine.status,
                ClaimLine.approved,
                ClaimLine.reason_code,
                ClaimLine.note,
                ClaimLine.drawn,
                ClaimLine.appeal_by,
                *_PIECE,
                *COLUMNS,
                *LABOUR_COLUMNS,
            ).select_from(ClaimLine)
        )
        .outerjoin(OldPart, OldPart.id == ClaimLine.old_part_id)
        .outerjoin(Part, Part.id == ClaimLine.part_id)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.position > after)
        .order_by(ClaimLine.position)
        .limit(LINES + 1)
    )
    if status is not None:
        is_one = has_finding() if status == SUSPICIOUS else ClaimLine.status == status
        statement = statement.where(is_one)
    return session.execute(statement).all()


def _could(claim: Claim, now: datetime) -> list[ColumnElement[bool]]:
    """The condition that an old part can be put on a draft."""
    lapse_months = value("claim.lapse_months", now.date())
    return eligible(claim.dealer_id, Month.parse(claim.month), now, lapse_months)


def _left_out_of(claim: Claim) -> ColumnElement[bool]:
    return exists().where(LeftOut.claim_id == claim.id, LeftOut.old_part_id == OldPart.id)


def newly_proposed(claim: Claim, now: datetime, most: int) -> Sequence[AnyRow]:
    """The pieces that became eligible after a draft was begun and were not left out of it (R2)."""
    return session.execute(
        select(OldPart.public_id.label("old_part"), OldPart.unit_price.label("claimed"))
        .where(*_could(claim, now), ~_left_out_of(claim))
        .order_by(OldPart.id)
        .limit(most)
    ).all()


def its_line(claim: Claim) -> ColumnElement[bool]:
    """The condition that a line of a claim claims an old part, and not its labour."""
    is_its = ClaimLine.old_part_id == OldPart.id
    return and_(is_its, ClaimLine.claim_id == claim.id, ClaimLine.kind == OLD_PART)


def candidates(claim: Claim, now: datetime, after: int) -> Sequence[AnyRow]:
    """The pieces that a draft has or could have, by old part, one more than a page shows (R2).

    ``chosen`` is 0 for one that the dealer left out; one that became eligible since is proposed,
    and has no ``line_id``.
    """
    could = _could(claim, now)
    statement = (
        select(
            ClaimLine.id.label("line_id"),
            case((_left_out_of(claim), 0), else_=1).label("chosen"),
            ClaimLine.remark,
            OldPart.unit_price.label("claimed"),
            *_PIECE,
        )
        .select_from(OldPart)
        .join(Part, Part.id == OldPart.part_id)
        .outerjoin(ClaimLine, its_line(claim))
        .where(
            OldPart.dealer_id == claim.dealer_id,
            OldPart.id > after,
            or_(ClaimLine.id.is_not(None), and_(*could)),
        )
        .order_by(OldPart.id)
        .limit(LINES + 1)
    )
    return session.execute(statement).all()


def credited(claim: Claim) -> Transfer | None:
    """The entry in the ledger that paid a claim, if there is one."""
    return session.scalar(select(Transfer).where(credit_of(claim.id)))


# --- Work that waits ------------------------------------------------------------------------


def waiting(actor: Actor) -> dict[str, int]:
    """How many claims an actor sees in each status that waits for somebody; ``returned`` too."""
    name = case((RETURNED, literal("returned")), else_=Claim.status)
    rows = session.execute(
        select(name.label("name"), func.count().label("claims"))
        .where(policy.visible_claims(actor), Claim.status.in_(("draft", "in_review")))
        .group_by(name)
    )
    return {row.name: row.claims for row in rows}


def runs_to_close() -> Sequence[AnyRow]:
    """The runs that are not closed, the oldest first, with their claims and those undecided."""
    return session.execute(
        select(
            Run.public_id,
            Run.month,
            func.count(Claim.id).label("claims"),
            func.count(Claim.id).filter(Claim.status.in_(UNDECIDED)).label("waiting"),
        )
        .outerjoin(Claim, Claim.run_id == Run.id)
        .where(Run.status.in_(("open", "reviewing", "proposed")))
        .group_by(Run.id)
        .order_by(Run.month)
    ).all()
