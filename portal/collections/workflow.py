"""The life of a consignment of called old parts (O7)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

CONSIGNMENT = Workflow(
    states=(
        State("called", _l("To be sent"), "waiting", _l("Dealer")),
        State("sent", _l("On its way"), "active", ROLE_LABELS[Role.WAREHOUSE]),
        State("received", _l("Received"), "good"),
        State("ended", _l("Ended"), "ended"),
    ),
    transitions=(
        # With this one it begins.
        Transition(
            "call",
            (),
            "called",
            "oldpart:call",
            _l("Call in"),
            _l("called the old parts in"),
            tells="oldpart:send",
        ),
        Transition(
            "remind",
            ("called",),
            "called",
            "collection:remind",
            _l("Remind"),
            _l("reminded of the called old parts: they are to be sent soon"),
            tells="oldpart:send",
        ),
        Transition(
            "send",
            ("called",),
            "sent",
            "oldpart:send",
            _l("Send"),
            _l("sent the old parts"),
            tells="oldpart:receive",
            tone="primary",
        ),
        Transition(
            "finish",
            ("sent",),
            "received",
            "oldpart:receive",
            _l("Finish receiving"),
            _l("received the consignment"),
            tells="oldpart:send",
        ),
        Transition(
            "empty",
            ("called",),
            "ended",
            "collection:end",
            _l("End"),
            _l("ended it: no piece is left to be sent"),
        ),
        Transition(
            "release",
            ("called",),
            "ended",
            "oldpart:call",
            _l("Need not be sent"),
            _l("ended it: the pieces need not be sent"),
            needs_reason=True,
            tells="oldpart:send",
            direct=True,
            asks=_l("The pieces stay with the dealer, accepted as before. Nothing is charged."),
            told=_l("Ended. The dealer keeps the pieces."),
        ),
        Transition(
            "charge",
            ("called",),
            "ended",
            "oldpart:call",
            _l("Charge as missing"),
            _l("ended it: the pieces that were not sent are missing"),
            needs_reason=True,
            tells="oldpart:send",
            direct=True,
            tone="danger",
            asks=_l("Every piece that was not sent counts as missing and is charged."),
            told=_l("Ended. The pieces are missing and will be charged."),
        ),
    ),
)
