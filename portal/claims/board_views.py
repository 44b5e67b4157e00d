"""The progress board of a run, and who reviews whose claims."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.claims import assigning, board, desk, figures, policy, together
from portal.claims.forms import AssignForm, ShareForm
from portal.claims.models import Run
from portal.claims.views import told_together
from portal.core.db import snapshot
from portal.core.errors import Invalid
from portal.core.i18n import _, ngettext
from portal.web import exports, filters, lists
from portal.web.exports import Column
from portal.web.forms import ActionForm, Form, clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("runboards", __name__)
MOST_NAMES = 5000


def _share() -> str:
    share = request.args.get("tab", "all")
    return share if share in board.FILTERS else "all"


def _sort() -> tuple[str, bool]:
    """By which column the URL sorts, and whether from the greatest."""
    name = request.args.get("sort", "")
    return name.removeprefix("-"), name.startswith("-")


def _here(run: Run, **changes: str | None) -> str:
    """The board's address with its filters, also on the page of a refused press."""
    return lists.with_filters("runboards.show", {"name": run.public_id}, changes)


def _headings(run: Run) -> dict[str, tuple[str, str]]:
    """For each column that can be sorted by: the address that does, and how it is sorted now."""
    name, down = _sort()
    made = {}
    for one in board.SORTS:
        # What counts is first asked for from the greatest, and names from A.
        first = one if one in ("dealer", "reviewer") else f"-{one}"
        other = f"-{one}" if first == one else one
        url = _here(run, sort=other if request.args.get("sort") == first else first)
        made[one] = (url, ("descending" if down else "ascending") if one == name else "")
    return made


def _page(run: Run, form: Form | None = None) -> ResponseReturnValue:
    share, sort = _share(), _sort()
    rows = board.rows_of(board.statement(run, actor(), share, *sort))
    may_share = run.status in assigning.OPEN and actor().can(policy.RUN_REVIEW)
    return render(
        "runs/board.html",
        fragments={"results"},
        status=form.status if form else 200,
        run=run,
        state=Run.workflow.state(run.status),
        rows=rows,
        sums=board.sums(rows),
        progress=figures.progress(run),
        tabs=[
            (label, None, _here(run, tab=None if name == "all" else name), name == share)
            for name, label in board.FILTERS.items()
        ],
        headings=_headings(run),
        board_url=_here(run),
        sheets=[
            (
                label,
                lists.with_filters("runboards.export", {"name": run.public_id, "ending": kind}, {}),
            )
            for kind, label in exports.LABELS.items()
        ],
        reviewers=assigning.reviewers() if may_share else (),
        waiting=desk.waiting(run, actor()) if actor().can(policy.DECIDE) else "0",
        may_share=may_share,
        underway=together.underway(run, actor()) if may_share else None,
        picked=frozenset(request.form.getlist("pick")) if form else frozenset(),
        form=form,
    )


@pages.get("/runs/<name>/board", needs=policy.RUN_READ)
def show(name: str) -> ResponseReturnValue:
    """The dealers of a run: how far each is, and who reviews it."""
    return _page(load(Run, name))


@pages.post("/runs/<name>/board", needs=policy.RUN_REVIEW)
def assign(name: str) -> ResponseReturnValue:
    """Give the ticked dealers to a reviewer."""
    run, form = load(Run, name), AssignForm()
    if form.validate_on_submit():
        with form.refusals():
            picked = list(map(clean, request.form.getlist("pick")[:MOST_NAMES]))
            was = {one: request.form.get(f"was-{one}", "") for one in picked}
            assigning.assign(run, was, form.reviewer.data or "", by=actor(), now=now())
            return go("runboards.show", name=name, **dict(lists.filters_on()))
    return _page(run, form)


@pages.post("/runs/<name>/share-out", needs=policy.RUN_REVIEW)
def share_out(name: str) -> ResponseReturnValue:
    """Share the dealers that nobody reviews out among reviewers, evenly by lines."""
    run, form = load(Run, name), ShareForm()
    if form.validate_on_submit():
        with form.refusals():
            count = assigning.share_out(run, form.among.data, by=actor(), now=now())
            told = ngettext(
                "%(num)s dealer is shared out.", "%(num)s dealers are shared out.", count
            )
            flash(told, "success")
            return go("runboards.show", name=name)
    return _page(run, form)


@pages.post("/runs/<name>/approve", needs=policy.DECIDE)
def approve(name: str) -> ResponseReturnValue:
    """Approve what has neither finding nor remark, of the ticked dealers or of all shown (R5)."""
    run, form = load(Run, name), ActionForm()
    shown = [one.removeprefix("was-") for one in request.form if one.startswith("was-")]
    names = shown if request.form.get("of") == "shown" else request.form.getlist("pick")
    picked = [clean(one) for one in names[:MOST_NAMES]]
    if form.validate_on_submit():
        with form.refusals():
            if not picked:
                raise Invalid(_("Tick at least one dealer."))
            done = together.approve(run, picked, by=actor(), now=now())
            if done is not None:
                flash(told_together(done), "success")
            return go("runboards.show", name=name, **dict(lists.filters_on()))
    return _page(run, form)


@pages.get(
    "/runs/<name>/board/export/<any(xlsx, csv):ending>",
    needs=policy.RUN_READ,
    own_transactions=True,
)
def export(name: str, ending: str) -> ResponseReturnValue:
    """The board as it is shown, as a file."""
    with snapshot():
        run, money = load(Run, name), exports.money()
        columns = [
            Column(_("Dealer code"), "code"),
            Column(_("Dealer"), "name"),
            Column(_("Claims"), "claims"),
            Column(_("Claimed"), "claimed", money),
            Column(_("Lines with findings"), "suspicious"),
            Column(_("Lines"), "lines"),
            Column(_("Decided lines"), "decided"),
            Column(_("To decide"), "open"),
            Column(_("To look at"), "alone"),
            Column(_("Reviewer"), "reviewer"),
        ]
        title = _("Run of %(month)s", month=filters.month(run.month))
        found = board.statement(run, actor(), _share(), *_sort())
        return exports.file_of(exports.Table(title, found, columns), ending)
