"""Amounts as people write them (L1)."""

import pytest

from portal.core.errors import Invalid
from portal.core.money import parse_amount


@pytest.mark.parametrize(
    ("typed", "minor"),
    [
        ("1,234.50", 123450),
        ("1.234,50", 123450),
        ("1 234,5", 123450),
        ("1'234.50", 123450),
        ("1,234,567", 123456700),
        ("1.234.567", 123456700),
        ("1.234.567,8", 123456780),
        ("1,234", 123400),
        ("¥ １２．５０", 1250),
        ("12,50 zł", 1250),
        (".5", 50),
    ],
)
def test_amount_is_read_when_written_as_anywhere(typed: str, minor: int) -> None:
    """L1: groups and decimal signs of several countries."""
    assert parse_amount(typed) == minor


@pytest.mark.parametrize(
    ("typed", "minor"),
    [("12,50", 1250), ("1.234,50", 123450), ("1,234.50", 123450), ("1 234,5", 123450),
     ("1,234,567", 123456700)],
)  # fmt: skip
def test_amount_is_read_when_half_is_written_with_a_comma(typed: str, minor: int) -> None:
    """L1: as in Poland."""
    assert parse_amount(typed, decimal_comma=True) == minor


def test_amount_is_refused_when_its_comma_is_the_decimal_sign_and_three_digits_follow() -> None:
    """L1: 12,345 is no twelve thousand for who writes a half as 0,5."""
    for typed in ("12,345", "1,200", "1.200"):
        with pytest.raises(Invalid):
            parse_amount(typed, decimal_comma=True)


@pytest.mark.parametrize(
    "typed",
    [
        "1,234.567",
        "1.234,567",
        "1 234.567",
        "1.234",
        "1.200",
        "12.000",
        "1,234.567,89",
        "1,23,456",
        "1 2",
    ],
)
def test_amount_is_refused_when_it_could_mean_another(typed: str) -> None:
    """L1: three decimals are never a million: of two signs the last is the decimal one."""
    with pytest.raises(Invalid):
        parse_amount(typed)
