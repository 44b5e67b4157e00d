"""The views of lists that a person keeps: filters of a URL, under a name of one's own."""

from urllib.parse import parse_qsl

from flask import flash
from flask.typing import ResponseReturnValue
from wtforms import HiddenField

from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.core.permissions import SIGNED_IN
from portal.people import queries, services
from portal.web import lists
from portal.web.forms import Form, line
from portal.web.routes import Pages, actor, go, needs_of

LONGEST = 2000
"""Characters of a query that are looked at."""

pages = Pages("savedviews", __name__)


class ViewForm(Form):
    """A view of a list: whose list, which filters, what to call it."""

    endpoint = HiddenField()
    query = HiddenField()
    name = line(_l("Name of the view"), most=40)


def _asked(form: ViewForm) -> tuple[str, str]:
    """The list's endpoint and its filters; Invalid for what is no list of this person's."""
    endpoint = form.endpoint.data or ""
    if not lists.has_views(endpoint) or not actor().can(needs_of(endpoint)):
        raise Invalid(_("There is no such list."))
    try:
        given = parse_qsl((form.query.data or "")[:LONGEST], max_num_fields=20)
    except ValueError:
        raise Invalid(_("These filters are too many to be kept.")) from None
    return endpoint, lists.as_query(dict(given))


@pages.post("/views", needs=SIGNED_IN)
def save() -> ResponseReturnValue:
    """Keep the filters of a list under a name."""
    form = ViewForm()
    endpoint, query = _asked(form)
    if form.validate_on_submit():
        with form.refusals():
            services.save_view(queries.own(actor()), endpoint, form.name.data, query)
            flash(_("The view “%(name)s” is kept.", name=form.name.data), "success")
    for sentence in (*form.name.errors, *form.form_errors):
        flash(sentence, "warning")
    return go(endpoint, **dict(parse_qsl(query)))


@pages.post("/views/remove", needs=SIGNED_IN)
def remove() -> ResponseReturnValue:
    """Forget a view."""
    form = ViewForm()
    endpoint, query = _asked(form)
    if form.validate_on_submit():
        services.remove_view(queries.own(actor()), endpoint, form.name.data)
    return go(endpoint, **dict(parse_qsl(query)))
