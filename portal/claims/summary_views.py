"""What a run came to, as a page, as PDF and as a sheet (R8)."""

from collections.abc import Iterator
from typing import Any

from flask.typing import ResponseReturnValue

from portal.claims import policy
from portal.claims.models import Run
from portal.claims.summary import Row, Share, Summary, summary_of
from portal.core.db import snapshot
from portal.core.i18n import _
from portal.web import exports
from portal.web.filters import day, money, month, number
from portal.web.htmx import render
from portal.web.links import public_url_for
from portal.web.paper import Paper, answer, paper
from portal.web.routes import Pages, load

pages = Pages("runsummaries", __name__)


@pages.get("/runs/<name>/summary", needs=policy.RUN_READ)
def show(name: str) -> ResponseReturnValue:
    """What a run came to, beside the month before."""
    run = load(Run, name)
    return render("runs/summary.html", run=run, summary=summary_of(run))


@pages.get("/runs/<name>/summary/paper.pdf", needs=policy.RUN_READ, own_transactions=True)
def printed(name: str) -> ResponseReturnValue:
    """The same on A4."""

    def prepare() -> Paper:
        run = load(Run, name)
        return _paper(run, summary_of(run))

    return answer(prepare)


@pages.get(
    "/runs/<name>/summary/export/<any(xlsx, csv):ending>",
    needs=policy.RUN_READ,
    own_transactions=True,
)
def export(name: str, ending: str) -> ResponseReturnValue:
    """The same as a sheet, with every row."""
    with snapshot():
        run = load(Run, name)
        summary = summary_of(run)
        headings = [_("Breakdown"), _("What"), *_heads(), *_before(summary)]
        return exports.sheet(_title(run), headings, _sheet_rows(summary), ending)


def _title(run: Run) -> str:
    return f"{_('Run summary')} {run.month}"


def _heads() -> list[str]:
    return [_("Lines"), _("Claimed"), _("Approved"), _("Taken off")]


def _before(summary: Summary) -> list[str]:
    """What is called so in the month before: the approved, and what was taken off."""
    if summary.last is None:
        return [_("Approved the month before"), _("Taken off the month before")]
    last = month(summary.last.month)
    return [_("%(month)s approved", month=last), _("%(month)s taken off", month=last)]


def _sheet_rows(summary: Summary) -> Iterator[tuple[Any, ...]]:
    write = exports.money()
    for share in summary.shares:
        for row in share.rows:
            amounts = (row.claimed, row.approved, row.taken_off, row.before, row.off_before)
            yield (str(share.title), row.label, row.lines, *map(write, amounts))


def _paper(run: Run, summary: Summary) -> Paper:
    names = {
        "claimed": _("Claimed"),
        "approved": _("Approved"),
        "reduced": _("Reduced"),
        "rejected": _("Rejected"),
    }
    before = dict(zip(("approved", "taken_off"), _before(summary), strict=True))
    facts = {
        "title": _("Run summary"),
        "number": month(run.month),
        "status": Run.workflow.state(run.status).label,
        "facts": [
            {"label": _("Lines"), "value": number(summary.whole.lines), "wide": False},
            {"label": _("Settled on"), "value": day(run.closed_at) if run.closed_at else "",
             "wide": False},
        ],
        "figure_heads": ["", month(run.month), month(summary.last.month) if summary.last else ""],
        "figures": [
            (
                label,
                money(getattr(summary.whole, name)),
                money(getattr(summary.before, name)) if summary.before else "",
            )
            for name, label in names.items()
        ]
        + _appealed(summary),
        "heads": [_("What"), *_heads()],
        "shares": [
            {
                "title": share.title,
                "before": before[share.of],
                "rows": [_printed_row(share, row) for row in share.top],
            }
            for share in summary.shares
        ],
    }  # fmt: skip
    address = public_url_for("runsummaries.show", name=run.public_id)
    return paper("run_summary", _title(run), facts, address=address)


def _appealed(summary: Summary) -> list[tuple[str, str, str]]:
    """What appeals came to, and what was paid altogether, where there were any."""
    now, then = summary.appeals, summary.appeals_before
    if not now.number and not (then and then.number):
        return []
    both = summary.whole.approved + now.granted
    before = summary.before.approved + then.granted if summary.before and then else None
    return [
        (_("Appeals"), money(now.granted), money(then.granted) if then else ""),
        (_("Credited"), money(both), "" if before is None else money(before)),
    ]


def _printed_row(share: Share, row: Row) -> dict[str, Any]:
    """A row's texts, and how long its bar is, in thousandths of the longest."""
    amounts = (row.claimed, row.approved, row.taken_off, share.before(row))
    return {
        "texts": [
            row.label,
            number(row.lines),
            *map(money, amounts),
        ],
        "bar": 1000 * share.amount(row) // (share.greatest or 1),
    }
