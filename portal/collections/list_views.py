"""The list of consignments as a file."""

from portal.collections import policy
from portal.collections.models import Consignment
from portal.collections.views import shown
from portal.core.i18n import _
from portal.web import exports
from portal.web.exports import Column
from portal.web.routes import Pages

pages = Pages("collectionlists", __name__, url_prefix="/collections")


@exports.offers(pages, "", of="collections.index", needs=policy.READ)
def export() -> exports.Table:
    """The consignments as the list shows them."""
    moment = exports.moments()
    columns = [
        Column(_("Consignment"), "number"),
        Column(_("Collection"), "collection"),
        Column(_("Status"), "status", exports.states(Consignment.workflow)),
        Column(_("Dealer code"), "dealer_code"),
        Column(_("Dealer"), "dealer_name"),
        Column(_("To be sent by"), "due_at", moment),
        Column(_("Pieces"), "pieces"),
        Column(_("Packed"), "packed"),
        Column(_("Received"), "arrived"),
        Column(_("Carrier"), "carrier"),
        Column(_("Tracking number"), "tracking_number"),
        Column(_("Sent on"), "sent_at", moment),
        Column(_("Received on"), "received_at", moment),
    ]
    return exports.Table(_("Consignments"), shown().whole, columns)
