"""What the papers of claims and runs say: their lines and names as they were (R8)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, insert, literal, select

from portal.advances.models import Advance
from portal.catalogue.models import Part
from portal.claims.appeal_models import Appeal
from portal.claims.figures import credit_of, credit_of_appeal
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.outlay_kinds import COLUMNS, LABOUR_COLUMNS, beside
from portal.claims.statement_models import RunDealer, RunPart
from portal.core.db import AnyRow, AnySelect, Key, session
from portal.ledger.models import Transfer
from portal.oldparts.models import OldPart
from portal.people.models import Dealer, User
from portal.web import languages

_DEALER = ("code", "name", "address", "city")
_PART = ("number", "name", "name_zh", "name_pl")


def keep_names(run: Run) -> None:
    """Write down what the dealers and parts of a run are called, now that it closes."""
    paid = Appeal.run_id == run.id
    dealers = (
        select(Claim.dealer_id)
        .where(Claim.run_id == run.id)
        .union(select(Appeal.dealer_id).where(paid))
    )
    parts = (
        select(ClaimLine.part_id)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.run_id == run.id)
        .union(select(ClaimLine.part_id).join(Appeal, Appeal.line_id == ClaimLine.id).where(paid))
    )
    for kept, model, names, key, which in (
        (RunDealer, Dealer, _DEALER, "dealer_id", dealers),
        (RunPart, Part, _PART, "part_id", parts),
    ):
        columns: Any = (getattr(model, name) for name in names)
        rows = select(literal(run.id, Key), model.id, *columns).where(model.id.in_(which))
        session.execute(insert(kept).from_select(["run_id", key, *names], rows))


def _as_it_was(kept: Any, model: Any, names: Sequence[str], prefix: str) -> list[Any]:
    """Columns with the names of a closed run, or, until it closes, with those of today."""
    return [
        func.coalesce(getattr(kept, name), getattr(model, name)).label(prefix + name)
        for name in names
    ]


def dealer_names() -> list[Any]:
    """Code, name, address and city of the ``Dealer`` of a ``Claim``, beside ``RunDealer``."""
    return _as_it_was(RunDealer, Dealer, _DEALER, "dealer_")


def part_names() -> list[Any]:
    """Number and names of the ``Part`` of a ``ClaimLine``, beside ``RunPart``."""
    return _as_it_was(RunPart, Part, _PART, "part_")


def part_label() -> ColumnElement[str]:
    """The part's name in the reader's language, or its English one."""
    *_number, name, name_zh, name_pl = part_names()
    own = {"zh-Hans": name_zh, "pl": name_pl}.get(languages.code(), name)
    return func.coalesce(func.nullif(own.element, ""), name.element)


def of_dealer() -> ColumnElement[bool]:
    """What joins ``RunDealer`` to ``Claim``."""
    return and_(RunDealer.run_id == Claim.run_id, RunDealer.dealer_id == Claim.dealer_id)


def of_part() -> ColumnElement[bool]:
    """What joins ``RunPart`` to ``ClaimLine`` and ``Claim``."""
    return and_(RunPart.run_id == Claim.run_id, RunPart.part_id == ClaimLine.part_id)


def heading(claim: Claim) -> AnyRow:
    """Whose claim it is, under which name, in which run, and the language of who submitted it."""
    return session.execute(
        select(
            *dealer_names(),
            Dealer.country,
            Run.month.label("run_month"),
            Run.status.label("run_status"),
            Run.closed_at,
            User.language,
        )
        .select_from(Claim)
        .join(Dealer, Dealer.id == Claim.dealer_id)
        .outerjoin(Run, Run.id == Claim.run_id)
        .outerjoin(RunDealer, of_dealer())
        .outerjoin(User, User.id == Claim.submitted_by_id)
        .where(Claim.id == claim.id)
    ).one()


def heading_beside(one: Claim | Appeal) -> AnyRow:
    """Whose statement of which run it is; the language is of who submitted or appealed."""
    of_run = RunDealer.run_id == one.run_id, RunDealer.dealer_id == one.dealer_id
    whose = one.submitted_by_id if isinstance(one, Claim) else one.filed_by_id
    return session.execute(
        select(
            *dealer_names(),
            Dealer.country,
            Run.month.label("run_month"),
            Run.status.label("run_status"),
            Run.closed_at,
            User.language,
        )
        .select_from(Dealer)
        .outerjoin(Run, Run.id == one.run_id)
        .outerjoin(RunDealer, and_(*of_run))
        .outerjoin(User, User.id == whose)
        .where(Dealer.id == one.dealer_id)
    ).one()


def _claimed() -> list[Any]:
    """What a line claims, as columns: its piece, or another document and the product of that."""
    return [
        OldPart.number.label("old_part"),
        func.coalesce(OldPart.product_model, Advance.product_model).label("product_model"),
        func.coalesce(OldPart.product_serial, Advance.product_serial).label("product_serial"),
        OldPart.failed_on,
        *COLUMNS,
        *LABOUR_COLUMNS,
    ]


def _lines(*which: ColumnElement[bool]) -> AnySelect:
    return (
        beside(
            select(
                Claim.number.label("claim"),
                Claim.month,
                ClaimLine.position,
                ClaimLine.kind,
                ClaimLine.claimed,
                ClaimLine.remark,
                ClaimLine.status,
                ClaimLine.approved,
                (ClaimLine.claimed - ClaimLine.approved).label("taken_off"),
                ClaimLine.reason_code,
                ClaimLine.note,
                *_claimed(),
                *part_names(),
            ).select_from(ClaimLine)
        )
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .outerjoin(OldPart, OldPart.id == ClaimLine.old_part_id)
        .outerjoin(Part, Part.id == ClaimLine.part_id)
        .outerjoin(RunPart, of_part())
        .where(*which)
        .order_by(Claim.month, Claim.ordinal, ClaimLine.position)
    )


def lines_of(claim: Claim) -> AnySelect:
    """The lines of a claim, each with its piece and its part, or what else it claims."""
    return _lines(Claim.id == claim.id)


def lines_beside(one: Claim | Appeal) -> AnySelect:
    """The lines of all claims that a dealer has in the run of one of them, claim by claim."""
    return _lines(Claim.run_id == one.run_id, Claim.dealer_id == one.dealer_id)


def credited_beside(one: Claim | Appeal) -> Sequence[AnyRow]:
    """The claims that a dealer has in a run, each with its entry in the ledger."""
    return session.execute(
        select(Claim.number, Claim.claimed, Claim.approved, Transfer.at, Transfer.amount)
        .outerjoin(Transfer, credit_of(Claim.id))
        .where(Claim.run_id == one.run_id, Claim.dealer_id == one.dealer_id)
        .order_by(Claim.month, Claim.ordinal)
    ).all()


def appeals_beside(one: Claim | Appeal) -> AnySelect:
    """The appeals of a dealer that a run pays, with the lines that they are about."""
    return (
        beside(
            select(
                Appeal.number,
                Claim.number.label("claim"),
                Appeal.position,
                Appeal.claimed,
                Appeal.approved,
                Appeal.amount,
                Appeal.reason_code,
                Appeal.note,
                ClaimLine.kind,
                ClaimLine.remark,
                *_claimed(),
                Transfer.at,
                *part_names(),
            )
            .select_from(Appeal)
            .join(ClaimLine, ClaimLine.id == Appeal.line_id)
        )
        .join(Claim, Claim.id == Appeal.claim_id)
        .outerjoin(OldPart, OldPart.id == ClaimLine.old_part_id)
        .outerjoin(Part, Part.id == ClaimLine.part_id)
        .outerjoin(
            RunPart,
            and_(RunPart.run_id == Appeal.run_id, RunPart.part_id == ClaimLine.part_id),
        )
        .outerjoin(Transfer, credit_of_appeal(Appeal.id))
        .where(Appeal.run_id == one.run_id, Appeal.dealer_id == one.dealer_id)
        .order_by(Appeal.id)
    )
