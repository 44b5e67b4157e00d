"""What templates use to show money, days, moments, files of ours, and labels.

Templates have these as filters of their language (``web.templates``); views call them here.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request, url_for
from markupsafe import Markup, escape

from portal.web import languages, links
from portal.web.routes import now
from portal.web.writing import Writer


def _writer() -> Writer:
    writers: dict[str, Writer] = current_app.extensions["writers"]
    return writers[languages.code()]


def money(amount: int | None) -> str:
    """Minor units in the reader's way of writing: ``CN¥1,234.50``."""
    return _writer().money(amount)


def amount(value: int | None) -> str:
    """Minor units as somebody would type them, for a form: ``1234.50``."""
    return _writer().amount(value)


def span(count: int, unit: str) -> str:
    """A length of time, its unit ``hour``, ``day`` or ``month``: ``14 days``."""
    return _writer().span(count, unit)


def has_decimal_comma() -> bool:
    """Whether the reader writes a half as ``0,5``."""
    return _writer().has_decimal_comma


def number(value: int) -> str:
    """A whole number, grouped."""
    return _writer().number(value)


def listed(words: Iterable[Any]) -> str:
    """Words one after the other, divided as in the reader's language: ``Mon, Tue``."""
    return _writer().listed(words)


def hundredths(value: int) -> str:
    """A number of hundredths as somebody would type it, in the reader's way: ``0.5``."""
    return _writer().hundredths(value)


def percent(basis_points: int) -> str:
    """Hundredths of a percent in the reader's way of writing: ``0.5%``."""
    return _writer().percent(basis_points)


def day(value: date | None) -> str:
    """A day in the reader's way of writing."""
    return _writer().day(value)


def weekday(number: int) -> str:
    """The short name of a weekday, Monday being 0."""
    return _writer().weekday(number)


def month(value: str) -> str:
    """``2026-10`` as ``October 2026``."""
    return _writer().month(value)


def moment(value: datetime | None) -> str | Markup:
    """An instant in the reader's zone, as a ``time`` element."""
    return _writer().moment(value)


def instant(value: datetime) -> str:
    """An instant in the reader's zone, as plain text."""
    return _writer().instant(value)


def ago(value: datetime | None) -> str | Markup:
    """How far an instant is from now: ``3 hours ago``, ``in 2 days``."""
    return _writer().ago(value)


def at_headquarters(value: datetime) -> str:
    """An instant in headquarters' zone, where that is another time than the reader's (T1)."""
    return _writer().at_headquarters(value)


_NUMBER = re.compile(r"\b[A-Z]{2}-\d{4}-[A-Z0-9-]+")


def unbroken(text: Any) -> Markup:
    """A heading whose document numbers stay in one piece, instead of breaking at their hyphens."""
    whole = r'<span class="nowrap">\g<0></span>'
    return Markup(_NUMBER.sub(whole, str(escape(text))))  # noqa: S704 - escaped before


@cache
def _digest(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@cache
def _kept(_root: str, name: str) -> str:
    path = Path(str(current_app.static_folder)) / name
    return url_for("static", filename=name, v=_digest(path, path.stat().st_mtime))


def static_url(name: str) -> str:
    """The address of a static file, with its content's hash: it may be kept for ever."""
    fresh = _kept.__wrapped__ if current_app.debug else _kept
    return fresh(request.script_root, name)


def init_app(app: Flask) -> None:
    """Give the filters and the language's facts to every template."""
    currency = app.extensions["settings"].currency
    app.extensions["writers"] = {
        code: Writer(code, currency, zone=languages.zone, now=now) for code in languages.CODES
    }
    for function in (
        money, amount, number, percent, hundredths, listed, day, weekday, month, moment, ago,
        at_headquarters, unbroken,
    ):  # fmt: skip
        app.add_template_filter(function)
    app.jinja_env.globals.update(
        static_url=static_url, now=now, url_for=links.url_for, kept=lru_cache(1024, typed=True)
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def _language() -> dict[str, Any]:
        return {
            "locale_code": languages.code(),
            "languages": list(languages.NATIVE.items()),
            "icon_url": static_url("img/icons.svg"),
        }
