"""The demo's people act when they are at work."""

from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from portal.demo.hours import dealers, headquarters

HQ = ZoneInfo("Asia/Shanghai")
WARSAW = ZoneInfo("Europe/Warsaw")


def at(text: str) -> datetime:
    """A moment in headquarters' zone."""
    return datetime.fromisoformat(text).replace(tzinfo=HQ)


@pytest.mark.parametrize("seed", range(20))
def test_headquarters_waits_for_thursday_when_the_holiday_week_begins(seed: int) -> None:
    """A step of one working day leaves out the national holidays and the weekend."""
    when = headquarters(HQ).later(at("2026-09-30T17:30"), 1, Random(seed))
    assert when.date() == at("2026-10-08").date()
    assert 9 <= when.hour < 18


@pytest.mark.parametrize("seed", range(20))
def test_polish_dealer_works_by_its_own_clock_when_hq_sleeps(seed: int) -> None:
    """T1: a dealer's hours are those of its zone; what is given is in headquarters' zone."""
    hours = dealers("Europe/Warsaw", "PL", HQ)
    when = hours.before(at("2026-11-12T03:00"), 1, Random(seed))
    assert when.tzinfo is HQ
    there = when.astimezone(WARSAW)
    # The 11th is a holiday there.
    assert there.date() == at("2026-11-10").date()
    assert 8 <= there.hour < 16


def test_same_day_is_kept_when_there_is_time_left() -> None:
    """Nothing that takes minutes waits for the next morning."""
    start = at("2026-10-14T10:00")
    when = headquarters(HQ).later(start, 0, Random(1))
    assert start < when < start + timedelta(hours=2)
