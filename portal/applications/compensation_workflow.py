"""The life of a compensation for late delivery (A9): booked once, or excused and never booked."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

COMPENSATION = Workflow(
    states=(
        State("proposed", _l("Proposed"), "waiting", ROLE_LABELS[Role.FINANCE]),
        State("booked", _l("Booked"), "good"),
        State("excused", _l("Excused"), "ended"),
    ),
    transitions=(
        # From nothing: a shipment that is late makes it.
        Transition(
            "create",
            (),
            "proposed",
            "compensation:propose",
            _l("Propose"),
            _l("proposed a compensation: it was shipped later than promised"),
            tells="compensation:follow",
        ),
        Transition(
            "book",
            ("proposed",),
            "booked",
            "compensation:book",
            _l("Book"),
            _l("booked the compensation"),
            tells="compensation:follow",
            direct=True,
            tone="primary",
            told=_l("Booked. The money is on the dealer's account."),
        ),
        Transition(
            "excuse",
            ("proposed",),
            "excused",
            "compensation:excuse",
            _l("Excuse"),
            _l("excused the delay"),
            needs_reason=True,
            tells="compensation:follow",
            direct=True,
            tone="danger",
            asks=_l("The dealer is not compensated for this delay, and reads why."),
            told=_l("Excused. The dealer reads why."),
        ),
    ),
)
