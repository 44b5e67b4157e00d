"""Money (L1): integers in the minor unit of the installation's one currency. Never a float."""

import re
import unicodedata
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from portal.core.errors import Invalid
from portal.core.i18n import _, ngettext

LARGEST = 10**13 - 1
"""The largest amount in minor units that any field accepts."""

LONGEST = 28
"""More characters than this no amount has; so many digits a decimal keeps exactly."""

_GROUPED = re.compile(
    r"(?P<whole>[1-9]\d{0,2}(?P<mark>[ ,.'’\u00a0\u202f])\d{3}(?:(?P=mark)\d{3})*)"
    r"(?P<rest>(?!(?P=mark))[.,]\d+)?$"
)


def half_up(amount: Decimal) -> int:
    """Round to a whole minor unit, half away from zero, once (L1)."""
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def share(amount: int, rate: Decimal) -> int:
    """A rate of an amount in minor units, rounded half-up once at the end (L1)."""
    return half_up(Decimal(amount) * rate)


def to_decimal(text: Any, *, decimal_comma: bool = False) -> Decimal:
    """Read a number as people write it: ``1 234,50``, ``1,234.50``, ``¥1,200``.

    Thousands are grouped by one and the same sign; of two different ones the last is the decimal
    sign. A single sign before exactly three digits groups them, unless it is a point or, for who
    writes with a decimal comma, a comma. Full-width signs count as their plain ones. ValueError if
    unreadable.
    """
    cleaned = re.sub(
        r"^(?:CNY|CN¥|RMB|PLN|EUR|USD|[¥€$])\s*|\s*(?:zł|元|CNY|PLN|EUR|USD)$",
        "",
        unicodedata.normalize("NFKC", str(text)).strip(),
        flags=re.IGNORECASE,
    )
    sign, body = ("-", cleaned[1:]) if cleaned.startswith(("-", "−")) else ("", cleaned)
    body = body.strip()
    grouped = _GROUPED.match(body)
    alone = "." + "," * decimal_comma  # the decimal sign where it is the only one
    if grouped and (
        grouped["mark"] not in alone
        or grouped["rest"]
        or grouped["whole"].count(grouped["mark"]) > 1
    ):
        body = re.sub(r"\D", "", grouped["whole"]) + (grouped["rest"] or "").replace(",", ".")
    else:
        body = body.replace(",", ".")
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?|\.[0-9]+", body):
        raise ValueError(text)
    try:
        return Decimal(sign + body)
    except InvalidOperation:  # pragma: no cover - the pattern above is stricter
        raise ValueError(text) from None


def decimals(number: Decimal) -> int:
    """How many digits were written after the decimal sign, zeros as well."""
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)  # it is finite
    return max(0, -exponent)


def parse_amount(text: Any, exponent: int = 2, *, decimal_comma: bool = False) -> int:
    """Read a typed amount into minor units; ``decimal_comma`` is as in ``to_decimal``.

    Invalid, with a sentence, if it is not a number, has more decimals than the currency, is
    negative, or is larger than ``LARGEST``.
    """
    try:
        major = to_decimal(text, decimal_comma=decimal_comma)
    except ValueError:
        raise Invalid(_("“%(text)s” is not an amount of money.", text=str(text)[:40])) from None
    if len(str(text)) > LONGEST:
        raise Invalid(_("This amount is too large."))
    if decimals(major) > exponent:  # 1.200 might be meant as twelve hundred
        raise Invalid(
            ngettext(
                "An amount has at most %(num)d digit after the decimal sign.",
                "An amount has at most %(num)d digits after the decimal sign.",
                exponent,
            )
        )
    amount = major.scaleb(exponent)
    if amount < 0:
        raise Invalid(_("An amount cannot be negative."))
    if amount > LARGEST:
        raise Invalid(_("This amount is too large."))
    return int(amount)


def to_major(amount: int, exponent: int = 2) -> Decimal:
    """Minor units as a decimal number of the currency: 1234 becomes 12.34."""
    return Decimal(amount).scaleb(-exponent)
