"""Units of parts in the reader's language."""

import pytest

from portal.catalogue.units import unit_name


@pytest.mark.parametrize(
    ("written", "shown"),
    [("szt.", "pcs"), ("套", "set"), (" PCS ", "pcs"), ("drum", "drum"), ("", ""), (None, "")],
)
def test_unit_is_shown_in_words_when_it_is_a_usual_one(written: str | None, shown: str) -> None:
    """C1: the usual units are known in three languages; any other stays as it was written."""
    assert unit_name(written) == shown
