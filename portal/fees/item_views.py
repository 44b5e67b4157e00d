"""The pages of the services that headquarters names, so that schedules can be compared (F1)."""

from collections.abc import Iterable

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import rows
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.core.search import contains
from portal.fees import items, policy
from portal.fees.forms import ItemForm, NewItemForm
from portal.fees.history import ITEM_VALUES, ITEM_WORDS
from portal.fees.models import ServiceItem
from portal.fees.workflow import UNITS
from portal.web import frame, lists, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.languages import code
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("serviceitems", __name__, url_prefix="/fees/services")

register(
    DocumentKind(
        ServiceItem,
        _l("Service"),
        "serviceitems.show",
        policy.visible_items,
        takes_comments=False,
        words=ITEM_WORDS,
        values=ITEM_VALUES,
    )
)


@frame.finder
def find_items(who: Actor, text: str) -> Iterable[frame.Find]:
    """Services by code or name."""
    if who.can(policy.ITEM_READ):
        found = items.listed(code()).where(contains(ServiceItem.search_text, text))
        for row in rows(found.order_by(ServiceItem.code).limit(10)):
            url = url_for("serviceitems.show", name=row.public_id)
            yield frame.Find(_l("Service"), row.code, row.name, url)


@pages.get("", needs=policy.ITEM_READ)
def index() -> ResponseReturnValue:
    """The services that a schedule can name."""
    text = lists.typed()
    tabs = (
        lists.tab_of("active", _l("Active"), ServiceItem.status, "active"),
        lists.tab_of("withdrawn", _l("Withdrawn"), ServiceItem.status, "withdrawn"),
    )
    scope = [contains(ServiceItem.search_text, text)] if text else []
    where = (*scope, lists.current(tabs).where)
    statement = items.listed(code()).where(*(one for one in where if one is not None))
    return render(
        "serviceitems/list.html",
        fragments={"results"},
        listed=lists.page_by(statement, ServiceItem.code),
        tabs=lists.tab_items(tabs, lists.counts(ServiceItem, scope, tabs)),
        tab=request.args.get("tab", ""),
        q=text,
        units=UNITS,
        may_add=actor().can(policy.ITEM_MANAGE),
    )


def _page(one: ServiceItem, form: ActionForm | None = None) -> ResponseReturnValue:
    """One service. Its history is headquarters' alone."""
    return render(
        "serviceitems/show.html",
        status=form.status if form else 200,
        one=one,
        called=one.name_in(code()),
        unit=UNITS[one.unit],
        state=one.workflow.state(one.status),
        steps=steps.of(one, "serviceitems.act"),
        entries=timeline.of(one) if actor().side == "hq" else None,
        may_edit=actor().can(policy.ITEM_MANAGE),
        form=form,
    )


@pages.get("/<name>", needs=policy.ITEM_READ)
def show(name: str) -> ResponseReturnValue:
    """One service."""
    return _page(load(ServiceItem, name))


@pages.post("/<name>/steps/<step>", needs=policy.ITEM_MANAGE)
def act(name: str, step: str) -> ResponseReturnValue:
    """Withdraw a service, or restore it."""
    one = load(ServiceItem, name)
    answer, form = steps.act(one, step, items.step)
    return answer or _page(one, form)


def _form_page(form: ItemForm, one: ServiceItem | None = None) -> ResponseReturnValue:
    if one is not None:
        form.now_shows(one.version)
    return render("serviceitems/form.html", status=form.status, one=one, form=form)


@pages.get("/new", needs=policy.ITEM_MANAGE)
def new() -> ResponseReturnValue:
    """The form to add a service."""
    return _form_page(NewItemForm())


@pages.post("/new", needs=policy.ITEM_MANAGE)
def create() -> ResponseReturnValue:
    """Add a service."""
    form = NewItemForm()
    if form.validate_on_submit():
        with form.refusals():
            made = items.create(form.code.data, form.names, form.unit.data, by=actor(), now=now())
            flash(_("The service is added: dealers can name it in their schedules."), "success")
            return go("serviceitems.show", name=made.public_id)
    return _form_page(form)


@pages.get("/<name>/edit", needs=policy.ITEM_MANAGE)
def edit(name: str) -> ResponseReturnValue:
    """The form to change what a service is called, and its unit."""
    one = load(ServiceItem, name)
    return _form_page(ItemForm(obj=one, data={"seen": one.version}), one)


@pages.post("/<name>/edit", needs=policy.ITEM_MANAGE)
def save(name: str) -> ResponseReturnValue:
    """Change what a service is called, and its unit."""
    one, form = load(ServiceItem, name), ItemForm()

    def do() -> None:
        seen = form.seen.data
        items.edit(one, form.names, form.unit.data, seen=seen, by=actor(), now=now())

    return steps.taken(one, form, do, told=_("The service is saved.")) or _form_page(form, one)
