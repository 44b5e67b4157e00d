"""What is asked of the services of this feature."""

from dataclasses import dataclass
from datetime import date

MOST_LINES = 200
"""How many services a schedule has at most."""


@dataclass(frozen=True)
class Fee:
    """What one service costs, in minor units; ``row`` is its line in the form.

    ``item_id`` is 0 for an item that there is not, and None for a service with a name of its own.
    """

    row: int
    item_id: int | None
    name: str
    unit: str
    amount: int | None
    grounds: str


@dataclass(frozen=True)
class Fees:
    """A schedule as it is submitted (F1)."""

    effective_on: date
    grounds: str
    lines: tuple[Fee, ...]
