"""The pages of parts; those of price lists, products and spreadsheets are beside this file."""

from collections.abc import Iterable

from flask import Flask, flash, request, url_for
from flask.typing import ResponseReturnValue

from portal.catalogue import (
    chains,
    forms,
    open_quantities,
    policy,
    product_queries,
    queries,
    services,
    units,
)
from portal.catalogue.history import PART_VALUES, PART_WORDS
from portal.catalogue.models import Part
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.files.views import with_uploads
from portal.web import frame, lists, steps, timeline
from portal.web.forms import ActionForm, clean
from portal.web.htmx import render
from portal.web.languages import code
from portal.web.lists import Tab
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("catalogue", __name__)

register(
    DocumentKind(
        Part,
        _l("Part"),
        "catalogue.show",
        policy.visible_parts,
        takes_comments=False,
        words=PART_WORDS,
        values=PART_VALUES,
    )
)
frame.room(50, _l("Parts"), "catalogue", "catalogue.index", policy.PART_READ)


@frame.finder
def find_parts(who: Actor, text: str) -> Iterable[frame.Find]:
    """Parts by their number, or by a name in any of the languages."""
    if not who.can(policy.PART_READ):
        return
    for row in queries.suggest(text, code(), on=now().date()):
        url = url_for("catalogue.show", name=row.public_id)
        yield frame.Find(_l("Part"), row.number, row.name, url)


@pages.get("/parts", needs=policy.PART_READ)
def index() -> ResponseReturnValue:
    """The catalogue."""
    text, on = lists.typed(), now().date()
    tabs = (
        lists.tab_of("active", _l("Active"), Part.status, "active"),
        lists.tab_of("withdrawn", _l("Withdrawn"), Part.status, "withdrawn"),
        Tab(
            "unpriced",
            _l("Without a price"),
            (Part.status == "active") & queries.without_price(on),
        ),
    )
    scope = [queries.holds(text)] if text else []
    where = (*scope, lists.current(tabs).where)
    statement = queries.parts_listed(code(), on).where(*(one for one in where if one is not None))
    return render(
        "catalogue/parts.html",
        fragments={"results"},
        listed=lists.page_by(statement, Part.number),
        tabs=lists.tab_items(tabs, lists.counts(Part, scope, tabs)),
        tab=request.args.get("tab", ""),
        q=text,
        may_add=actor().can(policy.PART_MANAGE),
        may_import=actor().can(policy.PRICE_LIST_IMPORT),
    )


@pages.get("/parts/suggest", needs=policy.PART_READ)
def suggest() -> ResponseReturnValue:
    """Parts for what was typed so far, as options: ``q``, or whatever field asks."""
    asked = request.args.get("q") or next(iter(request.args.values()), "")
    text = clean(asked)[:100]
    return render(
        "catalogue/suggest.html",
        fragments={"suggestions", "parts"},
        found=queries.suggest(text, code(), on=now().date()),
        q=text,
    )


def _part_page(part: Part, form: ActionForm | None = None) -> ResponseReturnValue:
    """One part: what it is called, what it costs and cost before, what replaces it.

    Its history is headquarters' alone.
    """
    chain = chains.chain_of(part, code())
    history, today = queries.history(part), now().date()
    return render(
        "catalogue/part.html",
        status=form.status if form else 200,
        part=part,
        form=form,
        called=part.name_in(code()),
        state=part.workflow.state(part.status),
        steps=steps.of(part, "catalogue.act"),
        withdrawn_because=queries.last_reason(part) if part.status == "withdrawn" else "",
        chain=chain,
        successor=next((link for link in chain if link.distance == 1), None),
        models=product_queries.models_of(part, code()),
        pieces=open_quantities.open_quantities(part, actor()),
        history=history,
        in_force=next((price for price in history if price.effective_from <= today), None),
        today=today,
        entries=timeline.of(part) if actor().side == "hq" else None,
        may_edit=actor().can(policy.PART_MANAGE),
        may_read_lists=actor().can(policy.PRICE_LIST_READ),
    )


@pages.get("/parts/<name>", needs=policy.PART_READ)
def show(name: str) -> ResponseReturnValue:
    """One part."""
    return _part_page(load(Part, name))


@pages.post("/parts/<name>/steps/<step>", needs=policy.PART_MANAGE)
def act(name: str, step: str) -> ResponseReturnValue:
    """Withdraw a part, or restore it (C1)."""
    part = load(Part, name)
    answer, form = steps.act(part, step, services.step_part)
    return answer or _part_page(part, form)


def _part_form(form: forms.PartForm, part: Part | None = None) -> ResponseReturnValue:
    if part is not None:
        form.now_shows(part.version)
    return render("catalogue/part_form.html", status=form.status, part=part, form=form)


@pages.get("/parts/new", needs=policy.PART_MANAGE)
def new_part() -> ResponseReturnValue:
    """The form to add a part by hand."""
    return _part_form(forms.NewPartForm(data={"return_required": True}))


@pages.post("/parts/new", needs=policy.PART_MANAGE, own_transactions=True)
@with_uploads("photos")
def add_part() -> ResponseReturnValue:
    """Add a part by hand (C1)."""
    form = forms.NewPartForm()
    if form.validate_on_submit():
        with form.refusals():
            part = services.create_part(
                form.number.data, form.facts, picture=form.picture, by=actor(), now=now()
            )
            flash(_("The part is added. A price list names its price."), "success")
            return go("catalogue.show", name=part.public_id)
    return _part_form(form)


@pages.get("/parts/<name>/edit", needs=policy.PART_MANAGE)
def edit(name: str) -> ResponseReturnValue:
    """The form to change a part."""
    part = load(Part, name)
    successor = chains.successor_of(part)
    known = {"seen": part.version, "successor": successor.number if successor else ""}
    return _part_form(forms.PartForm(obj=part, data=known), part)


@pages.post("/parts/<name>/edit", needs=policy.PART_MANAGE, own_transactions=True)
@with_uploads("photos")
def save(name: str) -> ResponseReturnValue:
    """Change a part (C1)."""
    part, form = load(Part, name), forms.PartForm()
    if form.validate_on_submit():
        with form.refusals():
            services.edit_part(
                part,
                form.facts,
                picture=form.picture,
                drop_picture=form.drop_picture.data,
                seen=form.seen.data,
                by=actor(),
                now=now(),
            )
            flash(_("The part is saved."), "success")
            return go("catalogue.show", name=part.public_id)
    return _part_form(form, part)


def init_app(app: Flask) -> None:
    """Let templates name a part's unit in the reader's language."""
    app.add_template_filter(units.unit_name)
