"""What a dealer paid others and claims back with its receipt (R1, R3): freight, compensation."""

from datetime import datetime
from typing import Any

from sqlalchemy import exists, select

from portal.claims import outlay_queries, policy, services
from portal.claims.commands import Paid
from portal.claims.models import Claim, ClaimLine
from portal.claims.outlay_kinds import OUTLAYS, Outlay
from portal.core import drafts
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, NotFound, Stale, WrongState
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.files import queries as file_queries
from portal.files import services as files
from portal.web import filters


def add(claim: Claim, paid: Paid, *, page: str = "", by: Actor, now: datetime) -> ClaimLine:
    """Put the freight of a consignment, or a compensation, on a draft (R1).

    ``page`` is as ``services.save`` has it. Invalid, at its field, without a receipt, above what
    was approved, and for what is on a claim already or cannot be claimed; what another dealer has
    is as good as none (P1). The database lets a document be on one line, ever (R3).
    """
    kind = OUTLAYS[paid.kind]
    may_write(claim, by)
    document = _held(claim, kind, paid.document)  # before the claim, as who changes it does
    claim = draft_of(claim, by)
    _check(claim, kind, document, now)
    if paid.amount <= 0:
        raise Invalid(_("An amount must be above zero."), field="amount")
    most = kind.at_most(document)
    if most is not None and paid.amount > most:
        approved = filters.money(most)
        raise Invalid(_("At most %(amount)s was approved.", amount=approved), field="amount")
    if not paid.receipts:
        raise Invalid(kind.no_receipt, field="files")
    line = ClaimLine(
        dealer_id=claim.dealer_id,
        claim_id=claim.id,
        position=session.scalar(select(services.last_position(claim) + 1)),
        kind=kind.name,
        claimed=paid.amount,
        remark=paid.remark,
        **{kind.key.key: document.id},
    )
    session.add(line)
    session.flush()
    files.claim(paid.receipts, claim, place=document.public_id, by=by)
    changed(claim, page, by, now)
    return line


def remove(claim: Claim, kind: str, name: str, *, page: str = "", by: Actor, now: datetime) -> None:
    """Take a document off a draft, with its receipts: it can be claimed again.

    Stale if it is not on it.
    """
    known = OUTLAYS[kind]
    claim = draft_of(claim, by)
    its = select(known.model.id).where(known.model.public_id == name).scalar_subquery()
    line = session.scalars(
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, known.key == its)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        raise Stale()
    session.delete(line)
    session.flush()
    for receipt in file_queries.by_place(claim).get(name, ()):
        files.discard(receipt.public_id, claim, now=now)
    changed(claim, page, by, now)


def may_write(claim: Claim, by: Actor) -> None:
    """Whether somebody may write a claim: NotFound for another dealer's, Forbidden (P1, P3)."""
    if by.is_dealer and claim.dealer_id != by.dealer_id:
        raise NotFound()
    by.must(policy.WRITE)


def draft_of(claim: Claim, by: Actor) -> Claim:
    """A claim that somebody may write, locked; WrongState if it is no draft."""
    may_write(claim, by)
    claim = relock(claim)
    if claim.status != "draft":
        raise WrongState()
    return claim


def _held(claim: Claim, kind: Outlay, name: str) -> Any:
    """The dealer's document, held: two drafts that want it come one after the other."""
    mine = kind.model.public_id == name, kind.model.dealer_id == claim.dealer_id
    found = session.scalars(select(kind.model).where(*mine)).one_or_none()
    if found is None:
        raise Invalid(kind.none_chosen, field="document")
    return relock(found, key_share=True)


def _check(claim: Claim, kind: Outlay, document: Any, now: datetime) -> None:
    if session.scalar(select(exists().where(kind.key == document.id))):
        raise Invalid(kind.claimed, field="document")
    could = outlay_queries.can_be_claimed(claim, kind, now)
    if not session.scalar(select(exists().where(kind.model.id == document.id, *could))):
        raise Invalid(kind.not_now, field="document")


def changed(claim: Claim, page: str, by: Actor, now: datetime) -> None:
    """Count a draft anew whose lines were changed, and mark it so."""
    services.count(claim)
    drafts.mark(claim, page=page, leaves=True, by=by, now=now)
