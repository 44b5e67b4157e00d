"""The life of a dealer's appeal against the decision on a line (R6)."""

from portal.claims.workflow import REASONS
from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

GRANTED = ("granted", "granted_part")
"""The states in which an appeal waits to be paid with a run."""
_NEXT_RUN = _l("The next run")

APPEAL = Workflow(
    states=(
        State("filed", _l("Appealed"), "waiting", ROLE_LABELS[Role.REVIEWER]),
        State("granted", _l("Granted"), "active", _NEXT_RUN),
        State("granted_part", _l("Granted in part"), "active", _NEXT_RUN),
        State("refused", _l("Appeal refused"), "bad"),
        State("withdrawn", _l("Withdrawn"), "ended"),
        State("settled", _l("Appeal paid"), "good"),
    ),
    transitions=(
        # From nothing: the dealer files it.
        Transition(
            "create",
            (),
            "filed",
            "appeal:file",
            _l("Appeal"),
            _l("appealed against the decision"),
            tells="appeal:decide",
        ),
        Transition(
            "withdraw",
            ("filed",),
            "withdrawn",
            "appeal:withdraw",
            _l("Withdraw"),
            _l("withdrew the appeal"),
            tells="appeal:decide",
            direct=True,
            tone="danger",
            asks=_l("A line can be appealed once: the decision on it then stands."),
            told=_l("Withdrawn. The decision on the line stands."),
        ),
        Transition(
            "grant",
            ("filed",),
            "granted",
            "appeal:decide",
            _l("Grant"),
            _l("granted the appeal"),
            tells="appeal:file",
        ),
        Transition(
            "grant_part",
            ("filed",),
            "granted_part",
            "appeal:decide",
            _l("Grant in part"),
            _l("granted the appeal in part"),
            tells="appeal:file",
        ),
        Transition(
            "refuse",
            ("filed",),
            "refused",
            "appeal:decide",
            _l("Refuse"),
            _l("refused the appeal"),
            tells="appeal:file",
        ),
        Transition(
            "settle",
            GRANTED,
            "settled",
            "appeal:settle",
            _l("Settle"),
            _l("paid the appeal"),
            tells="appeal:file",
        ),
        Transition(
            "close",
            ("filed", *GRANTED),
            "refused",
            "appeal:close",
            _l("Close"),
            _l("closed the appeal: the piece failed its inspection or is missing"),
            tells="appeal:file",
        ),
        Transition(
            "reopen",
            ("refused",),
            "filed",
            "appeal:close",
            _l("Open again"),
            _l("opened the appeal again: the piece passed after all or turned up"),
            tells="appeal:decide",
        ),
    ),
)

APPEAL_REASONS = {
    "nothing_new": _l("What was sent shows nothing that was not known before."),
    **REASONS,
}
"""Why an appeal was refused or granted in part, in words for the dealer (R6)."""
