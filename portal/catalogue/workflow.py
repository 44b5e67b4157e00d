"""The states of a price list (C3): first a preview, then all or nothing."""

from portal.core.i18n import _l
from portal.core.workflow import State, Transition, Workflow

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
        ),
    ),
)
