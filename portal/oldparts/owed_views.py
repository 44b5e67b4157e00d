"""Headquarters' pages of what dealers owe of old parts, and its waiver (O6)."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.core.db import rows, session
from portal.core.errors import NotFound
from portal.core.i18n import _
from portal.oldparts import charges, policy
from portal.oldparts import owed_queries as queries
from portal.oldparts.charge_models import OWED, OldPartCharge, OwedLine
from portal.oldparts.charge_workflow import CHARGE
from portal.oldparts.views import deadline
from portal.people.models import Dealer
from portal.web import filters, languages, lists, steps
from portal.web.forms import ActionForm
from portal.web.htmx import render
from portal.web.routes import Pages, actor, now

pages = Pages("owed", __name__, url_prefix="/old-parts/owed")


def _dealer() -> Dealer | None:
    code = lists.typed("dealer")
    return queries.dealer_of(code) if code else None


def shown() -> lists.Selection:
    """What the URL asks for of what is owed, the first due first; of all dealers, or of one."""
    return _shown(_dealer())


def _shown(dealer: Dealer | None) -> lists.Selection:
    return lists.Selection(
        queries.listed(*queries.scope(actor(), lists.typed(), dealer), language=languages.code()),
        OwedLine.register_by,
        OwedLine.shipment_line_id,
        tab=lists.current(queries.tabs(now())),
        oldest_first=True,
    )


@pages.get("", needs=policy.OWED)
def index() -> ResponseReturnValue:
    """What is owed, line by line."""
    text, dealer, tabs = lists.typed(), _dealer(), queries.tabs(now())
    tab, scope = lists.current(tabs), queries.scope(actor(), text, dealer)
    within = (*scope, *(() if tab.where is None else (tab.where,)))
    counted: Any = queries.table() if text else OwedLine
    return render(
        "oldparts/owed.html",
        fragments={"results"},
        listed=_shown(dealer).page(),
        sums=queries.sums(*within, joined=bool(text)),
        tabs=lists.tab_items(tabs, lists.counts(counted, scope, tabs)),
        tab=tab,
        q=text,
        dealer=dealer,
        deadline=deadline,
    )


@pages.get("/dealers", needs=policy.OWED)
def dealers() -> ResponseReturnValue:
    """What each dealer owes, the greatest value first, or the most pieces, or the oldest."""
    order = request.args.get("order", "")
    order = order if order in queries.ORDERS else "value"
    found = rows(queries.by_dealer(actor(), order, now()))
    return render(
        "oldparts/owed_dealers.html",
        rows=found,
        order=order,
        most=queries.MOST_DEALERS,
        deadline=deadline,
    )


def _line(line_id: int) -> Any:
    row = queries.one(line_id, actor(), languages.code())
    if row is None:
        raise NotFound()
    return row


def _page(row: Any, form: ActionForm | None = None) -> ResponseReturnValue:
    waive = CHARGE.find("waive", "due")
    is_owed = row.OwedLine.state == OWED
    may_waive = is_owed and actor().can(policy.WAIVE_CHARGE)
    url = url_for("owed.waive", line_id=row.id)
    return render(
        "oldparts/owed_line.html",
        status=form.status if form else 200,
        row=row,
        owed=row.OwedLine,
        is_owed=is_owed,
        due=deadline(row.created_at),
        within=filters.span(row.OwedLine.days, "day"),
        estimate=charges.estimate(row.OwedLine, now()),
        in_full=charges.in_full(now()),
        steps=[(waive, url)] if may_waive else [],
        charge=charges.of_line(row.id),
        charge_state=OldPartCharge.workflow.state,
        form=form,
    )


@pages.get("/<int(max=9223372036854775807):line_id>", needs=policy.OWED)
def show(line_id: int) -> ResponseReturnValue:
    """What is owed of one line, and what it will be charged at."""
    return _page(_line(line_id))


@pages.post("/<int(max=9223372036854775807):line_id>/waive", needs=policy.WAIVE_CHARGE)
def waive(line_id: int) -> ResponseReturnValue:
    """Let the dealer off, with a reason."""
    row, form = _line(line_id), steps.form_for("waive")
    owed = session.get_one(OwedLine, row.id)

    def do() -> OldPartCharge:
        reason, seen = form.reason.data or "", form.seen.data
        return charges.waive_owed(owed, seen=seen, reason=reason, by=actor(), now=now())

    charge: Any = owed  # what was made out for it is where it leads to
    return steps.taken(charge, form, do, told=_("Waived. It will never be charged.")) or _page(
        _line(line_id), form
    )
