"""The life of an adjustment or a penalty (L8, F3)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

_FINANCE = ROLE_LABELS[Role.FINANCE]

CORRECTION = Workflow(
    states=(
        State("proposed", _l("To check"), "waiting", _FINANCE),
        State("announced", _l("Announced"), "waiting", _l("Dealer")),
        State("answered", _l("Answered"), "waiting", _FINANCE),
        State("booked", _l("Booked"), "good"),
        State("declined", _l("Declined"), "ended"),
        State("withdrawn", _l("Withdrawn"), "ended"),
        State("reversed", _l("Reversed"), "ended"),
    ),
    transitions=(
        # From nothing: finance asks for it.
        Transition(
            "create",
            (),
            "proposed",
            "correction:propose",
            _l("Propose"),
            _l("asked for it to be booked"),
            tells="correction:decide",
        ),
        # A penalty at once, so that the dealer can answer it first (F3).
        Transition(
            "announce",
            ("proposed",),
            "announced",
            "correction:propose",
            _l("Announce"),
            _l("announced the penalty"),
            tells="correction:answer",
        ),
        Transition(
            "answer",
            ("announced",),
            "answered",
            "correction:answer",
            _l("Answer"),
            _l("answered the penalty"),
            needs_reason=True,
            tells="correction:decide",
        ),
        Transition(
            "book",
            ("proposed", "announced", "answered"),
            "booked",
            "correction:decide",
            _l("Book"),
            _l("booked it"),
            tells="ledger:own",
            direct=True,
            tone="primary",
            asks=_l("The amount moves on the dealer's account at once."),
            told=_l("Booked. It is on the dealer's account."),
        ),
        # The dealer sees nothing of an adjustment that is not booked, and so is not told.
        Transition(
            "decline",
            ("proposed",),
            "declined",
            "correction:decide",
            _l("Decline"),
            _l("declined it"),
            needs_reason=True,
            tells="correction:decide",
            direct=True,
            tone="danger",
            asks=_l("Nothing is booked."),
        ),
        Transition(
            "withdraw",
            ("proposed",),
            "withdrawn",
            "correction:propose",
            _l("Withdraw"),
            _l("withdrew it"),
            tells="correction:decide",
            direct=True,
            tone="danger",
            asks=_l("Nothing is booked."),
        ),
        Transition(
            "drop",
            ("announced", "answered"),
            "declined",
            "correction:decide",
            _l("Drop the penalty"),
            _l("dropped the penalty"),
            needs_reason=True,
            tells="ledger:own",
            direct=True,
            tone="danger",
            asks=_l("Nothing is booked, and the dealer reads why."),
        ),
        Transition(
            "reverse",
            ("booked",),
            "reversed",
            "correction:decide",
            _l("Reverse"),
            _l("reversed it"),
            needs_reason=True,
            tells="ledger:own",
            direct=True,
            tone="danger",
            asks=_l("The same amount is booked the other way. Both entries stay."),
        ),
    ),
)

OPEN = ("proposed", "announced", "answered")
"""The states in which nobody has decided yet."""
BOOKED = ("booked", "reversed")
"""The states of one that came into the books."""
