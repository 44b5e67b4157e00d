"""Reads of corrections, each within what the actor may see (P1, L8)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select

from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import contains
from portal.corrections import policy
from portal.corrections.models import Correction
from portal.corrections.workflow import OPEN
from portal.people import queries as people
from portal.people.models import Dealer
from portal.web.lists import Tab, tab_of

TABS = (
    Tab("all", _l("All")),
    tab_of("open", _l("Undecided"), Correction.status, *OPEN),
    tab_of("booked", _l("Booked"), Correction.status, "booked"),
    tab_of("declined", _l("Declined"), Correction.status, "declined", "withdrawn"),
    tab_of("reversed", _l("Reversed"), Correction.status, "reversed"),
)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the corrections whose number, reason or dealer contains a text."""
    conditions = [policy.visible_corrections(actor)]
    if text:
        conditions.append(
            or_(
                contains(Correction.number, text),
                contains(Correction.reason, text),
                Correction.dealer_id.in_(people.called(text)),
            )
        )
    return conditions


def listed(actor: Actor, text: str) -> AnySelect:
    """The rows of a list of corrections, as columns."""
    return (
        select(
            Correction.id,
            Correction.created_at,
            Correction.public_id,
            Correction.number,
            Correction.status,
            Correction.sort,
            Correction.amount,
            Correction.reason,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Dealer, Dealer.id == Correction.dealer_id)
        .where(*scope(actor, text))
    )


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """At most ten corrections for the search at the top."""
    order = Correction.created_at.desc(), Correction.id.desc()
    return session.execute(listed(actor, text).order_by(*order).limit(10)).all()


def to_decide(actor: Actor, now: datetime) -> int:
    """How many corrections wait for one of finance who did not ask for them (L8, F3)."""
    late = and_(Correction.status == "announced", Correction.answer_by < now)
    ripe = or_(Correction.status.in_(("proposed", "answered")), late)
    return session.scalars(
        select(func.count(Correction.id)).where(
            policy.visible_corrections(actor), Correction.made_by_id != actor.id, ripe
        )
    ).one()


def to_answer(actor: Actor, now: datetime) -> AnyRow:
    """How many penalties a dealer may still answer, and until when the first (F3)."""
    return session.execute(
        select(func.count().label("number"), func.min(Correction.answer_by).label("first")).where(
            policy.visible_corrections(actor),
            Correction.status == "announced",
            Correction.answer_by >= now,
        )
    ).one()
