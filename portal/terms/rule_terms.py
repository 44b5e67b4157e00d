"""The policy values of the rules that look at claims before a person does (R5).

Each rule has its switch, ``rule.<rule>``, and its parameters, ``rule.<rule>_<parameter>``.
"""

from portal.core.i18n import _l
from portal.terms.term import Term

LARGEST = 2_000_000_000


def _switch(rule: str, title: object, meaning: object, *, default: int = 1) -> Term:
    return Term(f"rule.{rule}", default, 0, 1, "switch", title, meaning)


RULE_TERMS = (
    _switch(
        "warranty",
        _l("Rule: warranty"),
        _l("Finds a line whose product was out of warranty when it failed."),
    ),
    _switch(
        "warranty_unknown",
        _l("Unknown warranty as well"),
        _l("The rule of the warranty also finds a line of which the warranty is not known."),
        default=0,
    ),
    _switch(
        "price",
        _l("Rule: price and quantity"),
        _l("Finds a line that is not claimed as it was deducted and as the price list had it."),
    ),
    _switch(
        "piece",
        _l("Rule: where the old part is"),
        _l("Finds a line whose old part is missing, has failed its inspection or is overdue."),
    ),
    Term(
        "rule.piece_days",
        14,
        0,
        365,
        "day",
        _l("When a called old part is overdue"),
        _l("A called old part is overdue so long after the day by which it was to be sent."),
    ),
    _switch(
        "piece_received",
        _l("Only received old parts"),
        _l("The rule also finds a line whose old part has not arrived at headquarters."),
        default=0,
    ),
    _switch(
        "photo",
        _l("Rule: same photo"),
        _l("Finds a line with a photo that another old part has as well, of any dealer."),
    ),
    _switch(
        "photo_alike",
        _l("Photos that look the same as well"),
        _l("The rule also finds photos that are not the same file, but look the same."),
    ),
    _switch(
        "product",
        _l("Rule: same product again"),
        _l("Finds a line whose product, by its serial, was repaired shortly before or after."),
    ),
    Term(
        "rule.product_days",
        90,
        1,
        730,
        "day",
        _l("Time between repairs of a product"),
        _l("Repairs of the same product within this time are found."),
    ),
    _switch(
        "customer",
        _l("Rule: same customer again"),
        _l("Finds a line whose customer had several other repairs shortly before or after."),
    ),
    Term(
        "rule.customer_days",
        90,
        1,
        730,
        "day",
        _l("Time between repairs of a customer"),
        _l("The other repairs of a customer within this time are counted."),
    ),
    Term(
        "rule.customer_repairs",
        3,
        1,
        100,
        "repair",
        _l("Other repairs of a customer"),
        _l("So many other repairs of one customer are found; those of one day are one repair."),
    ),
    _switch(
        "frequency",
        _l("Rule: unusually frequent part"),
        _l("Finds the lines of a part that a dealer replaces far more often than others do."),
    ),
    Term(
        "rule.frequency_share",
        30000,
        10000,
        1000000,
        "basis_point",
        _l("How much more often"),
        _l("A part is unusual above this share of the median of the other dealers."),
    ),
    Term(
        "rule.frequency_months",
        6,
        1,
        24,
        "month",
        _l("Months that are compared"),
        _l("What was registered and shipped in so many whole months, and since, is compared."),
    ),
    Term(
        "rule.frequency_pieces",
        5,
        1,
        1000,
        "piece",
        _l("Least old parts to compare"),
        _l("A dealer with fewer old parts of a part is not compared."),
    ),
    Term(
        "rule.frequency_dealers",
        3,
        1,
        1000,
        "dealer",
        _l("Least dealers to compare with"),
        _l("A part is compared only if so many other dealers have replaced it."),
    ),
    _switch(
        "days",
        _l("Rule: days that cannot be"),
        _l(
            "Finds a failure before the sale, and a repair before its new part was shipped or "
            "after the claim."
        ),
    ),
    _switch(
        "amount",
        _l("Rule: high amount"),
        _l("Finds a line on which more than a limit is claimed."),
    ),
    Term(
        "rule.amount_limit",
        500_000,
        1,
        LARGEST,
        "money",
        _l("Limit of an amount"),
        _l("A line above this amount is found."),
    ),
    _switch(
        "freight",
        _l("Rule: freight"),
        _l("Finds freight above a limit, and freight of a consignment that has not arrived."),
    ),
    Term(
        "rule.freight_limit",
        50_000,
        0,
        LARGEST,
        "money",
        _l("Limit of a freight"),
        _l("The freight of one consignment above this amount is found."),
    ),
    _switch(
        "advance",
        _l("Rule: customer compensation"),
        _l("Finds compensation above a limit, so that its receipt is looked at."),
    ),
    Term(
        "rule.advance_limit",
        0,
        0,
        LARGEST,
        "money",
        _l("Limit of a compensation"),
        _l("A compensation above this amount is found: with zero, each one."),
    ),
)
"""In the order in which they are shown; a parameter stands behind its rule."""
