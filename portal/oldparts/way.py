"""The way of one old part, from what the dealer asked for to the entry that paid it (O9)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.oldparts.models import OldPart


@dataclass(frozen=True)
class Stop:
    """Where it came by: when, the number of the document or what was found, and where that is.

    ``amount`` is the piece's own share in the currency's minor units, where money was moved.
    """

    at: datetime
    text: Any
    url: str | None = None
    amount: int | None = None


STOPS = {
    "asked": _l("Parts application"),
    "quoted": _l("Quote"),
    "deducted": _l("Parts deduction"),
    "shipped": _l("Shipped line"),
    "registered": _l("Registration"),
    "collected": _l("Collection"),
    "inspected": _l("Inspection"),
    "claimed": _l("Claim"),
    "decided": _l("Decision"),
    "settled": _l("Statement"),
    "booked": _l("Ledger entry"),
}

Tells = Callable[[OldPart, Actor], Mapping[str, Stop]]
_tells: list[Tells] = []


def tells_way(function: Tells) -> Tells:
    """Let a higher feature say by which of ``STOPS`` a piece came."""
    _tells.append(function)
    return function


@dataclass(frozen=True)
class Place:
    """One of ``STOPS``; without a stop the piece has not come there. The last one is present."""

    label: Any
    stop: Stop | None
    is_present: bool


def way_of(old_part: OldPart, known: Mapping[str, Stop], actor: Actor) -> list[Place]:
    """All of ``STOPS`` in order; ``known`` are those that old parts know by themselves."""
    stops = dict(known)
    for tell in _tells:
        stops |= tell(old_part, actor)
    latest_first = [name for name in reversed(STOPS) if name in stops]
    present = max(latest_first, key=lambda name: stops[name].at, default=None)
    return [Place(label, stops.get(name), name == present) for name, label in STOPS.items()]
