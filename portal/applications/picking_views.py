"""The pages of the pick list (A7)."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from portal.applications import paper, picking, policy
from portal.web import lists
from portal.web.htmx import render
from portal.web.paper import Paper, answer
from portal.web.routes import Pages, actor

pages = Pages("picking", __name__)


def _chosen() -> tuple[str, Any, set[str]]:
    """The dealer in the address, the applications to choose from, and those that are chosen."""
    dealer = lists.typed("dealer")
    shown = picking.applications(actor(), dealer)
    every = {row.public_id for row in shown}
    return dealer, shown, every & set(request.args.getlist("pick")) or every


@pages.get("/shipments/pick-list", needs=policy.SHIP)
def index() -> ResponseReturnValue:
    """What is to be shipped, and the parts of it in all."""
    dealer, shown, chosen = _chosen()
    query: dict[str, Any] = {"dealer": dealer or None}
    if len(chosen) < len(shown):
        query["pick"] = sorted(chosen)
    return render(
        "shipments/pick_list.html",
        shown=shown,
        most=picking.MOST,
        chosen=chosen,
        dealer=dealer,
        dealers=[(row.code, f"{row.code} {row.name}") for row in picking.dealers(actor())],
        parts=picking.parts(chosen),
        paper=url_for("picking.paper_list", **query),
    )


@pages.get("/shipments/pick-list.pdf", needs=policy.SHIP, own_transactions=True)
def paper_list() -> ResponseReturnValue:
    """The same on paper."""

    def prepare() -> Paper:
        _dealer, _shown, chosen = _chosen()
        return paper.pick_list(picking.parts(chosen))

    return answer(prepare)
