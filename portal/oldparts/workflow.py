"""The life of an old part: its review (O5), and its way to headquarters (O7)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

OTHER = "other"
"""The code that says nothing without words."""
RETURN_REASONS = {
    "photo": _l("The photos do not show the part and its fault"),
    "serial": _l("A serial is missing or cannot be right"),
    "days": _l("The days do not fit together"),
    "repair": _l("Complaint, cause and remedy do not fit together"),
    "customer": _l("Customer or product is not clear"),
    OTHER: _l("Another reason"),
}
REJECTION_REASONS = {
    "user_damage": _l("Damaged by the user"),
    "out_of_warranty": _l("Out of warranty"),
    "not_our_part": _l("Not our part"),
    "no_fault": _l("No fault found in the evidence"),
    "not_replaced": _l("The part was not replaced under this repair"),
    OTHER: _l("Another reason"),
}

REIMBURSABLE = ("accepted", "called", "sent", "received")
"""The states of an old part that can be reimbursed: accepted, and neither lost nor failed (O5)."""

OLD_PART = Workflow(
    states=(
        State("registered", _l("Registered"), "waiting", ROLE_LABELS[Role.DESK]),
        State("returned", _l("Returned for correction"), "waiting", _l("Dealer")),
        State("accepted", _l("Accepted"), "good"),
        State("rejected", _l("Rejected"), "bad"),
        State("called", _l("Called in"), "waiting", _l("Dealer")),
        State("sent", _l("On its way"), "active", ROLE_LABELS[Role.WAREHOUSE]),
        State("received", _l("Received"), "good"),
        State("missing", _l("Missing"), "bad"),
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
            tells="oldpart:register",
            direct=True,
            told=_l("It went back to the dealer."),
            reasons=RETURN_REASONS,
        ),
        Transition(
            "reject",
            ("registered",),
            "rejected",
            "oldpart:review",
            _l("Reject"),
            _l("rejected the old part"),
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
        Transition(
            "call",
            ("accepted",),
            "called",
            "oldpart:call",
            _l("Call in"),
            _l("called the old part in"),
        ),
        Transition(
            "release",
            ("called",),
            "accepted",
            "oldpart:call",
            _l("Need not be sent"),
            _l("need not have it sent any more"),
        ),
        Transition(
            "send",
            ("called",),
            "sent",
            "oldpart:send",
            _l("Send"),
            _l("sent the old part"),
        ),
        Transition(
            "receive",
            ("sent", "missing", "called", "accepted"),
            "received",
            "oldpart:receive",
            _l("Receive"),
            _l("received the old part"),
        ),
        Transition(
            "miss",
            ("sent",),
            "missing",
            "oldpart:receive",
            _l("Missing"),
            _l("did not find it in the consignment"),
        ),
        Transition(
            "withhold",
            ("called",),
            "missing",
            "oldpart:call",
            _l("Missing"),
            _l("waited for it in vain"),
        ),
    ),
)
