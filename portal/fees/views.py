"""The pages of schedules of service fees: the list, one of them, and what is decided on it (F1)."""

from collections.abc import Iterator
from datetime import datetime

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import session
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.core.workflow import Transition
from portal.fees import draft_views, paper, policy, queries, services
from portal.fees.history import VALUES, WORDS
from portal.fees.models import FeeSchedule
from portal.fees.workflow import UNITS
from portal.people.models import Dealer
from portal.web import exports, frame, languages, lists, steps, timeline
from portal.web.exports import Column
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.paper import answer
from portal.web.routes import Pages, actor, load, now

pages = Pages("fees", __name__, url_prefix="/fees")

register(
    DocumentKind(
        FeeSchedule,
        _l("Service fees"),
        "fees.show",
        policy.visible_schedules,
        words=WORDS,
        values=VALUES,
    )
)
frame.room(45, _l("Service fees"), "sheet", "fees.index", policy.READ)


def shown() -> lists.Selection:
    """What the URL asks for of the schedules."""
    today = now().date()
    return lists.Selection(
        queries.listed(actor(), lists.typed(), today),
        FeeSchedule.created_at,
        FeeSchedule.id,
        tab=lists.current(queries.tabs_for(actor(), today)),
    )


@pages.get("", needs=policy.READ)
def index() -> ResponseReturnValue:
    """The list of schedules."""
    text, tabs = lists.typed(), queries.tabs_for(actor(), now().date())
    numbers = lists.counts(FeeSchedule, queries.scope(actor(), text), tabs)
    return render(
        "fees/list.html",
        fragments={"results"},
        listed=shown().page(),
        tabs=lists.tab_items(tabs, numbers),
        tab=lists.current(tabs),
        q=text,
        state=lists.states(FeeSchedule.workflow),
        may_write=actor().can(policy.WRITE),
        today=now().date(),
    )


@exports.offers(pages, "", of="fees.index", needs=policy.READ)
def export() -> exports.Table:
    """The schedules as the list shows them."""
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "status", exports.states(FeeSchedule.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Region"), "region"),
        Column(_("Services"), "line_count"),
        Column(_("To be in force from"), "effective_on"),
        Column(_("In force from"), "in_force_from"),
    ]
    return exports.Table(_("Service fees"), shown().whole, columns)


@pages.get("/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """One schedule, beside the rates that it takes the place of; a draft as a form."""
    schedule = load(FeeSchedule, name)
    if schedule.status == "draft" and actor().can(policy.WRITE):
        return draft_views.page(schedule)
    return _page(schedule)


def _page(schedule: FeeSchedule, form: ActionForm | None = None) -> ResponseReturnValue:
    today, lines = now().date(), queries.lines_of(schedule, languages.code())
    at_headquarters = actor().side == "hq"
    latest = queries.in_force(schedule.dealer_id, today)
    return render(
        "fees/show.html",
        status=form.status if form else 200,
        schedule=schedule,
        dealer=session.get_one(Dealer, schedule.dealer_id),
        state=FeeSchedule.workflow.state(schedule.status),
        steps=_steps(schedule),
        lines=list(
            zip(lines, queries.beside(schedule, lines, today, others=at_headquarters), strict=True)
        ),
        units=UNITS,
        at_headquarters=at_headquarters,
        counts=latest is not None and latest.id == schedule.id,
        today=today,
        entries=timeline.of(schedule),
        form=form,
    )


def _steps(schedule: FeeSchedule) -> list[tuple[Transition, str]]:
    """What somebody may do with a schedule; it is revoked until it is in force."""
    can = steps.of(schedule, "fees.act")
    to_come = services.is_to_come(schedule, now())
    return [one for one in can if to_come or one[0].name != "revoke"]


@pages.post("/<name>/steps/<step>", needs=policy.READ)
def act(name: str, step: str) -> ResponseReturnValue:
    """Approve, return, reject or withdraw a schedule."""
    schedule = load(FeeSchedule, name)
    answer, form = steps.act(schedule, step, services.step)
    return answer or _page(schedule, form)


@pages.get("/<name>/board.pdf", needs=policy.READ, own_transactions=True)
def board(name: str) -> ResponseReturnValue:
    """An approved schedule to be hung up in the shop, on A4 or A3."""
    size = "a3" if request.args.get("size") == "a3" else "a4"
    return answer(lambda: paper.board(load(FeeSchedule, name), size))


@frame.tasks
def _tasks(who: Actor, _at: datetime) -> Iterator[frame.Task]:
    """The schedules to decide on, and those that came back."""
    if who.can(policy.DECIDE):
        url = url_for("fees.index", tab="submitted")
        yield frame.Task(_l("Service fees to decide on"), queries.waiting(who, "submitted"), url)
    if who.can(policy.WRITE):
        url = url_for("fees.index", tab="draft")
        yield frame.Task(_l("Service fees to correct"), queries.waiting(who, "draft"), url)


@frame.finder
def _found(who: Actor, text: str) -> Iterator[frame.Find]:
    """Schedules by their number or dealer."""
    if who.can(policy.READ):
        for row in queries.found(who, text, now().date()):
            state = FeeSchedule.workflow.state(row.status)
            yield frame.Find(
                _l("Service fees"),
                row.number or _("Draft"),
                f"{row.dealer_name} · {state.label}",
                url_for("fees.show", name=row.public_id),
            )
