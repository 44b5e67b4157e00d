"""Rules before people (R5): what is looked for on the lines of claims before a person does."""

from portal.claims.rules.freight import FREIGHT
from portal.claims.rules.frequency import FREQUENCY
from portal.claims.rules.lines import AMOUNT, DAYS, PIECE, PRICE
from portal.claims.rules.repeats import CUSTOMER, PHOTO, PRODUCT
from portal.claims.rules.warranty import WARRANTY

RULES = {
    rule.name: rule
    for rule in (WARRANTY, PRICE, PIECE, PHOTO, PRODUCT, CUSTOMER, FREQUENCY, DAYS, AMOUNT, FREIGHT)
}
"""In the order in which their findings are told."""
