"""The board for the shop: what an approved schedule says, large, on one sheet (F1)."""

from portal.core.db import session
from portal.core.errors import NotFound
from portal.core.i18n import _
from portal.fees import queries
from portal.fees.models import FeeSchedule
from portal.fees.workflow import UNITS
from portal.people.models import Dealer
from portal.web import languages
from portal.web.filters import day, money
from portal.web.links import public_url_for
from portal.web.paper import Paper, paper


def board(schedule: FeeSchedule, size: str) -> Paper:
    """An approved schedule on A4 or A3; its code leads to the page that anybody may read.

    NotFound for one that is not approved: only approved rates are hung up.
    """
    if schedule.status != "approved":
        raise NotFound()
    dealer = session.get_one(Dealer, schedule.dealer_id)
    facts = {
        "size": size,
        "title": _("Service fees"),
        "number": schedule.number or "",
        "dealer": dealer.name,
        "since": _("In force from %(day)s", day=day(schedule.in_force_from)),
        "approved": _("Approved by headquarters: %(number)s", number=schedule.number),
        "scan": _("Scan to see the rates that are in force today."),
        "lines": [
            {"name": row.name, "unit": str(UNITS[row.unit]), "amount": money(row.amount)}
            for row in queries.lines_of(schedule, languages.code())
        ],
    }
    address = public_url_for("rates.show", name=dealer.public_id)
    return paper("fee_board", f"{_('Service fees')} {schedule.number}", facts, address=address)
