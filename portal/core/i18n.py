"""The one door to gettext: every sentence that a person reads goes through here.

Whoever knows the reader says which messages are theirs (``speak_by``); until then it is English.
"""

from collections.abc import Callable
from gettext import NullTranslations
from typing import Any

from flask_babel.speaklater import LazyString

_messages: list[Callable[[], NullTranslations]] = [NullTranslations]


def speak_by(messages: Callable[[], NullTranslations]) -> None:
    """Take the function that gives the messages in the language of whoever reads now."""
    _messages[:] = [messages]


def _(sentence: str, /, **values: Any) -> str:
    """A sentence in the reader's language."""
    said = _messages[0]().gettext(sentence)
    return said % values if values else said


def _l(sentence: str, /, **values: Any) -> Any:
    """A sentence in the language of whoever reads it, later."""
    return LazyString(_, sentence, **values)


def ngettext(singular: str, plural: str, num: int, **values: Any) -> str:
    """A sentence with a number, which it calls ``num``."""
    return _messages[0]().ngettext(singular, plural, num) % {"num": num, **values}


__all__ = ["_", "_l", "ngettext", "speak_by"]
