"""The pages of adjustments and penalties (L8, F3)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import session
from portal.core.documents import DocumentKind, register
from portal.core.errors import WrongState
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.corrections import (
    checks,  # noqa: F401 - the books are checked with them
    policy,
    queries,
    services,
)
from portal.corrections.forms import AnswerForm, ProposalForm
from portal.corrections.grounds import ground
from portal.corrections.history import VALUES
from portal.corrections.models import Correction
from portal.files.queries import by_place
from portal.files.views import linked, with_uploads
from portal.ledger import queries as ledger_queries
from portal.ledger import services as ledger
from portal.ledger.kinds import KINDS
from portal.people.models import Dealer, User
from portal.web import exports, filters, frame, lists, steps, timeline
from portal.web.exports import Column
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("corrections", __name__, url_prefix="/corrections")
register(
    DocumentKind(
        Correction,
        _l("Correction"),
        "corrections.show",
        policy.visible_corrections,
        inside=("proposed",),
        values=VALUES,
    )
)


def shown() -> lists.Selection:
    """What the URL asks for of the corrections."""
    return lists.Selection(
        queries.listed(actor(), lists.typed()),
        Correction.created_at,
        Correction.id,
        tab=lists.current(queries.TABS),
    )


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of corrections."""
    text = lists.typed()
    numbers = lists.counts(Correction, queries.scope(actor(), text), queries.TABS)
    return render(
        "corrections/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(queries.TABS, numbers),
        tab=lists.current(queries.TABS),
        q=text,
        kinds=KINDS,
        state=lists.states(Correction.workflow),
        may_propose=actor().can(policy.PROPOSE),
    )


def _kind(name: str) -> str:
    return str(KINDS[name])


@exports.offers(pages, "", of="corrections.index", needs=policy.READ)
def export() -> exports.Table:
    """The corrections as the list shows them."""
    columns = [
        Column(_("Number"), "number"),
        Column(_("Kind"), "sort", _kind),
        Column(_("Status"), "status", exports.states(Correction.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Amount"), "amount", exports.money()),
        Column(_("Reason"), "reason"),
        Column(_("Date"), "created_at", exports.moments()),
    ]
    return exports.Table(_("Adjustments and penalties"), shown().whole, columns)


# --- Finance asks for one ---------------------------------------------------------------------


def _form(**given: str | None) -> tuple[ProposalForm, dict[str, int]]:
    form = ProposalForm(data=given)
    dealers = ledger_queries.dealers(actor())
    form.offer(dealers)
    return form, {row.public_id: row.id for row in dealers}


def _new_page(form: ProposalForm) -> ResponseReturnValue:
    return render("corrections/new.html", status=form.status, form=form)


@pages.get("/new", needs=policy.PROPOSE)
def new() -> ResponseReturnValue:
    """The form for a correction."""
    form, _ids = _form(dealer=request.args.get("dealer"))
    return _new_page(form)


@pages.post("/new", needs=policy.PROPOSE, own_transactions=True)
@with_uploads("files")
def propose() -> ResponseReturnValue:
    """Ask for an adjustment, or announce a penalty (L8, F3)."""
    form, ids = _form()
    if form.validate_on_submit():
        with form.refusals():
            asked = form.proposal(ids[form.dealer.data])
            made = services.propose(asked, by=actor(), now=now())
            told = (
                _("Announced: the dealer may answer. Another one of finance books it.")
                if made.is_penalty
                else _("Sent. Another one of finance books it.")
            )
            flash(told, "success")
            return go("corrections.show", name=made.public_id)
    return _new_page(form)


# --- One of them ------------------------------------------------------------------------------


def _may_answer(correction: Correction) -> bool:
    in_time = correction.answer_by is not None and correction.answer_by >= now()
    return correction.status == "announced" and in_time and actor().can(policy.ANSWER)


@pages.get("/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One correction, with its evidence and what the dealer says."""
    return _page(load(Correction, name))


def _page(correction: Correction, form: Any = None) -> ResponseReturnValue:
    offered = [
        *steps.of(correction, {"answer": "corrections.answer"} if _may_answer(correction) else {}),
        *steps.of(correction, "corrections.act"),
    ]
    refusals = {
        step.name: services.why_not(correction, step.name, actor(), now()) for step, _url in offered
    }
    places = by_place(correction)
    maker = session.get_one(User, correction.made_by_id)
    return render(
        "corrections/show.html",
        status=form.status if form else 200,
        correction=correction,
        dealer=session.get_one(Dealer, correction.dealer_id),
        kind=KINDS[correction.sort],
        state=Correction.workflow.state(correction.status),
        steps=[(step, url) for step, url in offered if not refusals[step.name]],
        why_not=refusals.get("book"),
        evidence=linked(places.get(services.EVIDENCE, ())),
        ground=ground(correction, actor()),
        answered_with=linked(places.get(services.ANSWER, ())),
        made_by=maker.name,
        may_answer=_may_answer(correction),
        entry=ledger.booked(services.cause_of(correction)),
        entries=timeline.of(correction),
        form=form,
    )


@pages.post("/<name>/steps/<step>", needs=policy.READ)
def act(name: str, step: str) -> ResponseReturnValue:
    """Book a correction, decline, drop, withdraw or reverse it."""
    correction = load(Correction, name)
    answer, form = steps.act(correction, step, services.act)
    return answer or _page(correction, form)


@pages.get("/<name>/answer", needs=policy.ANSWER)
def answer(name: str) -> ResponseReturnValue:
    """What the dealer says to a penalty, with evidence."""
    correction = load(Correction, name)
    if not _may_answer(correction):
        flash(str(WrongState()), "warning")
        return go("corrections.show", name=name)
    return _answer_page(correction, AnswerForm(data={"seen": correction.version}))


def _answer_page(correction: Correction, form: AnswerForm) -> ResponseReturnValue:
    form.now_shows(correction.version)
    return render("corrections/answer.html", status=form.status, correction=correction, form=form)


@pages.post("/<name>/answer", needs=policy.ANSWER, own_transactions=True)
@with_uploads("files")
def send_answer(name: str) -> ResponseReturnValue:
    """Answer a penalty before it is booked (F3)."""
    correction = load(Correction, name)
    form = AnswerForm()

    def do() -> None:
        services.answer(
            correction,
            form.reason.data or "",
            form.files.data,
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    told = _("Sent. Headquarters' finance reads it before it decides.")
    return steps.taken(correction, form, do, told=told) or _answer_page(correction, form)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The corrections to decide on, and the penalties that a dealer may still answer."""
    url = url_for("corrections.index", tab="open")
    if who.can(policy.ANSWER):
        row = queries.to_answer(who, at)
        yield frame.Task(_l("Penalties that you can answer"), row.number, url, row.first)
    if who.can(policy.DECIDE):
        label = _l("Adjustments and penalties to check")
        yield frame.Task(label, queries.to_decide(who, at), url)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Corrections by their number, reason or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            yield frame.Find(
                KINDS[row.sort],
                row.number,
                f"{row.dealer_name} · {filters.money(row.amount)}",
                url_for("corrections.show", name=row.public_id),
            )
