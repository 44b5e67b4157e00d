"""Reads of claims and runs, each within what the actor may see (P1), and what is due when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select

from portal.catalogue.models import Part
from portal.claims import eligibility, policy
from portal.claims.appeal_queries import has_appealable
from portal.claims.figures import credit_of, has_finding, total
from portal.claims.models import OLD_PART, Claim, ClaimLine, LeftOut, Run
from portal.claims.outlay_kinds import COLUMNS, LABOUR_COLUMNS, beside
from portal.claims.workflow import UNDECIDED
from portal.core.clock import Month
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import contains
from portal.files.models import Attachment
from portal.ledger.models import Transfer
from portal.oldparts.models import OldPart
from portal.people.models import Dealer, User
from portal.terms.values import value
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
    return eligibility.eligible(claim.dealer_id, Month.parse(claim.month), now, lapse_months)


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
            Run.id,
            Run.status,
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
