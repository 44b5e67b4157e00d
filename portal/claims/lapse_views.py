"""What a dealer can claim for a few days more only, and where (R2)."""

from flask.typing import ResponseReturnValue

from portal.claims import eligibility, lapses, policy
from portal.claims.history import LAPSE_VALUES
from portal.claims.lapse_models import Lapse
from portal.core.clock import Month
from portal.core.documents import DocumentKind, register
from portal.core.i18n import _l
from portal.web import languages, timeline
from portal.web.htmx import render
from portal.web.routes import Pages, load, now

pages = Pages("lapses", __name__)
register(
    DocumentKind(
        Lapse,
        _l("What lapses"),
        "lapses.show",
        policy.visible_lapses,
        takes_comments=False,
        values=LAPSE_VALUES,
    )
)


@pages.get("/claims/lapsing/<name>", needs=policy.READ)
def show(name: str) -> ResponseReturnValue:
    """What was announced, and of it what is on no claim yet."""
    lapse = load(Lapse, name)
    known = eligibility.latest_claims(lapse.dealer_id, [Month.parse(lapse.month)])
    return render(
        "claims/lapse.html",
        lapse=lapse,
        is_over=lapse.until < now(),
        claim=known.get(lapse.month),
        pieces=lapses.pieces_of(lapse, now(), languages.code()),
        entries=timeline.of(lapse),
    )
