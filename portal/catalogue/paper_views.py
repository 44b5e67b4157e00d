"""Parts on paper."""

from flask.typing import ResponseReturnValue

from portal.catalogue import policy
from portal.catalogue.models import Part
from portal.core.i18n import _
from portal.web.languages import code
from portal.web.links import public_url_for
from portal.web.paper import Paper, answer, paper
from portal.web.routes import Pages, load

pages = Pages("labels", __name__)


@pages.get("/parts/<name>/label.pdf", needs=policy.PART_READ, own_transactions=True)
def part(name: str) -> ResponseReturnValue:
    """A label for a part's shelf or box: whoever writes an application scans it."""

    def prepare() -> Paper:
        found = load(Part, name)
        facts = {"title": _("Label"), "part": found.number, "name": found.name_in(code())}
        address = public_url_for("catalogue.show", name=name)
        return paper("part_label", found.number, facts, address=address)

    return answer(prepare)
