"""What rules find on pieces before a person looks at them (O4, O5): sentences for the reviewer.

A piece without a finding can be accepted together with others; one that has any is looked at by
itself. However many pieces are asked about, the number of queries is the same.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from portal.catalogue.eligibility import Case, Eligibility
from portal.catalogue.warranty import eligibilities
from portal.core.db import AnyRow, session
from portal.core.i18n import _, ngettext
from portal.files.models import Attachment
from portal.oldparts.models import OldPart

MOST_COMPARED = 20
"""With so many of the newest that have the same serial a piece is compared."""
MANY_REPAIRS = 3
"""So many other repairs of one customer in a year are unusual."""
A_YEAR = timedelta(days=365)


@dataclass(frozen=True)
class Finding:
    """What is unusual, in a sentence, and the other piece that it is about."""

    sentence: str
    other: AnyRow | None = None


@dataclass(frozen=True)
class Judged:
    """A piece with what follows for its warranty, and what was found."""

    eligibility: Eligibility
    findings: list[Finding]


def judged(pieces: Sequence[OldPart], *, now: datetime) -> dict[int, Judged]:
    """What there is to say about each piece, by its key; nine queries."""
    cases = [
        Case(
            piece.part_id,
            piece.product_model,
            piece.product_serial,
            piece.purchase_date,
            piece.failed_on,
        )
        for piece in pieces
    ]
    verdicts = eligibilities(cases, today=now.date())
    known = _Known(pieces, now)
    return {
        piece.id: Judged(verdict, [*_of_warranty(verdict), *known.of(piece)])
        for piece, verdict in zip(pieces, verdicts, strict=True)
    }


def _of_warranty(verdict: Eligibility) -> Iterable[Finding]:
    if verdict.verdict != "in" or set(verdict.notes) & {"other_model", "other_day"}:
        yield Finding(verdict.reason)


class _Known:
    """What is registered besides some pieces and has something in common with one of them."""

    def __init__(self, pieces: Sequence[OldPart], now: datetime) -> None:
        self.since = now - A_YEAR
        self.products = _others(OldPart.product_serial_key, pieces)
        self.looks = _others(OldPart.product_serial_look, pieces)
        self.old_looks = _others(OldPart.old_serial_look, pieces)
        self.repairs = _repairs(pieces, now)
        self.pictured = _pictured(pieces)

    def of(self, piece: OldPart) -> Iterable[Finding]:
        """The findings of one piece."""
        if piece.id not in self.pictured:
            yield Finding(_("There is no photo."))
        if piece.same_photo:
            yield Finding(_("Another piece has the same photo, or one that looks the same."))
        yield from self._of_product(piece)
        yield from self._of_looks(piece)
        repairs = self.repairs[piece.customer_key] - (piece.created_at > self.since)
        if repairs >= MANY_REPAIRS:
            yield Finding(
                ngettext(
                    "This customer had %(num)d other repair within a year.",
                    "This customer had %(num)d other repairs within a year.",
                    repairs,
                )
            )

    def _of_product(self, piece: OldPart) -> Iterable[Finding]:
        others = [one for one in self.products[piece.product_serial_key] if one.id != piece.id]
        for one in others:
            if one.part_id == piece.part_id:
                yield Finding(_("The same part of this product was registered before:"), one)
                break
        for one in others:
            if one.dealer_id != piece.dealer_id:
                yield Finding(_("Another dealer registered a piece of this product:"), one)
                break

    def _of_looks(self, piece: OldPart) -> Iterable[Finding]:
        for one in self.looks[piece.product_serial_look]:
            if one.product_serial_key != piece.product_serial_key:
                serial = one.product_serial
                sentence = _("The product's serial looks like another, %(serial)s:", serial=serial)
                yield Finding(sentence, one)
                break
        for one in self.old_looks[piece.old_serial_look]:
            if one.id != piece.id:
                serial = one.old_serial
                sentence = _("The old part's serial looks like another, %(serial)s:", serial=serial)
                yield Finding(sentence, one)
                break


def _others(column: Any, pieces: Iterable[OldPart]) -> dict[str | None, list[AnyRow]]:
    """The newest pieces that have one of these in a column, by what they have."""
    keys = {getattr(piece, column.key) for piece in pieces} - {None}
    found: dict[str | None, list[AnyRow]] = defaultdict(list)
    if not keys:  # SQLite would read the whole table to find nothing
        return found
    age = func.row_number().over(partition_by=column, order_by=OldPart.id.desc())
    aged = select(OldPart.id, age.label("age")).where(column.in_(keys)).subquery()
    for row in session.execute(
        select(
            OldPart.id,
            OldPart.number,
            OldPart.public_id,
            OldPart.dealer_id,
            OldPart.part_id,
            OldPart.product_serial,
            OldPart.product_serial_key,
            OldPart.old_serial,
            column.label("common"),
        )
        .join(aged, aged.c.id == OldPart.id)
        .where(aged.c.age <= MOST_COMPARED)
        .order_by(OldPart.id.desc())
    ):
        found[row.common].append(row)
    return found


def _repairs(pieces: Iterable[OldPart], now: datetime) -> Counter[str | None]:
    """How many days of failure each customer had within a year: pieces of one day are one repair.

    The days of the pieces themselves count.
    """
    keys = {piece.customer_key for piece in pieces} - {None}
    if not keys:
        return Counter()
    counted = (
        select(OldPart.customer_key, func.count(OldPart.failed_on.distinct()))
        .where(OldPart.customer_key.in_(keys), OldPart.created_at > now - A_YEAR)
        .group_by(OldPart.customer_key)
    )
    return Counter(dict(iter(session.execute(counted))))


def _pictured(pieces: Iterable[OldPart]) -> set[int]:
    """Which of the pieces have a photo."""
    return set(
        session.scalars(
            select(Attachment.document_id).where(
                Attachment.document_kind == OldPart.kind,
                Attachment.document_id.in_([piece.id for piece in pieces]),
                Attachment.purpose == "photo",
            )
        )
    )
