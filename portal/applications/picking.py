"""The pick list: what the warehouse takes from the shelves for several applications (A7)."""

from collections.abc import Collection, Sequence
from functools import cache
from itertools import groupby
from operator import attrgetter

from sqlalchemy import bindparam, func, select

from portal.applications import policy
from portal.applications.models import Application, Quote, QuoteLine
from portal.applications.paper import Picked
from portal.applications.queries import IS_PRESENT, PROMISED, part_name
from portal.catalogue.models import Part
from portal.core.db import AnyRow, AnySelect, rows
from portal.core.permissions import Actor
from portal.people.models import Dealer

MOST = 200
"""How many applications are picked for at a time: those that are promised first."""
TO_SHIP = ("released", "part_shipped")


def applications(actor: Actor, dealer: str = "") -> Sequence[AnyRow]:
    """What is to be shipped, the oldest promise first; of one dealer, by its code, or of all."""
    statement = (
        select(
            Application.public_id,
            Application.number,
            Application.due_at,
            Dealer.code,
            Dealer.name,
            PROMISED.label("promised_on"),
            func.sum(QuoteLine.rest).label("pieces"),
        )
        .join(Dealer, Dealer.id == Application.dealer_id)
        .join(Quote, IS_PRESENT)
        .join(QuoteLine, QuoteLine.quote_id == Quote.id)
        .where(Application.status.in_(TO_SHIP), policy.visible_applications(actor))
        .group_by(Application.id, Dealer.id, Quote.id)
        .order_by(PROMISED, Application.id)
        .limit(MOST)
    )
    return rows(statement.where(Dealer.code == dealer) if dealer else statement)


def dealers(actor: Actor) -> Sequence[AnyRow]:
    """The dealers to whom something is to be shipped."""
    statement = (
        select(Dealer.code, Dealer.name)
        .join(Application, Application.dealer_id == Dealer.id)
        .where(Application.status.in_(TO_SHIP), policy.visible_applications(actor))
        .distinct()
        .order_by(Dealer.code)
    )
    return rows(statement)


def parts(names: Collection[str]) -> list[Picked]:
    """The parts of some applications, each with the pieces for each application."""
    found = rows(_parts(), {"names": list(names)})
    return [
        Picked(first.part, part_name(first), tuple((row.number, row.code, row.rest) for row in its))
        for its in (list(group) for _number, group in groupby(found, attrgetter("part")))
        if (first := its[0])
    ]


@cache
def _parts() -> AnySelect:
    return (
        select(
            Part.number.label("part"),
            Part.name,
            Part.name_zh,
            Part.name_pl,
            Application.number,
            Dealer.code,
            func.sum(QuoteLine.rest).label("rest"),
        )
        .select_from(Application)
        .join(Dealer, Dealer.id == Application.dealer_id)
        .join(Quote, IS_PRESENT)
        .join(QuoteLine, QuoteLine.quote_id == Quote.id)
        .join(Part, Part.id == QuoteLine.part_id)
        .where(Application.public_id.in_(bindparam("names", expanding=True)), QuoteLine.rest > 0)
        .group_by(Part.id, Application.id, Dealer.id, PROMISED)
        .order_by(Part.number, PROMISED, Application.id)
    )
