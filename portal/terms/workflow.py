"""The life of a change of a policy value (P2): one person proposes it, another one decides.

And what is done with the working calendar, which is always there.
"""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

POLICY_CHANGE = Workflow(
    states=(
        State("proposed", _l("Proposed"), "waiting", ROLE_LABELS[Role.ADMINISTRATOR]),
        State("approved", _l("Approved"), "good"),
        State("declined", _l("Declined"), "bad"),
        State("withdrawn", _l("Withdrawn"), "ended"),
    ),
    transitions=(
        Transition(
            "approve",
            ("proposed",),
            "approved",
            "policy:set",
            _l("Approve"),
            _l("approved the change"),
            tells="policy:set",
            direct=True,
            tone="primary",
            told=_l("Approved. The new value counts from its day on."),
        ),
        Transition(
            "decline",
            ("proposed",),
            "declined",
            "policy:set",
            _l("Decline"),
            _l("declined the change"),
            needs_reason=True,
            tells="policy:set",
            direct=True,
            tone="danger",
            asks=_l("The change does not come into force."),
            told=_l("The change is declined."),
        ),
        Transition(
            "withdraw",
            ("proposed",),
            "withdrawn",
            "policy:set",
            _l("Withdraw"),
            _l("withdrew the change"),
            direct=True,
            asks=_l("The change does not come into force."),
            told=_l("The change is withdrawn."),
        ),
    ),
)

CALENDAR = Workflow(
    states=(State("active", _l("Active"), "good"),),
    transitions=(
        Transition(
            "declare",
            ("active",),
            "active",
            "calendar:set",
            _l("Declare days"),
            _l("declared days"),
        ),
        Transition(
            "clear",
            ("active",),
            "active",
            "calendar:set",
            _l("Take back"),
            _l("took days back"),
        ),
    ),
)
