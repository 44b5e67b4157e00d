"""The pages on which a dealer writes an application (A1)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.applications import adding, editor, forms, policy, queries, services
from portal.applications.editor import CHECKED, Row
from portal.applications.estimate import Estimate, estimated
from portal.applications.models import Application
from portal.catalogue.product_queries import models_offered
from portal.catalogue.queries import find_parts
from portal.core.db import AnyRow
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _, ngettext
from portal.files import views as files
from portal.files.forms import Uploads
from portal.files.queries import by_place
from portal.web import languages, presses, timeline
from portal.web.htmx import render, wanted
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("drafts", __name__)

_OF_LINE = re.compile(r"(replace)-([0-9]{1,4})")
ALONE = frozenset({"estimate"})
"""What a script that saves shows anew."""


@pages.post("/applications/new", needs=policy.WRITE)
def new() -> ResponseReturnValue:
    """Begin a draft, for the contact and the address of the dealer's last application."""
    typed = editor.with_rows(queries.last_delivery(actor()), [editor.new_line()])
    application = services.start(typed, by=actor(), now=now())
    ready = typed.get("contact") and typed.get("delivery_address")
    anchor = "lines-0-part" if ready else None
    return go("drafts.edit", name=application.public_id, _anchor=anchor)


@pages.post("/applications/<name>/again", needs=policy.WRITE)
def again(name: str) -> ResponseReturnValue:
    """Begin a draft that asks for what an earlier application asked for."""
    earlier = load(Application, name)
    application, notes = adding.order_again(earlier, by=actor(), now=now())
    for note in notes:
        flash(note, "info")
    return go("drafts.edit", name=application.public_id)


def _form_page(
    application: Application, form: forms.SaveForm, status: int = 200
) -> ResponseReturnValue:
    """The form, or what there is to know of it, for which a form without its fields will do."""
    typed = forms.as_typed(request.form) if request.method == "POST" else application.typed
    form.now_shows(application.version)
    rows = forms.typed_rows(typed) or [editor.new_line()]
    estimate = estimated(rows, now())
    return render(
        "applications/form.html",
        fragments=ALONE,
        status=status,
        whole=lambda: {
            "photos": by_place(application),
            "returned": _returned(application),
            "models": _models(estimate),
        },
        application=application,
        form=form,
        estimate=estimate,
        keys=[row["key"] for row in rows],
        told={line.number: line for line in estimate.lines},
        pasted=typed.get("pasted", ""),
        checked=CHECKED in typed,
        alone=wanted(ALONE) is not None,
    )


def _models(estimate: Estimate) -> Sequence[AnyRow]:
    parts = {line.part.id for line in estimate.lines if line.part}
    return models_offered(parts, languages.code())


def _returned(application: Application) -> timeline.Entry | None:
    """Who wants it corrected, and why (A3)."""
    if application.status != "returned":
        return None
    return timeline.latest_move(timeline.of(application))


@pages.get("/applications/<name>/edit", needs=policy.WRITE)
def edit(name: str) -> ResponseReturnValue:
    """The form, as it was left; with all that is wrong, if it did not come from somebody's hand."""
    application = load(Application, name)
    if not application.workflow.find("submit", application.status):
        flash(_("This application can no longer be edited."), "info")
        return go("applications.show", name=name)
    form = forms.of_typed(application.typed, application.version)
    if CHECKED in application.typed:
        asked = _asked(form)
        form.validate()
        form.complain(services.wrong_in(asked.lines, now()))
        form.status = 200
    return _form_page(application, form)


def _asked(form: forms.ApplicationForm) -> Any:
    parts = find_parts([row.part.data or "" for row in form.lines])
    return form.request({number: part.id for number, part in parts.items()})


@pages.post("/applications/<name>/edit", needs=policy.WRITE, own_transactions=True)
def write(name: str) -> ResponseReturnValue:
    """Keep what is typed; then do what was pressed: something with a line, or submit.

    Pictures are looked at first, since they take their time.
    """
    if (done := presses.repeated()) is not None:
        return done
    photos = {
        key: files.take(field, "photo")
        for field in request.files
        if (key := field.removeprefix("photos-")) != field and editor.LINE_KEY.fullmatch(key)
    }
    refused = [error for some in photos.values() for error in some.errors]
    scanned = files.scanned(refused) if request.form.get("do") == "scan" else []
    answer = writing(_write, keeps_refused=True)(name=name, photos=photos, scanned=scanned)
    if answer.status_code == 303:
        for sentence in refused:
            flash(sentence, "error")
    return answer


def _write(name: str, photos: Mapping[str, Uploads], scanned: Sequence[str]) -> ResponseReturnValue:
    application = load(Application, name)
    press = request.form.get("do", "save")
    typed = forms.as_typed(request.form)
    form = forms.ApplicationForm() if press == "submit" else forms.SaveForm()
    with form.refusals():
        for key, uploads in photos.items():
            sent = [one.public_id for one in uploads.kept]
            services.attach(application, sent, key=key, by=actor())
    if isinstance(form, forms.ApplicationForm) and form.status == 200:
        return _submit(application, form, typed)
    return _save(application, form, typed, press, scanned)


def _save(
    application: Application,
    form: forms.SaveForm,
    typed: dict[str, str],
    press: str,
    scanned: Sequence[str],
) -> ResponseReturnValue:
    """Keep what is typed, and go to an anchor; a script that saves goes on with its page."""
    goes_on = request.headers.get("HX-Request") == "true"
    before = forms.typed_rows(typed)
    with form.refusals():
        typed, then = _pressed(application, typed, before, press, scanned)
        _keep(application, form, typed, leaves=not goes_on)
    if form.status != 200 or goes_on:
        shown = form if wanted(ALONE) else form.whole()
        return _form_page(application, shown, form.status)
    return go("drafts.edit", name=application.public_id, _anchor=then)


def _pressed(
    application: Application,
    typed: dict[str, str],
    rows: list[Row],
    press: str,
    scanned: Sequence[str],
) -> tuple[dict[str, str], str]:
    """The form after a press, and where the page then stands."""
    if press == "paste":
        return adding.pasted(typed, rows, now()), "lines"
    if press == "scan":
        lines, unknown = adding.scanned(rows, scanned)
        for text in unknown:
            flash(_("“%(text)s” is no part of the catalogue.", text=text[:100]), "error")
        return editor.with_rows(typed, lines), f"line-{len(lines) - 1}"
    if press.startswith("photo-"):
        gone = press.removeprefix("photo-")
        services.detach(application, [gone], by=actor(), now=now())
        return typed, "lines"
    if found := _OF_LINE.fullmatch(press):
        return editor.with_rows(typed, adding.replaced(rows, int(found[2]))), f"line-{found[2]}"
    lines, then = editor.changed(rows, press)
    if len(lines) > services.MOST_LINES:
        raise Invalid(
            ngettext(
                "An application has at most %(num)d line.",
                "An application has at most %(num)d lines.",
                services.MOST_LINES,
            )
        )
    _forget_photos(application, rows, lines)
    return editor.with_rows(typed, lines), then


def _forget_photos(application: Application, before: list[Row], after: list[Row]) -> None:
    """A line that is removed takes its photos along, unless headquarters has seen it with them."""
    keys = {row["key"] for row in before} - {row["key"] for row in after}
    if keys and not application.revision:
        photos = by_place(application)
        gone = [one.public_id for key in keys for one in photos.get(key, ())]
        services.detach(application, gone, by=actor(), now=now())


def _keep(
    application: Application, form: forms.SaveForm, typed: dict[str, str], *, leaves: bool
) -> None:
    services.save(
        application,
        typed,
        seen=form.version,
        page=presses.key(),
        leaves=leaves,
        by=actor(),
        now=now(),
    )


def _submit(
    application: Application, form: forms.ApplicationForm, typed: dict[str, str]
) -> ResponseReturnValue:
    """Submit; whatever is refused, what was typed is kept (A1)."""
    asked = _asked(form)
    if not form.validate_on_submit():
        form.complain(services.wrong_in(asked.lines, now()))
    else:
        with form.refusals():
            services.submit(
                application,
                asked,
                typed=typed,
                seen=form.version,
                page=presses.key(),
                by=actor(),
                now=now(),
            )
            flash(_("Submitted as %(number)s.", number=application.number), "success")
            return go("applications.show", name=application.public_id)
    if form.status == 422:
        with form.refusals():
            _keep(application, form, typed, leaves=False)
    return _form_page(application, form, form.status)


@pages.post("/applications/<name>/lines/<key>/photos", needs=policy.WRITE, own_transactions=True)
def add_photos(name: str, key: str) -> ResponseReturnValue:
    """Take photos of a line as soon as they are chosen; answers that line's photos."""
    if (done := presses.repeated()) is not None:
        return done
    uploads = files.take(f"photos-{key}", "photo")
    return writing(_add_photos, keeps_refused=True)(name=name, key=key, uploads=uploads)


def _add_photos(name: str, key: str, uploads: Uploads) -> ResponseReturnValue:
    application = load(Application, name)
    sent = [one.public_id for one in uploads.kept]
    if not editor.LINE_KEY.fullmatch(key):
        raise NotFound()
    services.attach(application, sent, key=key, by=actor())
    if request.headers.get("HX-Request") != "true":
        return go("drafts.edit", name=name)
    return render(
        "applications/photos.html",
        application=application,
        key=key,
        photos=by_place(application).get(key, ()),
        errors=uploads.errors,
        status=uploads.status,
    )
