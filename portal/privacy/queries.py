"""What is kept of a customer, and what has been kept for so long that it is to be removed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter

from sqlalchemy import literal, select, tuple_

from portal.core.db import AnyRow, session
from portal.core.documents import personal_values
from portal.core.events import Event
from portal.core.permissions import Actor
from portal.core.personal import keeps_clear
from portal.people.models import Dealer
from portal.privacy import policy
from portal.privacy.naming import NAMING, Naming

MOST = 50
"""How many documents of a kind are shown."""
LEAST = 2
"""A text of fewer signs means everybody."""


def found(text: str, actor: Actor, now: datetime) -> list[AnyRow]:
    """The documents that name a customer by a text, or have that number; one query for each kind.

    ``is_over`` says whether the customer's data can be removed from it.
    """
    actor.must(policy.ANONYMISE)
    if len(text) < LEAST:
        return []
    rows: list[AnyRow] = []
    for kind, naming in NAMING.items():
        model = naming.model
        is_over = model.status.in_(naming.ended) & ~naming.is_open(now)
        statement = (
            select(
                literal(kind).label("kind"),
                model.id,
                model.public_id,
                model.version,
                model.number,
                model.status,
                model.created_at,
                model.customer_name,
                getattr(model, "customer_phone", literal("")).label("customer_phone"),
                Dealer.code.label("dealer_code"),
                Dealer.name.label("dealer_name"),
                is_over.label("is_over"),
            )
            .join(Dealer, Dealer.id == model.dealer_id)
            .where(naming.about(text), model.anonymised_at.is_(None))
            .order_by(model.created_at.desc(), model.id.desc())
            .limit(MOST)
        )
        rows += session.execute(statement)
    return rows


def is_kept_in_events(found: Iterable[AnyRow]) -> bool:
    """Whether the database keeps a customer of some documents for ever (P4).

    Events from before such values were sealed are hashed with them.
    """
    for kind, keys in groupby(found, attrgetter("kind")):
        statement = select(Event.values).where(
            Event.document_kind == kind,
            Event.document_id.in_([row.id for row in keys]),
            Event.personal.is_(None),
        )
        if any(keeps_clear(kept, personal_values(kind)) for kept in session.scalars(statement)):
            return True
    return False


def is_open(naming: Naming, document_id: int, now: datetime) -> bool:
    """Whether something still goes on about a document, in which the customer counts."""
    mine = select(naming.model.id).where(naming.model.id == document_id, naming.is_open(now))
    return session.scalar(mine) is not None


def due(
    naming: Naming, before: datetime, now: datetime, after: tuple[datetime, int], most: int
) -> Sequence[AnyRow]:
    """The next documents to which nothing has happened since a day, and that are over.

    The oldest first, those after ``after``: when it was made, and its key.
    """
    model = naming.model
    last = (
        select(Event.at)
        .where(Event.document_kind == model.kind, Event.document_id == model.id)
        .where(Event.seq == model.event_count)
        .scalar_subquery()
    )
    return session.execute(
        select(model.id, model.created_at)
        .where(
            model.created_at < before,
            tuple_(model.created_at, model.id) > after,
            model.anonymised_at.is_(None),
            model.status.in_(naming.ended),
            last < before,
            ~naming.is_open(now),
        )
        .order_by(model.created_at, model.id)
        .limit(most)
    ).all()
