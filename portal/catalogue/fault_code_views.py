"""The pages of fault codes: what dealers choose from when they register an old part (O2)."""

from collections.abc import Iterable

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.catalogue import fault_code_queries, fault_code_services, policy
from portal.catalogue.fault_code_forms import NewFaultCodeForm
from portal.catalogue.forms import NamesForm
from portal.catalogue.history import FAULT_CODE_VALUES, FAULT_CODE_WORDS
from portal.catalogue.models import FaultCode
from portal.core.db import rows
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.web import frame, lists, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.languages import code
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("faultcodes", __name__, url_prefix="/products/fault-codes")

register(
    DocumentKind(
        FaultCode,
        _l("Fault code"),
        "faultcodes.show",
        policy.visible_fault_codes,
        takes_comments=False,
        words=FAULT_CODE_WORDS,
        values=FAULT_CODE_VALUES,
    )
)


@frame.finder
def find_codes(who: Actor, text: str) -> Iterable[frame.Find]:
    """Fault codes by code or name."""
    if who.can(policy.FAULT_CODE_READ):
        found = fault_code_queries.listed(code()).where(fault_code_queries.holds(text))
        for row in rows(found.order_by(FaultCode.code).limit(10)):
            url = url_for("faultcodes.show", name=row.public_id)
            yield frame.Find(_l("Fault code"), row.code, row.name, url)


@pages.get("", needs=policy.FAULT_CODE_READ)
def index() -> ResponseReturnValue:
    """The fault codes."""
    text = lists.typed()
    tabs = (
        lists.tab_of("active", _l("Active"), FaultCode.status, "active"),
        lists.tab_of("withdrawn", _l("Withdrawn"), FaultCode.status, "withdrawn"),
    )
    scope = [fault_code_queries.holds(text)] if text else []
    where = (*scope, lists.current(tabs).where)
    statement = fault_code_queries.listed(code())
    statement = statement.where(*(one for one in where if one is not None))
    return render(
        "faultcodes/list.html",
        fragments={"results"},
        listed=lists.page_by(statement, FaultCode.code),
        tabs=lists.tab_items(tabs, lists.counts(FaultCode, scope, tabs)),
        tab=request.args.get("tab", ""),
        q=text,
        may_add=actor().can(policy.FAULT_CODE_MANAGE),
        may_import=actor().can(policy.MASTER_DATA_IMPORT),
    )


def _page(one: FaultCode, form: ActionForm | None = None) -> ResponseReturnValue:
    """One code, and what it stands for. Its history is headquarters' alone."""
    return render(
        "faultcodes/show.html",
        status=form.status if form else 200,
        one=one,
        called=one.name_in(code()),
        state=one.workflow.state(one.status),
        steps=steps.of(one, "faultcodes.act"),
        entries=timeline.of(one) if actor().side == "hq" else None,
        may_edit=actor().can(policy.FAULT_CODE_MANAGE),
        form=form,
    )


@pages.get("/<name>", needs=policy.FAULT_CODE_READ)
def show(name: str) -> ResponseReturnValue:
    """One fault code."""
    return _page(load(FaultCode, name))


@pages.post("/<name>/steps/<step>", needs=policy.FAULT_CODE_MANAGE)
def act(name: str, step: str) -> ResponseReturnValue:
    """Withdraw a fault code, or restore it."""
    one = load(FaultCode, name)
    answer, form = steps.act(one, step, fault_code_services.step)
    return answer or _page(one, form)


def _form_page(form: NamesForm, one: FaultCode | None = None) -> ResponseReturnValue:
    if one is not None:
        form.now_shows(one.version)
    return render("faultcodes/form.html", status=form.status, one=one, form=form)


@pages.get("/new", needs=policy.FAULT_CODE_MANAGE)
def new() -> ResponseReturnValue:
    """The form to add a fault code."""
    return _form_page(NewFaultCodeForm())


@pages.post("/new", needs=policy.FAULT_CODE_MANAGE)
def create() -> ResponseReturnValue:
    """Add a fault code."""
    form = NewFaultCodeForm()
    if form.validate_on_submit():
        with form.refusals():
            made = fault_code_services.create(form.code.data, form.names, by=actor(), now=now())
            flash(_("The fault code is added: dealers can choose it."), "success")
            return go("faultcodes.show", name=made.public_id)
    return _form_page(form)


@pages.get("/<name>/edit", needs=policy.FAULT_CODE_MANAGE)
def edit(name: str) -> ResponseReturnValue:
    """The form to change what a fault code stands for."""
    one = load(FaultCode, name)
    return _form_page(NamesForm(obj=one, data={"seen": one.version}), one)


@pages.post("/<name>/edit", needs=policy.FAULT_CODE_MANAGE)
def save(name: str) -> ResponseReturnValue:
    """Change what a fault code stands for."""
    one, form = load(FaultCode, name), NamesForm()

    def do() -> None:
        fault_code_services.edit(one, form.names, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(one, form, do, told=_("The fault code is saved.")) or _form_page(form, one)
