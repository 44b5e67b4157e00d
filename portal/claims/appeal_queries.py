"""Reads of appeals, each within what the actor may see (P1, R6)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.claims import policy
from portal.claims.appeal_models import Appeal
from portal.claims.appeal_workflow import GRANTED
from portal.claims.appeals import LESS
from portal.claims.figures import credit_of_appeal
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.outlay_kinds import COLUMNS, LABOUR_COLUMNS, beside
from portal.claims.workflow import DECIDED
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import contains
from portal.ledger.models import Transfer
from portal.oldparts.inspections import reimbursable
from portal.oldparts.models import OldPart
from portal.people.models import Dealer, User
from portal.web.lists import Tab, tab_of

TABS = (
    Tab("all", _l("All")),
    tab_of("filed", _l("To decide"), Appeal.status, "filed"),
    Tab("granted", _l("Granted"), Appeal.status.in_(GRANTED)),
    tab_of("settled", _l("Paid"), Appeal.status, "settled"),
    tab_of("refused", _l("Refused"), Appeal.status, "refused"),
    tab_of("withdrawn", _l("Withdrawn"), Appeal.status, "withdrawn"),
)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the appeals whose number, claim or dealer contains a text."""
    conditions = [policy.visible_appeals(actor)]
    if text:
        claims = select(Claim.id).where(contains(Claim.number, text))
        dealers = select(Dealer.id).where(contains(Dealer.name, text))
        conditions.append(
            or_(
                contains(Appeal.number, text),
                Appeal.claim_id.in_(claims),
                Appeal.dealer_id.in_(dealers),
            )
        )
    return conditions


def listed(actor: Actor, text: str) -> AnySelect:
    """The rows of a list of appeals, as columns; ``run`` is the month that paid it, or will."""
    return (
        select(
            Appeal.id,
            Appeal.created_at,
            Appeal.public_id,
            Appeal.number,
            Appeal.status,
            (Appeal.claimed - Appeal.approved).label("taken_off"),
            Appeal.amount,
            Appeal.position,
            Claim.number.label("claim"),
            Run.month.label("run"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Claim, Claim.id == Appeal.claim_id)
        .join(Dealer, Dealer.id == Appeal.dealer_id)
        .outerjoin(Run, Run.id == Appeal.run_id)
        .where(*scope(actor, text))
    )


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """At most ten appeals for the search at the top."""
    return session.execute(
        listed(actor, text).order_by(Appeal.created_at.desc(), Appeal.id.desc()).limit(10)
    ).all()


# --- One line, one appeal -------------------------------------------------------------------


def _facts(language: str) -> AnySelect:
    """What a page tells of a line of a claim, as columns: of its piece, or what else it claims."""
    return (
        beside(
            select(
                ClaimLine.kind,
                ClaimLine.position,
                ClaimLine.claimed,
                ClaimLine.approved,
                ClaimLine.status,
                ClaimLine.reason_code,
                ClaimLine.note,
                ClaimLine.remark,
                ClaimLine.decided_by_id,
                ClaimLine.appeal_by,
                OldPart.number.label("old_part_number"),
                OldPart.public_id.label("old_part"),
                OldPart.id.label("old_part_id"),
                OldPart.product_model,
                OldPart.product_serial,
                OldPart.failed_on,
                *COLUMNS,
                *LABOUR_COLUMNS,
                Part.number.label("part_number"),
                name_in(language).label("part_name"),
            ).select_from(ClaimLine)
        )
        .outerjoin(OldPart, OldPart.id == ClaimLine.old_part_id)
        .outerjoin(Part, Part.id == ClaimLine.part_id)
    )


def line_at(claim: Claim, position: int, language: str) -> AnyRow | None:
    """The line of a visible claim at a position."""
    mine = ClaimLine.claim_id == claim.id, ClaimLine.position == position
    return session.execute(_facts(language).where(*mine)).one_or_none()


def line_of(appeal: Appeal, language: str) -> AnyRow | None:
    """The line that a visible appeal is about; None if it left its claim with its piece (O8)."""
    return session.execute(_facts(language).where(ClaimLine.id == appeal.line_id)).one_or_none()


def heading(appeal: Appeal) -> AnyRow:
    """The names around a visible appeal."""
    decided_by = aliased(User)
    return session.execute(
        select(
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            Claim.number.label("claim"),
            Claim.public_id.label("claim_name"),
            Run.month.label("run_month"),
            Run.public_id.label("run_name"),
            Run.status.label("run_status"),
            User.name.label("filed_by"),
            decided_by.name.label("decided_by"),
        )
        .select_from(Appeal)
        .join(Dealer, Dealer.id == Appeal.dealer_id)
        .join(Claim, Claim.id == Appeal.claim_id)
        .join(User, User.id == Appeal.filed_by_id)
        .outerjoin(decided_by, decided_by.id == Appeal.decided_by_id)
        .outerjoin(Run, Run.id == Appeal.run_id)
        .where(Appeal.id == appeal.id)
    ).one()


def entry_of(appeal: Appeal) -> Transfer | None:
    """The entry in the ledger that paid an appeal, if there is one."""
    return session.scalar(select(Transfer).where(credit_of_appeal(appeal.id)))


def of_lines(line_ids: Sequence[int], actor: Actor) -> Mapping[int, AnyRow]:
    """The appeals on some lines, by the lines' keys; one query."""
    if not line_ids:
        return {}
    rows = session.execute(
        select(Appeal.line_id, Appeal.public_id, Appeal.number, Appeal.status, Appeal.amount).where(
            Appeal.line_id.in_(line_ids), policy.visible_appeals(actor)
        )
    )
    return {row.line_id: row for row in rows}


# --- Work that waits ------------------------------------------------------------------------


_UNTIL = func.coalesce(ClaimLine.appeal_by, Claim.appeal_by)
"""Until when a line can be appealed against, beside its claim (R6)."""


def _in_time(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """The conditions of the claims that may have a line to appeal against (R6)."""
    later = select(ClaimLine.claim_id).where(ClaimLine.appeal_by >= now)
    return or_(Claim.appeal_by >= now, Claim.id.in_(later)), Claim.status.in_(DECIDED)


def _is_appealable(now: datetime) -> ColumnElement[bool]:
    """The condition of a line of such a claim that may still be appealed against (R6, O8)."""
    paid = or_(
        ClaimLine.old_part_id.is_(None),
        exists().where(OldPart.id == ClaimLine.old_part_id, reimbursable()),
    )
    appealed = exists().where(Appeal.line_id == ClaimLine.id)
    return and_(ClaimLine.status.in_(LESS), now <= _UNTIL, ~appealed, paid)


def can_be_appealed(now: datetime) -> ColumnElement[bool]:
    """The condition of a line, beside its claim, that may still be appealed against (R6)."""
    return and_(Claim.status.in_(DECIDED), _is_appealable(now))


def has_appealable(now: datetime) -> ColumnElement[bool]:
    """The condition of a claim with a line that its dealer may still appeal against (R6)."""
    line = exists().where(ClaimLine.claim_id == Claim.id, _is_appealable(now))
    return and_(*_in_time(now), line)


def is_appealable(claim: Claim, now: datetime) -> bool:
    """Whether a line of a claim may still be appealed against (R6)."""
    mine = select(Claim.id).where(Claim.id == claim.id, has_appealable(now))
    return session.scalar(mine) is not None


def appealable(actor: Actor, now: datetime) -> AnyRow:
    """How many lines an actor's dealer may still appeal against, and until when the first (R6)."""
    return session.execute(
        select(func.count().label("number"), func.min(_UNTIL).label("first"))
        .select_from(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(policy.visible_claims(actor), *_in_time(now), _is_appealable(now))
    ).one()


def to_decide(actor: Actor) -> int:
    """How many appeals wait for a reviewer who did not decide on their lines (P2)."""
    mine = and_(ClaimLine.id == Appeal.line_id, ClaimLine.decided_by_id == actor.id)
    return session.scalars(
        select(func.count(Appeal.id)).where(
            policy.visible_appeals(actor), Appeal.status == "filed", ~exists().where(mine)
        )
    ).one()
