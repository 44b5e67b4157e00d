"""The review at headquarters: the queue, what is known beside a piece, and many at once (O5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, false, literal, or_, select, union_all

from portal.catalogue.models import Part
from portal.core import workflow
from portal.core.db import AnyRow, session
from portal.core.errors import Conflict, Refusal
from portal.core.permissions import Actor
from portal.oldparts import policy
from portal.oldparts.findings import A_YEAR, Judged, judged
from portal.oldparts.models import OldPart
from portal.oldparts.payments import payment_column
from portal.oldparts.queries import first_photo, scope
from portal.people.models import Dealer
from portal.web.lists import capped, in_words

MOST = 200
"""So many pieces are looked at, and accepted, in one go."""
LAST = 3
WAITING = OldPart.status == "registered"


def waiting(actor: Actor) -> int:
    """How many pieces wait for review, counted no further than a page shows it."""
    return session.scalars(select(capped(OldPart, policy.visible_old_parts(actor), WAITING))).one()


# One after another


def following(actor: Actor, after: OldPart | None = None) -> str | None:
    """The public id of the piece that waits longest: after another one, else the first."""
    return _beside(actor, after, later=True)


def preceding(actor: Actor, before: OldPart) -> str | None:
    """The public id of the piece that began to wait just before another one, else the last."""
    return _beside(actor, before, later=False)


def _beside(actor: Actor, piece: OldPart | None, *, later: bool) -> str | None:
    at, key = OldPart.created_at, OldPart.id
    order = (at.asc(), key.asc()) if later else (at.desc(), key.desc())
    statement = (
        select(OldPart.public_id)
        .where(policy.visible_old_parts(actor), WAITING)
        .order_by(*order)
        .limit(1)
    )
    if piece is not None:
        statement = statement.where(key != piece.id)
        now, same = piece.created_at, piece.id
        if later:
            beyond = or_(at > now, and_(at == now, key > same))
        else:
            beyond = or_(at < now, and_(at == now, key < same))
        found = session.scalar(statement.where(beyond))
        if found is not None:
            return found
    return session.scalar(statement)


# What is known beside a piece


class Past(NamedTuple):
    """How often there was something like this before, and the last of it."""

    often: str
    last: Sequence[AnyRow]


@dataclass(frozen=True)
class History:
    """What else was registered for the same customer, product, and part; and by the dealer."""

    customer: Past
    product: Past
    part: Past
    dealer: str
    rejected: str


def history_of(piece: OldPart, now: datetime) -> History:
    """The other pieces of a year, and those of the product whenever; two queries by indexes."""
    recent = OldPart.created_at > now - A_YEAR
    shares = {
        "customer": (_known(OldPart.customer_key, piece.customer_key), recent),
        "product": (_known(OldPart.product_serial_key, piece.product_serial_key),),
        "part": (OldPart.dealer_id == piece.dealer_id, OldPart.part_id == piece.part_id, recent),
    }
    last: dict[str, list[AnyRow]] = {name: [] for name in shares}
    for row in session.execute(
        union_all(*(select(_last(name, piece, where).subquery()) for name, where in shares.items()))
    ):
        last[row.share].append(row)
    others = {name: (*where, OldPart.id != piece.id) for name, where in shares.items()}
    by_dealer = (OldPart.dealer_id == piece.dealer_id, recent)
    counts = session.execute(
        select(
            *(capped(OldPart, *where).label(name) for name, where in others.items()),
            capped(OldPart, *by_dealer).label("dealer"),
            capped(OldPart, *by_dealer, OldPart.status == "rejected").label("rejected"),
        )
    ).one()
    pasts = {name: Past(in_words(getattr(counts, name)), last[name]) for name in shares}
    return History(**pasts, dealer=in_words(counts.dealer), rejected=in_words(counts.rejected))


def _known(column: Any, key: str | None) -> ColumnElement[bool]:
    """Pieces without a key have nothing in common."""
    return false() if key is None else column == key


def _last(share: str, piece: OldPart, where: Sequence[ColumnElement[bool]]) -> Any:
    return (
        select(
            literal(share).label("share"),
            OldPart.number,
            OldPart.public_id,
            OldPart.status,
            OldPart.failed_on,
            Part.number.label("part_number"),
        )
        .join(Part, Part.id == OldPart.part_id)
        .where(*where, OldPart.id != piece.id)
        .order_by(OldPart.created_at.desc(), OldPart.id.desc())
        .limit(LAST)
    )


# Many at once


class Waiting(NamedTuple):
    """A piece in the queue, with what was found."""

    piece: OldPart
    part_number: str
    part_name: str
    dealer: str
    photo: str | None
    payment: str
    judged: Judged


def queue(actor: Actor, text: str, name: Any, *, now: datetime) -> list[Waiting]:
    """The pieces that have waited longest, at most ``MOST``; ``name`` is the part's name column."""
    found = session.execute(
        select(
            OldPart,
            Part.number,
            name.label("name"),
            Dealer.code,
            Dealer.name,
            first_photo(),
            payment_column(actor),
        )
        .join(Part, Part.id == OldPart.part_id)
        .join(Dealer, Dealer.id == OldPart.dealer_id)
        .where(*scope(actor, text), WAITING)
        .order_by(OldPart.created_at, OldPart.id)
        .limit(MOST)
    ).all()
    known = judged([row[0] for row in found], now=now)
    return [
        Waiting(piece, number, name, f"{code} {dealer}", photo, payment, known[piece.id])
        for piece, number, name, code, dealer, photo, payment in found
    ]


@dataclass
class Outcome:
    """What became of many: those that were accepted, and why the others were not."""

    done: list[OldPart] = field(default_factory=list)
    refused: list[tuple[OldPart, Refusal]] = field(default_factory=list)


def accept_many(seen: Mapping[str, int], *, by: Actor, now: datetime) -> Outcome:
    """Accept the pieces of these public ids at once (O5); ``seen`` are the versions looked at.

    One that somebody decided meanwhile, or on which there is a finding now, is in the outcome with
    its reason and stays as it is.
    """
    by.must(policy.REVIEW)
    pieces = session.scalars(
        select(OldPart)
        .where(OldPart.public_id.in_(seen), policy.visible_old_parts(by))
        .order_by(OldPart.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    known = judged(pieces, now=now)
    outcome = Outcome()
    for piece in pieces:
        try:
            workflow.check(piece, "accept", by=by, seen=seen[piece.public_id])
            for finding in known[piece.id].findings:
                raise Conflict(finding.sentence)
        except Conflict as refusal:
            outcome.refused.append((piece, refusal))
        else:
            outcome.done.append(piece)
    workflow.apply_many(outcome.done, "accept", by=by, now=now, values={})
    for piece in outcome.done:
        piece.accepted_at = now
    return outcome
