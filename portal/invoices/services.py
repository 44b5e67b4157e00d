"""Every write of customer invoices: recorded and checked, decided on, taken back (F2, F3)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select

from portal.catalogue.queries import number_key
from portal.core import workflow
from portal.core.db import session, take_turn
from portal.core.documents import Document, relock
from portal.core.errors import Forbidden, Invalid, NotFound
from portal.core.events import Event, subscribe
from portal.core.i18n import _
from portal.core.money import LARGEST, half_up
from portal.core.numbering import next_number
from portal.core.permissions import SYSTEM, Actor
from portal.core.personal import NEUTRAL
from portal.core.search import normal
from portal.corrections import services as corrections
from portal.corrections.commands import Proposal
from portal.corrections.models import PENALTY, Correction
from portal.fees import items as service_items
from portal.fees import queries as fees
from portal.fees.models import FeeSchedule, ServiceItem
from portal.files import services as files
from portal.invoices import policy
from portal.invoices.commands import Asked, Charge
from portal.invoices.models import CustomerInvoice, CustomerInvoiceLine
from portal.oldparts import queries as oldparts
from portal.people.models import Dealer, User
from portal.people.policy import visible_dealers

PAPER = "paper"
"""The place of what an invoice was recorded with."""


class Checked(NamedTuple):
    """A charge beside its approved rate: what is allowed for its quantity, and what is above."""

    charge: Charge
    rate: int | None
    allowed: int | None

    @property
    def above(self) -> int:
        """By how much it is above the rates, in minor units; all of it without a rate."""
        return max(0, self.charge.amount - (self.allowed or 0))


def check(charge: Charge, rates: Mapping[fees.Service, int]) -> Checked:
    """A charge beside a schedule's rates; rounded half-up once, on the whole quantity (F2, L1)."""
    rate = rates.get(fees.service(charge.item_id, charge.name, charge.unit))
    allowed = None if rate is None else half_up(Decimal(rate) * charge.quantity / 100)
    return Checked(charge, rate, allowed)


def record(asked: Asked, *, by: Actor, now: datetime) -> CustomerInvoice:
    """Keep an invoice, checked against the schedule in force on its day (F2).

    What is above a rate, or has none, flags it to headquarters. Invalid, at its field, without a
    service, for a service without a name or twice, for a paper that the dealer has recorded
    already, and for an old part that is not the dealer's; NotFound for another one's dealer (P1).
    """
    by.must(policy.RECORD if by.is_dealer else policy.REPORT)
    mine = visible_dealers(by), Dealer.id == asked.dealer_id
    dealer = session.scalars(select(Dealer).where(*mine)).one_or_none()
    if dealer is None:
        raise NotFound()
    take_turn(f"invoices/{dealer.id}")
    items = service_items.by_keys([charge.item_id for charge in asked.charges])
    old_part_id = _look_at(asked, items)
    schedule = fees.in_force(dealer.id, asked.issued_on)
    rates = fees.rates_of(schedule) if schedule else {}
    checked = [check(charge, rates) for charge in asked.charges]
    made = CustomerInvoice(
        status="in_order",
        created_at=now,
        dealer_id=dealer.id,
        number=next_number("CI", dealer.code, now),
        recorded_by_id=by.id,
        paper_number=asked.paper_number,
        paper_key=number_key(asked.paper_number),
        issued_on=asked.issued_on,
        customer_name=asked.customer_name,
        old_part_id=old_part_id,
        remark=asked.remark,
        schedule_id=schedule.id if schedule else None,
        charged=sum(charge.amount for charge in asked.charges),
        above=sum(one.above for one in checked),
    )
    _index(made, dealer)
    session.add(made)
    session.flush()
    session.add_all(_line(made, place, one, items) for place, one in enumerate(checked, start=1))
    attached = files.claim(asked.files, made, place=PAPER, by=by)
    workflow.begin(
        made,
        by=by,
        now=now,
        paper_number=made.paper_number,
        issued_on=made.issued_on.isoformat(),
        charged=made.charged,
        attached=attached,
    )
    if any(one.rate is None or one.above for one in checked):
        values = {"above": made.above, "schedule": _number_of(schedule)}
        known = {name: value for name, value in values.items() if value}
        workflow.apply(made, "flag", by=SYSTEM, now=now, values=known)
    return made


def _index(invoice: CustomerInvoice, dealer: Dealer) -> None:
    own = invoice.number, invoice.paper_number, invoice.customer_name
    invoice.search_text = normal(*own, dealer.code, dealer.name)


def forget_customer(invoice: CustomerInvoice) -> None:
    """Remove who the customer is from a locked invoice."""
    invoice.customer_name = NEUTRAL
    _index(invoice, session.get_one(Dealer, invoice.dealer_id))


def _number_of(schedule: FeeSchedule | None) -> str | None:
    return schedule.number if schedule else None


def _line(
    made: CustomerInvoice, place: int, one: Checked, items: Mapping[int | None, ServiceItem]
) -> CustomerInvoiceLine:
    charge = one.charge
    return CustomerInvoiceLine(
        invoice_id=made.id,
        position=place,
        item_id=charge.item_id,
        name="" if charge.item_id else charge.name,
        unit=items[charge.item_id].unit if charge.item_id else charge.unit,
        quantity=charge.quantity,
        amount=charge.amount,
        rate=one.rate,
        allowed=one.allowed,
    )


def _look_at(asked: Asked, items: Mapping[int | None, ServiceItem]) -> int | None:
    """Refuse what cannot be kept; returns the old part that it is about."""
    wrong = _wrong_in(asked, items)
    known = session.execute(
        select(CustomerInvoice.number).where(
            CustomerInvoice.dealer_id == asked.dealer_id,
            CustomerInvoice.paper_key == number_key(asked.paper_number),
        )
    ).scalar()
    if known is not None:
        told = _("This invoice is recorded already, as %(number)s.", number=known)
        wrong["paper_number"] = told
    old_part_id = None
    if asked.old_part:
        old_part_id = oldparts.numbered(asked.old_part, asked.dealer_id)
        if old_part_id is None:
            wrong["old_part"] = _("The dealer has no old part with this number.")
    if wrong:
        raise Invalid(fields=wrong)
    if not asked.charges:
        raise Invalid(_("Enter at least one service that was charged."))
    if sum(charge.amount for charge in asked.charges) > LARGEST:
        raise Invalid(_("This amount is too large."))
    return old_part_id


def _wrong_in(asked: Asked, items: Mapping[int | None, ServiceItem]) -> dict[str, str]:
    wrong: dict[str, str] = {}
    seen: set[fees.Service] = set()
    for charge in asked.charges:
        what = fees.service(charge.item_id, charge.name, charge.unit)
        place = f"lines-{charge.row}-service"
        if charge.item_id is None and not charge.name:
            wrong[f"lines-{charge.row}-own"] = _("Say what service this is for.")
        elif charge.item_id is not None and charge.item_id not in items:
            wrong[place] = _("Choose one of the list.")
        elif what in seen:
            wrong[place] = _("This service stands on the invoice already: add its amount there.")
        seen.add(what)
    return wrong


def why_not(invoice: CustomerInvoice, step: str, by: Actor) -> str | None:
    """Why somebody may not take a step that the table allows; None if they may (P2)."""
    if step == "accept" and invoice.recorded_by_id == by.id:
        return str(_("You recorded it yourself: another one of the desk accepts it."))
    if step in ("void", "strike"):
        recorder = session.get_one(User, invoice.recorded_by_id)
        if (recorder.dealer_id is not None) != by.is_dealer:
            return str(_("The other side recorded it."))
    return None


def act(
    invoice: CustomerInvoice,
    step: str,
    *,
    seen: int | None,
    reason: str = "",
    by: Actor,
    now: datetime,
) -> None:
    """Accept what is above the rates, or take back what was recorded by mistake.

    Forbidden as ``why_not`` says; Stale, WrongState, Invalid without a reason.
    """
    invoice = relock(invoice)
    workflow.check(invoice, step, by=by, seen=seen, reason=reason)
    if refusal := why_not(invoice, step, by):
        raise Forbidden(refusal)
    if step in ("void", "strike"):
        invoice.paper_key = None
    workflow.apply(invoice, step, by=by, now=now, seen=seen, reason=reason)


def penalize(
    invoice: CustomerInvoice,
    amount: int,
    reason: str,
    *,
    seen: int | None,
    by: Actor,
    now: datetime,
) -> Correction:
    """Announce a penalty for what is above the rates, with the invoice as its evidence (F2, F3).

    The dealer may answer it, and another one of finance books it (L8). Invalid, at its field,
    without an amount or a reason; Stale, WrongState.
    """
    invoice = relock(invoice)
    workflow.check(invoice, "penalize", by=by, seen=seen)
    asked = Proposal(invoice.dealer_id, PENALTY, amount, reason, (), about=invoice.number)
    made = corrections.propose(asked, by=by, now=now)
    invoice.penalty_id = made.id
    values = {"penalty": made.number}
    workflow.apply(invoice, "penalize", by=by, now=now, seen=seen, values=values)
    return made


@subscribe
def follow(happened: Sequence[tuple[Event, Document]]) -> None:
    """Put an invoice up for decision again whose penalty was dropped or reversed (F2, F3, L3)."""
    for event, document in happened:
        if isinstance(document, Correction) and event.name in ("drop", "reverse"):
            _reopen(document, event.at)


def _reopen(penalty: Correction, now: datetime) -> None:
    its = select(CustomerInvoice).where(CustomerInvoice.penalty_id == penalty.id)
    found = session.scalars(its).one_or_none()
    if found is None:
        return
    invoice = relock(found)
    invoice.penalty_id = None
    workflow.apply(invoice, "reopen", by=SYSTEM, now=now, values={"penalty": penalty.number})
