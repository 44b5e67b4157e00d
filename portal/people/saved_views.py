"""The views of lists that a person keeps: filters of a URL, under a name of one's own."""

from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from flask import current_app, flash
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.core.errors import Invalid
from portal.core.i18n import _, _l
from portal.core.permissions import SIGNED_IN
from portal.people import queries, services
from portal.web import kept_views
from portal.web.forms import Form, line
from portal.web.routes import Pages, actor, go, needs_of

LONGEST = 2000
"""Characters of a query that are looked at."""

pages = Pages("savedviews", __name__)


class ViewForm(Form):
    """A view of a list: where the list is, which filters, what to call it."""

    path = HiddenField()
    query = HiddenField()
    name = line(_l("Name of the view"), most=40)


class _List(NamedTuple):
    """A list's endpoint, what its address names, and its filters."""

    endpoint: str
    names: dict[str, Any]
    query: str

    def go(self) -> Response:
        """Back to the list under its filters."""
        return go(self.endpoint, **dict(parse_qsl(self.query)), **self.names)


def _asked(form: ViewForm) -> _List:
    """The list that a form means; Invalid for what is no list of this person's."""
    try:
        found = current_app.url_map.bind("").match(form.path.data or "", "GET")
    except (HTTPException, ValueError):
        found = "", {}
    endpoint, names = found
    if not kept_views.has(endpoint) or not actor().can(needs_of(endpoint)):
        raise Invalid(_("There is no such list."))
    try:
        given = parse_qsl((form.query.data or "")[:LONGEST], max_num_fields=20)
    except ValueError:
        raise Invalid(_("These filters are too many to be kept.")) from None
    filters = {name: value for name, value in given if name not in names}
    return _List(endpoint, dict(names), kept_views.as_query(filters))


@pages.post("/views", needs=SIGNED_IN)
def save() -> ResponseReturnValue:
    """Keep the filters of a list under a name."""
    form = ViewForm()
    asked = _asked(form)
    if form.validate_on_submit():
        with form.refusals():
            services.save_view(queries.own(actor()), asked.endpoint, form.name.data, asked.query)
            flash(_("The view “%(name)s” is kept.", name=form.name.data), "success")
    for sentence in (*form.name.errors, *form.form_errors):
        flash(sentence, "warning")
    return asked.go()


@pages.post("/views/remove", needs=SIGNED_IN)
def remove() -> ResponseReturnValue:
    """Forget a view."""
    form = ViewForm()
    asked = _asked(form)
    if form.validate_on_submit():
        services.remove_view(queries.own(actor()), asked.endpoint, form.name.data)
    return asked.go()
