"""The packing list of a consignment on paper: a page for each box (point 4, O7)."""

from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter

from sqlalchemy import select

from portal.collections.models import Collection, Consignment
from portal.core.db import AnyRow, session
from portal.core.i18n import _
from portal.people.models import Dealer
from portal.web.filters import day, number
from portal.web.links import public_url_for
from portal.web.paper import Paper, paper


def packing_list(consignment: Consignment, pieces: Sequence[AnyRow]) -> Paper:
    """What lies in each of some boxes, to be ticked off; ``pieces`` come box by box."""
    boxes = [(box, list(its)) for box, its in groupby(pieces, attrgetter("box"))]
    collection = session.get_one(Collection, consignment.collection_id)
    dealer = session.execute(
        select(Dealer.code, Dealer.name).where(Dealer.id == consignment.dealer_id)
    ).one()
    facts = {
        "title": _("Packing list"),
        "number": consignment.number,
        "status": "",
        "facts": [
            {"label": _("Dealer"), "value": f"{dealer.code} {dealer.name}"},
            {"label": _("Collection"), "value": collection.number},
            {"label": _("Where to"), "value": collection.deliver_to, "wide": True},
            {"label": _("To be sent by"), "value": day(consignment.due_at)},
            {"label": _("Carrier"), "value": _carrier(consignment)},
        ],
        "heads": ["", _("Old part"), _("Part"), _("Name"), _("Serial")],
        "boxes": [
            {
                "title": _("Box %(box)d", box=box),
                "count": _("Pieces: %(count)s", count=number(len(its))),
                "lines": [_line(row) for row in its],
            }
            for box, its in boxes
        ],
    }
    address = public_url_for("collections.show", name=consignment.public_id)
    name = consignment.number + (f"-{boxes[0][0]}" if len(boxes) == 1 else "")
    return paper("old_part_packing_list", name, facts, address=address)


def _carrier(consignment: Consignment) -> str:
    return " ".join(filter(None, (consignment.carrier, consignment.tracking_number)))


def _line(row: AnyRow) -> dict[str, str]:
    return {
        "number": row.number,
        "part": row.part_number,
        "name": row.part_name,
        "serial": row.old_serial,
    }
