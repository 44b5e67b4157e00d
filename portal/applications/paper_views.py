"""Applications and shipments as PDF."""

from flask.typing import ResponseReturnValue

from portal.applications import paper, policy
from portal.applications.models import Application, Shipment
from portal.web.paper import answer
from portal.web.routes import Pages, load

pages = Pages("paper", __name__)


@pages.get("/applications/<name>/paper.pdf", needs=policy.READ, own_transactions=True)
def application(name: str) -> ResponseReturnValue:
    """The application as one A4 page; more lines go on on further pages (A11)."""
    return answer(lambda: paper.application(load(Application, name)))


@pages.get("/shipments/<name>/packing-slip.pdf", needs=policy.READ, own_transactions=True)
def packing_slip(name: str) -> ResponseReturnValue:
    """What lies in the shipment, to pack and to open it with (A7)."""
    return answer(lambda: paper.packing_slip(load(Shipment, name)))
