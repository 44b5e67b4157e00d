"""The documents that name a customer: how each is found, when nobody needs the name any more."""

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, or_

from portal.advances import services as advances
from portal.advances.models import Advance
from portal.advances.workflow import ENDED as ADVANCES_ENDED
from portal.claims.appeal_models import Appeal
from portal.claims.appeal_queries import can_be_appealed
from portal.claims.eligibility import claimable, in_time
from portal.claims.models import Claim, ClaimLine
from portal.claims.outlay_kinds import OUTLAYS
from portal.core.clock import Month
from portal.core.search import contains, matches, phone_digits
from portal.corrections.models import Correction
from portal.invoices import services as invoices
from portal.invoices.models import CustomerInvoice
from portal.invoices.workflow import ENDED as INVOICES_ENDED
from portal.oldparts import queries as oldpart_queries
from portal.oldparts import services as oldparts
from portal.oldparts.charge_models import OldPartCharge
from portal.oldparts.inspection_models import Inspection
from portal.oldparts.inspections import can_be_objected_to
from portal.oldparts.models import OldPart
from portal.oldparts.workflow import ENDED as OLD_PARTS_ENDED
from portal.terms.values import value

CLAIM_OVER = ("settled", "discarded")
APPEAL_OPEN = ("filed", "granted", "granted_part")
CHARGE_OPEN = ("due", "unpriced", "disputed")
PENALTY_OPEN = ("proposed", "announced", "answered")


class Naming(NamedTuple):
    """A kind of document that names a customer.

    ``ended`` are the states that it stays in. ``about`` is the condition that a text is in what it
    says of the customer, or is its number. ``is_open`` is the condition that something else still
    goes on about it, in which the customer counts. ``forget`` empties the row's own columns.
    """

    model: Any
    ended: Collection[str]
    about: Callable[[str], ColumnElement[bool]]
    is_open: Callable[[datetime], ColumnElement[bool]]
    forget: Callable[[Any], None]


def _on_open_claim(mine: ColumnElement[bool], now: datetime) -> ColumnElement[bool]:
    """Whether a line is about it that is not settled, or is or may still be appealed against."""
    line = exists().where(mine)
    its_claim = Claim.id == ClaimLine.claim_id
    return or_(
        line.where(its_claim, Claim.status.not_in(CLAIM_OVER)),
        line.where(its_claim, can_be_appealed(now)),
        line.where(Appeal.line_id == ClaimLine.id, Appeal.status.in_(APPEAL_OPEN)),
    )


def _open_old_part(now: datetime) -> ColumnElement[bool]:
    mine = ClaimLine.old_part_id == OldPart.id
    lapse_months = value("claim.lapse_months", now.date())
    charge = OldPartCharge.old_part_id == OldPart.id, OldPartCharge.status.in_(CHARGE_OPEN)
    return or_(
        claimable(Month.of(now), now, lapse_months) & ~exists().where(mine),
        _on_open_claim(mine, now),
        exists().where(*charge),
        exists().where(Inspection.old_part_id == OldPart.id, can_be_objected_to(now)),
    )


def _open_advance(now: datetime) -> ColumnElement[bool]:
    kind, lapse_months = OUTLAYS["advance"], value("claim.lapse_months", now.date())
    can_be_claimed = in_time(kind.since, Month.of(now), now, lapse_months)
    for condition in kind.unclaimed():
        can_be_claimed = can_be_claimed & condition
    return can_be_claimed | _on_open_claim(ClaimLine.advance_id == Advance.id, now)


def _open_invoice(_now: datetime) -> ColumnElement[bool]:
    penalty = Correction.id == CustomerInvoice.penalty_id, Correction.status.in_(PENALTY_OPEN)
    return exists().where(*penalty)


def _has_words(text: str, has: Callable[[str], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whether it has the words of a text in any order; the digits of a phone stay together."""
    return and_(*map(has, [text] if phone_digits(text) else text.split()))


def _on_piece(text: str) -> ColumnElement[bool]:
    found = _has_words(text, partial(matches, OldPart))
    digits = phone_digits(text)
    return or_(found, oldpart_queries.of_phone(digits)) if digits else found


def _in_advance(text: str) -> ColumnElement[bool]:
    named = _has_words(text, partial(contains, Advance.customer_name))
    return or_(named, Advance.number == text.upper())


def _in_invoice(text: str) -> ColumnElement[bool]:
    return _has_words(text, partial(matches, CustomerInvoice))


NAMING = {
    naming.model.kind: naming
    for naming in (
        Naming(
            OldPart,
            OLD_PARTS_ENDED,
            _on_piece,
            _open_old_part,
            oldparts.forget_customer,
        ),
        Naming(Advance, ADVANCES_ENDED, _in_advance, _open_advance, advances.forget_customer),
        Naming(
            CustomerInvoice,
            INVOICES_ENDED,
            _in_invoice,
            _open_invoice,
            invoices.forget_customer,
        ),
    )
}
"""By the names of their kinds."""
