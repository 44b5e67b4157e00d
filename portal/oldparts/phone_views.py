"""Registering with a phone in the hand: the camera finds the line, a hint warns of a serial."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.catalogue.labels import labelled
from portal.core.db import reading
from portal.core.errors import Invalid
from portal.core.i18n import _
from portal.files.images import codes_in
from portal.files.services import MAX_BYTES
from portal.oldparts import policy, registering
from portal.web import languages
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go

pages = Pages("phone", __name__, url_prefix="/old-parts")


@pages.post("/scan", needs=policy.REGISTER, own_transactions=True)
def scan() -> ResponseReturnValue:
    """From a photo of a part's label to the form of its next piece, the first due first."""
    sent = request.files.get("scan")
    if sent is None or not sent.filename:
        flash(_("Take a photo of the label first."), "error")
        return go("oldparts.to_register")
    try:
        texts = [clean(text) for text in codes_in(sent.stream.read(MAX_BYTES + 1), sent.filename)]
    except Invalid as refusal:
        flash(str(refusal), "error")
        return go("oldparts.to_register")
    if not texts:
        flash(_("No code was found in “%(name)s”.", name=sent.filename), "error")
        return go("oldparts.to_register")
    with reading():
        line = registering.open_line_of(labelled(texts).values(), actor(), languages.code())
    if line is None:
        flash(_("Nothing is to be registered for what was scanned."), "warning")
        return go("oldparts.to_register")
    return go("oldparts.new", shipment=line.shipment_public_id, position=line.position)


@pages.get("/alike", needs=policy.REGISTER)
def alike() -> ResponseReturnValue:
    """The hint beside a serial that looks like one of the dealer's own (O4)."""
    typed = {name: clean(request.args.get(name, ""))[:200] for name in registering.SERIALS}
    return render("oldparts/_alike.html", found=registering.look_alikes(actor(), **typed))
