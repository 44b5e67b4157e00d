"""The ledger's words."""

import pytest

from portal.ledger.kinds import KINDS, PURPOSES
from portal.ledger.models import DEALER, HQ_PURPOSES
from portal.ledger.services import bank_cause


def test_every_kind_has_words_when_the_domain_names_it() -> None:
    """Domain, 3: deposit, parts deduction, freight, refund, … each in words."""
    assert [str(label) for label in KINDS.values()] == [
        "Deposit",
        "Parts deduction",
        "Freight",
        "Refund",
        "Reimbursement",
        "Old-part charge",
        "Late-delivery compensation",
        "Advance compensation",
        "Penalty",
        "Adjustment",
        "Reversal",
    ]


def test_every_account_has_words_when_it_has_a_purpose() -> None:
    """L2: one account for each dealer, one of headquarters' for each purpose."""
    assert set(PURPOSES) == {DEALER, *HQ_PURPOSES}


@pytest.mark.parametrize(
    "typed", ["ICBC 2026-1", "icbc2026-1", " icbc\t2026-1\n", "ＩＣＢＣ ２０２６-１"]
)
def test_bank_reference_is_the_same_when_it_is_typed_differently(typed: str) -> None:
    """L7: blanks, case and width do not make another bank reference."""
    assert bank_cause(typed) == "bank/ICBC2026-1"
