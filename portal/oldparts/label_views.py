"""The labels of old parts: what to print them on, and the PDF (O1)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import AnyRow, reading
from portal.core.errors import NotFound
from portal.oldparts import labels, policy, queries
from portal.oldparts.label_forms import LabelsForm
from portal.oldparts.models import OldPart
from portal.web import languages, lists
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.paper import Paper, answer
from portal.web.routes import Pages, actor, load

pages = Pages("oldpartlabels", __name__, url_prefix="/old-parts")

Found = Sequence[AnyRow]


def _one(name: str) -> Found:
    return labels.of(actor(), [load(OldPart, name).public_id], languages.code())


def _many() -> Found:
    """Those that are ticked in the list, that an upload registered, or all that the list shows."""
    if ticked := request.args.getlist("pick"):
        names = [clean(name) for name in ticked[: labels.MOST]]
        return labels.of(actor(), names, languages.code())
    if batch := clean(request.args.get("batch", "")):
        return labels.of_batch(actor(), batch, languages.code())
    tab = lists.current(queries.TABS)
    return labels.of_list(actor(), lists.typed(), tab, languages.code())


def _form() -> LabelsForm:
    return LabelsForm(formdata=request.args)


def _page(
    form: LabelsForm, found: Found, paper: str, *, one: bool, kept: Iterable[tuple[str, str]] = ()
) -> ResponseReturnValue:
    return render(
        "oldparts/labels.html",
        status=form.status,
        form=form,
        found=found,
        one=one,
        paper=paper,
        kept=kept,
        most=labels.MOST,
    )


def _page_of_one(form: LabelsForm, name: str) -> ResponseReturnValue:
    return _page(form, _one(name), url_for("oldpartlabels.one_paper", name=name), one=True)


def _page_of_many(form: LabelsForm) -> ResponseReturnValue:
    kept = [
        (name, value)
        for name in ("pick", "batch", "tab", "q")
        for value in request.args.getlist(name)
    ]
    return _page(form, _many(), url_for("oldpartlabels.many_paper"), one=False, kept=kept)


@pages.get("/<name>/label", needs=policy.READ)
def one(name: str) -> ResponseReturnValue:
    """What to print the label of a piece on."""
    return _page_of_one(_form(), name)


@pages.get("/<name>/label.pdf", needs=policy.READ, own_transactions=True)
def one_paper(name: str) -> ResponseReturnValue:
    """The label to stick on the piece; its QR code opens the piece's page."""
    return _printed(lambda: _one(name), lambda form: _page_of_one(form, name))


@pages.get("/labels", needs=policy.READ)
def many() -> ResponseReturnValue:
    """What to print the labels of many pieces on."""
    return _page_of_many(_form())


@pages.get("/labels.pdf", needs=policy.READ, own_transactions=True)
def many_paper() -> ResponseReturnValue:
    """The labels of many pieces."""
    return _printed(_many, _page_of_many)


def _printed(
    find: Callable[[], Found], page: Callable[[LabelsForm], ResponseReturnValue]
) -> ResponseReturnValue:
    form: Any = _form()
    if not form.validate():
        with reading():
            return page(form)

    def prepare() -> Paper:
        found = find()
        if not found:
            raise NotFound()
        return labels.sheets(found, form.chosen, form.used)

    return answer(prepare)
