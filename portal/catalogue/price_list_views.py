"""The pages of price lists (C3): file, columns, preview, import."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import PurePath
from typing import Any

from flask import current_app, flash, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from portal.catalogue import forms, policy, queries, services, sheet_pages, uploads
from portal.catalogue.history import LIST_VALUES, LIST_WORDS
from portal.catalogue.models import Part, PriceList
from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import COUNTS, PricePreview
from portal.core.db import reading, session
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.people.policy import COMMENT
from portal.sheets.table import SheetRefused, Table
from portal.web import frame, lists, presses, steps, timeline
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.languages import code
from portal.web.lists import Tab
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("pricelists", __name__)

register(
    DocumentKind(
        PriceList,
        _l("Price list"),
        "pricelists.detail",
        policy.visible_price_lists,
        words=LIST_WORDS,
        values=LIST_VALUES,
    )
)
frame.room(55, _l("Price lists"), "sheet", "pricelists.overview", policy.PRICE_LIST_READ)


@frame.tasks
def waiting(who: Actor, _at: datetime) -> Iterable[frame.Task]:
    """Price lists that were sent but neither imported nor discarded."""
    if who.can(policy.PRICE_LIST_IMPORT):
        count = select(func.count()).where(PriceList.status == "preview")
        yield frame.Task(
            _l("Price lists to import"),
            session.scalars(count).one(),
            url_for("pricelists.overview", tab="preview"),
        )


@pages.get("/price-lists", needs=policy.PRICE_LIST_READ)
def overview() -> ResponseReturnValue:
    """The price lists."""
    tabs = (
        Tab("all", _l("All")),
        *(
            Tab(state.name, state.label, PriceList.status == state.name)
            for state in PriceList.workflow.states
        ),
    )
    visible = policy.visible_price_lists(actor())
    where = lists.current(tabs).where
    statement = queries.lists_listed().where(visible, *(() if where is None else (where,)))
    return render(
        "catalogue/price_lists.html",
        fragments={"results"},
        listed=lists.page(statement, PriceList.created_at, PriceList.id),
        tabs=lists.tab_items(tabs, lists.counts(PriceList, [visible], tabs)),
        state=PriceList.workflow.state,
        may_import=actor().can(policy.PRICE_LIST_IMPORT),
    )


@pages.get("/price-lists/new", needs=policy.PRICE_LIST_IMPORT)
def new() -> ResponseReturnValue:
    """The form to send a price list."""
    form = forms.PriceListForm(data={"effective_from": now().date()})
    return render("catalogue/price_list_form.html", form=form)


@pages.post("/price-lists/new", needs=policy.PRICE_LIST_IMPORT, own_transactions=True)
def upload() -> ResponseReturnValue:
    """Read a price list and keep it; then its columns are chosen."""
    if (done := presses.repeated()) is not None:
        return done
    form = forms.PriceListForm()
    if form.validate_on_submit():
        try:
            received = sheet_pages.receive(form.file.data)
        except SheetRefused as refusal:
            form.refuse(Invalid(refusal.sentence, field="file"))
        else:
            return writing(_keep)(form=form, received=received)
    return render("catalogue/price_list_form.html", form=form, status=form.status)


def _keep(form: forms.PriceListForm, received: uploads.Upload) -> ResponseReturnValue:
    made = services.upload_price_list(
        received,
        name=form.name.data or PurePath(received.file_name).stem,
        effective_from=form.effective_from.data,
        by=actor(),
        now=now(),
    )
    return go("pricelists.columns", name=made.public_id)


def _table(name: str) -> Table | None:
    return sheet_pages.rows_of(PriceList, name, lambda _sheet: COLUMNS)


def _preview(price_list: PriceList, table: Table) -> PricePreview:
    settings = current_app.extensions["settings"]
    return services.preview(price_list, table, currency=settings.currency, digits=settings.exponent)


def _columns_page(price_list: PriceList, form: forms.ColumnsForm) -> ResponseReturnValue:
    return sheet_pages.columns_page(
        price_list,
        form,
        url=url_for("pricelists.detail", name=price_list.public_id),
        room=(_("Price lists"), url_for("pricelists.overview")),
    )


@pages.get("/price-lists/<name>/columns", needs=policy.PRICE_LIST_IMPORT)
def columns(name: str) -> ResponseReturnValue:
    """Which column of the file is which: a proposal, to be looked at."""
    price_list = load(PriceList, name)
    return _columns_page(price_list, sheet_pages.proposed(price_list, forms.PriceColumnsForm()))


@pages.post("/price-lists/<name>/columns", needs=policy.PRICE_LIST_IMPORT)
def choose(name: str) -> ResponseReturnValue:
    """Keep the choice; then the preview is shown."""
    price_list, form = load(PriceList, name), forms.PriceColumnsForm()
    form.offer(price_list.mapping["headings"])

    def do() -> None:
        uploads.choose_columns(
            price_list, COLUMNS, form.chosen, seen=form.seen.data, by=actor(), now=now()
        )

    return steps.taken(price_list, form, do) or _columns_page(price_list, form)


def _page(
    price_list: PriceList, form: ActionForm | None = None, table: Table | None = None
) -> ResponseReturnValue:
    """The page of a price list: its preview, or what it brought."""
    more: dict[str, Any] = {}
    preview = None
    if price_list.status == "preview":
        preview = None if table is None else _preview(price_list, table)
        more = _preview_of(price_list, preview, table)
    elif price_list.status == "imported":
        statement = queries.prices_listed(price_list, code())
        listed = lists.page_by(statement, Part.number)
        # After a refused step, the next page is not at this address.
        more = {"listed": listed if form is None else replace(listed, next_url=None)}
    # A list with an error in it cannot be imported.
    can_import = preview is not None and preview.total > 0 and not preview.wrong
    return render(
        "catalogue/price_list.html",
        status=form.status if form else 200,
        price_list=price_list,
        state=PriceList.workflow.state(price_list.status),
        steps=sheet_pages.steps_of(price_list, "pricelists", can_import=can_import),
        counts=price_list.mapping.get("counts", {}),
        labels=COUNTS,
        entries=timeline.of(price_list),
        may_comment=actor().can(COMMENT),
        may_import=actor().can(policy.PRICE_LIST_IMPORT),
        form=form,
        **more,
    )


def _preview_of(
    price_list: PriceList, preview: PricePreview | None, table: Table | None
) -> dict[str, Any]:
    if preview is None or table is None:
        return {"lacking": uploads.lacking(price_list, COLUMNS)}
    shown = sheet_pages.shares_of(price_list, preview, table, COLUMNS, COUNTS, "pricelists.detail")
    return shown | {"same_file": uploads.same_file(price_list)}


@pages.get("/price-lists/<name>", needs=policy.PRICE_LIST_READ, own_transactions=True)
def detail(name: str) -> ResponseReturnValue:
    """One price list."""
    return _shown(name)


def _shown(name: str, form: ActionForm | None = None) -> ResponseReturnValue:
    table = _table(name)
    with reading():
        return _page(find(PriceList, name, actor()), form, table)


@pages.post("/price-lists/<name>/import", needs=policy.PRICE_LIST_IMPORT, own_transactions=True)
def take_in(name: str) -> ResponseReturnValue:
    """Import all of it or nothing (C3)."""
    return presses.repeated() or writing(_import)(name=name, table=_table(name))


def _import(name: str, table: Table | None) -> ResponseReturnValue:
    price_list, form = load(PriceList, name), ActionForm()
    settings = current_app.extensions["settings"]
    if form.validate_on_submit():
        with form.refusals():
            done = services.import_price_list(
                price_list, table, currency=settings.currency, digits=settings.exponent,
                seen=form.seen.data, by=actor(), now=now(),
            )  # fmt: skip
            flash(_in_words(done), "success")
            return go("pricelists.detail", name=name)
    return _page(price_list, form, table)


def _in_words(done: PricePreview) -> Any:
    if done.counts["unchanged"] == done.total:
        return ngettext(
            "The %(num)d row changed nothing: the catalogue says the same.",
            "All %(num)d rows changed nothing: the catalogue says the same.",
            done.total,
        )
    return _(
        "Imported. New parts: %(new)d, changed prices: %(changed)d, unchanged: %(unchanged)d.",
        **{name: done.counts[name] for name in ("new", "changed", "unchanged")},
    )


@pages.post("/price-lists/<name>/discard", needs=policy.PRICE_LIST_IMPORT, own_transactions=True)
def discard(name: str) -> ResponseReturnValue:
    """Give up a preview."""
    return sheet_pages.discarded(PriceList, name, uploads.discard, _shown)


@pages.get("/price-lists/<name>/errors.xlsx", needs=policy.PRICE_LIST_READ, own_transactions=True)
def errors(name: str) -> ResponseReturnValue:
    """The rows that have an error, as they came, with one more column: the error."""
    table = _table(name)
    if table is None:
        raise NotFound()
    with reading():
        price_list = find(PriceList, name, actor())
        return sheet_pages.errors_file(price_list, table, _preview(price_list, table), COLUMNS)


@pages.get("/price-lists/<name>/file", needs=policy.PRICE_LIST_READ)
def original(name: str) -> ResponseReturnValue:
    """The file as it was sent."""
    return sheet_pages.original_file(load(PriceList, name))
