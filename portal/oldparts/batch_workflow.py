"""The life of an upload of many registrations (O3): looked at first, then registered by a job."""

from portal.core.i18n import _l
from portal.core.workflow import State, Transition, Workflow

BATCH = Workflow(
    states=(
        State("preview", _l("Preview"), "waiting", _l("Dealer")),
        State("importing", _l("Being registered"), "active", _l("Partloop")),
        State("imported", _l("Done"), "good"),
        State("discarded", _l("Discarded"), "ended"),
    ),
    transitions=(
        Transition(
            "import",
            ("preview",),
            "importing",
            "oldpart:register",
            _l("Register the good rows"),
            _l("began to register the good rows"),
            direct=True,
            tone="primary",
            told=_l("The registration has begun."),
        ),
        Transition(
            "finish",
            ("importing",),
            "imported",
            "oldpart:register",
            _l("Finish"),
            _l("registered the good rows"),
            tells="oldpart:register",
        ),
        Transition(
            "discard",
            ("preview",),
            "discarded",
            "oldpart:register",
            _l("Discard"),
            _l("discarded the upload"),
            direct=True,
            tone="danger",
            asks=_l("Nothing of it is registered, and its photos are deleted."),
            told=_l("The upload is discarded. Nothing was registered."),
        ),
    ),
)
