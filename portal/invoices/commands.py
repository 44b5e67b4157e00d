"""What is asked of the services of this feature."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

MOST_LINES = 40
"""How many services an invoice has at most."""


@dataclass(frozen=True)
class Charge:
    """One service on an invoice: ``quantity`` in hundredths, ``amount`` in minor units.

    ``item_id`` is None for a service with a name of its own; ``row`` is its line in the form.
    """

    row: int
    item_id: int | None
    name: str
    unit: str
    quantity: int
    amount: int


@dataclass(frozen=True)
class Asked:
    """An invoice to a customer, as it was typed from the paper (F2).

    ``old_part`` is the number of a registered piece of the dealer's, or empty.
    """

    dealer_id: int
    paper_number: str
    issued_on: date
    customer_name: str
    charges: tuple[Charge, ...]
    files: Collection[str]
    old_part: str = ""
    remark: str = ""
