"""How serials are compared (O4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.oldparts.services import serial_key


@pytest.mark.parametrize(
    "typed", ["AB-1234", "ab-1234", "ＡＢ－１２３４", " a b - 1 2 3 4 ", "AB\u3000-\u00a01234\t"]
)
def test_same_key_when_width_case_or_blanks_differ(typed: str) -> None:
    """O4: half-width, capitals, no blanks."""
    assert serial_key(typed) == "AB-1234"


@pytest.mark.parametrize("typed", ["", " ", "\u3000\u00a0\t"])
def test_no_key_when_nothing_is_typed(typed: str) -> None:
    """O4: no serial is nobody's duplicate."""
    assert serial_key(typed) is None


@given(st.text())
def test_key_has_no_blank_and_ignores_them(typed: str) -> None:
    """O4: whatever is typed, blanks around and inside change nothing."""
    key = serial_key(typed)
    assert key == serial_key(f" {typed}\u3000")
    assert key is None or not any(sign.isspace() for sign in key)
