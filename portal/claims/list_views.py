"""The list of claims as a file."""

from sqlalchemy import case

from portal.claims import policy, queries
from portal.claims.models import Claim
from portal.claims.views import shown
from portal.core.i18n import _
from portal.web import exports
from portal.web.exports import Column
from portal.web.routes import Pages, actor

pages = Pages("claimlists", __name__)
_IS_DECIDED = Claim.status.in_(("decided", "settled"))


@exports.offers(pages, "/claims", of="claims.index", needs=policy.READ)
def export() -> exports.Table:
    """The claims as the list shows them."""
    money, state, returned = exports.money(), exports.states(Claim.workflow), _("Returned")
    columns = [
        Column(_("Number"), "number"),
        Column(_("Status"), "shown", lambda name: returned if name == "-" else state(name)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("Month"), "month"),
        Column(_("Lines"), "line_count"),
        Column(_("Claimed"), "claimed", money),
        Column(_("Approved"), "decided", money),
        Column(_("Submitted on"), "submitted_at", exports.moments()),
    ]
    if actor().can(policy.FINDINGS):
        columns.append(Column(_("Lines with findings"), "suspicious"))
    statement = (
        shown()
        .whole.add_columns(case((queries.RETURNED, "-"), else_=Claim.status).label("shown"))
        .add_columns(case((_IS_DECIDED, Claim.approved)).label("decided"))
    )
    return exports.Table(_("Claims"), statement, columns)
