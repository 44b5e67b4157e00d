"""Parts on paper."""

from flask.typing import ResponseReturnValue

from portal.catalogue import policy
from portal.catalogue.models import Part
from portal.core.i18n import _
from portal.web.languages import code
from portal.web.links import public_url_for
from portal.web.paper import answer, pdf
from portal.web.routes import Pages, load

pages = Pages("labels", __name__)


@pages.get("/parts/<name>/label.pdf", needs=policy.PART_READ)
def part(name: str) -> ResponseReturnValue:
    """A label for a part's shelf or box: whoever writes an application scans it."""
    found = load(Part, name)
    facts = {"title": _("Label"), "part": found.number, "name": found.name_in(code())}
    address = public_url_for("catalogue.show", name=name)
    return answer(pdf("part_label", facts, address=address), found.number)
