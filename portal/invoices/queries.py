"""Reads of customer invoices, each within what the actor may see (F2, P1)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, select

from portal.catalogue.queries import name_in
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.corrections.models import Correction
from portal.fees.models import FeeSchedule, ServiceItem
from portal.invoices import policy
from portal.invoices.models import CustomerInvoice, CustomerInvoiceLine
from portal.oldparts.models import OldPart
from portal.people import queries as people
from portal.people.models import Dealer, User
from portal.people.policy import visible_dealers
from portal.web.lists import Tab, tab_of

TABS = (
    Tab("all", _l("All")),
    *(
        tab_of(state.name, state.label, CustomerInvoice.status, state.name)
        for state in CustomerInvoice.workflow.states
    ),
)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the invoices whose number, customer or dealer contains a text."""
    conditions = [policy.visible_invoices(actor)]
    if text:
        of_dealer = CustomerInvoice.dealer_id
        conditions.append(people.matches_or_called(CustomerInvoice, of_dealer, text, actor))
    return conditions


def listed(actor: Actor, text: str) -> AnySelect:
    """The rows of a list of invoices, as columns."""
    return (
        select(
            CustomerInvoice.id,
            CustomerInvoice.created_at,
            CustomerInvoice.public_id,
            CustomerInvoice.number,
            CustomerInvoice.status,
            CustomerInvoice.paper_number,
            CustomerInvoice.issued_on,
            CustomerInvoice.customer_name,
            CustomerInvoice.charged,
            CustomerInvoice.above,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Dealer, Dealer.id == CustomerInvoice.dealer_id)
        .where(*scope(actor, text))
    )


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """At most ten invoices for the search at the top."""
    order = CustomerInvoice.created_at.desc(), CustomerInvoice.id.desc()
    return session.execute(listed(actor, text).order_by(*order).limit(10)).all()


def to_decide(actor: Actor) -> int:
    """How many invoices above the rates wait for somebody who did not record them (P2)."""
    waiting = CustomerInvoice.status == "flagged", CustomerInvoice.recorded_by_id != actor.id
    return session.scalars(
        select(func.count(CustomerInvoice.id)).where(policy.visible_invoices(actor), *waiting)
    ).one()


def heading(invoice: CustomerInvoice) -> AnyRow:
    """The names around a visible invoice."""
    return session.execute(
        select(
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            User.name.label("recorded_by"),
            OldPart.number.label("old_part_number"),
            OldPart.public_id.label("old_part"),
            FeeSchedule.number.label("schedule_number"),
            FeeSchedule.public_id.label("schedule"),
            Correction.number.label("penalty_number"),
            Correction.public_id.label("penalty"),
        )
        .select_from(CustomerInvoice)
        .join(Dealer, Dealer.id == CustomerInvoice.dealer_id)
        .join(User, User.id == CustomerInvoice.recorded_by_id)
        .outerjoin(OldPart, OldPart.id == CustomerInvoice.old_part_id)
        .outerjoin(FeeSchedule, FeeSchedule.id == CustomerInvoice.schedule_id)
        .outerjoin(Correction, Correction.id == CustomerInvoice.penalty_id)
        .where(CustomerInvoice.id == invoice.id)
    ).one()


def lines_of(invoice: CustomerInvoice, language: str) -> Sequence[AnyRow]:
    """The lines of a visible invoice, each beside its rate."""
    return session.execute(
        select(
            CustomerInvoiceLine.unit,
            CustomerInvoiceLine.quantity,
            CustomerInvoiceLine.amount,
            CustomerInvoiceLine.rate,
            CustomerInvoiceLine.allowed,
            ServiceItem.code,
            func.coalesce(name_in(language, ServiceItem), CustomerInvoiceLine.name).label("name"),
        )
        .outerjoin(ServiceItem, ServiceItem.id == CustomerInvoiceLine.item_id)
        .where(CustomerInvoiceLine.invoice_id == invoice.id)
        .order_by(CustomerInvoiceLine.position)
    ).all()


def dealers(actor: Actor) -> Sequence[AnyRow]:
    """The dealers whose invoices somebody may record, to choose from."""
    return session.execute(
        select(Dealer.id, Dealer.public_id, Dealer.code, Dealer.name)
        .where(visible_dealers(actor))
        .order_by(Dealer.code)
    ).all()


def about(correction: Correction, actor: Actor) -> CustomerInvoice | None:
    """The invoice that a penalty is for, if the actor sees it."""
    mine = policy.visible_invoices(actor), CustomerInvoice.penalty_id == correction.id
    return session.scalars(select(CustomerInvoice).where(*mine)).one_or_none()
