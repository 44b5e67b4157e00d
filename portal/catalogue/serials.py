"""Serials of products and parts as they are compared (O4)."""

from portal.catalogue.queries import number_key

_ALIKE = str.maketrans("OQILZSB", "0011258")


def serial_key(serial: str) -> str:
    """A serial as it is compared: half-width, capitals, without blanks; "" if there is none."""
    return number_key(serial)


def look_key(serial: str) -> str:
    """What serials have in common that are easily taken for each other; "" if there is none.

    Signs that look alike (O and 0, I and 1 …) are one, and so is whatever stands between them: two
    different serials with the same look are worth a warning, and no more.
    """
    return "".join(filter(str.isalnum, serial_key(serial).translate(_ALIKE)))
