"""The page of a draft claim: every eligible old part with its tick, and what else is on it (R2)."""

from collections.abc import Sequence
from typing import NamedTuple

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.claims import forms, labour_queries, outlay_queries, policy, queries, run_days
from portal.claims.models import Claim
from portal.claims.outlay_kinds import OUTLAYS
from portal.claims.outlay_views import receipts_beside
from portal.claims.run_views import main_line
from portal.collections.models import Consignment
from portal.core.db import AnyRow
from portal.core.documents import kind_named
from portal.oldparts.models import OldPart
from portal.oldparts.payments import NOTHING, PAYMENTS
from portal.web import steps, timeline
from portal.web.forms import ActionForm, Form
from portal.web.htmx import render, wanted
from portal.web.routes import actor, now

MAIN_LINE = ("draft", "submitted", "in_review", "decided", "settled")
ALONE = frozenset({"sum"})
"""What a script asks for of the page by itself."""
MOST_RIDING = 200
"""How many pieces of other pages a page of a draft takes along."""


def after() -> int:
    """The row after which the page of a table begins, from the URL."""
    return max(0, min(request.args.get("after", 0, type=int), queries.FAR))


def old_part_url(name: str) -> str:
    return url_for(kind_named(OldPart.kind).endpoint, name=name)


def _ticked(row: AnyRow, typed: forms.DraftForm | None) -> bool:
    """Whether a piece has its tick: as it came, else as the draft has or proposes it (R2)."""
    if typed is not None and row.old_part in typed.offered.data:
        return row.old_part in typed.chosen.data
    return bool(row.chosen)


class _Ticks(NamedTuple):
    """What a page of a draft shows ticked, and what the claim comes to by that, in minor units.

    ``fresh`` counts what became eligible after the draft was begun; ``riding`` are those of them
    that stand on other pages and are sent with this one.
    """

    names: frozenset[str]
    riding: list[str]
    fresh: int
    lines: int
    amount: int


def _ticks(claim: Claim, rows: Sequence[AnyRow], typed: forms.DraftForm | None) -> _Ticks:
    on = {row.old_part: _ticked(row, typed) for row in rows}
    # Asked by htmx, the page stays as it is: what came up since is not on it.
    stays = typed if request.headers.get("HX-Request") == "true" else None
    here = [row for row in rows if stays is None or row.old_part in stays.offered.data]
    more = [row for row in here if on[row.old_part] and row.line_id is None]
    less = [row for row in here if not on[row.old_part] and row.line_id is not None]
    fresh = [] if stays else queries.newly_proposed(claim, now(), MOST_RIDING)
    riding = [row for row in fresh if row.old_part not in on]
    return _Ticks(
        names=frozenset(name for name, ticked in on.items() if ticked),
        riding=[row.old_part for row in riding],
        fresh=len(fresh),
        lines=claim.line_count + len(more) - len(less) + len(riding),
        amount=claim.claimed
        + sum(row.claimed for row in more)
        - sum(row.claimed for row in less)
        + sum(row.claimed for row in riding),
    )


def page(claim: Claim, form: Form | None = None) -> ResponseReturnValue:
    rows, entries = queries.candidates(claim, now(), after()), timeline.of(claim)
    outlays = outlay_queries.lines_of(claim)
    step = form if isinstance(form, ActionForm) else None
    typed = form if isinstance(form, forms.DraftForm) and form.is_submitted() else None
    return render(
        "claims/draft.html",
        fragments=ALONE,
        alone=wanted(ALONE) is not None,
        status=form.status if form else 200,
        claim=claim,
        state=Claim.workflow.state(claim.status),
        main_line=main_line(MAIN_LINE, Claim),
        heading=queries.heading(claim),
        rows=rows[: queries.LINES],
        ticks=_ticks(claim, rows[: queries.LINES], typed),
        more_after=rows[queries.LINES - 1].old_part_id if len(rows) > queries.LINES else None,
        after=after(),
        old_part_url=old_part_url,
        old_part_state=OldPart.workflow.state,
        outlays=outlays,
        receipts=receipts_beside(claim, outlays),
        consignment_state=Consignment.workflow.state,
        labour=labour_queries.sums(claim, now()),
        claimable={kind: len(outlay_queries.claimable(claim, kind, now())) for kind in OUTLAYS},
        payments={"if-ticked": PAYMENTS["claimed"], "if-not": PAYMENTS[NOTHING]},
        entries=entries,
        returned=timeline.latest_move(entries) if claim.was_returned else None,
        cutoff=run_days.next_cutoff(now()),
        typed=typed,
        form=form if isinstance(form, forms.DraftForm) else forms.DraftForm(None, obj=claim),
        steps=[] if claim.submitted_at else steps.of(claim, {"discard": "claims.discard"}),
        step=step,
        may_submit=actor().can(policy.SUBMIT),
    )
