"""The page on which the desk calls old parts in (O7)."""

from datetime import timedelta
from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.collections import calling, policy
from portal.collections.forms import CallForm, WishForm
from portal.core.i18n import ngettext
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("calling", __name__, url_prefix="/collections")
LASTS = timedelta(days=14)
"""Until when pieces are to be sent, if nobody says otherwise."""


def _page(form: CallForm) -> ResponseReturnValue:
    wish = WishForm(formdata=request.args)
    found = calling.preview(wish.wish, now()) if wish.validate() else []
    names = set(map(clean, request.form.getlist("dealer")))
    ticked = {row.public_id for row in found if row.public_id in names or not request.form}
    return render(
        "collections/call.html",
        fragments={"results"},
        status=form.status,
        form=form,
        wish=wish,
        regions=[(region, region) for region in calling.regions()],
        found=found,
        ticked=ticked,
        today=now().date(),
    )


@pages.get("/call", needs=policy.CALL)
def new() -> ResponseReturnValue:
    """Which accepted pieces there are, by dealer, under the filters of the address."""
    return _page(CallForm(data={"until": now().date() + LASTS}))


@pages.post("/call", needs=policy.CALL)
def call() -> ResponseReturnValue:
    """Call those of the ticked dealers in."""
    form: Any = CallForm()
    wish = WishForm(formdata=request.args)
    dealers = set(map(clean, request.form.getlist("dealer")))
    if not wish.validate():
        form.status = 422
    elif form.validate_on_submit():
        with form.refusals():
            pieces = sum(request.form.get(f"pieces-{name}", -1, type=int) for name in dealers)
            made = calling.call(
                wish.wish, dealers, form.terms, pieces=pieces, by=actor(), now=now()
            )
            told = ngettext("Called in: %(num)d piece.", "Called in: %(num)d pieces.", pieces)
            flash(str(told), "success")
            return go("collections.index", q=made.number)
    return _page(form)
