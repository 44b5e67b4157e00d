"""The pages on which a dealer writes a schedule of service fees, by form or by spreadsheet (F1)."""

from collections.abc import Sequence
from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.catalogue.forms import ImportForm
from portal.core.errors import Invalid
from portal.core.i18n import _, ngettext
from portal.fees import forms, items, policy, services, sheet
from portal.fees.models import FeeSchedule, ServiceItem
from portal.fees.workflow import UNITS
from portal.files.services import clean_name
from portal.sheets.table import LARGEST, Table, read_table
from portal.web import exports, languages, presses, steps, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("feedrafts", __name__, url_prefix="/fees")


@pages.post("/new", needs=policy.WRITE)
def new() -> ResponseReturnValue:
    """Begin a schedule with the rates approved last, or go on with one that is still open."""
    return go("fees.show", name=services.start(by=actor(), now=now()).public_id)


def _offered(schedule: FeeSchedule) -> Sequence[ServiceItem]:
    return items.offered([row["item"] for row in forms.typed_rows(schedule.typed)])


def _page(
    schedule: FeeSchedule,
    form: forms.SaveForm,
    sent: ImportForm | None = None,
) -> ResponseReturnValue:
    form.now_shows(schedule.version)

    def whole() -> dict[str, Any]:
        entries = timeline.of(schedule)
        return {
            "sent": sent or ImportForm(),
            "steps": steps.of(schedule, "fees.act"),
            "items": {item.public_id: item for item in _offered(schedule)},
            "language": languages.code(),
            "units": UNITS,
            "returned": timeline.latest_move(entries) if schedule.submitted_at else None,
            "may_submit": actor().can(policy.SUBMIT),
        }

    return render(
        "fees/form.html",
        fragments={"saved"},
        status=sent.status if sent else form.status,
        whole=whole,
        schedule=schedule,
        form=form,
    )


def page(schedule: FeeSchedule) -> ResponseReturnValue:
    """A draft as the form, as it was left."""
    return _page(schedule, forms.of_typed(schedule.typed, _offered(schedule), schedule.version))


@pages.post("/<name>/save", needs=policy.WRITE)
def save(name: str) -> ResponseReturnValue:
    """Keep what is typed, complete or not; a script that saves goes on with its page."""
    schedule, form = load(FeeSchedule, name), forms.SaveForm()
    goes_on = request.headers.get("HX-Request") == "true"
    with form.refusals():
        services.save(
            schedule,
            forms.as_typed(request.form),
            seen=form.version,
            page=presses.key(),
            leaves=not goes_on,
            by=actor(),
            now=now(),
        )
    if form.status == 200 and not goes_on:
        flash(_("Kept. The schedule is not submitted yet."), "success")
        return go("fees.show", name=name, _anchor="own")
    return _page(schedule, form if goes_on else form.whole())


@pages.post("/<name>/submit", needs=policy.SUBMIT, keeps_refused=True)
def submit(name: str) -> ResponseReturnValue:
    """Submit; whatever is refused, what was typed is kept."""
    schedule, form = load(FeeSchedule, name), forms.ScheduleForm()
    typed = forms.as_typed(request.form)
    if form.validate_on_submit():
        with form.refusals():
            services.submit(
                schedule,
                form.fees(_offered(schedule)),
                seen=form.version,
                page=presses.key(),
                by=actor(),
                now=now(),
            )
            flash(_("Submitted as %(number)s.", number=schedule.number), "success")
            return go("fees.show", name=name)
    if form.status == 422:
        with form.refusals():
            services.save(
                schedule,
                typed,
                seen=form.version,
                page=presses.key(),
                by=actor(),
                now=now(),
            )
    return _page(schedule, form)


# --- By spreadsheet ---------------------------------------------------------------------------


@pages.get("/<name>/sheet.xlsx", needs=policy.WRITE)
def template(name: str) -> ResponseReturnValue:
    """The draft as a spreadsheet, to be filled in and sent back."""
    schedule = load(FeeSchedule, name)
    rows = sheet.template_rows(schedule.typed, _offered(schedule), languages.code())
    headings = [str(column.label) for column in sheet.COLUMNS]
    return exports.sheet(_("Service fees"), headings, rows, "xlsx")


@pages.post("/<name>/sheet", needs=policy.WRITE, own_transactions=True)
def upload(name: str) -> ResponseReturnValue:
    """Read a spreadsheet in place of the lines that are typed."""
    if (done := presses.repeated()) is not None:
        return done
    sent, file = ImportForm(), request.files.get("file")
    table, file_name = None, clean_name(file.filename) if file and file.filename else ""
    if file is None or not file_name:
        sent.refuse(Invalid(_("Choose a file first."), field="file"))
    else:
        try:
            table = read_table(file.stream.read(LARGEST + 1), file_name)
        except Invalid as refusal:
            sent.refuse(Invalid(refusal.sentence, field="file"))
    return writing(_taken)(name=name, table=table, file_name=file_name, sent=sent)


def _taken(name: str, table: Table | None, file_name: str, sent: ImportForm) -> ResponseReturnValue:
    schedule = load(FeeSchedule, name)
    if table is not None:
        with sent.refusals():
            rows = sheet.rows_in(table, items.offered())
            typed = forms.with_rows(schedule.typed, rows)
            services.save(schedule, typed, leaves=True, file=file_name, by=actor(), now=now())
            told = ngettext(
                "%(num)d service was read. Look at its amount, then submit.",
                "%(num)d services were read. Look at the amounts, then submit.",
                len(rows),
            )
            flash(str(told), "success")
            return go("fees.show", name=name)
    form = forms.of_typed(schedule.typed, _offered(schedule), schedule.version)
    return _page(schedule, form, sent)
