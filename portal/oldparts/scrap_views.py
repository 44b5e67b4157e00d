"""The pages on which scrapping is allowed, and proved (O7)."""

from typing import Any

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.core.i18n import _, ngettext
from portal.files.views import with_uploads
from portal.oldparts import forms, policy, queries, scrapping
from portal.oldparts.models import OldPart
from portal.oldparts.payments import PAYMENTS
from portal.web import languages, lists, steps
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, load, now

pages = Pages("scrapping", __name__, url_prefix="/old-parts")


def _page(old_part: OldPart, form: Any) -> ResponseReturnValue:
    form.now_shows(old_part.version)
    return render(
        "oldparts/scrap.html",
        status=form.status,
        old_part=old_part,
        part=queries.part_of(old_part, languages.code()),
        form=form,
    )


@pages.get("/<name>/scrap", needs=policy.SCRAP)
def new(name: str) -> ResponseReturnValue:
    """What proves that a piece was scrapped."""
    old_part = load(OldPart, name)
    if old_part.workflow.find("scrap", old_part.status) is None:
        return go("oldparts.show", name=name)
    return _page(old_part, forms.ScrapForm(formdata=None, data={"seen": old_part.version}))


@pages.post("/<name>/scrap", needs=policy.SCRAP, own_transactions=True)
@with_uploads("photos")
def scrap(name: str) -> ResponseReturnValue:
    """Say that it was scrapped."""
    old_part = load(OldPart, name)
    form: Any = forms.ScrapForm()

    def do() -> None:
        asked = {"seen": form.seen.data, "by": actor(), "now": now()}
        scrapping.scrap(old_part, form.photos.data, **asked)

    return steps.taken(old_part, form, do, told=_("Scrapped.")) or _page(old_part, form)


def _picked() -> list[str]:
    return [clean(name) for name in request.values.getlist("pick")[: scrapping.MOST]]


def _many(form: Any) -> ResponseReturnValue:
    found = scrapping.chosen(actor(), _picked(), languages.code())
    able = {row.public_id for row in found if OldPart.workflow.find("allow_scrap", row.status)}
    return render(
        "oldparts/scrap_many.html",
        status=form.status,
        form=form,
        found=found,
        able=able,
        state=lists.states(OldPart.workflow),
        payments=PAYMENTS,
    )


@pages.get("/scrapping", needs=policy.CALL)
def many() -> ResponseReturnValue:
    """The ticked pieces, to be allowed to be scrapped."""
    return _many(forms.ScrapManyForm(formdata=None))


@pages.post("/scrapping", needs=policy.CALL)
def allow() -> ResponseReturnValue:
    """Allow it for those that are still ticked."""
    form: Any = forms.ScrapManyForm()
    seen = {name: request.form.get(f"seen-{name}", -1, type=int) for name in _picked()}
    if form.validate_on_submit():
        with form.refusals():
            count = scrapping.allow_many(seen, by=actor(), now=now())
            told = ngettext(
                "%(num)d piece may be scrapped. The dealer proves it with a photo.",
                "%(num)d pieces may be scrapped. The dealers prove it with photos.",
                count,
            )
            flash(str(told), "success")
            return go("oldparts.index", tab="to_scrap")
    return _many(form)
