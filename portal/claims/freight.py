"""The freight of a called collection, which the dealer paid and claims back (R1, R3)."""

from datetime import datetime

from sqlalchemy import exists, select

from portal.claims import freight_queries, policy, services
from portal.claims.commands import Freight
from portal.claims.models import FREIGHT, Claim, ClaimLine
from portal.collections.models import Consignment
from portal.core import drafts
from portal.core.db import session
from portal.core.documents import relock
from portal.core.errors import Invalid, NotFound, Stale, WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files import queries as file_queries
from portal.files import services as files

NO_RECEIPT = _l("Attach the carrier's receipt: a PDF or a photo of it.")


def add(claim: Claim, freight: Freight, *, page: str = "", by: Actor, now: datetime) -> ClaimLine:
    """Put the freight of a consignment on a draft (R1); ``page`` as ``services.save`` has it.

    Invalid, at its field, without a receipt, and for a consignment whose freight is on a claim
    already or cannot be claimed; one of another dealer is as good as none (P1). The database lets
    a consignment be on one line, ever (R3).
    """
    _may(claim, by)
    consignment = _held(claim, freight.consignment)  # before the claim, as who receives it does
    claim = _draft(claim, by)
    _check(claim, consignment, now)
    if freight.amount <= 0:
        raise Invalid(_("An amount must be above zero."), field="amount")
    if not freight.receipts:
        raise Invalid(NO_RECEIPT, field="files")
    line = ClaimLine(
        dealer_id=claim.dealer_id,
        claim_id=claim.id,
        position=session.scalar(select(services.last_position(claim) + 1)),
        kind=FREIGHT,
        consignment_id=consignment.id,
        claimed=freight.amount,
        remark=freight.remark,
    )
    session.add(line)
    session.flush()
    files.claim(freight.receipts, claim, place=consignment.public_id, by=by)
    _changed(claim, page, by, now)
    return line


def remove(claim: Claim, name: str, *, page: str = "", by: Actor, now: datetime) -> None:
    """Take the freight of a consignment off a draft, with its receipts: it can be claimed again.

    Stale if it is not on it.
    """
    claim = _draft(claim, by)
    consignment = select(Consignment.id).where(Consignment.public_id == name).scalar_subquery()
    line = session.scalars(
        select(ClaimLine)
        .where(ClaimLine.claim_id == claim.id, ClaimLine.consignment_id == consignment)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        raise Stale()
    session.delete(line)
    session.flush()
    for receipt in file_queries.by_place(claim).get(name, ()):
        files.discard(receipt.public_id, claim, now=now)
    _changed(claim, page, by, now)


def _may(claim: Claim, by: Actor) -> None:
    if by.is_dealer and claim.dealer_id != by.dealer_id:
        raise NotFound()
    by.must(policy.WRITE)


def _draft(claim: Claim, by: Actor) -> Claim:
    _may(claim, by)
    claim = relock(claim)
    if claim.status != "draft":
        raise WrongState()
    return claim


def _held(claim: Claim, name: str) -> Consignment:
    """The dealer's consignment, held: two drafts that want it come one after the other."""
    mine = Consignment.public_id == name, Consignment.dealer_id == claim.dealer_id
    found = session.scalars(select(Consignment).where(*mine)).one_or_none()
    if found is None:
        raise Invalid(_("Choose a consignment."), field="consignment")
    return relock(found, key_share=True)


def _check(claim: Claim, consignment: Consignment, now: datetime) -> None:
    if session.scalar(select(exists().where(ClaimLine.consignment_id == consignment.id))):
        raise Invalid(
            _("The freight of this consignment is on a claim already."), field="consignment"
        )
    could = freight_queries.can_be_claimed(claim, now)
    if not session.scalar(select(exists().where(Consignment.id == consignment.id, *could))):
        raise Invalid(
            _("The freight of this consignment cannot be claimed for this month."),
            field="consignment",
        )


def _changed(claim: Claim, page: str, by: Actor, now: datetime) -> None:
    services.count(claim)
    drafts.mark(claim, page=page, leaves=True, by=by, now=now)
