"""The pages of the bank's files (L7): sent, columns confirmed, preview, booked by a job."""

from typing import Any

from flask import current_app, url_for
from flask.typing import ResponseReturnValue

from portal.banking import policy, queries, services
from portal.banking.columns import COLUMNS, merit
from portal.banking.forms import BankColumnsForm, BankFileForm
from portal.banking.history import FILE_VALUES, FILE_WORDS
from portal.banking.models import BankFile
from portal.banking.rows import COUNTS, LineRow, Money
from portal.catalogue import sheet_pages, uploads
from portal.catalogue.forms import ColumnsForm
from portal.catalogue.sheet_preview import Preview
from portal.core import jobs
from portal.core.db import reading
from portal.core.documents import DocumentKind, find, register
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _, _l
from portal.sheets.table import SheetRefused, Table
from portal.web import lists, presses, steps, timeline
from portal.web.forms import ActionForm, Form
from portal.web.htmx import render, wanted
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("bankfiles", __name__, url_prefix="/accounts/bank/files")
register(
    DocumentKind(
        BankFile,
        _l("Bank file"),
        "bankfiles.show",
        policy.visible,
        takes_comments=False,
        words=FILE_WORDS,
        values=FILE_VALUES,
    )
)
WITH_ROWS = ("preview", "imported")
"""In which states the rows with an error can be had."""


def _money() -> Money:
    settings = current_app.extensions["settings"]
    return Money(settings.currency, settings.exponent)


def _overview(form: BankFileForm) -> ResponseReturnValue:
    tabs, visible = queries.FILE_TABS, policy.visible(actor())
    tab = lists.current(tabs)
    statement = queries.files(actor())
    return render(
        "banking/files.html",
        fragments={"results"},
        status=form.status,
        form=form,
        listed=lists.page(statement, BankFile.created_at, BankFile.id, tab=tab),
        tabs=lists.tab_items(tabs, lists.counts(BankFile, [visible], tabs)),
        state=lists.states(BankFile.workflow),
        may_import=actor().can(policy.IMPORT),
    )


@pages.get("", needs=policy.READ)
def overview() -> ResponseReturnValue:
    """Where a bank's file is sent, and those that were."""
    return _overview(BankFileForm(formdata=None))


@pages.post("", needs=policy.IMPORT, own_transactions=True)
def upload() -> ResponseReturnValue:
    """Read a bank's file and keep it; then its columns are looked at, or its preview."""
    if (done := presses.repeated()) is not None:
        return done
    form = BankFileForm()
    if form.validate_on_submit():
        try:
            received = sheet_pages.receive(form.file.data, merit)
        except SheetRefused as refusal:
            form.refuse(Invalid(refusal.sentence, field="file"))
        else:
            return writing(_keep)(received=received)
    with reading():
        return _overview(form)


def _keep(received: uploads.Upload) -> ResponseReturnValue:
    made = services.upload(received, by=actor(), now=now())
    end = "columns" if services.needs_asking(made) else "show"
    return go(f"bankfiles.{end}", name=made.public_id)


def _columns_page(file: BankFile, form: ColumnsForm) -> ResponseReturnValue:
    return sheet_pages.columns_page(
        file,
        form,
        url=url_for("bankfiles.show", name=file.public_id),
        room=(_("Bank files"), url_for("bankfiles.overview")),
    )


@pages.get("/<name>/columns", needs=policy.IMPORT)
def columns(name: str) -> ResponseReturnValue:
    """Which column of the file is which: a proposal, to be confirmed once."""
    file = load(BankFile, name)
    return _columns_page(file, sheet_pages.proposed(file, BankColumnsForm()))


@pages.post("/<name>/columns", needs=policy.IMPORT)
def choose(name: str) -> ResponseReturnValue:
    """Keep the choice; then the preview is shown."""
    file = load(BankFile, name)
    form = BankColumnsForm()
    form.offer(file.mapping["headings"])

    def do() -> None:
        services.choose_columns(file, form.chosen, seen=form.seen.data, by=actor(), now=now())

    return steps.taken(file, form, do) or _columns_page(file, form)


def _table(name: str) -> Table | None:
    """The rows of a file whose columns are chosen; read outside of any transaction."""
    return sheet_pages.rows_of(BankFile, name, lambda _file: COLUMNS, WITH_ROWS, merit)


def _judged(file: BankFile, table: Table) -> Preview[LineRow]:
    return services.preview(file, table, _money(), now=now())


def _page(
    file: BankFile, form: Form | None = None, table: Table | None = None
) -> ResponseReturnValue:
    more: dict[str, Any] = {"lacking": uploads.lacking(file, COLUMNS)}
    can_import = False
    if table is not None and file.status == "preview":
        found = _judged(file, table)
        more |= sheet_pages.shares_of(file, found, table, COLUMNS, COUNTS, "bankfiles.show")
        can_import = found.counts["new"] + found.counts["open"] > 0
    return render(
        "banking/file.html",
        status=form.status if form else 200,
        sheet=file,
        state=BankFile.workflow.state(file.status),
        steps=sheet_pages.steps_of(file, "bankfiles", can_import=can_import),
        counts=file.mapping.get("counts", {}),
        labels=COUNTS,
        may_import=actor().can(policy.IMPORT),
        entries=timeline.of(file),
        form=form,
        **_progress(file),
        **more,
    )


def _progress(file: BankFile) -> dict[str, Any]:
    """How far the lines are booked."""
    importing = file.status == "importing"
    return {
        "done": services.kept(file) if importing else 0,
        "job": jobs.state_of(services.job_key(file)) if importing else None,
        "given_up": jobs.MOST_ATTEMPTS,
    }


@pages.get("/<name>", needs=policy.READ, own_transactions=True)
def show(name: str) -> ResponseReturnValue:
    """One file: its preview, how far it is, or what it brought."""
    return _shown(name) if wanted({"standing"}) is None else _how_far(name)


def _how_far(name: str) -> ResponseReturnValue:
    """Only how far it is; once nothing is under way any more, the page as it then is."""
    with reading():
        file = find(BankFile, name, actor())
        if file.status != "importing":
            return "", {"HX-Redirect": url_for("bankfiles.show", name=name)}
        return render(
            "banking/file.html",
            fragments={"standing"},
            sheet=file,
            counts=file.mapping.get("counts", {}),
            may_import=actor().can(policy.IMPORT),
            **_progress(file),
        )


def _shown(name: str, form: Form | None = None) -> ResponseReturnValue:
    table = _table(name)
    with reading():
        return _page(find(BankFile, name, actor()), form, table)


@pages.post("/<name>/import", needs=policy.IMPORT, own_transactions=True)
def take_in(name: str) -> ResponseReturnValue:
    """Have the new lines booked by a job."""
    if (done := presses.repeated()) is not None:
        return done
    table, form = _table(name), ActionForm()
    with reading():
        found = _judged(find(BankFile, name, actor()), table) if table else None

    def begin() -> ResponseReturnValue:
        file = load(BankFile, name)

        def do() -> None:
            seen = form.seen.data
            services.import_all(file, found, _money(), seen=seen, by=actor(), now=now())

        return steps.taken(file, form, do, told=steps.told(file, "import")) or ("", form.status)

    answer = writing(begin)()
    return answer if answer.status_code == 303 else _shown(name, form)


@pages.post("/<name>/go-on", needs=policy.IMPORT)
def go_on(name: str) -> ResponseReturnValue:
    """Set a booking that has given up going again."""
    services.go_on(load(BankFile, name), _money(), by=actor(), now=now())
    return go("bankfiles.show", name=name)


@pages.post("/<name>/discard", needs=policy.IMPORT, own_transactions=True)
def discard(name: str) -> ResponseReturnValue:
    """Give up a preview."""
    return sheet_pages.discarded(BankFile, name, services.discard, _shown)


@pages.get("/<name>/errors.xlsx", needs=policy.READ, own_transactions=True)
def errors(name: str) -> ResponseReturnValue:
    """The rows that have an error now, as they came, with one more column: the error."""
    table = _table(name)
    if table is None:
        raise NotFound()
    with reading():
        file = find(BankFile, name, actor())
        return sheet_pages.errors_file(file, table, _judged(file, table), COLUMNS)


@pages.get("/<name>/file", needs=policy.READ)
def original(name: str) -> ResponseReturnValue:
    """The file as it was sent."""
    return sheet_pages.original_file(load(BankFile, name))
