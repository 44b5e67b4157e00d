"""The pages of the monthly run."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import url_for
from flask.typing import ResponseReturnValue

from portal.claims import (
    assigning,
    closing,
    figures,
    findings,
    forms,
    opening,
    policy,
    queries,
    run_days,
    runs,
)
from portal.claims.history import RUN_ALONE, RUN_VALUES, RUN_WORDS
from portal.claims.models import Claim, Run
from portal.claims.workflow import LINE, REASONS
from portal.core import jobs
from portal.core.db import AnyRow
from portal.core.documents import Document, DocumentKind, register
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.core.workflow import Transition
from portal.web import filters, frame, lists, steps, timeline
from portal.web.forms import ActionForm, Form
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("runs", __name__)
register(
    DocumentKind(
        Run,
        _l("Monthly run"),
        "runs.show",
        policy.visible_runs,
        words=RUN_WORDS,
        alone=RUN_ALONE,
        values=RUN_VALUES,
    )
)
frame.room(35, _l("Monthly runs"), "run", "runs.index", policy.RUN_READ)

RUN_LINE = ("open", "reviewing", "closing", "closed")


def main_line(names: tuple[str, ...], model: type[Document]) -> list[tuple[str, Any]]:
    """The states that a document goes through if all is well, for the stepper."""
    return [(name, model.workflow.state(name).label) for name in names]


def _list_page(form: Form | None = None) -> ResponseReturnValue:
    return render(
        "runs/list.html",
        status=form.status if form else 200,
        listed=lists.page(queries.runs_listed(actor()), Run.created_at, Run.id),
        state=Run.workflow.state,
        opening=run_days.next_opening(now()) if actor().can(policy.RUN_OPEN) else None,
        form=form,
    )


@pages.get("/runs", needs=policy.RUN_READ)
def index() -> ResponseReturnValue:
    """The list of runs."""
    return _list_page()


@pages.post("/runs/open", needs=policy.RUN_OPEN)
def open_run() -> ResponseReturnValue:
    """Open the run for a month by hand (R4)."""
    form = forms.MonthForm()
    if form.validate_on_submit():
        with form.refusals():
            run = runs.open_run(form.chosen(), by=actor(), now=now())
            return go("runs.show", name=run.public_id)
    return _list_page(form)


def what_closing_does(claims: int, credited: int) -> str:
    """What the press that closes a month does, in a sentence."""
    return ngettext(
        "%(num)s claim is settled and %(amount)s credited. A closed month is not opened again.",
        "%(num)s claims are settled and %(amount)s credited. A closed month is not opened again.",
        claims,
        amount=filters.money(credited),
    )


def steps_of(run: Run, waiting: int, proposed: AnyRow | None) -> list[tuple[Transition, str]]:
    """What somebody may do with a run now.

    A month with an undecided claim cannot be closed: then there is no such button. Where two close
    it, who proposed it has none either.
    """
    if run.status == "proposed":
        endpoints = {"resume": "runs.resume"}
        if not waiting and not closing.waits_for_another(proposed, actor(), now()):
            endpoints["close"] = "runs.close"
    elif waiting:
        endpoints = {"start": "runs.start"}
    else:
        two = closing.needs_two(now())
        endpoints = {"propose": "runs.propose"} if two else {"close": "runs.close"}
    return steps.of(run, endpoints)


def _what_next(
    run: Run, progress: figures.Progress, open_lines: int, proposed: AnyRow | None
) -> str:
    """What is left to do, and who closes the month; with what was proposed."""
    if proposed is not None:
        if not closing.is_unchanged(run, proposed):
            return _("The totals have changed since it was proposed: look at them again.")
        return _(
            "%(who)s proposed to close the month with %(amount)s to be credited.",
            who=proposed.actor_name,
            amount=filters.money(proposed.values["approved"] + proposed.values["appealed"]),
        )
    if run.status in assigning.OPEN and progress.claims and not progress.undecided:
        return _("Every claim is decided: the month can be closed.")
    if run.status in assigning.OPEN and progress.undecided and not open_lines:
        return ngettext(
            "No line is open any more: finish the decision on %(num)d claim.",
            "No line is open any more: finish the decision on each of %(num)d claims.",
            progress.undecided,
        )
    return ""


def _page(run: Run, form: Form | None = None) -> ResponseReturnValue:
    progress, statement = figures.progress(run), figures.statement_of_run(run)
    is_proposed = run.status == "proposed"
    proposed = closing.proposal(run)
    can = steps_of(run, progress.undecided, proposed)
    return render(
        "runs/show.html",
        fragments={"run"},
        status=form.status if form else 200,
        run=run,
        state=Run.workflow.state(run.status),
        main_line=main_line(
            (*RUN_LINE[:2], *(["proposed"] if is_proposed else []), *RUN_LINE[2:]), Run
        ),
        steps=can,
        what_next=_what_next(run, progress, statement.open_lines, proposed),
        progress=progress,
        statement=statement,
        asks={"close": what_closing_does(progress.claims, closing.credited(run))}
        if any(step.name == "close" for step, _url in can)
        else {},
        agreement=figures.agreement(run),
        findings=findings.of_run(run),
        may_decide=actor().can(policy.DECIDE),
        reasons=REASONS,
        line_state=LINE.state,
        claim_state=Claim.workflow.state,
        listed=lists.page(figures.claims_of_run(run), Claim.created_at, Claim.id),
        job=_job(run, progress),
        given_up=jobs.MOST_ATTEMPTS,
        entries=timeline.of(run),
        form=form,
    )


def _job(run: Run, progress: figures.Progress) -> jobs.Job | None:
    """The job that a run waits for: its opening's, or its closing's."""
    if progress.waiting:
        return jobs.state_of(opening.job_key(run))
    return jobs.state_of(runs.job_key(run)) if run.status == "closing" else None


@pages.get("/runs/<name>", needs=policy.RUN_READ)
def show(name: str) -> ResponseReturnValue:
    """One run: its progress, its claims, and whether its sums agree (R8)."""
    return _page(load(Run, name))


@pages.post("/runs/<name>/start", needs=policy.RUN_REVIEW)
def start(name: str) -> ResponseReturnValue:
    """Begin to look at the claims."""
    run = load(Run, name)
    form = steps.form_for("start")

    def do() -> None:
        runs.start_review(run, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(run, form, do) or _page(run, form)


@pages.post("/runs/<name>/propose", needs=policy.RUN_CLOSE)
def propose(name: str) -> ResponseReturnValue:
    """Propose to close the month: another reviewer does it (P2)."""
    run = load(Run, name)
    form = steps.form_for("propose")

    def do() -> None:
        runs.propose(run, seen=form.seen.data, by=actor(), now=now())

    told = _("Proposed. Another reviewer looks at the totals and closes the month.")
    return steps.taken(run, form, do, told=told) or _page(run, form)


@pages.post("/runs/<name>/resume", needs=policy.RUN_CLOSE)
def resume(name: str) -> ResponseReturnValue:
    """Take a run that was proposed for closing back to the review."""
    run = load(Run, name)
    form = steps.form_for("resume")

    def do() -> None:
        runs.resume(run, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(run, form, do) or _page(run, form)


@pages.post("/runs/<name>/close", needs=policy.RUN_CLOSE)
def close(name: str) -> ResponseReturnValue:
    """Begin to close the month (R7)."""
    run = load(Run, name)
    form = steps.form_for("close")

    def do() -> None:
        runs.close(run, seen=form.seen.data, by=actor(), now=now())

    told = _("The closing of the month has begun.")
    return steps.taken(run, form, do, told=told) or _page(run, form)


@pages.post("/runs/<name>/close-again", needs=policy.RUN_CLOSE)
def close_again(name: str) -> ResponseReturnValue:
    """Set a closing that has given up going again."""
    run, form = load(Run, name), ActionForm()

    def do() -> None:
        runs.close_again(run, by=actor(), now=now())

    return steps.taken(run, form, do) or _page(run, form)


@pages.post("/runs/<name>/take-in-again", needs=policy.RUN_OPEN)
def take_in_again(name: str) -> ResponseReturnValue:
    """Set an opening that has given up going again."""
    run, form = load(Run, name), ActionForm()

    def do() -> None:
        opening.take_in_again(run, by=actor(), now=now())

    return steps.taken(run, form, do) or _page(run, form)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The runs that wait to be closed, with how far they are."""
    if who.can(policy.RUN_CLOSE):
        for run in queries.runs_to_close():
            if closing.waits_for_another(closing.proposal(run), who, at):
                continue
            label = _(
                "Run of %(month)s to close: %(decided)s of %(claims)s claims decided",
                month=filters.month(run.month),
                decided=run.claims - run.waiting,
                claims=run.claims,
            )
            yield frame.Task(label, 1, url_for("runs.show", name=run.public_id))
