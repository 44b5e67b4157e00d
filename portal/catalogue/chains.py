"""Which part replaces which (C1): the whole chain that a part stands in."""

from typing import Any, NamedTuple

from sqlalchemy import literal, select, union

from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.core.db import session


def chain_from(part: Part) -> set[int]:
    """A part and whatever replaces it in the end, as ids; a loop would end, too (C1)."""
    chain = select(Part.id, Part.successor_id).where(Part.id == part.id).cte(recursive=True)
    chain = chain.union(
        select(Part.id, Part.successor_id).join(chain, chain.c.successor_id == Part.id)
    )
    return set(session.scalars(select(chain.c.id)))


class Link(NamedTuple):
    """A part in a chain; ``distance`` is how many steps it comes after the part asked about."""

    public_id: str
    number: str
    name: str
    status: str
    distance: int


LONGEST_CHAIN = 100


def chain_of(part: Part, language: str) -> list[Link]:
    """A part with all that it replaces and all that replaces it, the oldest first (C1).

    One query. Several parts may have the same successor, so older ones may share a distance.
    """
    here: Any = literal(0)
    after = (
        select(Part.id, Part.successor_id, here.label("distance"))
        .where(Part.id == part.id)
        .cte("after", recursive=True)
    )
    later = after.union_all(
        select(Part.id, Part.successor_id, after.c.distance + 1)
        .join(after, after.c.successor_id == Part.id)
        .where(after.c.distance < LONGEST_CHAIN)
    )
    before = (
        select(Part.id, here.label("distance"))
        .where(Part.id == part.id)
        .cte("before", recursive=True)
    )
    earlier = before.union_all(
        select(Part.id, before.c.distance - 1)
        .join(before, before.c.id == Part.successor_id)
        .where(before.c.distance > -LONGEST_CHAIN)
    )
    both = union(select(later.c.id, later.c.distance), select(earlier.c.id, earlier.c.distance))
    chain = both.subquery()
    rows = session.execute(
        select(Part.public_id, Part.number, name_in(language), Part.status, chain.c.distance)
        .join(chain, chain.c.id == Part.id)
        .order_by(chain.c.distance, Part.number)
    )
    return [Link(*row) for row in rows]


def successor_of(part: Part) -> Part | None:
    """What replaces a part, if anything does (C1)."""
    return session.get(Part, part.successor_id) if part.successor_id else None
