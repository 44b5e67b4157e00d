"""The page that is looked at before a run is closed (R7)."""

from typing import Any, NamedTuple

from flask import url_for
from flask.typing import ResponseReturnValue

from portal.claims import closing, figures, policy
from portal.claims.models import Run
from portal.claims.run_views import steps_of, what_closing_does
from portal.core.i18n import _, ngettext
from portal.web.htmx import render
from portal.web.routes import Pages, load

pages = Pages("closings", __name__)


class Check(NamedTuple):
    """One line of the check list: a tone and a sentence, and where to see to it."""

    tone: str
    sentence: Any
    url: str | None = None


@pages.get("/runs/<name>/closing", needs=policy.RUN_READ)
def show(name: str) -> ResponseReturnValue:
    """The check list of a run, and what every dealer is credited with when it closes."""
    run = load(Run, name)
    shares, whole = closing.preview(run)
    known = closing.outstanding(run)
    proposed = closing.proposal(run)
    return render(
        "runs/closing.html",
        run=run,
        steps=steps_of(run, known.undecided, proposed),
        asks={"close": what_closing_does(whole.claims, whole.credited)},
        state=Run.workflow.state(run.status),
        checks=_checks(run, known),
        shares=shares,
        everybody=whole,
    )


def _checks(run: Run, known: closing.Outstanding) -> list[Check]:
    agreement = figures.agreement(run)
    return [
        Check(
            "bad",
            ngettext(
                "%(num)d claim is not decided yet.",
                "%(num)d claims are not decided yet.",
                known.undecided,
            ),
            url_for("claims.index", tab="in_review"),
        )
        if known.undecided
        else Check("good", _("Every claim is decided.")),
        Check("good", _("Lines, claims and ledger agree to the cent."))
        if agreement.holds
        else Check("bad", _("Lines, claims and ledger differ: the month cannot be closed.")),
        *_warnings(run, known),
    ]


def _warnings(run: Run, known: closing.Outstanding) -> list[Check]:
    found = []
    if known.appeals:
        sentence = ngettext(
            "%(num)d appeal is not decided: it is not paid with this run.",
            "%(num)d appeals are not decided: they are not paid with this run.",
            known.appeals,
        )
        found.append(Check("warn", sentence, url_for("appeals.index", tab="filed")))
    if known.not_payable:
        sentence = ngettext(
            "%(num)d line is approved though its old part failed or is missing.",
            "%(num)d lines are approved though their old parts failed or are missing.",
            known.not_payable,
        )
        found.append(Check("warn", sentence, url_for("runs.show", name=run.public_id)))
    return found
