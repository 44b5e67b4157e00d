"""The pages on which the warehouse receives a consignment by scanner (O7)."""

from functools import partial
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue

from portal.collections import policy, queries, receiving
from portal.collections.forms import FinishForm, ReceiveForm
from portal.collections.models import Consignment
from portal.collections.pack_views import LISTED, answered, codes
from portal.collections.packing import Scan
from portal.core.i18n import _, ngettext
from portal.web import languages, steps
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now, writing

pages = Pages("receiving", __name__, url_prefix="/collections")


def _page(
    consignment: Consignment, form: Any, scans: list[Scan] | None = None
) -> ResponseReturnValue:
    return render(
        "collections/receive.html",
        fragments={"scans"},
        status=200 if scans is not None else form.status,
        consignment=consignment,
        form=form,
        facts=queries.facts_of(consignment),
        scans=scans,
        recent=[] if scans else queries.last_scanned(consignment, languages.code(), LISTED),
    )


@pages.get("/<name>/receive", needs=policy.RECEIVE)
def receiving_page(name: str) -> ResponseReturnValue:
    """The field for the scanner, and what was received last."""
    consignment = load(Consignment, name)
    if consignment.status not in receiving.OPEN:
        return go("collections.show", name=name)
    place = request.args.get("place")
    kept = queries.last_place(consignment) if place is None else clean(place)[:200]
    return _page(consignment, ReceiveForm(formdata=None, data={"place": kept}))


@pages.post("/<name>/receive", needs=policy.RECEIVE, own_transactions=True)
def receive(name: str) -> ResponseReturnValue:
    """Receive what was scanned; each label is answered for itself."""
    refused: list[str] = []
    found = codes(ReceiveForm(), refused)
    return writing(_receive)(name=name, found=found, refused=refused)


def _receive(name: str, found: list[str], refused: list[str]) -> ResponseReturnValue:
    consignment = load(Consignment, name)
    form: Any = ReceiveForm()

    def scan(code: str) -> Scan:
        return receiving.scan(consignment, code, form.place.data or "", by=actor(), now=now())

    page = partial(_page, consignment)
    told = answered(form, found, refused, beside=form.place, scan=scan, page=page)
    return told or go("receiving.receiving_page", name=name, place=form.place.data or "")


@pages.get("/<name>/finish", needs=policy.RECEIVE)
def finishing(name: str) -> ResponseReturnValue:
    """What was not scanned, and what becomes of it."""
    consignment = load(Consignment, name)
    if not consignment.workflow.find("finish", consignment.status):
        return go("collections.show", name=name)
    return _finishing(consignment, FinishForm(data={"seen": consignment.version}))


def _finishing(consignment: Consignment, form: Any) -> ResponseReturnValue:
    facts = queries.facts_of(consignment)
    form.now_shows(consignment.version)
    form.missing.raw_data = [str(facts.not_scanned)]
    return render(
        "collections/finish.html",
        status=form.status,
        consignment=consignment,
        form=form,
        facts=facts,
        lost=queries.not_scanned(consignment, languages.code(), LISTED),
    )


@pages.post("/<name>/finish", needs=policy.RECEIVE)
def finish(name: str) -> ResponseReturnValue:
    """Finish receiving: what was not scanned is missing, and will be charged."""
    consignment = load(Consignment, name)
    form: Any = FinishForm()

    def do() -> None:
        receiving.finish(consignment, **form.asked(), by=actor(), now=now())

    answer = steps.taken(consignment, form, do, told=lambda: _finished(form.missing.data))
    return answer or _finishing(consignment, form)


def _finished(missing: int) -> str:
    if not missing:
        return str(_("Received. Nothing is missing."))
    return ngettext(
        "Received. %(num)d piece is missing and will be charged.",
        "Received. %(num)d pieces are missing and will be charged.",
        missing,
    )
