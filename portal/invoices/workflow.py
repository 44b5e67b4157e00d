"""The life of a customer invoice that was recorded (F2)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow, anonymise_in

ENDED = ("in_order", "accepted", "penalized", "voided")
"""The states in which nobody has the next step: the customer's name may go."""

INVOICE = Workflow(
    states=(
        State("in_order", _l("In order"), "good"),
        State("flagged", _l("Above the rates"), "waiting", ROLE_LABELS[Role.DESK]),
        State("accepted", _l("Accepted"), "ended"),
        State("penalized", _l("Penalty announced"), "bad"),
        State("voided", _l("Taken back"), "ended"),
    ),
    transitions=(
        # From nothing: the dealer or the desk records it.
        Transition(
            "create",
            (),
            "in_order",
            "invoice:record",
            _l("Record an invoice"),
            _l("recorded the invoice"),
        ),
        # What the portal finds, at once.
        Transition(
            "flag",
            ("in_order",),
            "flagged",
            "invoice:report",
            _l("Flag"),
            _l("found it above the rates in force"),
            tells="invoice:decide",
        ),
        Transition(
            "accept",
            ("flagged",),
            "accepted",
            "invoice:decide",
            _l("Accept"),
            _l("accepted the invoice"),
            needs_reason=True,
            tells="fee:write",
            direct=True,
            asks=_l("Nothing follows from it, and the dealer reads why."),
            told=_l("Accepted. The dealer reads why."),
        ),
        Transition(
            "penalize",
            ("flagged",),
            "penalized",
            "correction:propose",
            _l("Announce a penalty"),
            _l("announced a penalty for it"),
            tone="danger",
        ),
        # Finance dropped the penalty, or reversed it: it is decided on anew.
        Transition(
            "reopen",
            ("penalized",),
            "flagged",
            "correction:decide",
            _l("Decide on it anew"),
            _l("put it up for decision again: its penalty does not stand any more"),
            tells="invoice:decide",
        ),
        # What was found to be above stays: headquarters decides on it.
        *(
            Transition(
                name,
                ("in_order",),
                "voided",
                capability,
                _l("Take it back"),
                _l("took the invoice back"),
                needs_reason=True,
                direct=True,
                tone="danger",
                asks=_l("For one that was recorded by mistake. It stays in the list."),
                told=_l("Taken back."),
            )
            for name, capability in (("void", "invoice:record"), ("strike", "invoice:report"))
        ),
        *anonymise_in(ENDED),
    ),
)
