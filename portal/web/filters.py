"""What templates use to show money, days, moments, files of ours, and labels."""

import hashlib
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel.dates import format_timedelta
from babel.numbers import format_currency, format_decimal
from flask import Flask, current_app, url_for
from flask_babel import format_date, format_datetime, get_locale
from markupsafe import Markup

from portal.core.clock import Month
from portal.core.money import to_major
from portal.web import languages
from portal.web.routes import now


def _currency() -> tuple[str, int]:
    settings = current_app.extensions["settings"]
    return settings.currency, settings.exponent


def money(amount: int | None) -> str:
    """Minor units in the reader's way of writing: ``CN¥1,234.50``."""
    if amount is None:
        return "–"
    currency, exponent = _currency()
    return format_currency(to_major(amount, exponent), currency, locale=get_locale())


def amount(value: int | None) -> str:
    """Minor units as somebody would type them, for a form: ``1234.50``."""
    return "" if value is None else f"{to_major(value, _currency()[1]):f}"


def number(value: int) -> str:
    """A whole number, grouped."""
    return format_decimal(value, locale=get_locale())


def day(value: date | None) -> str:
    """A day in the reader's way of writing."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        value = value.astimezone(languages.zone()).date()
    return str(format_date(value, "medium"))


def month(value: str) -> str:
    """``2026-10`` as ``October 2026``."""
    return str(format_date(Month.parse(value).first, "LLLL y"))


def moment(value: datetime | None) -> str | Markup:
    """An instant in the reader's zone, as a ``time`` element."""
    if value is None:
        return "–"
    text = format_datetime(value, "medium")
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)


def ago(value: datetime | None) -> str | Markup:
    """How far an instant is from now: ``3 hours ago``, ``in 2 days``."""
    if value is None:
        return "–"
    text = format_timedelta(value - now(), add_direction=True, locale=get_locale())
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.isoformat(), format_datetime(value, "medium"), text
    )


@cache
def _digest(path: Path, _changed: float) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def static_url(name: str) -> str:
    """The address of a static file, with its content's hash: it may be kept for ever."""
    path = Path(str(current_app.static_folder)) / name
    return url_for("static", filename=name, v=_digest(path, path.stat().st_mtime))


def init_app(app: Flask) -> None:
    """Give the filters and the language's facts to every template."""
    for function in (money, amount, number, day, month, moment, ago):
        app.add_template_filter(function)
    app.jinja_env.globals.update(static_url=static_url, now=now)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True

    @app.context_processor
    def _language() -> dict[str, Any]:
        return {
            "locale_code": languages.code(),
            "languages": list(languages.NATIVE.items()),
            "icon_url": static_url("img/icons.svg"),
        }
