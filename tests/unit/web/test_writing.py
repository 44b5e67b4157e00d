"""T1, L1: values are written as Babel writes them, whatever the language and the currency."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date, format_datetime, format_skeleton, format_timedelta
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from portal.core.money import to_major
from portal.web.languages import CODES
from portal.web.writing import Writer

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=ZONE)
WRITERS = {
    (code, currency): Writer(code, currency, zone=lambda: ZONE, now=lambda: NOW)
    for code in CODES
    for currency in ("CNY", "PLN", "JPY")
}
writers = st.sampled_from(list(WRITERS.values()))
currencies = st.sampled_from(sorted(WRITERS))


@given(currencies, st.integers(-(10**13), 10**13))
def test_money_is_written_as_babel_does_when_any_amount_is_given(
    which: tuple[str, str], amount: int
) -> None:
    """L1: the whole range of amounts, in three languages, with and without a minor unit."""
    writer = WRITERS[which]
    major = to_major(amount, writer.exponent)
    assert writer.money(amount) == format_currency(major, which[1], locale=writer.locale)
    assert writer.amount(amount) == f"{major:f}"
    assert writer.number(amount) == format_decimal(amount, locale=writer.locale)


@pytest.mark.parametrize(
    ("code", "written"), [("en", "0.5 a, b"), ("zh-Hans", "0.5 a、b"), ("pl", "0,5 a, b")]
)
def test_rates_and_lists_are_written_as_the_reader_writes_them(code: str, written: str) -> None:
    """A rate without its sign, and words one after the other."""
    writer = WRITERS[code, "CNY"]
    assert f"{writer.hundredths(50)} {writer.listed(['a', 'b'])}" == written


@given(writers, st.integers(631_152_000, 4_070_908_800))
def test_instant_is_written_as_babel_does_when_any_is_given(writer: Writer, at: int) -> None:
    """T1: in the reader's zone, from 1990 to 2099."""
    value = datetime.fromtimestamp(at, UTC)
    words = format_datetime(value, "medium", tzinfo=ZONE, locale=writer.locale)
    assert writer.moment(value) == f'<time datetime="{value.isoformat()}">{words}</time>'
    assert writer.day(value.date()) == format_date(value.date(), "medium", locale=writer.locale)
    assert writer.day(value) == format_date(
        value.astimezone(ZONE).date(), "medium", locale=writer.locale
    )


@given(writers, st.integers(-3 * 365 * 86400, 3 * 365 * 86400) | st.integers(-200_000, 200_000))
def test_distance_is_written_as_babel_does_when_any_is_given(writer: Writer, away: int) -> None:
    """T1: from seconds to years, before and after."""
    delta = timedelta(seconds=away, microseconds=7)
    words = format_timedelta(delta, add_direction=True, locale=writer.locale)
    assert f">{words}</time>" in str(writer.ago(NOW + delta))


@pytest.mark.parametrize("code", CODES)
def test_nothing_is_a_dash_when_there_is_no_value(code: str) -> None:
    """An empty cell says that it is empty."""
    writer = WRITERS[code, "CNY"]
    assert {writer.money(None), writer.day(None), writer.moment(None), writer.ago(None)} == {"–"}
    assert writer.amount(None) == ""
    in_october = format_skeleton("yMMMM", date(2026, 10, 1), locale=writer.locale)
    assert writer.month("2026-10") == in_october


def test_instant_names_no_smaller_part_of_a_second_than_html_knows() -> None:
    """T1: a real clock has microseconds, of which a valid page names the milliseconds."""
    writer, at = WRITERS["en", "CNY"], datetime(2026, 11, 23, 6, 27, 56, 858452, tzinfo=UTC)
    for written in (writer.moment(at), writer.ago(at)):
        assert 'datetime="2026-11-23T06:27:56.858+00:00"' in written


def test_deadline_names_headquarters_time_when_the_reader_has_another() -> None:
    """T1: in Kraków six hours apart in summer and seven in winter; nothing where they agree."""
    warsaw = ZoneInfo("Europe/Warsaw")
    abroad = Writer("pl", "CNY", zone=lambda: warsaw, now=lambda: NOW)
    summer = datetime(2026, 10, 24, 23, 59, 59, tzinfo=ZONE)
    winter = datetime(2026, 10, 31, 23, 59, 59, tzinfo=ZONE)
    assert "17:59:59" in abroad.moment(summer)
    assert "16:59:59" in abroad.moment(winter)
    assert abroad.at_headquarters(winter) == "31 paź 2026, 23:59:59"
    assert WRITERS["en", "CNY"].at_headquarters(winter) == ""


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("en", ["1 hour", "14 days", "24 months"]),
        ("zh-Hans", ["1小时", "14天", "24个月"]),
        ("pl", ["1 godzina", "14 dni", "24 miesiące"]),
    ],
)
def test_span_is_written_in_words_of_the_language(code: str, words: list[str]) -> None:
    """C4, A10: of hours, days and months."""
    writer = WRITERS[code, "CNY"]
    spans = [writer.span(1, "hour"), writer.span(14, "day"), writer.span(24, "month")]
    assert [" ".join(span.split()) for span in spans] == words
