"""The life of an old part, as far as its acceptance (O5)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

REJECTION_REASONS = {
    "user_damage": _l("Damaged by the user"),
    "out_of_warranty": _l("Out of warranty"),
    "not_our_part": _l("Not our part"),
    "no_fault": _l("No fault found in the evidence"),
    "not_replaced": _l("The part was not replaced under this repair"),
    "other": _l("Another reason"),
}

OLD_PART = Workflow(
    states=(
        State("registered", _l("Registered"), "waiting", ROLE_LABELS[Role.DESK]),
        State("returned", _l("Returned for correction"), "waiting", _l("Dealer")),
        State("accepted", _l("Accepted"), "good"),
        State("rejected", _l("Rejected"), "bad"),
    ),
    transitions=(
        Transition(
            "accept",
            ("registered",),
            "accepted",
            "oldpart:review",
            _l("Accept"),
            _l("accepted the old part"),
            tells="oldpart:register",
            direct=True,
            tone="primary",
            told=_l("Accepted. The dealer can claim it."),
        ),
        Transition(
            "return",
            ("registered",),
            "returned",
            "oldpart:review",
            _l("Return for correction"),
            _l("returned the registration for correction"),
            needs_reason=True,
            tells="oldpart:register",
            direct=True,
            told=_l("It went back to the dealer."),
        ),
        Transition(
            "reject",
            ("registered",),
            "rejected",
            "oldpart:review",
            _l("Reject"),
            _l("rejected the old part"),
            needs_reason=True,
            tells="oldpart:register",
            direct=True,
            tone="danger",
            asks=_l("This is final: the piece will not be reimbursed."),
            told=_l("Rejected. The dealer is told why."),
            reasons=REJECTION_REASONS,
        ),
        Transition(
            "correct",
            ("returned",),
            "registered",
            "oldpart:register",
            _l("Correct and send"),
            _l("corrected the registration"),
            tells="oldpart:review",
            tone="primary",
        ),
    ),
)
