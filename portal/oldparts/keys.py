"""By what pieces are known to have something in common: serials, their looks, the customer."""

from portal.catalogue.serials import look_key, serial_key
from portal.core.search import normal
from portal.oldparts.commands import RegisterCommand

LEAST_DIGITS, MOST_DIGITS = 6, 9
"""A phone's last digits tell it from others, whether or not the country's code stands before."""


def keys_of(command: RegisterCommand, dealer_id: int) -> dict[str, str | None]:
    """The columns of an old part that hold its keys; None where there is nothing to compare."""
    return {
        "product_serial_key": serial_key(command.product_serial) or None,
        "product_serial_look": look_key(command.product_serial) or None,
        "old_serial_key": serial_key(command.old_serial) or None,
        "old_serial_look": look_key(command.old_serial) or None,
        "customer_key": customer_key(command.customer_name, command.customer_phone, dealer_id),
    }


def customer_key(name: str, phone: str, dealer_id: int) -> str | None:
    """A customer by the phone; without one, by the name among this dealer's own customers."""
    digits = "".join(filter(str.isdecimal, serial_key(phone)))
    if len(digits) >= LEAST_DIGITS:
        return digits[-MOST_DIGITS:]
    words = normal(name)
    return f"{dealer_id} {words}"[:200] if words else None
