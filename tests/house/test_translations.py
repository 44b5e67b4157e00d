"""Every sentence is there in every language, with the values that it names."""

import re
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
LANGUAGES = ("pl", "zh_Hans")
VALUE = re.compile(r"%\((\w+)\)[sd]|%%|%")


@pytest.fixture(scope="module")
def sentences(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """What the code and the templates say now, as `make messages` finds it."""
    target = tmp_path_factory.mktemp("messages") / "messages.pot"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)  # the patterns of pyproject.toml are relative to it
        CommandLineInterface().run(
            ["pybabel", "-q", "extract", "-F", "pyproject.toml", "-k", "_l", "-o", str(target), "."]
        )
    with target.open("rb") as source:
        return read_po(source)


@cache
def _translations(language: str) -> Catalog:
    path = ROOT / "portal" / "translations" / language / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as source:
        return read_po(source)


def _fault(sentence: Message, translation: Message | None, forms: int) -> str | None:
    if translation is None or not translation.id:
        return "missing"
    if translation.fuzzy:
        return "fuzzy"
    plural = isinstance(sentence.id, tuple)
    said = translation.string if plural else (translation.string,)
    if len(said) != (forms if plural else 1) or not all(said):
        return "not translated"
    values = set(VALUE.findall(sentence.id[-1] if plural else sentence.id))
    for text in said:
        named = set(VALUE.findall(text))
        if named - values or (values - named and not plural):
            return f"names {sorted(named)} instead of {sorted(values)}"
    return None


@pytest.mark.parametrize("language", LANGUAGES)
def test_complete_when_a_language_is_chosen(language: str, sentences: Catalog) -> None:
    """Nothing is missing, marked as doubtful, or names a value that is not there."""
    translations = _translations(language)
    faults = {
        str(sentence.id): fault
        for sentence in sentences
        if sentence.id
        and (
            fault := _fault(
                sentence,
                translations.get(sentence.id, sentence.context),
                translations.num_plurals,
            )
        )
    }
    assert not faults


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_left_over_when_a_sentence_is_gone(language: str, sentences: Catalog) -> None:
    """A translation of what nobody says any more goes with it."""
    said = {(sentence.id, sentence.context) for sentence in sentences}
    left = [message.id for message in _translations(language)
            if message.id and (message.id, message.context) not in said]  # fmt: skip
    assert not left
