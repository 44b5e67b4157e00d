"""Notes inside headquarters on lines of claims: written once, kept, and never a dealer's (P1)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select

from portal.claims import policy
from portal.claims.models import Claim, ClaimLine, ClaimNote
from portal.claims.services import source_of
from portal.core.db import AnyRow, session
from portal.core.errors import Invalid, NotFound
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.people.models import User


def add(claim: Claim, line: ClaimLine, text: str, *, by: Actor, now: datetime) -> ClaimNote:
    """Note something on a line, also of a claim that is decided or went back.

    Invalid without a text.
    """
    if by.is_dealer:
        raise NotFound()
    by.must(policy.DECIDE)
    if not text.strip():
        raise Invalid(_("Write the note first."), field="text")
    (about,) = source_of(line).values()
    note = ClaimNote(
        claim_id=claim.id, line_id=line.id, about=about, author_id=by.id, at=now, text=text
    )
    session.add(note)
    session.flush()
    return note


def beside(
    claim: Claim, line_ids: Sequence[int], actor: Actor
) -> Mapping[int | None, list[AnyRow]]:
    """The notes on some lines of a claim by their keys, oldest first; one query.

    Under None are those on lines that have left it since. Nothing for a dealer.
    """
    found: dict[int | None, list[AnyRow]] = defaultdict(list)
    if actor.is_dealer or not actor.can(policy.READ):
        return found
    for row in session.execute(
        select(
            ClaimNote.line_id,
            ClaimNote.about,
            ClaimNote.at,
            ClaimNote.text,
            User.name.label("author"),
        )
        .join(User, User.id == ClaimNote.author_id)
        .where(
            ClaimNote.claim_id == claim.id,
            or_(ClaimNote.line_id.in_(line_ids), ClaimNote.line_id.is_(None)),
        )
        .order_by(ClaimNote.id)
    ):
        found[row.line_id].append(row)
    return found
