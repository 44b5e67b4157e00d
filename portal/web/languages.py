"""English, 简体中文 and polski: which one a reader gets, and the catalogues of messages.

The catalogues are the ``.po`` files themselves, read once at the start: there is nothing to
compile and nothing that can be stale.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, force_locale, get_locale
from flask_login import current_user

from portal.core.i18n import speak_by

CODES = ("en", "zh-Hans", "pl")
NATIVE = {"en": "English", "zh-Hans": "简体中文", "pl": "polski"}
FOLDER = Path(__file__).parent.parent / "translations"


@cache
def catalogue(code: str) -> NullTranslations:
    """The messages of a language; English is what the code says."""
    path = FOLDER / code.replace("-", "_") / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code.replace("-", "_")))
    compiled.seek(0)
    return Translations(compiled)


def messages() -> NullTranslations:
    """The messages in the language of this request."""
    return catalogue(code())


class _Catalogues(Domain):  # type: ignore[misc]
    def get_translations(self) -> NullTranslations:
        return messages()


class _Babel(Babel):  # type: ignore[misc]
    @property
    def domain_instance(self) -> Domain:
        return _Catalogues()


def code() -> str:
    """The language of this request, as a language tag: ``en``, ``zh-Hans`` or ``pl``."""
    locale = get_locale()
    return _TAGS[locale.language] if locale else "en"


_TAGS = {code.partition("-")[0]: code for code in CODES}


@cache
def _locale(tag: str) -> Locale:
    return Locale.parse(tag.replace("-", "_"))


def choose() -> Locale:
    """The language: the user's, else the first of the browser's that we have, else English."""
    return _locale(getattr(current_user, "language", None) or _of_browser())


def _of_browser() -> str:
    if not has_request_context():  # a command or a job
        return "en"
    for tag, _quality in request.accept_languages:
        known = _TAGS.get(tag.lower().partition("-")[0])
        if known:
            return known
    return "en"


def zone() -> ZoneInfo:
    """The reader's time zone: the dealer's own, or headquarters' (T1)."""
    chosen: ZoneInfo | None = g.get("zone")
    if chosen is None:
        own = getattr(current_user, "zone", None)
        chosen = g.zone = ZoneInfo(own) if own else current_app.extensions["settings"].hq_zone
    return chosen


def tell_times_in(zone: ZoneInfo) -> None:
    """Let this answer tell times in a zone, whosever reads it: one that is about its months."""
    g.zone = zone


def in_language(tag: str) -> AbstractContextManager[None]:
    """A block of this request that speaks a language of ``CODES``, whosever the reader's is."""
    forced: AbstractContextManager[None] = force_locale(str(_locale(tag)))
    return forced


@contextmanager
def speaking(language: str | None, zone: ZoneInfo) -> Iterator[None]:
    """A block that speaks to somebody who asked for nothing just now: in a mail.

    It is an application's context of its own, and so has a session of its own.
    """
    with current_app.app_context(), force_locale(str(_locale(language or "en"))):
        g.zone = zone
        yield


def init_app(app: Flask) -> None:
    """Connect Flask-Babel to our choice of language, zone and catalogues."""
    _Babel(
        app,
        default_locale="en",
        locale_selector=choose,
        timezone_selector=lambda: str(zone()),
    )
    speak_by(messages)
    for language in CODES:
        catalogue(language)
