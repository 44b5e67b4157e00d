"""The page on which a customer's personal data is found, and removed for good."""

from flask import flash, request
from flask.typing import ResponseReturnValue

from portal.core.documents import kind_named
from portal.core.i18n import _l, ngettext
from portal.privacy import policy, queries, services
from portal.privacy import retention as retention  # the worker finds its timers
from portal.privacy.forms import AnonymiseForm
from portal.privacy.naming import NAMING
from portal.web import frame, lists
from portal.web.forms import clean
from portal.web.htmx import render
from portal.web.routes import Pages, actor, go, now

pages = Pages("privacy", __name__, url_prefix="/customers")
frame.room(78, _l("Customer data"), "user", "privacy.index", policy.ANONYMISE)


def _page(form: AnonymiseForm) -> ResponseReturnValue:
    text = lists.typed("q")
    found = queries.found(text, actor(), now())
    return render(
        "privacy/index.html",
        fragments={"results"},
        status=form.status,
        form=form,
        text=text,
        least=queries.LEAST,
        most=queries.MOST,
        found=found,
        is_kept=queries.is_kept_in_events(row for row in found if row.is_over),
        kinds={name: kind_named(name).label for name in NAMING},
        states={name: lists.states(naming.model.workflow) for name, naming in NAMING.items()},
        picked=set(_picked()),
    )


def _picked() -> list[str]:
    most = queries.MOST * len(NAMING)
    return [clean(name) for name in request.form.getlist("pick")[:most]]


@pages.get("", needs=policy.ANONYMISE)
def index() -> ResponseReturnValue:
    """What is kept of a customer."""
    return _page(AnonymiseForm(formdata=None))


@pages.post("", needs=policy.ANONYMISE)
def anonymise() -> ResponseReturnValue:
    """Remove it from the documents that are ticked."""
    form = AnonymiseForm()
    seen = {}
    for pick in _picked():
        kind, _space, name = pick.partition(" ")
        seen[kind, name] = request.form.get(f"seen-{pick}", -1, type=int)
    if form.validate_on_submit():
        with form.refusals():
            count = services.anonymise(seen, form.reason.data or "", by=actor(), now=now())
            told = ngettext(
                "The customer’s data of %(num)d document is removed.",
                "The customer’s data of %(num)d documents is removed.",
                count,
            )
            flash(told, "success")
            return go("privacy.index")
    return _page(form)
