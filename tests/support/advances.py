"""Requests for advance compensation in steps (S4)."""

from collections.abc import Sequence

from portal.advances import services
from portal.advances.commands import Request
from portal.advances.models import Advance
from portal.core.db import session
from tests.support import story
from tests.support.portal import Portal

ASKED = Request("李秀英", "The valve leaked and spoilt the ceiling below.", 48000, "WC-9", "SN-77")


def requested(
    portal: Portal,
    asked: Request = ASKED,
    *,
    by: str = "clerk",
    files: Sequence[str] | None = None,
) -> Advance:
    """A request with a photo."""
    files = [story.photo(portal, by)] if files is None else files
    with portal.transaction():
        return services.request(asked, files, by=portal.cast[by], now=portal.now)


def decide(portal: Portal, advance: Advance, step: str, by: str = "desk") -> None:
    """Return or reject it as the desk, or withdraw it."""
    with portal.transaction():
        advance = session.get_one(Advance, advance.id)
        facts = {"by": portal.cast[by], "now": portal.now}
        services.act(advance, step, seen=None, reason="No bill is there", **facts)


def approve(
    portal: Portal,
    advance: Advance,
    amount: int | None = None,
    by: str = "desk",
    *,
    seen: int | None = None,
    reason: str = "As on the bill",
) -> Advance:
    """Approve it, whole unless an amount is given."""
    with portal.transaction():
        advance = session.get_one(Advance, advance.id)
        most = advance.asked if amount is None else amount
        facts = {"by": portal.cast[by], "now": portal.now}
        services.approve(advance, most, seen=seen, reason=reason, **facts)
        return advance


def approved(portal: Portal, amount: int = 36000, *, by: str = "clerk") -> Advance:
    """A compensation of which a part was approved, not claimed yet."""
    return approve(portal, requested(portal, by=by), amount)
