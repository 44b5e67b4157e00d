"""Reads of requests for advance compensation, each within what the actor may see (P1)."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from portal.advances import policy
from portal.advances.models import Advance
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import contains
from portal.oldparts.models import OldPart
from portal.people.models import Dealer, User
from portal.web.lists import Tab, tab_of

TABS = (
    Tab("all", _l("All")),
    *(
        tab_of(state.name, state.label, Advance.status, state.name)
        for state in Advance.workflow.states
    ),
)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the requests whose number, customer, product or dealer has a text."""
    conditions = [policy.visible_advances(actor)]
    if text:
        own = (
            Advance.number,
            Advance.customer_name,
            Advance.product_model,
            Advance.product_serial,
        )
        dealers = select(Dealer.id).where(contains(Dealer.name, text))
        conditions.append(
            or_(*(contains(column, text) for column in own), Advance.dealer_id.in_(dealers))
        )
    return conditions


def listed(actor: Actor, text: str) -> AnySelect:
    """The rows of a list of requests, as columns."""
    return (
        select(
            Advance.id,
            Advance.created_at,
            Advance.public_id,
            Advance.number,
            Advance.status,
            Advance.customer_name,
            Advance.product_model,
            Advance.product_serial,
            Advance.asked,
            Advance.approved,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Dealer, Dealer.id == Advance.dealer_id)
        .where(*scope(actor, text))
    )


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """At most ten requests for the search at the top."""
    return session.execute(
        listed(actor, text).order_by(Advance.created_at.desc(), Advance.id.desc()).limit(10)
    ).all()


def heading(advance: Advance) -> AnyRow:
    """The names around a visible request."""
    decided_by = aliased(User)
    return session.execute(
        select(
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            OldPart.number.label("old_part_number"),
            OldPart.public_id.label("old_part"),
            User.name.label("requested_by"),
            decided_by.name.label("decided_by"),
        )
        .select_from(Advance)
        .join(Dealer, Dealer.id == Advance.dealer_id)
        .join(User, User.id == Advance.requested_by_id)
        .outerjoin(OldPart, OldPart.id == Advance.old_part_id)
        .outerjoin(decided_by, decided_by.id == Advance.decided_by_id)
        .where(Advance.id == advance.id)
    ).one()


def waiting(actor: Actor, status: str) -> int:
    """How many requests an actor sees in a status."""
    mine = policy.visible_advances(actor), Advance.status == status
    return session.scalars(select(func.count(Advance.id)).where(*mine)).one()
