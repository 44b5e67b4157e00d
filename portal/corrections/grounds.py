"""What a correction is for, where another document is its evidence (F3)."""

from collections.abc import Callable
from typing import NamedTuple

from portal.core.permissions import Actor
from portal.corrections.models import Correction


class Ground(NamedTuple):
    """The document that a correction is for: its number and address."""

    number: str
    url: str


Tell = Callable[[Correction, Actor], Ground | None]
_tells: list[Tell] = []


def tells_ground(function: Tell) -> Tell:
    """Let a higher feature say what a correction is for, as far as the actor sees it."""
    _tells.append(function)
    return function


def ground(correction: Correction, actor: Actor) -> Ground | None:
    """The document that a visible correction is for; None if it has its own evidence."""
    found = (tell(correction, actor) for tell in _tells)
    return next((one for one in found if one is not None), None)
