"""The pages of policy values."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue

from portal.core.documents import DocumentKind, register
from portal.core.errors import NotFound
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.terms import effects, forms, policy, queries, services
from portal.terms.history import VALUES, WORDS
from portal.terms.models import PolicyValue
from portal.terms.term import Term
from portal.terms.values import TERMS
from portal.web import filters, frame, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("terms", __name__)
register(
    DocumentKind(
        PolicyValue,
        _l("Policy change"),
        "terms.change",
        policy.visible_changes,
        words=WORDS,
        values=VALUES,
    )
)

frame.room(70, _l("Policy values"), "policy", "terms.index", policy.READ)


@frame.tasks
def tasks(actor: Actor, now: datetime) -> Iterator[frame.Task]:
    """Proposed changes that somebody else has to decide on (P2)."""
    waiting = queries.to_decide(actor)
    if waiting:
        alone = len(waiting) == 1
        url = (
            url_for("terms.change", name=waiting[0].public_id) if alone else url_for("terms.index")
        )
        yield frame.Task(_("Policy changes to decide on"), len(waiting), url)


def _term(name: str) -> Term:
    if name not in TERMS:
        raise NotFound()
    return TERMS[name]


@pages.get("/policy", needs=policy.READ)
def index() -> ResponseReturnValue:
    """Every policy value: in force, coming, proposed."""
    return render(
        "terms/index.html",
        standings=queries.standings(now().date()),
        may_set=actor().can(policy.SET),
    )


@pages.get("/policy/<term_name>", needs=policy.READ)
def show(term_name: str) -> ResponseReturnValue:
    """One policy value with its history; for who may, with the form to change it."""
    return _page(_term(term_name))


@pages.post("/policy/<term_name>", needs=policy.SET)
def propose(term_name: str) -> ResponseReturnValue:
    """Propose a new value."""
    term = _term(term_name)
    form = forms.proposal_for(term)
    if form.validate_on_submit():
        with form.refusals():
            services.propose(
                term.name,
                form.number,
                effective_from=form.effective_from.data,
                reason=form.reason.data,
                by=actor(),
                now=now(),
            )
            flash(_("Proposed. It comes into force once somebody else approves it."), "success")
            return go("terms.show", term_name=term.name)
    return _page(term, form)


def _page(term: Term, form: Any = None) -> ResponseReturnValue:
    today = now().date()
    if form is None and actor().can(policy.SET):
        form = forms.proposal_for(term)
    standing = next(one for one in queries.standings(today) if one.term is term)
    return render(
        "terms/show.html",
        status=form.status if form else 200,
        term=term,
        standing=standing,
        history=queries.history(term.name),
        state=PolicyValue.workflow.state,
        form=form,
        today=today,
        effect=effects.last_month(term.name, now()),
        tried=_tried(term, standing.value),
        span=filters.span,
    )


def _tried(term: Term, value: int) -> list[int]:
    """The value in force, and some below and above it, within its bounds."""
    around = {value // 2, value - 1, value, value + 1, value * 2}
    return sorted(one for one in around if term.least <= one <= term.most)


@pages.get("/policy/changes/<name>", needs=policy.READ)
def change(name: str) -> ResponseReturnValue:
    """One change with its timeline."""
    return _change_page(load(PolicyValue, name))


@pages.post("/policy/changes/<name>/<step>", needs=policy.SET)
def decide(name: str, step: str) -> ResponseReturnValue:
    """Approve, decline or withdraw a change."""
    change = load(PolicyValue, name)
    answer, form = steps.act(change, step, services.decide)
    return answer or _change_page(change, form)


def _change_page(change: PolicyValue, form: ActionForm | None = None) -> ResponseReturnValue:
    return render(
        "terms/change.html",
        status=form.status if form else 200,
        change=change,
        term=TERMS[change.name],
        state=change.workflow.state(change.status),
        steps=[
            (step, url_for("terms.decide", name=change.public_id, step=step.name))
            for step in services.possible(change, actor())
        ],
        is_own=services.waits_for_another(change, actor()),
        entries=timeline.of(change),
        form=form,
    )
