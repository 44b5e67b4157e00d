"""The pages of claims: the dealer's draft, and the reviewer's decisions."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.claims import (
    appeal_queries,
    discarding,
    eligibility,
    failed,
    figures,
    findings,
    forms,
    labour_queries,
    lapses,
    notes,
    outlay_queries,
    policy,
    queries,
    run_days,
    services,
)
from portal.claims.appeal_models import Appeal
from portal.claims.history import ALONE, VALUES, WORDS
from portal.claims.models import Claim
from portal.claims.outlay_kinds import OUTLAYS
from portal.claims.outlay_views import receipts_beside
from portal.claims.run_views import main_line
from portal.claims.workflow import DECIDED, LINE, REASONS
from portal.collections.models import Consignment
from portal.core.clock import Month
from portal.core.db import AnyRow
from portal.core.documents import DocumentKind, kind_named, register
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.core.workflow import Transition
from portal.fees.workflow import UNITS
from portal.ledger import policy as ledger
from portal.ledger.kinds import KINDS
from portal.oldparts.models import OldPart
from portal.oldparts.payments import NOTHING, PAYMENTS, tells_payment
from portal.oldparts.way import Stop, tells_way
from portal.web import filters, frame, lists, presses, steps, timeline
from portal.web.forms import ActionForm, Form
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, needs_of, now

pages = Pages("claims", __name__)
register(
    DocumentKind(
        Claim,
        _l("Claim"),
        "claims.show",
        policy.visible_claims,
        words=WORDS,
        alone=ALONE,
        values=VALUES,
    )
)
frame.room(30, _l("Claims"), "claims", "claims.index", policy.READ)

MAIN_LINE = ("draft", "submitted", "in_review", "decided", "settled")
STEPS = {"take_back": "claims.take_back", "return": "claims.give_back", "decide": "claims.decide"}
MOST_RIDING = 200
"""How many pieces of other pages a page of a draft takes along."""


def _after() -> int:
    """The row after which the page of a table begins, from the URL."""
    return max(0, min(request.args.get("after", 0, type=int), queries.FAR))


def _old_part_url(name: str) -> str:
    return url_for(kind_named(OldPart.kind).endpoint, name=name)


def shown() -> lists.Selection:
    """What the URL asks for of the claims."""
    tab = lists.current(queries.tabs_for(actor(), now()))
    return lists.Selection(queries.listed(actor(), lists.typed(), tab), Claim.created_at, Claim.id)


@pages.get("/claims", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of claims."""
    tabs, scope = queries.tabs_for(actor(), now()), queries.scope(actor(), lists.typed())
    return render(
        "claims/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(tabs, lists.counts(Claim, scope, tabs)),
        tab=lists.current(tabs).name,
        q=lists.typed(),
        state=Claim.workflow.state,
    )


def _new_page(form: forms.MonthForm) -> ResponseReturnValue:
    dealer_id = actor().dealer_id
    assert dealer_id is not None
    proposals = eligibility.proposals(dealer_id, now())
    return render(
        "claims/new.html",
        status=form.status,
        form=form,
        proposals=list(proposals[:2]) + [one for one in proposals[2:] if not one.is_empty],
        chosen=form.month.data
        or request.args.get("month")
        or str(proposals[0 if proposals[1].is_empty else 1].month),
        cutoff=run_days.next_cutoff(now()),
        lapse=lapses.current(actor(), now()),
    )


@pages.get("/claims/new", needs=policy.WRITE)
def new() -> ResponseReturnValue:
    """The months that can be claimed for, with what there is to claim."""
    return _new_page(forms.MonthForm())


@pages.post("/claims/new", needs=policy.WRITE)
def start() -> ResponseReturnValue:
    """Begin the claim for a month, with all eligible old parts on it (R2)."""
    form = forms.MonthForm()
    if form.validate_on_submit():
        with form.refusals():
            claim = services.start(form.chosen(), by=actor(), now=now())
            return go("claims.show", name=claim.public_id)
    return _new_page(form)


def _page(
    claim: Claim, form: Form | None = None, decision: tuple[int, Form] | None = None
) -> ResponseReturnValue:
    """The document page; a refused step or decision shows why, with what was typed."""
    if claim.status == "draft" and actor().can(policy.WRITE):
        return _draft_page(claim, form)
    share = _share()
    lines = queries.lines_of(claim, share, _after())
    keys = [line.id for line in lines]
    heading, statement = queries.heading(claim), figures.statement_of(claim)
    refused = decision[1] if decision else form
    return render(
        "claims/show.html",
        fragments={"claim"},
        status=refused.status if refused else 200,
        claim=claim,
        state=Claim.workflow.state(claim.status),
        main_line=main_line(MAIN_LINE, Claim),
        heading=heading,
        steps=_steps(claim),
        statement=statement,
        alone=_alone(statement),
        receipts=receipts_beside(claim, lines),
        consignment_state=Consignment.workflow.state,
        units=UNITS,
        findings=findings.of_lines(keys, actor()),
        appeals=appeal_queries.of_lines(keys, actor()) if claim.appeal_by else {},
        appeal_state=Appeal.workflow.state,
        may_appeal=_may_appeal(claim, claim.appeal_by),
        appealable={
            line.id for line in lines if _may_appeal(claim, line.appeal_by or claim.appeal_by)
        },
        inside=notes.beside(claim, keys, actor()),
        tabs=_line_tabs(claim, share, statement),
        credited=queries.credited(claim) if claim.status == "settled" else None,
        account_url=_account_url(heading.dealer_public_id),
        lines=lines[: queries.LINES],
        more_after=lines[queries.LINES - 1].position if len(lines) > queries.LINES else None,
        after=_after(),
        share=share,
        line_state=LINE.state,
        reasons=REASONS,
        may_decide=claim.status == "in_review" and actor().can(policy.DECIDE),
        old_part_url=_old_part_url,
        old_part_state=OldPart.workflow.state,
        entries=timeline.of(claim),
        cutoff=run_days.next_cutoff(now())
        if claim.status == "submitted" and not claim.run_id
        else None,
        form=form,
        decision=decision,
    )


def _steps(claim: Claim) -> list[tuple[Transition, str]]:
    """What somebody may do with a claim; a dealer does not take back what a run has taken in."""
    can = steps.of(claim, STEPS)
    return [one for one in can if claim.run_id is None or one[0].name != "take_back"]


def _may_appeal(claim: Claim, until: datetime | None) -> bool:
    """Whether there is still time to appeal, for who may (R6)."""
    in_time = until is not None and until >= now()
    return in_time and claim.status in DECIDED and actor().can(policy.FILE_APPEAL)


def _share() -> str | None:
    """Which of a claim's lines the URL asks for."""
    share = request.args.get("lines")
    if share == queries.SUSPICIOUS:
        return share if actor().can(policy.FINDINGS) else None
    return share if share in {state.name for state in LINE.states} else None


def _alone(statement: figures.Statement) -> str:
    """That some lines are decided one by one, for who does."""
    if not statement.alone:
        return ""
    return services.one_by_one(statement)


def _line_tabs(
    claim: Claim, share: str | None, statement: figures.Statement
) -> list[tuple[Any, str, str, bool]]:
    counts = statement.counts
    shares: list[tuple[str | None, Any, int]] = [(None, _("All"), statement.lines)]
    shares += [(state.name, state.label, counts[state.name]) for state in LINE.states]
    if actor().can(policy.FINDINGS):
        shares.append((queries.SUSPICIOUS, _("With findings"), statement.suspicious))
    return [
        (
            label,
            filters.number(count),
            url_for("claims.show", name=claim.public_id, lines=name),
            name == share,
        )
        for name, label, count in shares
        if count or name in (None, share)
    ]


def _account_url(dealer: str) -> str | None:
    if actor().can(ledger.OWN):
        return url_for("ledger.account")
    if actor().can(ledger.READ):
        return url_for("ledger.dealer_account", name=dealer)
    return None


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


def _draft_page(claim: Claim, form: Form | None = None) -> ResponseReturnValue:
    rows, entries = queries.candidates(claim, now(), _after()), timeline.of(claim)
    outlays = outlay_queries.lines_of(claim)
    step = form if isinstance(form, ActionForm) else None
    typed = form if isinstance(form, forms.DraftForm) and form.is_submitted() else None
    return render(
        "claims/draft.html",
        fragments={"sum"},
        status=form.status if form else 200,
        claim=claim,
        state=Claim.workflow.state(claim.status),
        main_line=main_line(MAIN_LINE, Claim),
        heading=queries.heading(claim),
        rows=rows[: queries.LINES],
        ticks=_ticks(claim, rows[: queries.LINES], typed),
        more_after=rows[queries.LINES - 1].old_part_id if len(rows) > queries.LINES else None,
        after=_after(),
        old_part_url=_old_part_url,
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


@pages.get("/claims/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One claim; a draft as a form."""
    return _page(load(Claim, name))


def _keep(claim: Claim, form: forms.DraftForm, *, leaves: bool) -> None:
    services.save(
        claim,
        form.draft(),
        seen=form.version,
        page=presses.key(),
        leaves=leaves,
        by=actor(),
        now=now(),
    )


@pages.post("/claims/<name>/save", needs=policy.WRITE)
def save(name: str) -> ResponseReturnValue:
    """Keep a draft as it is on the page (R2); asked by htmx, answer its new sum."""
    claim = load(Claim, name)
    form = forms.DraftForm()
    if form.validate_on_submit():
        goes_on = request.headers.get("HX-Request") == "true"
        with form.refusals():
            _keep(claim, form, leaves=not goes_on)
            if not goes_on:
                flash(_("Kept. The claim is not submitted yet."), "success")
                return go("claims.show", name=name, after=_after() or None)
    return _page(claim, form)


@pages.post("/claims/<name>/submit", needs=policy.SUBMIT, keeps_refused=True)
def submit(name: str) -> ResponseReturnValue:
    """Keep what is on the page, and hand the claim in; refused, it is kept all the same."""
    claim = load(Claim, name)
    form = forms.DraftForm()
    if form.validate_on_submit():
        with form.refusals():
            if form.offered.data:
                _keep(claim, form, leaves=False)
        if form.status == 200:
            with form.refusals():
                services.submit(claim, seen=form.version, page=presses.key(), by=actor(), now=now())
                flash(
                    ngettext(
                        "The claim is submitted: %(num)s line, %(amount)s.",
                        "The claim is submitted: %(num)s lines, %(amount)s.",
                        claim.line_count,
                        amount=filters.money(claim.claimed),
                    ),
                    "success",
                )
                return go("claims.show", name=name)
    return _page(claim, form)


@pages.post("/claims/<name>/discard", needs=policy.WRITE)
def discard(name: str) -> ResponseReturnValue:
    """Give a draft up that was never submitted."""
    claim = load(Claim, name)
    form = steps.form_for("discard")

    def do() -> None:
        discarding.discard(claim, seen=form.seen.data, page=presses.key(), by=actor(), now=now())

    return steps.taken(claim, form, do, told=steps.told(claim, "discard")) or _page(claim, form)


@pages.post("/claims/<name>/take-back", needs=policy.TAKE_BACK)
def take_back(name: str) -> ResponseReturnValue:
    """Make a claim a draft again that waits for its run."""
    claim = load(Claim, name)
    form = steps.form_for("take_back")

    def do() -> None:
        services.take_back(claim, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(claim, form, do, told=steps.told(claim, "take_back")) or _page(claim, form)


@pages.post("/claims/<name>/return", needs=policy.DECIDE)
def give_back(name: str) -> ResponseReturnValue:
    """Return a claim for correction."""
    claim = load(Claim, name)
    form = steps.form_for("return")

    def do() -> None:
        services.give_back(
            claim, seen=form.seen.data, reason=form.reason.data or "", by=actor(), now=now()
        )

    return steps.taken(claim, form, do, told=_("The claim went back to the dealer.")) or _page(
        claim, form
    )


@pages.post("/claims/<name>/decide", needs=policy.DECIDE)
def decide(name: str) -> ResponseReturnValue:
    """Finish the decision on a claim (R6)."""
    claim = load(Claim, name)
    form = steps.form_for("decide")

    def do() -> None:
        services.decide(claim, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(claim, form, do, told=lambda: _decided(claim)) or _page(claim, form)


def _decided(claim: Claim) -> str:
    return _(
        "The claim is decided: %(approved)s of %(claimed)s approved.",
        approved=filters.money(claim.approved),
        claimed=filters.money(claim.claimed),
    )


def _same_lines(name: str, anchor: str | None = None) -> ResponseReturnValue:
    kept = {"lines": request.args.get("lines"), "after": _after() or None}
    return go("claims.show", name=name, _anchor=anchor, **kept)


def told_together(outcome: services.Together) -> str:
    """What came of approving lines together, in a sentence."""
    said = ngettext("%(num)s line is approved.", "%(num)s lines are approved.", outcome.approved)
    if not outcome.drawn:
        return said
    kept = ngettext(
        "%(num)s line is drawn for a spot check: look at it by itself.",
        "%(num)s lines are drawn for a spot check: look at each by itself.",
        outcome.drawn,
    )
    return f"{said} {kept}"


@pages.post("/claims/<name>/approve-open", needs=policy.DECIDE)
def approve_open(name: str) -> ResponseReturnValue:
    """Approve the open lines without finding and without remark together (R5)."""
    claim = load(Claim, name)
    form = ActionForm()
    if form.validate_on_submit():
        with form.refusals():
            outcome = services.approve_open(claim, by=actor(), now=now())
            flash(told_together(outcome), "success")
            return _same_lines(name)
    return _page(claim, form)


@pages.post("/claims/<name>/lines/<int(max=999999):position>", needs=policy.DECIDE)
def decide_line(name: str, position: int) -> ResponseReturnValue:
    """Approve, reduce or reject one line (R6)."""
    claim = load(Claim, name)
    form = forms.DecisionForm()
    if form.validate_on_submit():
        with form.refusals():
            services.decide_line(
                claim, position, form.decision(), was=form.was.data or "", by=actor(), now=now()
            )
            return _same_lines(name, f"line-{position}")
    return _page(claim, decision=(position, form))


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The claims and runs that wait for somebody."""
    if who.can(policy.WRITE) and who.dealer_id is not None:
        yield from _dealer_tasks(who, who.dealer_id, at)
    if who.can(policy.DECIDE):
        waiting = queries.waiting(who).get("in_review", 0)
        yield frame.Task(_("Claims to decide"), waiting, url_for("claims.index", tab="in_review"))


def _dealer_tasks(who: Actor, dealer_id: int, at: datetime) -> Iterator[frame.Task]:
    month, due = Month.of(at).plus(-1), run_days.next_cutoff(at)
    to_file = eligibility.to_file(dealer_id, month, at)
    label = ngettext(
        "Claim to file for %(month)s: %(num)d piece, %(amount)s",
        "Claim to file for %(month)s: %(num)d pieces, %(amount)s",
        to_file.pieces,
        month=filters.month(str(month)),
        amount=filters.money(to_file.amount),
    )
    yield frame.Task(label, to_file.pieces, url_for("claims.new"), due)
    yield from _lapsing_tasks(dealer_id, month, at)
    drafts, url = queries.waiting(who), url_for("claims.index", tab="draft")
    yield frame.Task(_("Claims returned for correction"), drafts.get("returned", 0), url, due)
    yield frame.Task(_("Draft claims to submit"), drafts.get("draft", 0), url, due)


def _lapsing_tasks(dealer_id: int, month: Month, at: datetime) -> Iterator[frame.Task]:
    if not lapses.is_near(at):
        return
    found, due = eligibility.lapsing(dealer_id, at), lapses.until(at)
    url = url_for("claims.new", month=month)
    label = ngettext(
        "Claim it before it lapses: %(num)d piece, %(amount)s",
        "Claim them before they lapse: %(num)d pieces, %(amount)s",
        found.pieces,
        amount=filters.money(found.amount),
    )
    yield frame.Task(label, found.pieces, url, due)
    label = ngettext(
        "Freight to claim before it lapses: %(num)d consignment",
        "Freight to claim before it lapses: %(num)d consignments",
        found.freight,
    )
    yield frame.Task(label, found.freight, url, due)
    yield frame.Task(_l("Compensations to claim before they lapse"), found.advance, url, due)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Claims by number or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            state = Claim.workflow.state(row.status)
            yield frame.Find(
                _l("Claim"),
                row.number,
                f"{row.dealer_name} · {state.label} · {filters.money(row.claimed)}",
                url_for("claims.show", name=row.public_id),
            )


@tells_payment
def _payment(old_part: OldPart, who: Actor) -> tuple[str, str | None] | None:
    """Whether an old part is claimed or was reimbursed, and where to read more (O9)."""
    row = failed.payment_row(old_part, who)
    if row is None:
        return None
    claim = url_for("claims.show", name=row.public_id) if who.can(policy.READ) else None
    if row.code == "charged_back" and who.can(needs_of("ledger.entry")):
        entry = failed.charged_back(old_part)
        return row.code, url_for("ledger.entry", name=entry.public_id) if entry else claim
    return row.code, claim


@tells_way
def _way(old_part: OldPart, who: Actor) -> dict[str, Stop]:
    """The claim of an old part, and the last entry that followed from it."""
    row = failed.payment_row(old_part, who)
    if row is None:
        return {}
    claim = url_for("claims.show", name=row.public_id) if who.can(policy.READ) else None
    begun = row.submitted_at or row.created_at
    stops = {"claimed": Stop(begun, row.number, claim, row.claimed)}
    if row.decided_at:
        label = LINE.state(row.status).label
        stops["decided"] = Stop(row.decided_at, label, claim, row.approved)
    if row.closed_at:
        paper = url_for("claimpapers.statement", name=row.public_id) if claim else None
        stops["settled"] = Stop(row.closed_at, row.month, paper)
    entry = failed.entry_of(old_part, None if row.code == "refused" else row.id)
    if entry is not None:
        place = url_for("ledger.entry", name=entry.public_id)
        shown = place if who.can(needs_of("ledger.entry")) else None
        stops["booked"] = Stop(entry.at, KINDS[entry.kind], shown)
    return stops
