"""The part that a cell of a person's own table names: its number, or number and name."""

import re
from collections.abc import Iterable
from itertools import combinations

from portal.catalogue.models import Part
from portal.catalogue.queries import find_parts, number_key

MOST_WORDS = 8
"""How many words of a cell are looked at for a part's number."""
_APART = re.compile(
    r"[()（）\[\]【】,;，；|]|(?<=[!-~])(?=[^\x00-\u024f])|(?<=[^\x00-\u024f])(?=[!-~])"
)
"""Where words end besides at blanks: at brackets, and between Latin and Chinese."""


def parts_named(cells: Iterable[str]) -> dict[str, tuple[Part, str]]:
    """For each cell that names a part, the part and what else stands in the cell. One query."""
    texts = set(cells) - {""}
    spans = {text: _spans(text) for text in texts}
    found = find_parts({number for some in spans.values() for number in some})
    by_key = {number_key(number): part for number, part in found.items()}
    named = {}
    for text, numbers in spans.items():
        best = next((number for number in numbers if number_key(number) in by_key), None)
        if best is not None:
            named[text] = by_key[number_key(best)], numbers[best]
    return named


def _spans(text: str) -> dict[str, str]:
    """Whatever in a cell may be a number, with the rest of the cell; the likeliest first."""
    every = _APART.sub(" ", text).split()
    words = every[:MOST_WORDS]
    runs = sorted(combinations(range(len(words) + 1), 2), key=lambda run: (run[0] - run[1], run))
    spans = {text: ""}
    for first, last in runs:
        number = " ".join(words[first:last]).strip(":：-–")
        rest = " ".join([*words[:first], *every[last:]]).strip(" :：-–")
        if len(number) > 2:
            spans.setdefault(number, rest)
    return spans
