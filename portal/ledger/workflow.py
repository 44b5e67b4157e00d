"""What finance does by hand with a dealer's account; the account itself is always there."""

from portal.core.i18n import _l
from portal.core.workflow import State, Transition, Workflow

ACCOUNT = Workflow(
    states=(State("active", _l("Active"), "good"),),
    transitions=(
        Transition(
            "deposit",
            ("active",),
            "active",
            "ledger:deposit",
            _l("Book a deposit"),
            _l("booked a deposit"),
            tells="ledger:own",
        ),
        Transition(
            "reverse",
            ("active",),
            "active",
            "ledger:reverse",
            _l("Reverse"),
            _l("reversed a deposit"),
            needs_reason=True,
            tells="ledger:own",
        ),
        Transition(
            "set_limit",
            ("active",),
            "active",
            "ledger:limit",
            _l("Change the credit limit"),
            _l("changed the credit limit"),
            needs_reason=True,
            tells="ledger:own",
        ),
    ),
)
