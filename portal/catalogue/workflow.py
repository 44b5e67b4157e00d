"""The states of a part (C1), and of a price list (C3): a preview, then all or nothing."""

from portal.core.i18n import _l
from portal.core.workflow import State, Transition, Workflow

PART = Workflow(
    states=(
        State("active", _l("Active part"), "good"),
        State("withdrawn", _l("Withdrawn part"), "ended"),
    ),
    transitions=(
        Transition(
            "withdraw",
            ("active",),
            "withdrawn",
            "part:manage",
            _l("Withdraw the part"),
            _l("withdrew the part"),
            needs_reason=True,
            direct=True,
            tone="danger",
            asks=_l("Dealers can no longer order it. It can be restored."),
        ),
        Transition(
            "restore",
            ("withdrawn",),
            "active",
            "part:manage",
            _l("Restore the part"),
            _l("restored the part"),
            direct=True,
        ),
    ),
)

PRICE_LIST = Workflow(
    states=(
        State("preview", _l("Preview"), "waiting", _l("Administrator")),
        State("imported", _l("Imported"), "good"),
        State("discarded", _l("Discarded"), "ended"),
    ),
    transitions=(
        Transition(
            "import",
            ("preview",),
            "imported",
            "pricelist:import",
            _l("Import"),
            _l("imported the price list"),
            direct=True,
            tone="primary",
        ),
        Transition(
            "discard",
            ("preview",),
            "discarded",
            "pricelist:import",
            _l("Discard"),
            _l("discarded the preview"),
            direct=True,
            tone="danger",
            asks=_l("Nothing of this file is imported."),
        ),
    ),
)
