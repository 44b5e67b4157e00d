"""The states of a part (C1), a product model (C4), a fault code, and a spreadsheet (C3)."""

from typing import Any

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
            told=_l("The part is withdrawn: it cannot be ordered any more."),
        ),
        Transition(
            "restore",
            ("withdrawn",),
            "active",
            "part:manage",
            _l("Restore the part"),
            _l("restored the part"),
            direct=True,
            told=_l("The part can be ordered again."),
        ),
    ),
)

MODEL = Workflow(
    states=(
        State("active", _l("Active model"), "good"),
        State("withdrawn", _l("Withdrawn model"), "ended"),
    ),
    transitions=(
        Transition(
            "withdraw",
            ("active",),
            "withdrawn",
            "product:manage",
            _l("Withdraw the model"),
            _l("withdrew the model"),
            needs_reason=True,
            direct=True,
            tone="danger",
            asks=_l("The warranty of what was sold stays. It can be restored."),
            told=_l("The model is withdrawn."),
        ),
        Transition(
            "restore",
            ("withdrawn",),
            "active",
            "product:manage",
            _l("Restore the model"),
            _l("restored the model"),
            direct=True,
            told=_l("The model is active again."),
        ),
    ),
)

FAULT_CODE = Workflow(
    states=(
        State("active", _l("Active fault code"), "good"),
        State("withdrawn", _l("Withdrawn fault code"), "ended"),
    ),
    transitions=(
        Transition(
            "withdraw",
            ("active",),
            "withdrawn",
            "faultcode:manage",
            _l("Withdraw the fault code"),
            _l("withdrew the fault code"),
            needs_reason=True,
            direct=True,
            tone="danger",
            asks=_l("It is no longer offered; pieces that have it keep it. It can be restored."),
            told=_l("The fault code is withdrawn: it is not offered any more."),
        ),
        Transition(
            "restore",
            ("withdrawn",),
            "active",
            "faultcode:manage",
            _l("Restore the fault code"),
            _l("restored the fault code"),
            direct=True,
            told=_l("The fault code is offered again."),
        ),
    ),
)


def _sheet(capability: str, done: Any, discarded: Any) -> Workflow:
    """The states of a spreadsheet: looked at first, then imported or given up."""
    return Workflow(
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
                capability,
                _l("Import"),
                done,
                direct=True,
                tone="primary",
            ),
            Transition(
                "discard",
                ("preview",),
                "discarded",
                capability,
                _l("Discard"),
                _l("discarded the preview"),
                direct=True,
                tone="danger",
                asks=_l("Nothing of this file is imported."),
                told=discarded,
            ),
        ),
    )


PRICE_LIST = _sheet(
    "pricelist:import",
    _l("imported the price list"),
    _l("The price list is discarded. Nothing was imported."),
)
IMPORT = _sheet(
    "masterdata:import",
    _l("imported the file"),
    _l("The file is discarded. Nothing was imported."),
)
