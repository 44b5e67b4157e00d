"""What a dealer asks for, in the shape that the services take."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """A request for advance compensation (S4); ``asked`` in minor units.

    ``old_part`` is the number of a registered piece of the dealer's own, or empty.
    """

    customer_name: str
    what_happened: str
    asked: int
    product_model: str = ""
    product_serial: str = ""
    old_part: str = ""
