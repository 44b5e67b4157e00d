"""Printed pages: a template of ``templates/print`` and its facts, as PDF.

The facts go in as JSON and are set as they are: nothing in them is markup. No text can make a page
fail or take long, because only signs that our fonts have are printed; another one becomes a box.
"""

import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import segno
from flask import make_response
from werkzeug.wrappers import Response

from portal.core.db import snapshot
from portal.core.i18n import _
from portal.settings import RESOURCES
from portal.web import filters, languages
from portal.web.routes import now

TEMPLATES = RESOURCES / "templates" / "print"
FONTS = RESOURCES / "static" / "fonts"
MISSING = "□"
LONG = 150_000
"""Characters of a paper that a process of its own prints: those of some eight hundred lines."""

_BLANK = re.compile(r"\s*\n\s*\n\s*")
_LONG = re.compile("[^\\s\u2e80-\u9fff\uff00-\uffef]{25,}")
"""A word too long for a line, in a script that is broken at its blanks only."""
_MAY_BREAK = "\u200b"
_press = Lock()
"""One paper at a time, so that two hundred long lines need their 400 MB once; others answer on."""


@dataclass(frozen=True)
class Paper:
    """What is to be printed: a template, all that it says, and the name of the file."""

    template: str
    said: str
    name: str


def paper(template: str, name: str, facts: Mapping[str, Any], *, address: str = "") -> Paper:
    """A template with its facts, in the language of this request.

    ``facts`` hold texts, whole numbers, drawings, lists and mappings. ``address`` is the page that
    the paper is of: its code stands at the top.
    """
    said = {
        "language": languages.code(),
        "address": address,
        "code": code(address) if address else "",
        "printed": _("Printed %(moment)s", moment=filters.instant(now())),
        "pages": _("Page %(page)s of %(pages)s", page="{page}", pages="{pages}"),
        "facts": _ready(facts),
    }
    return Paper(template, json.dumps(said), name)


def answer(prepare: Callable[[], Paper]) -> Response:
    """A PDF to be looked at in the browser, and saved under its name.

    The route says ``own_transactions=True``: the database is asked while the paper is prepared, as
    it is at that moment, and is free again while it is printed.
    """
    with snapshot():
        prepared = prepare()
    response: Response = make_response(_printed(prepared))
    response.mimetype = "application/pdf"
    file_name = f"{re.sub('[^A-Za-z0-9.-]+', '-', prepared.name)}.pdf"
    response.headers.set("Content-Disposition", "inline", filename=file_name)
    return response


def pdf(prepare: Callable[[], Paper]) -> bytes:
    """The same as ``answer``, as bytes."""
    with snapshot():
        prepared = prepare()
    return _printed(prepared)


def _printed(prepared: Paper) -> bytes:
    template = TEMPLATES / f"{prepared.template}.typ"
    asked = (str(template), str(FONTS), prepared.said, int(now().timestamp()))
    with _press:
        if len(prepared.said) > LONG:
            return _printed_alone(asked)
        from portal.web import press  # Typst is large, and only who prints needs it

        return press.printed(*asked)


def _printed_alone(asked: tuple[str, str, str, int]) -> bytes:
    """What a process of its own prints: ten thousand lines take 900 MB, and some of it for good."""
    program = Path(__file__).with_name("press.py")
    child = subprocess.run(  # noqa: S603 - a fixed command
        [sys.executable, "-I", str(program)],
        input=json.dumps(asked).encode(), stdout=subprocess.PIPE, env={}, cwd="/", check=True,
    )  # fmt: skip
    return child.stdout


class Drawing(str):
    """An SVG: a fact that goes in as it is."""


def code(address: str) -> Drawing:
    """The QR code of an address, with its quiet zone."""
    drawn = BytesIO()
    # Any mask is read; to weigh all eight takes five times as long, for three hundred labels 3 s.
    made = segno.make(address, micro=False, error="m", mask=0)
    made.save(drawn, kind="svg", border=2, xmldecl=False)
    return Drawing(drawn.getvalue().decode())


def printable(text: str) -> str:
    """A text as it can be printed: known signs, and places to break a line."""
    text = _unknown().sub(_instead, unicodedata.normalize("NFC", text))
    text = _BLANK.sub("\n\n", text)
    return _LONG.sub(lambda found: _MAY_BREAK.join(re.findall(".{1,4}", found[0])), text)


def _instead(found: re.Match[str]) -> str:
    """A box for a sign that is not known; nothing for a mark or a control."""
    return "" if unicodedata.category(found[0])[0] in "CM" else MISSING


@cache
def _unknown() -> re.Pattern[str]:
    known = (FONTS / "signs.txt").read_text(encoding="utf-8")
    return re.compile(f"[^\n{re.escape(known)}]")


def _ready(fact: Any) -> Any:
    if isinstance(fact, Mapping):
        return {key: _ready(value) for key, value in fact.items()}
    if isinstance(fact, list | tuple):
        return [_ready(value) for value in fact]
    return fact if fact is None or isinstance(fact, int | Drawing) else printable(str(fact))
