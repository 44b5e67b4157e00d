"""The pages of parts and price lists."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from io import BytesIO
from pathlib import PurePath
from typing import Any

from flask import Flask, current_app, flash, request, send_file, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from portal.catalogue import forms, policy, preview_page, queries, services
from portal.catalogue.history import LIST_VALUES, LIST_WORDS, PART_VALUES, PART_WORDS
from portal.catalogue.models import Part, PriceList
from portal.catalogue.price_columns import COLUMNS
from portal.catalogue.price_rows import COUNTS, Preview
from portal.core.db import LINE, reading, session
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import Invalid, NotFound, WrongState
from portal.core.i18n import _, _l, ngettext
from portal.core.permissions import Actor
from portal.files.services import clean_name
from portal.files.storage import new_key, storage
from portal.files.views import with_uploads
from portal.people.policy import COMMENT
from portal.sheets.columns import missing
from portal.sheets.rows import refused_rows
from portal.sheets.table import LARGEST, SheetRefused, Table, read_table
from portal.sheets.writing import write_xlsx
from portal.web import frame, lists, presses, steps, timeline
from portal.web.forms import ActionForm, clean
from portal.web.htmx import render
from portal.web.languages import code
from portal.web.lists import Tab
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("catalogue", __name__)
price_lists = Pages("pricelists", __name__)

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
frame.room(50, _l("Parts"), "catalogue", "catalogue.index", policy.PART_READ)
frame.room(55, _l("Price lists"), "sheet", "pricelists.overview", policy.PRICE_LIST_READ)

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def init_app(app: Flask) -> None:
    """Price lists are a room of their own."""
    app.register_blueprint(price_lists)


@frame.finder
def find_parts(who: Actor, text: str) -> Iterable[frame.Find]:
    """Parts by their number, or by a name in any of the languages."""
    if not who.can(policy.PART_READ):
        return
    for row in queries.suggest(text, code(), on=now().date()):
        url = url_for("catalogue.show", name=row.public_id)
        yield frame.Find(_l("Part"), row.number, row.name, url)


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


# Parts


@pages.get("/parts", needs=policy.PART_READ)
def index() -> ResponseReturnValue:
    """The catalogue."""
    text, on = clean(request.args.get("q", ""))[:100], now().date()
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
    successor, replaced = queries.neighbours(part)
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
        successor=successor,
        replaced=replaced,
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
    known, form = steps.direct(part, step), steps.form_for(step)

    def do() -> None:
        services.step_part(
            part, step, seen=form.seen.data, reason=form.reason.data or "", by=actor(), now=now()
        )

    return steps.taken(part, form, do, told=known.told) or _part_page(part, form)


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
    successor, _replaced = queries.neighbours(part)
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


# Price lists


@price_lists.get("/price-lists", needs=policy.PRICE_LIST_READ)
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


@price_lists.get("/price-lists/new", needs=policy.PRICE_LIST_IMPORT)
def new() -> ResponseReturnValue:
    """The form to send a price list."""
    form = forms.PriceListForm(data={"effective_from": now().date()})
    return render("catalogue/price_list_form.html", form=form)


@price_lists.post("/price-lists/new", needs=policy.PRICE_LIST_IMPORT, own_transactions=True)
def upload() -> ResponseReturnValue:
    """Read a price list and keep it; then its columns are chosen."""
    if (done := presses.repeated()) is not None:
        return done
    form = forms.PriceListForm()
    if form.validate_on_submit():
        try:
            received = _receive(form.file.data)
        except SheetRefused as refusal:
            form.refuse(Invalid(refusal.sentence, field="file"))
        else:
            return writing(_keep)(form=form, received=received)
    return render("catalogue/price_list_form.html", form=form, status=form.status)


def _keep(form: forms.PriceListForm, received: services.Upload) -> ResponseReturnValue:
    made = services.upload_price_list(
        received,
        name=form.name.data or PurePath(received.file_name).stem,
        effective_from=form.effective_from.data,
        by=actor(),
        now=now(),
    )
    return go("pricelists.columns", name=made.public_id)


def _receive(item: FileStorage) -> services.Upload:
    """Read what was sent, in a child process, and keep its bytes; SheetRefused."""
    content = item.stream.read(LARGEST + 1)
    # The end is kept: it says what kind of file it claims to be.
    name = clean_name(item.filename or "")[-LINE:]
    table = read_table(content, name)
    key = new_key()
    storage().put(key, content)
    return services.Upload(name, key, sha256(content).hexdigest(), table)


def _content(price_list: PriceList) -> bytes:
    try:
        with storage().open(price_list.file_key) as file:
            return file.read()
    except (FileNotFoundError, ValueError):
        raise NotFound(_("The file of this price list is not there any more.")) from None


def _table(name: str) -> Table | None:
    """The rows of a list in preview whose columns are chosen; else None.

    A child process reads the file, in its own time: outside a transaction, or nobody could write.
    """
    with reading():
        price_list = find(PriceList, name, actor())
    if price_list.status != "preview" or missing(COLUMNS, price_list.mapping["columns"]):
        return None
    return read_table(_content(price_list), price_list.file_name)


def _preview(price_list: PriceList, table: Table) -> Preview:
    settings = current_app.extensions["settings"]
    return services.preview(price_list, table, currency=settings.currency, digits=settings.exponent)


def _columns_page(price_list: PriceList, form: forms.ColumnsForm) -> ResponseReturnValue:
    return render(
        "catalogue/columns.html",
        status=form.status,
        price_list=price_list,
        form=form,
        columns=COLUMNS,
        mapping=price_list.mapping,
    )


@price_lists.get("/price-lists/<name>/columns", needs=policy.PRICE_LIST_IMPORT)
def columns(name: str) -> ResponseReturnValue:
    """Which column of the file is which: a proposal, to be looked at."""
    price_list, form = load(PriceList, name), forms.ColumnsForm()
    if price_list.status != "preview":
        raise WrongState()
    form.offer(price_list.mapping["headings"])
    form.take(price_list.mapping["columns"])
    return _columns_page(price_list, form)


@price_lists.post("/price-lists/<name>/columns", needs=policy.PRICE_LIST_IMPORT)
def choose(name: str) -> ResponseReturnValue:
    """Keep the choice; then the preview is shown."""
    price_list, form = load(PriceList, name), forms.ColumnsForm()
    form.offer(price_list.mapping["headings"])
    if form.validate_on_submit():
        with form.refusals():
            services.choose_columns(
                price_list, form.chosen, seen=form.seen.data, by=actor(), now=now()
            )
            return go("pricelists.detail", name=name)
    return _columns_page(price_list, form)


def _page(
    price_list: PriceList, form: ActionForm | None = None, table: Table | None = None
) -> ResponseReturnValue:
    """The page of a price list: its preview, or what it brought."""
    more: dict[str, Any] = {}
    if price_list.status == "preview":
        more = _preview_of(price_list, table)
    elif price_list.status == "imported":
        statement = queries.prices_listed(price_list, code())
        listed = lists.page_by(statement, Part.number)
        # After a refused step, the next page is not at this address.
        more = {"listed": listed if form is None else replace(listed, next_url=None)}
    return render(
        "catalogue/price_list.html",
        status=form.status if form else 200,
        price_list=price_list,
        state=PriceList.workflow.state(price_list.status),
        steps=_steps(price_list, more.get("preview")),
        counts=price_list.mapping.get("counts", {}),
        labels=COUNTS,
        entries=timeline.of(price_list),
        may_comment=actor().can(COMMENT),
        may_import=actor().can(policy.PRICE_LIST_IMPORT),
        form=form,
        **more,
    )


def _preview_of(price_list: PriceList, table: Table | None) -> dict[str, Any]:
    mapping = price_list.mapping["columns"]
    if table is None:
        return {"lacking": missing(COLUMNS, mapping)}
    preview = _preview(price_list, table)
    share = preview_page.share_shown(preview, request.args.get("show"))

    def here(show: str, page: int = 1) -> str:
        name = price_list.public_id
        return url_for("pricelists.detail", name=name, show=show, page=page if page > 1 else None)

    number = request.args.get("page", "1")
    page = int(number) if re.fullmatch("[1-9][0-9]{0,3}", number) else 1
    rows, more = preview_page.lines(preview, table, mapping, share, page)
    return {
        "preview": preview,
        "rows": rows,
        "file_notes": table.notes,
        "same_file": queries.same_file(price_list),
        "shares": [
            (COUNTS[one], preview.counts[one], here(one), one == share)
            for one in preview_page.SHARES
        ],
        "next_url": here(share, page + 1) if more else None,
        "prev_url": here(share, page - 1) if page > 1 else None,
    }


def _steps(price_list: PriceList, preview: Preview | None) -> list[tuple[Any, str]]:
    """The steps that are of use now: a list with an error in it cannot be imported."""
    can_import = preview is not None and preview.total and not preview.wrong
    return [
        (step, url_for(f"pricelists.{_ENDPOINTS[step.name]}", name=price_list.public_id))
        for step in PriceList.workflow.available(price_list.status, actor())
        if step.name != "import" or can_import
    ]


_ENDPOINTS = {"import": "take_in", "discard": "discard"}


@price_lists.get("/price-lists/<name>", needs=policy.PRICE_LIST_READ, own_transactions=True)
def detail(name: str) -> ResponseReturnValue:
    """One price list."""
    return _shown(name)


def _shown(name: str, form: ActionForm | None = None) -> ResponseReturnValue:
    table = _table(name)
    with reading():
        return _page(find(PriceList, name, actor()), form, table)


@price_lists.post(
    "/price-lists/<name>/import", needs=policy.PRICE_LIST_IMPORT, own_transactions=True
)
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


def _in_words(done: Preview) -> Any:
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


@price_lists.post(
    "/price-lists/<name>/discard", needs=policy.PRICE_LIST_IMPORT, own_transactions=True
)
def discard(name: str) -> ResponseReturnValue:
    """Give up a preview."""
    form = ActionForm()
    answer = writing(_discard)(name=name, form=form)
    return answer if answer.status_code == 303 else _shown(name, form)


def _discard(name: str, form: ActionForm) -> ResponseReturnValue:
    price_list = load(PriceList, name)
    if form.validate_on_submit():
        with form.refusals():
            services.discard_price_list(price_list, seen=form.seen.data, by=actor(), now=now())
            flash(_("The price list is discarded. Nothing was imported."), "success")
            return go("pricelists.detail", name=name)
    return "", form.status


@price_lists.get(
    "/price-lists/<name>/errors.xlsx", needs=policy.PRICE_LIST_READ, own_transactions=True
)
def errors(name: str) -> ResponseReturnValue:
    """The rows that have an error, as they came, with one more column: the error."""
    table = _table(name)
    if table is None:
        raise NotFound()
    with reading():
        price_list = find(PriceList, name, actor())
        issues = preview_page.told(_preview(price_list, table).issues)
    content = write_xlsx(*refused_rows(table, issues))
    name = f"{PurePath(price_list.file_name).stem} – {_('errors')}.xlsx"
    return send_file(BytesIO(content), XLSX, as_attachment=True, download_name=name)


@price_lists.get("/price-lists/<name>/file", needs=policy.PRICE_LIST_READ)
def original(name: str) -> ResponseReturnValue:
    """The file as it was sent."""
    price_list = load(PriceList, name)
    return send_file(
        BytesIO(_content(price_list)),
        "application/octet-stream",
        as_attachment=True,
        download_name=price_list.file_name,
    )
