"""What can be done with a whole list of applications: filter it, and take it along as a sheet."""

from datetime import timedelta

from flask import request

from portal.applications import policy, queries
from portal.applications.models import Application
from portal.core.i18n import _
from portal.people.models import Dealer
from portal.web import exports, filters, lists
from portal.web.exports import Column
from portal.web.routes import Pages, actor, now

pages = Pages("worklist", __name__)


def wish() -> queries.Wish:
    """What the URL asks for of the applications."""
    return queries.Wish(
        text=lists.typed(),
        dealer="" if actor().is_dealer else lists.typed("dealer"),
        begun=lists.days_asked(),
        late=now() if request.args.get("due") == "late" else None,
    )


def chips(asked: queries.Wish) -> list[tuple[str, str]]:
    """The filters that are on in words, each with the address that takes it off."""
    first, last = asked.begun
    on = {
        "dealer": asked.dealer and _("Dealer %(code)s", code=asked.dealer),
        "due": asked.late and _("Overdue"),
        "from": first and _("Begun from %(day)s", day=filters.day(first)),
        "to": last and _("Begun until %(day)s", day=filters.day(last - timedelta(seconds=1))),
    }
    return [
        (label, lists.here(**{name: None, "after": None})) for name, label in on.items() if label
    ]


_COLUMNS = (
    Application.number,
    Application.reference,
    Application.status,
    Dealer.code.label("dealer_code"),
    Dealer.name.label("dealer_name"),
    Application.contact,
    Application.phone,
    Application.delivery_address,
    Application.line_count,
    Application.total,
    Application.created_at,
    Application.submitted_at,
    Application.due_at,
)


@exports.offers(pages, "/applications", of="applications.index", needs=policy.READ)
def export() -> exports.Table:
    """The applications, newest first."""
    tab = lists.current(queries.tabs_for(actor()))
    statement, values = queries.selected(actor(), wish(), tab, *_COLUMNS)
    money, moment, draft = exports.money(), exports.moments(), _("Draft")
    columns = [
        Column(_("Number"), "number", lambda number: number or draft),
        Column(_("The dealer's own number"), "reference"),
        Column(_("Status"), "status", exports.states(Application.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Contact"), "contact"),
        Column(_("Phone"), "phone"),
        Column(_("Delivery address"), "delivery_address"),
        Column(_("Lines"), "line_count"),
        Column(_("Total"), "total", lambda total: money(total or None)),
        Column(_("Begun"), "created_at", moment),
        Column(_("Submitted on"), "submitted_at", moment),
        Column(_("Due"), "due_at", moment),
    ]
    return exports.Table(_("Parts applications"), statement, columns, values)
