"""The pages of appeals: the dealer's, and the decision of another reviewer (R6)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from flask import flash, url_for
from flask.typing import ResponseReturnValue

from portal.claims import appeal_queries as queries
from portal.claims import (
    appeals,
    checks,  # noqa: F401 - the books are checked with them
    notes,
    policy,
)
from portal.claims.appeal_forms import AppealForm, RulingForm
from portal.claims.appeal_models import Appeal
from portal.claims.appeal_workflow import APPEAL_REASONS
from portal.claims.history import APPEAL_ALONE, APPEAL_VALUES
from portal.claims.models import Claim
from portal.claims.workflow import LINE, REASONS
from portal.core.db import AnyRow, session
from portal.core.documents import DocumentKind, register
from portal.core.errors import NotFound
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.fees.workflow import UNITS
from portal.files.queries import by_place
from portal.files.views import linked, with_uploads
from portal.web import exports, filters, frame, languages, lists, steps, timeline
from portal.web.exports import Column
from portal.web.forms import Form
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("appeals", __name__)
register(
    DocumentKind(
        Appeal,
        _l("Appeal"),
        "appeals.show",
        policy.visible_appeals,
        alone=APPEAL_ALONE,
        values=APPEAL_VALUES,
    )
)
LINE_URL = "/claims/<name>/lines/<int(max=999999):position>/appeal"


def shown() -> lists.Selection:
    """What the URL asks for of the appeals."""
    return lists.Selection(
        queries.listed(actor(), lists.typed()),
        Appeal.created_at,
        Appeal.id,
        tab=lists.current(queries.TABS),
    )


@pages.get("/appeals", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of appeals."""
    text = lists.typed()
    numbers = lists.counts(Appeal, queries.scope(actor(), text), queries.TABS)
    return render(
        "appeals/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(queries.TABS, numbers),
        tab=lists.current(queries.TABS),
        q=text,
        state=lists.states(Appeal.workflow),
    )


@exports.offers(pages, "/appeals", of="appeals.index", needs=policy.READ)
def export() -> exports.Table:
    """The appeals as the list shows them."""
    money = exports.money()
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(Appeal.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Claim"), "claim"),
        Column(_("Line"), "position"),
        Column(_("Taken off"), "taken_off", money),
        Column(_("Granted"), "amount", money),
        Column(_("Run"), "run"),
        Column(_("Filed on"), "created_at", exports.moments()),
    ]
    return exports.Table(_("Appeals"), shown().whole, columns)


# --- The dealer's side ----------------------------------------------------------------------


@pages.get(LINE_URL, needs=policy.FILE_APPEAL)
def new(name: str, position: int) -> ResponseReturnValue:
    """What the dealer says against the decision on a line."""
    return _new_page(load(Claim, name), position, AppealForm())


def _new_page(claim: Claim, position: int, form: AppealForm) -> ResponseReturnValue:
    line = queries.line_at(claim, position, languages.code())
    if line is None:
        raise NotFound()
    return render(
        "appeals/new.html",
        status=form.status,
        claim=claim,
        line=line,
        line_state=LINE.state(line.status),
        reasons=REASONS,
        units=UNITS,
        form=form,
    )


@pages.post(LINE_URL, needs=policy.FILE_APPEAL, own_transactions=True)
@with_uploads("files")
def file(name: str, position: int) -> ResponseReturnValue:
    """Appeal against the decision on a line (R6)."""
    claim, form = load(Claim, name), AppealForm()
    if form.validate_on_submit():
        with form.refusals():
            appeal = appeals.file(
                claim, position, form.grounds.data or "", form.files.data, by=actor(), now=now()
            )
            flash(_("Sent. Another reviewer decides on it, and you are told."), "success")
            return go("appeals.show", name=appeal.public_id)
    return _new_page(claim, position, form)


# --- One appeal -----------------------------------------------------------------------------


@pages.get("/appeals/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One appeal, with the line that it is about."""
    return _page(load(Appeal, name))


def _page(
    appeal: Appeal, form: Form | None = None, ruling: RulingForm | None = None
) -> ResponseReturnValue:
    refused = ruling or form
    asked = appeal.status == "filed" and actor().can(policy.DECIDE_APPEAL)
    why_not = appeals.why_not(appeal, actor()) if asked else None
    if asked and not why_not and ruling is None:
        ruling = RulingForm(data={"seen": appeal.version, "amount": appeal.gap})
    if ruling is not None:
        ruling.now_shows(appeal.version)
    return render(
        "appeals/show.html",
        status=refused.status if refused else 200,
        appeal=appeal,
        state=Appeal.workflow.state(appeal.status),
        steps=steps.of(appeal, "appeals.act"),
        heading=queries.heading(appeal),
        line=queries.line_of(appeal, languages.code()),
        line_state=LINE.state,
        reasons=REASONS,
        units=UNITS,
        appeal_reasons=APPEAL_REASONS,
        notes=_notes(appeal),
        evidence=linked(by_place(appeal).get(appeals.EVIDENCE, ())),
        entry=queries.entry_of(appeal) if appeal.status == "settled" else None,
        why_not=why_not,
        ruling=ruling if asked and not why_not else None,
        entries=timeline.of(appeal),
        form=form,
    )


def _notes(appeal: Appeal) -> Sequence[AnyRow]:
    """What headquarters noted on the line, for headquarters."""
    if actor().is_dealer or appeal.line_id is None:
        return ()
    claim = session.get_one(Claim, appeal.claim_id)
    return notes.beside(claim, [appeal.line_id], actor())[appeal.line_id]


@pages.post("/appeals/<name>/steps/<step>", needs=policy.READ)
def act(name: str, step: str) -> ResponseReturnValue:
    """Take an appeal back."""
    appeal = load(Appeal, name)
    known, form = steps.direct(appeal, step), steps.form_for(step)

    def do() -> None:
        appeals.withdraw(appeal, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(appeal, form, do, told=known.told) or _page(appeal, form)


@pages.post("/appeals/<name>/decide", needs=policy.DECIDE_APPEAL)
def decide(name: str) -> ResponseReturnValue:
    """Grant an appeal, wholly or in part, or refuse it (R6)."""
    appeal, form = load(Appeal, name), RulingForm()

    def do() -> None:
        appeals.decide(appeal, form.ruling(), seen=form.seen.data, by=actor(), now=now())

    return steps.taken(appeal, form, do, told=lambda: _told(appeal)) or _page(appeal, ruling=form)


def _told(appeal: Appeal) -> Any:
    if not appeal.amount:
        return _("Refused. The dealer reads why.")
    amount = filters.money(appeal.amount)
    return _("Granted: %(amount)s is paid with the next run that closes.", amount=amount)


@frame.tasks
def _tasks(who: Actor, at: datetime) -> Iterator[frame.Task]:
    """The appeals to decide, and the lines that a dealer may still appeal against."""
    if who.can(policy.FILE_APPEAL):
        row = queries.appealable(who, at)
        url = url_for("claims.index", tab="appealable")
        yield frame.Task(
            _l("Lines cut or rejected that you can appeal against"), row.number, url, row.first
        )
    if who.can(policy.DECIDE_APPEAL):
        url = url_for("appeals.index", tab="filed")
        yield frame.Task(_l("Appeals to decide"), queries.to_decide(who), url)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Appeals by their number, claim or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text):
            state = Appeal.workflow.state(row.status)
            yield frame.Find(
                _l("Appeal"),
                row.number,
                f"{row.dealer_name} · {row.claim} · {state.label}",
                url_for("appeals.show", name=row.public_id),
            )
