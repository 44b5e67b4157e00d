"""The life of a claim, of its lines, and of the monthly run (R4, R6, R7)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

_REVIEWER = ROLE_LABELS[Role.REVIEWER]

UNDECIDED = ("submitted", "in_review")
"""The states of a run's claim until its decision; it is submitted as long as rules look at it."""
DECIDED = ("decided", "settled")
"""The states of a claim from its decision on."""

CLAIM = Workflow(
    states=(
        State("draft", _l("Draft"), "neutral", _l("Dealer")),
        State("submitted", _l("Submitted"), "waiting", _l("The next run")),
        State("in_review", _l("In review"), "active", _REVIEWER),
        State("decided", _l("Decided"), "active", _REVIEWER),
        State("settled", _l("Settled"), "good"),
        State("discarded", _l("Discarded"), "ended"),
    ),
    transitions=(
        # Of a claim that was never submitted.
        Transition(
            "discard",
            ("draft",),
            "discarded",
            "claim:write",
            _l("Discard draft"),
            _l("discarded the draft"),
            direct=True,
            tone="danger",
            asks=_l("What is on it can then be claimed again. The receipts on it are deleted."),
            told=_l("The draft is discarded. What was on it can be claimed again."),
        ),
        Transition(
            "restart",
            ("discarded",),
            "draft",
            "claim:write",
            _l("Begin again"),
            _l("began the claim again"),
        ),
        Transition(
            "submit",
            ("draft",),
            "submitted",
            "claim:submit",
            _l("Submit claim"),
            _l("submitted the claim"),
            tells="claim:decide",
            direct=True,
            tone="primary",
        ),
        # Until a run takes it in; reviewers were told of it, and so hear of this.
        Transition(
            "take_back",
            ("submitted",),
            "draft",
            "claim:takeback",
            _l("Take the claim back"),
            _l("took the claim back"),
            tells="claim:decide",
            direct=True,
            asks=_l("It is a draft again. What is on it stays on it."),
            told=_l("The claim is a draft again. Submit it before its run opens."),
        ),
        Transition(
            "return",
            ("submitted", "in_review"),
            "draft",
            "claim:decide",
            _l("Return for correction"),
            _l("returned the claim for correction"),
            needs_reason=True,
            tells="claim:write",
            direct=True,
        ),
        Transition(
            "take_in",
            ("submitted",),
            "in_review",
            "run:open",
            _l("Take into the run"),
            _l("took the claim into the run"),
            tells="claim:write",
        ),
        Transition(
            "decide",
            ("in_review",),
            "decided",
            "claim:decide",
            _l("Finish the decision"),
            _l("finished the decision"),
            tells="claim:write",
            direct=True,
            tone="primary",
        ),
        Transition(
            "settle",
            ("decided",),
            "settled",
            "run:close",
            _l("Settle"),
            _l("settled the claim"),
            tells="claim:write",
        ),
        *(
            Transition(
                "allow_appeal",
                (state,),
                state,
                "appeal:close",
                _l("Allow an appeal"),
                _l("opened a line to appeal again: its piece passed after all or turned up"),
                tells="appeal:file",
            )
            for state in DECIDED
        ),
    ),
)

LINE = Workflow(
    states=(
        State("open", _l("To decide"), "waiting", _REVIEWER),
        State("approved", _l("Approved"), "good"),
        State("reduced", _l("Reduced"), "waiting"),
        State("rejected", _l("Rejected"), "bad"),
    ),
    transitions=(
        Transition(
            "approve",
            ("open", "reduced", "rejected"),
            "approved",
            "claim:decide",
            _l("Approve"),
            _l("approved a line"),
            tone="primary",
        ),
        Transition(
            "reduce",
            ("open", "approved", "rejected"),
            "reduced",
            "claim:decide",
            _l("Reduce"),
            _l("reduced a line"),
        ),
        Transition(
            "reject",
            ("open", "approved", "reduced"),
            "rejected",
            "claim:decide",
            _l("Reject"),
            _l("rejected a line"),
            tone="danger",
        ),
    ),
)

RUN = Workflow(
    states=(
        State("open", _l("Open"), "waiting", _REVIEWER),
        State("reviewing", _l("In review"), "active", _REVIEWER),
        State("proposed", _l("Proposed for closing"), "waiting", _l("Another reviewer")),
        State("closing", _l("Closing"), "active", _l("Partloop")),
        State("closed", _l("Closed"), "good"),
    ),
    transitions=(
        Transition(
            "start",
            ("open",),
            "reviewing",
            "run:review",
            _l("Start the review"),
            _l("started the review"),
            direct=True,
            tone="primary",
        ),
        Transition(
            "propose",
            ("open", "reviewing"),
            "proposed",
            "run:close",
            _l("Propose to close the month"),
            _l("proposed to close the month"),
            tells="run:close",
            direct=True,
            tone="primary",
        ),
        Transition(
            "resume",
            ("proposed",),
            "reviewing",
            "run:close",
            _l("Back to the review"),
            _l("took the run back to the review"),
            direct=True,
        ),
        Transition(
            "close",
            ("open", "reviewing", "proposed"),
            "closing",
            "run:close",
            _l("Close the month"),
            _l("began to close the month"),
            direct=True,
            tone="primary",
        ),
        Transition(
            "finish",
            ("closing",),
            "closed",
            "run:finish",
            _l("Finish"),
            _l("closed the month"),
            tells="run:review",
        ),
    ),
)

LINE_KINDS = {
    "old_part": _l("Old part"),
    "freight": _l("Freight"),
    "advance": _l("Advance compensation"),
    "labour": _l("Labour"),
}
"""What a line claims, in words (R1)."""

REASONS = {
    "out_of_warranty": _l("The product was out of warranty on the day of failure."),
    "user_damage": _l("The photos show damage by the user."),
    "no_evidence": _l("The evidence does not show the fault."),
    "not_as_deducted": _l("The amount is not the one that was deducted for this piece."),
    "repeat": _l("The same repair was reimbursed before."),
    "goodwill_share": _l("Only a share is paid as goodwill."),
    "other": _l("Another reason, explained in the note."),
}
"""Why a line was reduced or rejected, in words for the dealer (R6)."""
