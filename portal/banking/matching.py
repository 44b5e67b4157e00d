"""Which dealer a line of the bank's names: by the dealer's code, in what the payer wrote (L7).

A dealer who is short of money is told to write its code and the application's number, which
holds the code as well. Only what names exactly one dealer is booked without a person.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from portal.core.db import AnyRow

_RUN = re.compile(r"[A-Z0-9]+")
NONE, SEVERAL, TWICE = "none", "several", "twice"
"""Why a line has no dealer: none is named, several are, or it looks like a line of before."""


def plain(text: str) -> str:
    """A text in capitals and half width, as codes are looked for."""
    return unicodedata.normalize("NFKC", text).upper()


@dataclass
class Dealers:
    """The dealers by their codes, written together; several if these are alike then.

    ``parted`` are the codes with a sign within, which are also looked for in parts; ``longest`` is
    how many runs of letters and digits a code has.
    """

    by_code: dict[str, list[AnyRow]] = field(default_factory=dict)
    parted: set[str] = field(default_factory=set)
    longest: int = 1

    @classmethod
    def of(cls, rows: Iterable[AnyRow]) -> "Dealers":
        """The dealers of some rows with ``id`` and ``code``."""
        found = cls()
        for row in rows:
            runs = _RUN.findall(plain(row.code))
            if not runs:
                continue
            code = "".join(runs)
            found.by_code.setdefault(code, []).append(row)
            if len(runs) > 1:
                found.parted.add(code)
                found.longest = max(found.longest, len(runs))
        return found

    def named_in(self, *texts: str) -> list[AnyRow]:
        """The dealers whose codes stand in some texts, each once.

        A code that could as well be a word or a number counts only where it stands alone.
        """
        found: dict[int, AnyRow] = {}
        for text in texts:
            runs = _RUN.findall(plain(text))
            for size in range(1, self.longest + 1):
                for at in range(len(runs) - size + 1):
                    code = runs[at] if size == 1 else "".join(runs[at : at + size])
                    rows = self.by_code.get(code)
                    if rows is None or (size > 1 and code not in self.parted):
                        continue
                    if size == len(runs) or _is_telling(code):
                        found |= {row.id: row for row in rows}
        return list(found.values())


def _is_telling(code: str) -> bool:
    return len(code) >= 4 and not code.isalpha() and not code.isdigit()


def why_none(named: list[AnyRow], *, looks_known: bool) -> str:
    """Why a line has no dealer, or "" if it has one."""
    if looks_known:
        return TWICE
    return "" if len(named) == 1 else SEVERAL if named else NONE
