"""The life of a service item and of a dealer's schedule of service fees (F1)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

_DESK = ROLE_LABELS[Role.DESK]

ITEM = Workflow(
    states=(
        State("active", _l("Active"), "good"),
        State("withdrawn", _l("Withdrawn"), "ended"),
    ),
    transitions=(
        Transition(
            "withdraw",
            ("active",),
            "withdrawn",
            "serviceitem:manage",
            _l("Withdraw the service"),
            _l("withdrew the service"),
            needs_reason=True,
            direct=True,
            tone="danger",
            asks=_l("New schedules cannot name it; those in force keep it. It can be restored."),
            told=_l("The service is withdrawn: new schedules cannot name it."),
        ),
        Transition(
            "restore",
            ("withdrawn",),
            "active",
            "serviceitem:manage",
            _l("Restore the service"),
            _l("restored the service"),
            direct=True,
            told=_l("The service can be named in schedules again."),
        ),
    ),
)

SCHEDULE = Workflow(
    states=(
        State("draft", _l("Draft"), "neutral", _l("Dealer")),
        State("submitted", _l("Submitted"), "waiting", _DESK),
        State("approved", _l("Approved"), "good"),
        State("rejected", _l("Rejected"), "bad"),
        State("withdrawn", _l("Withdrawn"), "ended"),
    ),
    transitions=(
        Transition(
            "submit",
            ("draft",),
            "submitted",
            "fee:submit",
            _l("Submit"),
            _l("submitted the schedule"),
            tells="fee:decide",
        ),
        Transition(
            "approve",
            ("submitted",),
            "approved",
            "fee:decide",
            _l("Approve"),
            _l("approved the schedule"),
            tells="fee:write",
            direct=True,
            tone="primary",
            told=_l("Approved: the dealer is told, and may print its board."),
        ),
        Transition(
            "return",
            ("submitted",),
            "draft",
            "fee:decide",
            _l("Return for correction"),
            _l("returned the schedule for correction"),
            needs_reason=True,
            tells="fee:write",
            direct=True,
        ),
        Transition(
            "reject",
            ("submitted",),
            "rejected",
            "fee:decide",
            _l("Reject"),
            _l("rejected the schedule"),
            needs_reason=True,
            tells="fee:write",
            direct=True,
            tone="danger",
            asks=_l("The rates in force go on. The dealer can begin another schedule."),
        ),
        # Headquarters may never have seen it, and so is not told.
        Transition(
            "withdraw",
            ("draft", "submitted"),
            "withdrawn",
            "fee:withdraw",
            _l("Withdraw"),
            _l("withdrew the schedule"),
            direct=True,
            tone="danger",
            asks=_l("Nobody decides on it any more. The rates in force go on."),
        ),
        # Until it is in force.
        Transition(
            "revoke",
            ("approved",),
            "withdrawn",
            "fee:withdraw",
            _l("Withdraw"),
            _l("withdrew the schedule before it was in force"),
            tells="fee:decide",
            direct=True,
            tone="danger",
            asks=_l("It will not come into force. The rates in force go on."),
            told=_l("Withdrawn: the rates in force go on."),
        ),
    ),
)

OPEN = ("draft", "submitted")
"""The states of a schedule that is still to be decided: a dealer has one of them at a time."""

UNITS = {
    "job": _l("per job"),
    "visit": _l("per visit"),
    "hour": _l("per hour"),
    "km": _l("per kilometre"),
    "piece": _l("per piece"),
}
"""What an amount of a schedule is for, in words."""
