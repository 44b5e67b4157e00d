"""What became of an approved compensation: whether it is on a claim, and was paid back (R1)."""

from collections.abc import Callable
from typing import NamedTuple

from portal.advances.models import Advance
from portal.core.permissions import Actor
from portal.core.workflow import State


class Claimed(NamedTuple):
    """The line of a claim that claims a compensation; amounts in minor units.

    ``state`` is that of the line, ``claim_state`` that of its claim; ``approved`` is None while the
    line is not decided, and has what an appeal was paid.
    """

    number: str
    url: str | None
    state: State
    claim_state: State
    claimed: int
    approved: int | None


Tell = Callable[[Advance, Actor], Claimed | None]
_tells: list[Tell] = []


def tells_claim(function: Tell) -> Tell:
    """Let a higher feature say which line claims a compensation, as far as the actor sees it."""
    _tells.append(function)
    return function


def claimed(advance: Advance, actor: Actor) -> Claimed | None:
    """The line that claims a visible compensation; None if none does that the actor sees."""
    found = (tell(advance, actor) for tell in _tells)
    return next((one for one in found if one is not None), None)
