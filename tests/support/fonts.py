"""Cuts the fonts of printed pages out of Debian's: ``python tests/support/fonts.py FOLDER``.

FOLDER is the ``/usr/share`` of Debian's fonts-noto-core, fonts-noto-cjk and unicode-data.
"""

import bz2
import sys
from collections.abc import Iterable
from pathlib import Path
from unicodedata import category

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

FONTS = Path(__file__).parents[2] / "static" / "fonts"
ALONE = ("L", "N", "P", "S", "Zs")
LATIN_GREEK_CYRILLIC = (
    *range(0x20, 0x590),
    *range(0x1AB0, 0x1B00),
    *range(0x1C80, 0x1C90),
    *range(0x1D00, 0x2190),
    *range(0x2C60, 0x2C80),
    *range(0xA640, 0xA800),
)


def gb2312() -> set[int]:
    """The 6,763 characters and the signs of GB 2312."""
    cells = (bytes((row, cell)) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF))
    return {ord(sign) for cell in cells if (sign := cell.decode("gb2312", "ignore"))}


def general_standard(folder: Path) -> set[int]:
    """The 8,105 characters of 通用规范汉字表, which names and addresses are written in."""
    table = folder / "unicode" / "Unihan_OtherMappings.txt.bz2"
    lines = bz2.decompress(table.read_bytes()).decode().splitlines()
    return {int(line.split()[0].replace("U+", "0x"), 0) for line in lines if "\tkTGH\t" in line}


def cut(font: TTFont, signs: Iterable[int], name: str) -> set[int]:
    """Keep these signs, and what joins and places them; tell which of them there are."""
    options = Options(hinting=False, notdef_outline=True, layout_features=["ccmp", "kern", "locl"])
    options.layout_features += ["mark", "mkmk", "tnum"]
    if "CFF " in font:
        options.drop_tables += ["GSUB", "GPOS", "VORG", "vhea", "vmtx"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=signs)
    subsetter.subset(font)
    font.save(FONTS / name)
    return set(font.getBestCmap())


def main(folder: Path) -> None:
    """Write the four fonts, and the signs that they have."""
    fonts, chinese = folder / "fonts", gb2312() | general_standard(folder)
    signs: set[int] = set()
    for weight in ("Regular", "Bold"):
        latin = TTFont(fonts / f"truetype/noto/NotoSans-{weight}.ttf")
        signs |= cut(latin, LATIN_GREEK_CYRILLIC, f"NotoSans-{weight}.ttf")
        collection = TTCollection(fonts / f"opentype/noto/NotoSansCJK-{weight}.ttc", lazy=True)
        (simplified,) = (
            font
            for font in collection.fonts
            if font["name"].getDebugName(1).startswith("Noto Sans CJK SC")
        )
        signs |= cut(simplified, chinese, f"NotoSansSC-{weight}.otf")
    alone = (sign for sign in map(chr, sorted(signs)) if category(sign).startswith(ALONE))
    (FONTS / "signs.txt").write_text("".join(alone), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
