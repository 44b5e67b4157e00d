"""The life of a bank's file, and of a line of its statement (L7)."""

from portal.core.i18n import _l
from portal.core.permissions import ROLE_LABELS, Role
from portal.core.workflow import State, Transition, Workflow

_FINANCE = ROLE_LABELS[Role.FINANCE]

FILE = Workflow(
    states=(
        State("preview", _l("Preview"), "waiting", _FINANCE),
        State("importing", _l("Being booked"), "active", _l("Partloop")),
        State("imported", _l("Imported"), "good"),
        State("discarded", _l("Discarded"), "ended"),
    ),
    transitions=(
        Transition(
            "import",
            ("preview",),
            "importing",
            "bank:import",
            _l("Book the lines"),
            _l("began to book the lines"),
            direct=True,
            tone="primary",
            told=_l("The booking has begun."),
        ),
        Transition(
            "finish",
            ("importing",),
            "imported",
            "bank:import",
            _l("Finish"),
            _l("booked the lines"),
            tells="bank:import",
        ),
        Transition(
            "discard",
            ("preview",),
            "discarded",
            "bank:import",
            _l("Discard"),
            _l("discarded the file"),
            direct=True,
            tone="danger",
            asks=_l("Nothing of this file is booked."),
            told=_l("The file is discarded. Nothing was booked."),
        ),
    ),
)

LINE = Workflow(
    states=(
        State("open", _l("To assign"), "waiting", _FINANCE),
        State("booked", _l("Booked"), "good"),
        State("set_aside", _l("Set aside"), "ended"),
    ),
    transitions=(
        Transition(
            "book",
            ("open",),
            "booked",
            "bank:assign",
            _l("Book for this dealer"),
            _l("booked it as a deposit"),
        ),
        Transition(
            "set_aside",
            ("open",),
            "set_aside",
            "bank:assign",
            _l("Set aside"),
            _l("set the line aside"),
            needs_reason=True,
            direct=True,
            asks=_l("For money that is no dealer's deposit. Nothing is booked."),
            told=_l("The line is set aside."),
        ),
        Transition(
            "reopen",
            ("set_aside",),
            "open",
            "bank:assign",
            _l("Take up again"),
            _l("took the line up again"),
            direct=True,
            told=_l("The line can be assigned again."),
        ),
        # By the reversal of its deposit: the money then waits for its dealer again.
        Transition(
            "release",
            ("booked",),
            "open",
            "ledger:reverse",
            _l("Release"),
            _l("reversed its deposit"),
        ),
    ),
)
