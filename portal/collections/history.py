"""What the events of consignments, and the values that they keep, are called."""

from portal.collections.models import Consignment
from portal.core.i18n import _l
from portal.oldparts import history
from portal.web.timeline import moment, number_of, plain, span

WORDS = {"create": _l("left these pieces for later")}
VALUES = {
    "pieces": plain(_l("Pieces")),
    "boxes": plain(_l("Boxes")),
    "until": moment(_l("To be sent by")),
    "carrier": plain(_l("Carrier")),
    "tracking_number": plain(_l("Tracking number")),
    "rest": number_of(_l("Left for later"), Consignment.number),
    "rest_of": number_of(_l("Left out of"), Consignment.number),
    "received": plain(_l("Received")),
    "unexpected": plain(_l("Unexpected")),
    "missing": plain(_l("Missing")),
    "remind_days": span(_l("Reminded so long before"), "day"),
}
# What the events of the pieces themselves keep of their consignments.
history.VALUES.update(
    consignment=number_of(_l("Consignment"), Consignment.number),
    place=plain(_l("Storage place")),
    unexpected=plain(_l("Unexpected")),
)
