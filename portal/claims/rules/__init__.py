"""Rules before people (R5): what is looked for on the lines of claims before a person does."""

from portal.claims.rules.frequency import FREQUENCY
from portal.claims.rules.lines import AMOUNT, DAYS, PIECE, PRICE
from portal.claims.rules.outlays import ADVANCE, FREIGHT
from portal.claims.rules.repeats import CUSTOMER, PHOTO, PRODUCT
from portal.claims.rules.warranty import WARRANTY

_ALL = (
    WARRANTY, PRICE, PIECE, PHOTO, PRODUCT, CUSTOMER, FREQUENCY, DAYS, AMOUNT, FREIGHT, ADVANCE,
)  # fmt: skip
RULES = {rule.name: rule for rule in _ALL}
"""In the order in which their findings are told."""
