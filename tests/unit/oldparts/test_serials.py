"""How serials are compared (O4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.catalogue.serials import look_key, serial_key


@pytest.mark.parametrize(
    "typed", ["AB-1234", "ab-1234", "ＡＢ－１２３４", " a b - 1 2 3 4 ", "AB\u3000-\u00a01234\t"]
)
def test_same_key_when_width_case_or_blanks_differ(typed: str) -> None:
    """O4: half-width, capitals, no blanks."""
    assert serial_key(typed) == "AB-1234"


@pytest.mark.parametrize("typed", ["", " ", "\u3000\u00a0\t"])
def test_no_key_when_nothing_is_typed(typed: str) -> None:
    """O4: no serial is nobody's duplicate."""
    assert serial_key(typed) == ""


@given(st.text())
def test_key_has_no_blank_and_ignores_them(typed: str) -> None:
    """O4: whatever is typed, blanks around and inside change nothing."""
    key = serial_key(typed)
    assert key == serial_key(f" {typed}\u3000")
    assert not any(sign.isspace() for sign in key)


@pytest.mark.parametrize(
    "other", ["fv-100z", "FV1002", "FV-I00Z", "ＦＶ－１ＯＯ２", "FV/1O 02", "FV.l0Q2"]
)
def test_look_is_the_same_when_a_sign_is_easily_misread(other: str) -> None:
    """O4: O and 0, I and 1 and what stands between them look alike; that is only a warning."""
    assert look_key(other) == look_key("FV-1002")


@pytest.mark.parametrize("other", ["FV-1003", "FW-1002", "FV-10020", ""])
def test_look_differs_when_a_sign_differs(other: str) -> None:
    """O4: one serial more is another serial."""
    assert look_key(other) != look_key("FV-1002")
