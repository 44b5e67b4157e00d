"""The pages of product models, their warranty and parts, and of sold units (C4)."""

from collections.abc import Iterable

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from portal.catalogue import policy, product_queries, product_services
from portal.catalogue.forms import NamesForm
from portal.catalogue.history import MODEL_VALUES, MODEL_WORDS
from portal.catalogue.models import ProductModel, SoldUnit
from portal.catalogue.product_forms import FitForm, MonthsForm, NewModelForm
from portal.catalogue.serials import serial_key
from portal.core.db import rows, session
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.web import filters, frame, lists, steps, timeline
from portal.web.forms import ActionForm, Form, clean
from portal.web.htmx import render
from portal.web.languages import code
from portal.web.lists import in_words
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("products", __name__)

register(
    DocumentKind(
        ProductModel,
        _l("Product model"),
        "products.show",
        policy.visible_models,
        takes_comments=False,
        words=MODEL_WORDS,
        values=MODEL_VALUES,
    )
)
frame.room(52, _l("Products"), "box", "products.index", policy.PRODUCT_READ)


@frame.finder
def find_models(who: Actor, text: str) -> Iterable[frame.Find]:
    """Product models by number or name, and sold units by their serial."""
    if not who.can(policy.PRODUCT_READ):
        return
    found = product_queries.models_listed(code(), now().date()).where(product_queries.holds(text))
    for row in rows(found.order_by(ProductModel.number).limit(10)):
        url = url_for("products.show", name=row.public_id)
        yield frame.Find(_l("Product model"), row.number, row.name, url)
    units = product_queries.units_listed(who, code())
    for row in rows(units.where(SoldUnit.serial_key == serial_key(text)).limit(10)):
        url = url_for("products.units", q=row.serial)
        yield frame.Find(_l("Sold unit"), row.serial, f"{row.model} {row.model_name}", url)


@pages.get("/products", needs=policy.PRODUCT_READ)
def index() -> ResponseReturnValue:
    """The product models."""
    text = lists.typed()
    tabs = (
        lists.tab_of("active", _l("Active"), ProductModel.status, "active"),
        lists.tab_of("withdrawn", _l("Withdrawn"), ProductModel.status, "withdrawn"),
    )
    scope = [product_queries.holds(text)] if text else []
    where = (*scope, lists.current(tabs).where)
    statement = product_queries.models_listed(code(), now().date())
    statement = statement.where(*(one for one in where if one is not None))
    return render(
        "products/list.html",
        fragments={"results"},
        listed=lists.page_by(statement, ProductModel.number),
        tabs=lists.tab_items(tabs, lists.counts(ProductModel, scope, tabs)),
        tab=request.args.get("tab", ""),
        q=text,
        may_add=actor().can(policy.PRODUCT_MANAGE),
    )


@pages.get("/sold-units", needs=policy.UNIT_READ)
def units() -> ResponseReturnValue:
    """The units that were sold: a dealer's own, or all (P1)."""
    text, wanted = clean(request.args.get("q", ""))[:200], request.args.get("model", "")
    statement = product_queries.units_listed(actor(), code())
    if text:
        statement = statement.where(SoldUnit.serial_key == serial_key(text))
    number = None
    if wanted and "\0" not in wanted:
        model = select(ProductModel).where(ProductModel.public_id == wanted)
        found = session.scalars(model).one_or_none()
        number = found.number if found else wanted[:60]
        statement = statement.where(SoldUnit.model_id == (found.id if found else 0))
    return render(
        "products/units.html",
        fragments={"results"},
        listed=lists.page(statement, SoldUnit.created_at, SoldUnit.id),
        q=text,
        model=wanted,
        model_number=number,
        without_model=lists.here(model=None, after=None),
        shows_dealer=not actor().is_dealer,
        may_import=actor().can(policy.MASTER_DATA_IMPORT),
    )


def _model_page(
    model: ProductModel,
    *,
    form: ActionForm | None = None,
    months: MonthsForm | None = None,
    fit: FitForm | None = None,
) -> ResponseReturnValue:
    """One model: its names, its warranty, its parts. Its history is headquarters' alone."""
    may_edit = actor().can(policy.PRODUCT_MANAGE)
    months = months or MonthsForm(formdata=None, data={"effective_from": now().date()})
    fit = fit or FitForm(formdata=None)
    answered: tuple[Form | None, ...] = (form, months, fit)
    if may_edit:
        months.offer(product_queries.categories())
    return render(
        "products/show.html",
        status=max(one.status for one in answered if one is not None),
        model=model,
        called=model.name_in(code()),
        state=model.workflow.state(model.status),
        steps=steps.of(model, "products.act"),
        rules=product_queries.rules_of(model, now().date()),
        parts=product_queries.parts_of(model, code()),
        sold=in_words(product_queries.units_sold(model, actor())),
        entries=timeline.of(model) if actor().side == "hq" else None,
        may_edit=may_edit,
        may_import=actor().can(policy.MASTER_DATA_IMPORT),
        span=filters.span,
        form=form,
        months=months,
        fit=fit,
    )


@pages.get("/products/<name>", needs=policy.PRODUCT_READ)
def show(name: str) -> ResponseReturnValue:
    """One product model."""
    return _model_page(load(ProductModel, name))


@pages.post("/products/<name>/steps/<step>", needs=policy.PRODUCT_MANAGE)
def act(name: str, step: str) -> ResponseReturnValue:
    """Withdraw a model, or restore it."""
    model = load(ProductModel, name)
    answer, form = steps.act(model, step, product_services.step_model)
    return answer or _model_page(model, form=form)


@pages.post("/products/<name>/warranty", needs=policy.PRODUCT_MANAGE)
def set_months(name: str) -> ResponseReturnValue:
    """Say how long the warranty is (C4)."""
    model, form = load(ProductModel, name), MonthsForm()
    form.offer(product_queries.categories())

    def do() -> None:
        product_services.set_months(
            model,
            form.months.data,
            category=form.category.data or "",
            effective_from=form.effective_from.data,
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    done = steps.taken(model, form, do, told=_("The warranty is saved."))
    return done or _model_page(model, months=form)


@pages.post("/products/<name>/parts", needs=policy.PRODUCT_MANAGE)
def add_part(name: str) -> ResponseReturnValue:
    """Say that the model has a part."""
    model, form = load(ProductModel, name), FitForm()

    def do() -> None:
        product_services.add_part(
            model, form.number.data, seen=form.seen.data, by=actor(), now=now()
        )

    done = steps.taken(model, form, do, told=_("The part is added to this model."))
    return done or _model_page(model, fit=form)


@pages.post("/products/<name>/parts/remove", needs=policy.PRODUCT_MANAGE)
def remove_part(name: str) -> ResponseReturnValue:
    """Say that the model has a part no more."""
    model, form = load(ProductModel, name), FitForm()

    def do() -> None:
        product_services.remove_part(
            model, form.number.data, seen=form.seen.data, by=actor(), now=now()
        )

    done = steps.taken(model, form, do, told=_("The part is removed from this model."))
    return done or _model_page(model, fit=form)


def _form_page(form: NamesForm, model: ProductModel | None = None) -> ResponseReturnValue:
    if model is not None:
        form.now_shows(model.version)
    return render("products/form.html", status=form.status, model=model, form=form)


@pages.get("/products/new", needs=policy.PRODUCT_MANAGE)
def new() -> ResponseReturnValue:
    """The form to add a product model."""
    return _form_page(NewModelForm())


@pages.post("/products/new", needs=policy.PRODUCT_MANAGE)
def create() -> ResponseReturnValue:
    """Add a product model (C4)."""
    form = NewModelForm()
    if form.validate_on_submit():
        with form.refusals():
            model = product_services.create_model(
                form.number.data, form.names, by=actor(), now=now()
            )
            flash(_("The model is added. Now say how long its warranty is."), "success")
            return go("products.show", name=model.public_id)
    return _form_page(form)


@pages.get("/products/<name>/edit", needs=policy.PRODUCT_MANAGE)
def edit(name: str) -> ResponseReturnValue:
    """The form to change a model's names."""
    model = load(ProductModel, name)
    return _form_page(NamesForm(obj=model, data={"seen": model.version}), model)


@pages.post("/products/<name>/edit", needs=policy.PRODUCT_MANAGE)
def save(name: str) -> ResponseReturnValue:
    """Change a model's names."""
    model, form = load(ProductModel, name), NamesForm()

    def do() -> None:
        product_services.edit_model(model, form.names, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(model, form, do, told=_("The model is saved.")) or _form_page(form, model)
