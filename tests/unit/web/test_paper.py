"""What of a text is printed, and whether our fonts have it."""

from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from portal.web.languages import CODES, catalogue
from portal.web.paper import FONTS, MISSING, TEMPLATES, printable
from tests.support.fonts import gb2312

COVERED = set(map(ord, (FONTS / "signs.txt").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Łódź, ul. Żółta 5 — Ἀθῆναι, Москва", "Łódź, ul. Żółta 5 — Ἀθῆναι, Москва"),
        ("售后服务配件申请单：镕 堃 喆，￥5", "售后服务配件申请单：镕 堃 喆，￥5"),
        ("Zażółć", "Zażółć"),
        ("a😀b שלום", f"a{MISSING}b {MISSING * 4}"),
        ("a\u202e\u2067\u200f\ufeffb\x07c\ufe0f", "abc"),
        ("e" + "\u0301" * 99, "é"),
        ("a\n\n\n \n\nb\nc", "a\n\nb\nc"),
        ("PA-2026-D0001-00001", "PA-2026-D0001-00001"),
        ("x" * 30, "\u200b".join(["xxxx"] * 7 + ["xx"])),
        ("配" * 300, "配" * 300),
    ],
)
def test_text_is_printed_as_far_as_the_fonts_go(text: str, expected: str) -> None:
    """A box stands for what they lack; nothing turns the line round or piles up on a letter."""
    assert printable(text) == expected


def test_every_sign_that_is_printed_is_in_the_fonts() -> None:
    """What counts as known is in both weights; all of GB 2312 is, and 1,200 characters more."""
    for weight in ("Regular", "Bold"):
        found: set[int] = set()
        for path in sorted(FONTS.glob(f"*-{weight}.?tf")):
            with TTFont(path) as font:
                found |= set(font.getBestCmap())
        assert found >= COVERED
    assert gb2312() <= COVERED
    assert sum(0x4E00 <= sign < 0xA000 for sign in COVERED) > 7900


@pytest.mark.parametrize("language", [code for code in CODES if code != "en"])
def test_every_word_of_the_portal_can_be_printed(language: str) -> None:
    """No sentence of ours comes out with a box."""
    said = catalogue(language)._catalog.values()  # type: ignore[attr-defined]
    assert not [text for text in map(str, said) if MISSING in printable(text)]


def test_templates_take_nothing_from_anywhere_else() -> None:
    """No packages, no files but our own, and no sentence that gettext does not see."""
    for path in Path(TEMPLATES).glob("*.typ"):
        text = path.read_text(encoding="utf-8")
        assert "@preview" not in text
        assert text.count("#import") == text.count('#import "_paper.typ": *')
