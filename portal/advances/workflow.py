"""The life of a request for advance compensation (S4)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow, anonymise_in

_DESK = ROLE_LABELS[Role.DESK]

ENDED = ("approved", "rejected", "withdrawn")
"""The states in which nobody has the next step: the customer's name may go."""

ADVANCE = Workflow(
    states=(
        State("requested", _l("Requested"), "waiting", _DESK),
        State("returned", _l("Returned"), "waiting", _l("Dealer")),
        State("approved", _l("Approved"), "good"),
        State("rejected", _l("Rejected"), "bad"),
        State("withdrawn", _l("Withdrawn"), "ended"),
    ),
    transitions=(
        # From nothing: the dealer asks for it.
        Transition(
            "create",
            (),
            "requested",
            "advance:request",
            _l("Request a compensation"),
            _l("requested a compensation for a customer"),
            tells="advance:decide",
        ),
        Transition(
            "correct",
            ("returned",),
            "requested",
            "advance:request",
            _l("Correct the request"),
            _l("corrected the request"),
            tells="advance:decide",
            tone="primary",
        ),
        Transition(
            "withdraw",
            ("requested", "returned"),
            "withdrawn",
            "advance:withdraw",
            _l("Withdraw"),
            _l("withdrew the request"),
            tells="advance:decide",
            direct=True,
            tone="danger",
            asks=_l("Headquarters then decides nothing. You can send a new request any time."),
            told=_l("Withdrawn."),
        ),
        Transition(
            "approve",
            ("requested",),
            "approved",
            "advance:decide",
            _l("Approve"),
            _l("approved the compensation"),
            tells="advance:request",
            tone="primary",
        ),
        Transition(
            "return",
            ("requested",),
            "returned",
            "advance:decide",
            _l("Return for correction"),
            _l("returned the request for correction"),
            needs_reason=True,
            tells="advance:request",
            direct=True,
            told=_l("Returned. The dealer reads why."),
        ),
        Transition(
            "reject",
            ("requested",),
            "rejected",
            "advance:decide",
            _l("Reject"),
            _l("rejected the request"),
            needs_reason=True,
            tells="advance:request",
            direct=True,
            tone="danger",
            asks=_l("The dealer gets nothing back for it, and reads why."),
            told=_l("Rejected. The dealer reads why."),
        ),
        *anonymise_in(ENDED),
    ),
)
