"""How long so many months last (C4)."""

from datetime import date

import pytest

from portal.catalogue.warranty import after_months


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2025, 3, 4), 24, date(2027, 3, 4)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 1, 30), 1, date(2026, 2, 28)),
        (date(2026, 3, 31), 1, date(2026, 4, 30)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 2, 28), 12, date(2027, 2, 28)),
        (date(9998, 12, 31), 24, date.max),
    ],
)
def test_the_last_day_is_the_same_day_or_the_months_last_one(
    start: date, months: int, end: date
) -> None:
    """C4: months are counted from the day of the sale, whatever their lengths."""
    assert after_months(start, months) == end
