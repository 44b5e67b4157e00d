"""The states of a person and of a dealer (P5): deactivated, never deleted."""

from portal.core.i18n import _l
from portal.core.workflow import State, Transition, Workflow

USER = Workflow(
    states=(
        State("active", _l("Active"), "good"),
        State("deactivated", _l("Deactivated"), "ended"),
    ),
    transitions=(
        Transition(
            "deactivate",
            ("active",),
            "deactivated",
            "user:manage",
            _l("Deactivate"),
            _l("deactivated the account"),
            needs_reason=True,
            direct=True,
            tone="danger",
            asks=_l("The person is signed out and can no longer sign in."),
            told=_l("The person cannot sign in any more."),
        ),
        Transition(
            "activate",
            ("deactivated",),
            "active",
            "user:manage",
            _l("Activate again"),
            _l("activated the account again"),
            direct=True,
            told=_l("The person can sign in again."),
        ),
    ),
)

DEALER = Workflow(states=(State("active", _l("Active"), "good"),), transitions=())
