"""The kinds of entries and the accounts that they move between, in words."""

from typing import Any

from portal.core.i18n import _l
from portal.ledger import models

KINDS: dict[str, Any] = {
    "deposit": _l("Deposit"),
    "parts_deduction": _l("Parts deduction"),
    "freight": _l("Freight"),
    "refund": _l("Refund"),
    "reimbursement": _l("Reimbursement"),
    "old_part_charge": _l("Old-part charge"),
    "late_delivery_compensation": _l("Late-delivery compensation"),
    "advance_compensation": _l("Advance compensation"),
    "penalty": _l("Penalty"),
    "adjustment": _l("Adjustment"),
    "reversal": _l("Reversal"),
}
"""Every kind of entry; nothing else can be booked."""

PURPOSES: dict[str, Any] = {
    models.DEALER: _l("Dealer's account"),
    models.BANK: _l("Bank"),
    models.PARTS_SALES: _l("Parts sales"),
    models.FREIGHT: _l("Freight"),
    models.WARRANTY_EXPENSE: _l("Warranty expense"),
    models.OLD_PART_CHARGES: _l("Old-part charges"),
    models.COMPENSATION: _l("Compensation"),
    models.PENALTIES: _l("Penalties"),
    models.ADJUSTMENTS: _l("Adjustments"),
}
"""Whose, or what for, an account is."""
