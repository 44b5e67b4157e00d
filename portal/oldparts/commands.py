"""What people ask of an old part."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class RegisterCommand:
    """What a dealer says of one old part (O2); whether it is complete is for the service to say.

    ``part_id`` is the part that was replaced: the one that was asked for, or the one that was
    shipped for it (A3); None means the one that was asked for.
    """

    customer_name: str
    product_model: str
    failed_on: date | None
    replaced_on: date | None
    complaint: str
    cause: str
    remedy: str
    customer_phone: str = ""
    product_serial: str = ""
    purchase_date: date | None = None
    fault_code: str = ""
    old_serial: str = ""
    part_id: int | None = None
