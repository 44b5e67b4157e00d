"""Drafts: of two people who type on the same one, neither overwrites the other unawares.

A save names the version that its page has shown. It is refused once another page has saved in the
meantime; a page's own saves are no news to it, so that one who types fast, or whose answer was
lost on the way, is not refused.
"""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Key
from portal.core.errors import Stale
from portal.core.i18n import _
from portal.core.permissions import Actor


class Draft:
    """The columns of what is kept while it is typed: who saved it last, when, and on which page.

    ``saved_page`` is the page's random key; empty once the draft has been handed in.
    """

    version: Mapped[int]
    saved_at: Mapped[datetime | None]
    saved_by_id: Mapped[int | None] = mapped_column(Key)
    saved_by: Mapped[str | None] = mapped_column(String(200))
    saved_page: Mapped[str | None] = mapped_column(String(80))


def check(draft: Draft, *, seen: int | None, page: str, by: Actor) -> None:
    """Stale if somebody else, or another page of the same person, has saved what ``seen`` has not.

    The caller has locked the draft's row.
    """
    if seen is None or seen == draft.version or (page and page == draft.saved_page):
        return
    if not draft.saved_page:
        raise Stale()
    if draft.saved_by_id == by.id:
        raise Stale(_("You saved this draft on another page in the meantime."))
    raise Stale(_("%(who)s saved this draft in the meantime.", who=draft.saved_by))


def mark(draft: Draft, *, page: str, leaves: bool, by: Actor, now: datetime) -> None:
    """Count a save. A page that ``leaves`` with it saves no more: what comes late is stale."""
    draft.version += 1
    draft.saved_at, draft.saved_by_id, draft.saved_by = now, by.id, by.name
    draft.saved_page = f"{page}/left" if leaves else page
