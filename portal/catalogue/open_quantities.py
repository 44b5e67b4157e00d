"""How many pieces of a part are on their way: the applications tell it, a part's page asks."""

from collections.abc import Callable
from typing import NamedTuple

from portal.catalogue.models import Part
from portal.core.permissions import Actor


class OpenQuantities(NamedTuple):
    """Pieces of a part that are wanted and not there yet, by how far they are."""

    asked: int
    confirmed: int
    to_ship: int
    on_the_way: int


Open = Callable[[int, Actor], OpenQuantities]
_open: list[Open] = []


def tells_open_quantities(function: Open) -> Open:
    """Have a function asked how many pieces of a part an actor sees on their way."""
    _open.append(function)
    return function


def open_quantities(part: Part, actor: Actor) -> OpenQuantities | None:
    """The pieces of a part on their way, as far as an actor sees them; None if nobody tells."""
    found = [function(part.id, actor) for function in _open]
    return OpenQuantities(*map(sum, zip(*found, strict=True))) if found else None
