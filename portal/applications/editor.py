"""The lines of an application while they are typed, and what the form's buttons do to them (A1)."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence

from portal.applications.models import WARRANTY

Row = dict[str, str]
"""A line as it is typed."""

LINE_TYPED = (
    "key", "part", "quantity", "purpose", "product_model", "serial", "purchase_date", "fault",
    "remark",
)  # fmt: skip
CHECKED = "checked"
"""What is typed under this name says that the form is shown with all that is still wrong."""
_TYPED = ("reference", "contact", "phone", "delivery_address", "remark")
_FOR_THE_FORM = ("pasted", CHECKED)
LINE_KEY = re.compile("[A-Za-z0-9_-]{1,16}")
_OF_PART = re.compile("lines-[0-9]{1,4}-part")
_PRESS = re.compile("(remove|up|down|copy)-([0-9]{1,4})")
_OF_THE_REPAIR = ("product_model", "serial", "purchase_date", "fault")


def new_line(**typed: str) -> Row:
    """What stands in a line before anything is typed, with a key of its own."""
    blank = dict.fromkeys(LINE_TYPED, "") | {"purpose": WARRANTY, "quantity": "1"}
    return blank | {"key": secrets.token_urlsafe(6)} | typed


def with_rows(typed: Mapping[str, str], rows: Iterable[Row]) -> dict[str, str]:
    """The form as typed, with other lines."""
    kept = {name: typed.get(name, "") for name in _TYPED}
    kept |= {name: typed[name] for name in _FOR_THE_FORM if typed.get(name)}
    for index, row in enumerate(rows):
        kept |= {f"lines-{index}-{name}": value for name, value in row.items()}
    return kept


def lines_begun(typed: Mapping[str, str]) -> int:
    """How many lines of a form name a part."""
    return sum(1 for name, text in typed.items() if text and _OF_PART.fullmatch(name))


def next_line(rows: Sequence[Row]) -> Row:
    """A line to go on with: one repair takes several parts, so it takes over what is the same."""
    if not rows:
        return new_line()
    last = rows[-1]
    same = _OF_THE_REPAIR if last["purpose"] == WARRANTY else ()
    return new_line(purpose=last["purpose"], **{name: last[name] for name in same})


def changed(rows: Sequence[Row], press: str) -> tuple[list[Row], str]:
    """The lines after a press, and the name of what it was about; any other changes nothing."""
    lines = list(rows)
    if press == "add":
        return [*lines, next_line(lines)], f"lines-{len(lines)}-part"
    found = _PRESS.fullmatch(press)
    at = int(found[2]) if found else len(lines)
    if not found or at >= len(lines):
        return lines, "lines"
    if found[1] == "remove":
        del lines[at]
        return lines, f"line-{min(at, len(lines) - 1)}" if lines else "lines"
    if found[1] == "copy":
        lines.insert(at + 1, lines[at] | {"key": new_line()["key"]})
        return lines, f"lines-{at + 1}-part"
    to = max(0, at - 1) if found[1] == "up" else min(at + 1, len(lines) - 1)
    lines[at], lines[to] = lines[to], lines[at]
    return lines, f"line-{to}"
