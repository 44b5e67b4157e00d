"""Cells: messy amounts, days in many spellings, whole numbers, text."""

from contextlib import suppress
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.core.errors import Invalid
from portal.sheets.cells import amount, day, text, whole_number

FIRST, LAST = date(2000, 1, 1), date(2030, 12, 31)


@pytest.mark.parametrize(
    ("cell", "minor"),
    [
        ("1234.5", 123450),
        ("1 234,50", 123450),
        ("1\u00a0234,50 zł", 123450),
        ("1,234.50", 123450),
        ("¥1,200", 120000),
        ("￥１２．５", 1250),
        ("1200元", 120000),
        ("0,5", 50),
        ("0,513", 51),
        (".5", 50),
        ("0", 0),
        ("29.000000", 2900),
    ],
)
def test_amount_is_read_when_written_as_people_do(cell: str, minor: int) -> None:
    """L1: minor units, whatever the separators, blanks and width."""
    found = amount(cell)
    assert found
    assert found.minor == minor


@pytest.mark.parametrize("cell", ["", "  ", "-", "—", "NULL", "null", "N/A"])
def test_amount_is_none_when_cell_says_nothing(cell: str) -> None:
    """A missing price is no price of 0."""
    assert amount(cell) is None


@pytest.mark.parametrize(
    ("cell", "minor", "rounded"),
    [("1.8567", 186, "1.86"), ("0.005", 1, "0.01"), ("2.344", 234, "2.34")],
)
def test_amount_is_rounded_half_up_once_when_too_fine(cell: str, minor: int, rounded: str) -> None:
    """L1: with a note that names both."""
    assert amount(cell) == (minor, f"Rounded from {cell} to {rounded}.")


@pytest.mark.parametrize(("cell", "told"), [("1.200", True), ("0.500", False), ("1.2000", False)])
def test_amount_is_told_when_it_could_mean_thousands(cell: str, told: bool) -> None:
    """L1: what is read as 1.20 might be meant as twelve hundred."""
    found = amount(cell)
    assert found is not None
    assert (found.minor, found.note is not None) == (50 if cell == "0.500" else 120, told)


@pytest.mark.parametrize(
    "cell",
    ["-1", "−0.01", "(5.00)", "nan", "inf", "1e400", "9" * 5000, "1" + "0" * 13, "12 abc", "#N/A",
     "1.2.3", "1,2,3", "=1+1", "٣٤"],
)  # fmt: skip
def test_amount_is_refused_when_no_money(cell: str) -> None:
    """A sentence, never another exception."""
    with pytest.raises(Invalid, match=r"\.$"):
        amount(cell)


def test_amount_is_refused_when_in_another_currency() -> None:
    """L1: one currency; 5 dollars are not 5 yuan."""
    with pytest.raises(Invalid, match="not an amount in CNY"):
        amount("$5.00", currency="CNY")
    assert amount("¥5.00", currency="CNY") == (500, None)
    assert amount("5,00 zł", currency="PLN") == (500, None)


def test_amount_follows_the_currency_when_it_has_no_minor_unit() -> None:
    """L1: yen have no decimals."""
    assert amount("1,200", exponent=0) == (1200, None)
    assert amount("12.5", exponent=0) == (13, "Rounded from 12.5 to 13.")


@given(st.integers(0, 10**13 - 1), st.sampled_from([" ", ",", "'", "\u202f"]))
def test_amount_comes_back_when_written_with_separators(minor: int, group: str) -> None:
    """L1: every amount survives being written for people."""
    decimal = "," if group == " " else "."
    whole = f"{minor // 100:,}".replace(",", group)
    assert amount(f"{whole}{decimal}{minor % 100:02d}") == (minor, None)


@given(st.decimals(0, 10**9, allow_nan=False, places=5))
def test_amount_is_nearest_when_rounded(value: Decimal) -> None:
    """L1: half-up at the second decimal."""
    found = amount(f"{value:f}")
    assert found
    assert Decimal(found.minor) / 100 == value.quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert (found.note is None) == (Decimal(found.minor) / 100 == value)


@given(st.text(max_size=80))
def test_cell_gives_a_sentence_when_it_is_anything(cell: str) -> None:
    """Whatever is in a cell, the only exception is a refusal."""
    for parse in (
        amount,
        whole_number,
        lambda c: day(c, FIRST, LAST),
        lambda c: text(c, 20),
    ):
        with suppress(Invalid):
            parse(cell)


@pytest.mark.parametrize(
    "cell",
    ["2025-03-05", "2025-3-5", "2025/3/5", "2025.03.05", "2025年3月5日", "２０２５-０３-０５",
     "20250305", "05.03.2025", "5.3.25", "5-Mar-25", "5 March 2025", "Mar 5, 2025", "5 marca 2025",
     "45721", "45721.75", "2025-03-05 10:01:36.827", "2025-03-05T10:01:00Z", "2025/3/5 9:30"],
)  # fmt: skip
def test_day_is_read_when_spelled_in_a_usual_way(cell: str) -> None:
    """T1: a day is a day, whoever wrote it."""
    assert day(cell, FIRST, LAST) == date(2025, 3, 5)


def test_day_is_read_when_only_one_part_can_be_the_month() -> None:
    """25 is no month."""
    assert day("25/03/2025", FIRST, LAST) == day("03-25-2025", FIRST, LAST) == date(2025, 3, 25)
    assert day("3/3/2025", FIRST, LAST) == date(2025, 3, 3)


@pytest.mark.parametrize("cell", ["03/05/2025", "3-5-25"])
def test_day_is_refused_when_it_may_be_two(cell: str) -> None:
    """A guess would shift a warranty by months."""
    with pytest.raises(Invalid, match="one of two days"):
        day(cell, FIRST, LAST)


@pytest.mark.parametrize(
    "cell",
    ["1901-01-01", "2099-01-01", "31.02.2025", "2025-13-01", "12", "99999", "soon", "T " * 9999],
)
def test_day_is_refused_when_implausible(cell: str) -> None:
    """1901 and 2099 are typing errors, and say so."""
    with pytest.raises(Invalid, match=r"\.$"):
        day(cell, FIRST, LAST)


def test_day_is_none_when_cell_says_nothing() -> None:
    """NULL is what databases export for no date."""
    assert day("NULL", FIRST, LAST) is None
    assert day("", FIRST, LAST) is None


@given(st.dates(FIRST, LAST))
def test_day_comes_back_when_written_in_any_spelling(when: date) -> None:
    """Round trip through each spelling, Excel's serial number included."""
    serial = str((when - date(1899, 12, 30)) // timedelta(days=1))
    for cell in (
        when.isoformat(),
        f"{when:%d.%m.%Y}",
        f"{when:%d-%b-%y}",
        f"{when:%Y%m%d}",
        serial,
    ):
        assert day(cell, FIRST, LAST) == when


def test_whole_number_is_read_when_excel_made_it_a_float() -> None:
    """Quantities arrive as 12.0 and 1,200."""
    assert whole_number("12.0") == whole_number("１２") == 12
    assert whole_number("1,200") == 1200
    assert whole_number("") is None


@pytest.mark.parametrize("cell", ["1.5", "-1", "0", "1e9", "1000000000", "many", "½"])
def test_whole_number_is_refused_when_no_quantity(cell: str) -> None:
    """A1: a whole quantity above 0."""
    with pytest.raises(Invalid, match=r"\.$"):
        whole_number(cell, least=1)


def test_text_is_one_line_when_cell_has_several() -> None:
    """Names are one line; too long or with control characters is refused."""
    assert text("  Basin\n tap\u3000 ", 20) == "Basin tap"
    assert text(" ", 20) is None
    with pytest.raises(Invalid, match="at most 3 are possible"):
        text("abcd", 3)
    with pytest.raises(Invalid, match="control characters"):
        text("a\x07b", 20)
