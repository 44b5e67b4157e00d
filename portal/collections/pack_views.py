"""The pages on which a dealer packs what was called in, and sends it (O7)."""

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.collections import packing, paper, policy, queries
from portal.collections.forms import LONGEST_CODE, PackForm, SendForm
from portal.collections.models import MOST_BOXES, Consignment
from portal.collections.packing import Scan
from portal.core.errors import NotFound
from portal.core.i18n import _
from portal.files.views import scanned
from portal.web import languages, steps
from portal.web.forms import clean
from portal.web.htmx import render, wanted
from portal.web.paper import Paper, answer
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("packing", __name__, url_prefix="/collections")
LISTED = 30
CATEGORIES = {"good": "success", "info": "info", "warn": "warning", "bad": "error"}


def codes(form: Any, refused: list[str]) -> list[str]:
    """The labels that a form brings: what was typed or read, and what is in a photo of it."""
    typed = (form.code.data or "")[:LONGEST_CODE]
    return ([typed] if typed else []) + scanned(refused)


def answered(
    form: Any,
    found: list[str],
    refused: list[str],
    *,
    beside: Any,
    scan: Callable[[str], Scan],
    page: Callable[..., ResponseReturnValue],
) -> ResponseReturnValue | None:
    """Do something with each label; what to answer, or None where the page can come anew.

    ``beside`` is the form's other field. Without scripts what became of the labels is told on the
    page that comes next; with them it is the answer.
    """
    scans = _nothing_read(refused) if refused or not found else []
    if form.validate_on_submit():
        with form.refusals():
            scans += [scan(one) for one in found]
    if form.status != 200:
        errors = [*beside.errors, *form.form_errors]
        scans = [Scan("bad", str(error), "") for error in errors] + scans
    if wanted({"scans"}):
        return page(form, scans)
    if form.status != 200 or not found:
        form.status = 422 if form.status == 200 else form.status
        form.form_errors = [scan.sentence for scan in scans]
        return page(form)
    for one in scans:
        flash(f"{one.code}: {one.sentence}", CATEGORIES[one.tone])
    return None


def _nothing_read(refused: list[str]) -> list[Scan]:
    """What is said when there is no label in what came."""
    sentences = refused or [str(_("Scan a label, or type its number."))]
    return [Scan("bad", sentence, "") for sentence in sentences]


def _page(
    consignment: Consignment, form: PackForm, scans: list[Scan] | None = None
) -> ResponseReturnValue:
    facts = queries.facts_of(consignment)
    return render(
        "collections/pack.html",
        fragments={"scans"},
        status=200 if scans is not None else form.status,
        consignment=consignment,
        form=form,
        facts=facts,
        scans=scans,
        recent=[] if scans else queries.last_packed(consignment, languages.code(), LISTED),
    )


@pages.get("/<name>/pack", needs=policy.SEND)
def packing_page(name: str) -> ResponseReturnValue:
    """The field for the scanner, and what was packed last."""
    consignment = load(Consignment, name)
    if consignment.status != "called":
        return go("collections.show", name=name)
    box = request.args.get("box", type=int) or len(queries.boxes_of(consignment)) or 1
    return _page(consignment, PackForm(formdata=None, data={"box": box}))


@pages.post("/<name>/pack", needs=policy.SEND, own_transactions=True)
def pack(name: str) -> ResponseReturnValue:
    """Put what was scanned into a box."""
    refused: list[str] = []
    found = codes(PackForm(), refused)
    return writing(_pack)(name=name, found=found, refused=refused)


def _pack(name: str, found: list[str], refused: list[str]) -> ResponseReturnValue:
    consignment = load(Consignment, name)
    form: Any = PackForm()

    def scan(code: str) -> Scan:
        return packing.pack(consignment, code, form.box.data, by=actor(), now=now())

    page = partial(_page, consignment)
    told = answered(form, found, refused, beside=form.box, scan=scan, page=page)
    return told or go("packing.packing_page", name=name, box=form.box.data)


@pages.post("/<name>/unpack", needs=policy.SEND)
def unpack(name: str) -> ResponseReturnValue:
    """Take a piece out of its box."""
    piece = clean(request.form.get("piece", ""))
    packing.unpack(load(Consignment, name), piece, by=actor())
    return go("collections.show", name=name)


@pages.get("/<name>/send", needs=policy.SEND)
def sending(name: str) -> ResponseReturnValue:
    """What is packed, and how it travels."""
    consignment = load(Consignment, name)
    if not consignment.workflow.find("send", consignment.status):
        return go("collections.show", name=name)
    return _sending(consignment, SendForm(data={"seen": consignment.version}))


def _sending(consignment: Consignment, form: Any) -> ResponseReturnValue:
    facts = queries.facts_of(consignment)
    form.now_shows(consignment.version)
    if form.status != 422:
        form.packed.raw_data = [str(facts.packed)]
    return render(
        "collections/send.html",
        status=form.status,
        consignment=consignment,
        form=form,
        facts=facts,
        boxes=queries.boxes_of(consignment),
    )


@pages.post("/<name>/send", needs=policy.SEND)
def send(name: str) -> ResponseReturnValue:
    """Send what is packed."""
    consignment = load(Consignment, name)
    form: Any = SendForm()

    def do() -> None:
        packing.send(
            consignment,
            form.carrier.data,
            form.tracking_number.data,
            packed=form.packed.data,
            seen=form.seen.data,
            by=actor(),
            now=now(),
        )

    told = _("It is on its way. Headquarters scans each piece when it arrives.")
    return steps.taken(consignment, form, do, told=told) or _sending(consignment, form)


@pages.get("/<name>/packing-list.pdf", needs=policy.READ, own_transactions=True)
def packing_list(name: str) -> ResponseReturnValue:
    """What lies in each box, or in one of them, to be put into it."""

    def prepare() -> Paper:
        consignment = load(Consignment, name)
        box = request.args.get("box", type=int)
        if box is not None and not 1 <= box <= MOST_BOXES:
            raise NotFound()
        found = queries.packed(consignment, box, languages.code())
        if not found:
            raise NotFound()
        return paper.packing_list(consignment, found)

    return answer(prepare)
