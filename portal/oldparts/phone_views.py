"""Registering with a phone in the hand: the camera finds the line, a hint warns of a serial."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.catalogue.labels import labelled
from portal.core.db import reading
from portal.core.i18n import _
from portal.files.views import scanned
from portal.oldparts import policy, registering
from portal.web import languages
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go

pages = Pages("phone", __name__, url_prefix="/old-parts")


@pages.post("/scan", needs=policy.REGISTER, own_transactions=True)
def scan() -> ResponseReturnValue:
    """From a photo of a part's label to the form of its next piece, the first due first."""
    refused: list[str] = []
    texts = scanned(refused)
    if not texts:
        for sentence in refused or [_("Take a photo of the label first.")]:
            flash(sentence, "error")
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
