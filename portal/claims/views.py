"""The pages of claims: the dealer's draft, and the reviewer's decisions."""

from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.claims import (
    appeal_queries,
    discarding,
    draft_page,
    eligibility,
    figures,
    findings,
    forms,
    lapses,
    notes,
    policy,
    queries,
    run_days,
    services,
)
from portal.claims import signposts as signposts  # home, search and old parts ask it
from portal.claims.appeal_models import Appeal
from portal.claims.history import ALONE, VALUES, WORDS
from portal.claims.models import Claim
from portal.claims.outlay_views import receipts_beside
from portal.claims.run_views import main_line
from portal.claims.workflow import DECIDED, LINE, REASONS
from portal.collections.models import Consignment
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l, ngettext
from portal.core.workflow import Transition
from portal.fees.workflow import UNITS
from portal.ledger import policy as ledger
from portal.oldparts.models import OldPart
from portal.web import filters, frame, lists, presses, steps, timeline
from portal.web.forms import ActionForm, Form
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

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

STEPS = {"take_back": "claims.take_back", "return": "claims.give_back", "decide": "claims.decide"}


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
        return draft_page.page(claim, form)
    share = _share()
    lines = queries.lines_of(claim, share, draft_page.after())
    keys = [line.id for line in lines]
    heading, statement = queries.heading(claim), figures.statement_of(claim)
    refused = decision[1] if decision else form
    return render(
        "claims/show.html",
        fragments={"claim"},
        status=refused.status if refused else 200,
        claim=claim,
        state=Claim.workflow.state(claim.status),
        main_line=main_line(draft_page.MAIN_LINE, Claim),
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
        may_appeal=_may_appeal(claim, claim.appeal_by)
        and appeal_queries.is_appealable(claim, now()),
        appealable={
            line.id for line in lines if _may_appeal(claim, line.appeal_by or claim.appeal_by)
        },
        inside=notes.beside(claim, keys, actor()),
        tabs=_line_tabs(claim, share, statement),
        credited=queries.credited(claim) if claim.status == "settled" else None,
        account_url=_account_url(heading.dealer_public_id),
        lines=lines[: queries.LINES],
        more_after=lines[queries.LINES - 1].position if len(lines) > queries.LINES else None,
        after=draft_page.after(),
        share=share,
        line_state=LINE.state,
        reasons=REASONS,
        may_decide=claim.status == "in_review" and actor().can(policy.DECIDE),
        old_part_url=draft_page.old_part_url,
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
                return go("claims.show", name=name, after=draft_page.after() or None)
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
    kept = {"lines": request.args.get("lines"), "after": draft_page.after() or None}
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
