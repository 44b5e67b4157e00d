"""Countries as people write them, and the time zone that most of a country lives in."""

from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import available_timezones

from babel import Locale
from babel.core import get_global

_AREAS = (
    "Africa/",
    "America/",
    "Asia/",
    "Atlantic/",
    "Australia/",
    "Europe/",
    "Indian/",
    "Pacific/",
)
ZONES = sorted(zone for zone in available_timezones() if zone.startswith(_AREAS))
"""The time zones that people live in."""
_SPELLED_IN = ("en", "zh_Hans", "pl")


def country_code(text: str) -> str | None:
    """The two letters of a country: from its code, its name in a language of the portal, or a
    locale's end (``pl_PL``); None for what is no country."""
    plain = " ".join(text.split()).casefold()
    known = _by_name()
    return known.get(plain) or known.get(plain.replace("-", "_").rpartition("_")[2])


@cache
def _by_name() -> dict[str, str]:
    """Codes by name; a code of two letters counts more than any name."""
    names: Any = [Locale.parse(language).territories for language in _SPELLED_IN]
    codes = {code for code in names[0] if len(code) == 2 and code.isalpha()}
    aliases: Any = get_global("territory_aliases")
    spelled = {name.casefold(): code for known in names for code, name in known.items()}
    three = {
        long.casefold(): now[0]
        for long, now in aliases.items()
        if len(long) == 3 and long.isalpha() and len(now) == 1
    }
    usual = {"usa": "US", "u.s.a.": "US", "uk": "GB", "中华人民共和国": "CN", "rp": "PL"}
    own = {code.casefold(): code for code in codes}
    found = spelled | three | usual | own
    return {name: code for name, code in found.items() if code in codes}


@cache
def first_zone(country: str) -> str:
    """The time zone of a country; of several, that of most of its people; "" if none."""
    return _zones().get(country, "")


@cache
def _zones() -> dict[str, str]:
    """The zones by country; of each, the table has the most populous first."""
    found: dict[str, str] = {}
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for row in table.splitlines():
        if row and not row.startswith("#"):
            code, _place, zone = row.split("\t")[:3]
            found.setdefault(code, zone)
    return found


def country_of(zone: str) -> str:
    """The country that a time zone lies in; "" for one that lies in none."""
    return str(get_global("zone_territories").get(zone, ""))
