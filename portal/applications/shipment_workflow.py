"""The life of a shipment, and of the report of what did not arrive well in it (A7, A8)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

SHIPMENT = Workflow(
    states=(
        State("sent", _l("On its way"), "active", _l("Dealer")),
        State("received", _l("Received"), "good"),
    ),
    transitions=(
        Transition(
            "receive",
            ("sent",),
            "received",
            "shipment:receive",
            _l("Confirm receipt"),
            _l("confirmed receipt"),
            tells="application:ship",
            direct=True,
            tone="primary",
        ),
        Transition(
            "report",
            ("sent",),
            "received",
            "shipment:receive",
            _l("Something is missing or damaged"),
            _l("reported what is missing or damaged"),
            tells="report:settle",
        ),
        Transition(
            "remind",
            ("sent",),
            "sent",
            "shipment:lapse",
            _l("Remind the dealer"),
            _l("reminded the dealer to confirm receipt"),
            tells="shipment:receive",
        ),
        Transition(
            "lapse",
            ("sent",),
            "received",
            "shipment:lapse",
            _l("Count it as received"),
            _l("counted it as received: nobody answered in time"),
            tells="shipment:receive",
        ),
        # By the clock of the old parts (O6), which the pieces of this shipment replaced.
        Transition(
            "remind_of_old_parts",
            ("received",),
            "received",
            "shipment:lapse",
            _l("Remind the dealer of old parts"),
            _l("reminded the dealer to register old parts"),
            tells="oldpart:register",
        ),
    ),
)

REPORT = Workflow(
    states=(
        State("open", _l("To resolve"), "waiting", ROLE_LABELS[Role.DESK]),
        State("settled", _l("Resolved"), "good"),
    ),
    transitions=(
        Transition(
            "settle",
            ("open",),
            "settled",
            "report:settle",
            _l("Resolve"),
            _l("resolved the report"),
            tells="shipment:receive",
            tone="primary",
        ),
    ),
)
