"""What the values that an account's events and its entries keep are called."""

from portal.core.i18n import _l
from portal.web import filters
from portal.web.timeline import money, plain, written

VALUES = {
    "amount": money(_l("Amount")),
    "credit_limit": money(_l("Credit limit")),
    "reference": plain(_l("Bank reference")),
}
ENTRY_VALUES = {
    "reference": plain(_l("Bank reference")),
    "reason": plain(_l("Reason")),
    "run": written(_l("Run"), filters.month),
}
