"""The press: a template with what it says, as PDF.

Run as a program, it prints one paper and is gone, with the memory that Typst keeps for the next:
it needs neither the portal nor its secrets.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from typst import Fonts


@cache
def _fonts(folder: str) -> "Fonts":
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[Path(folder)]
    )


def printed(template: str, fonts: str, said: str, at: int, *, tagged: bool = True) -> bytes:
    """A template, by its path, with what it says, as a PDF that was made ``at`` some second.

    Not ``tagged``, it is a tenth as large, and screen readers find no tables in it.
    """
    path = Path(template)
    made = typst.compile(
        path,
        root=path.parent,
        font_paths=_fonts(fonts),
        ignore_system_fonts=True,
        sys_inputs={"said": said},
        format="pdf",
        timestamp=at,
        pdf_tags=tagged,
    )
    assert isinstance(made, bytes)
    return made


if __name__ == "__main__":
    sys.stdout.buffer.write(printed(*json.load(sys.stdin), tagged=False))
