"""Calling accepted old parts in: which ones, and the call (O7)."""

from collections.abc import Collection as Some
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import ColumnElement, cast, func, insert, select

from portal.catalogue.models import Part
from portal.catalogue.queries import number_key
from portal.collections import policy
from portal.collections.models import Collection, Consignment, ConsignmentPiece
from portal.core import workflow
from portal.core.db import AnyRow, Key, rows, session
from portal.core.errors import Invalid, Stale
from portal.core.events import record_many
from portal.core.i18n import _
from portal.core.numbering import next_number, next_numbers
from portal.core.permissions import Actor
from portal.core.search import normal
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.terms.calendar import end_of

MOST = 10_000
"""So many pieces are called in one go."""
LONGEST = timedelta(days=366)
HQ = "HQ"
"""Whose series the numbers of collections are in."""


@dataclass(frozen=True)
class Wish:
    """Which accepted old parts: of a region, of a part, older than so many days since acceptance,
    worth at least an amount in minor units."""

    region: str = ""
    part: str = ""
    days: int = 0
    worth: int = 0


@dataclass(frozen=True)
class Terms:
    """Until which day the pieces are to be sent, where to, and what else is to be said."""

    until: date
    deliver_to: str
    remark: str = ""


def _wanted(wish: Wish, now: datetime) -> list[ColumnElement[bool]]:
    """Accepted pieces of parts that are returned, in none of the collections."""
    conditions = [OldPart.status == "accepted", Part.return_required.is_(True)]
    if wish.region:
        conditions.append(Dealer.region == wish.region)
    if wish.part:
        conditions.append(Part.number_key == number_key(wish.part))
    if wish.days:
        conditions.append(OldPart.accepted_at <= now - timedelta(days=wish.days))
    if wish.worth:
        conditions.append(OldPart.unit_price >= wish.worth)
    return conditions


def preview(wish: Wish, now: datetime) -> Sequence[AnyRow]:
    """The dealers that have such pieces: how many, their value, and when the first was accepted."""
    statement = (
        select(
            Dealer.public_id,
            Dealer.code,
            Dealer.name,
            Dealer.region,
            func.count().label("pieces"),
            cast(func.sum(OldPart.unit_price), Key).label("value"),
            func.min(OldPart.accepted_at).label("first_at"),
        )
        .join(Dealer, Dealer.id == OldPart.dealer_id)
        .join(Part, Part.id == OldPart.part_id)
        .where(*_wanted(wish, now))
        .group_by(Dealer.id)
        .order_by(Dealer.code)
    )
    return rows(statement)


def regions() -> list[str]:
    """The regions that dealers are in."""
    named = select(Dealer.region).distinct().where(Dealer.region != "").order_by(Dealer.region)
    return list(session.scalars(named))


def call(
    wish: Wish, dealers: Some[str], terms: Terms, *, pieces: int, by: Actor, now: datetime
) -> Collection:
    """Call the pieces of some dealers in: a consignment for each of them (O7).

    ``dealers`` are their public ids, ``pieces`` is how many were promised: Stale if it is another
    number by now. The number of statements does not depend on how many there are.
    """
    by.must(policy.CALL)
    _check(terms, now)
    if not dealers:
        raise Invalid(_("Tick at least one dealer."))
    found = _locked(wish, dealers, now)
    if not found or len(found) != pieces:
        raise Stale(
            _(
                "Other pieces wait to be called by now. Look at the figures and call them again "
                "if they are right."
            )
        )
    collection = Collection(
        number=next_number("CO", HQ, now),
        created_at=now,
        called_by_id=by.id,
        deliver_to=terms.deliver_to,
        remark=terms.remark,
    )
    session.add(collection)
    session.flush()
    shares = _by_dealer(found)
    made = _consignments(collection, shares, end_of(terms.until, now.tzinfo), now)
    _add(made, shares, by, now)
    return collection


def _check(terms: Terms, now: datetime) -> None:
    today = now.date()
    if not today <= terms.until <= today + LONGEST:
        raise Invalid(
            _("Enter a day from today on, at most a year from now."),
            field="until",
        )
    if not terms.deliver_to:
        raise Invalid(_("Say where the pieces are to be sent."), field="deliver_to")


def _locked(wish: Wish, dealers: Some[str], now: datetime) -> list[OldPart]:
    statement = (
        select(OldPart)
        .join(Dealer, Dealer.id == OldPart.dealer_id)
        .join(Part, Part.id == OldPart.part_id)
        .where(*_wanted(wish, now), Dealer.public_id.in_(dealers))
        .order_by(OldPart.id)
        .limit(MOST + 1)
        .with_for_update(of=OldPart)
        .execution_options(populate_existing=True)
    )
    found = list(session.scalars(statement))
    if len(found) > MOST:
        raise Invalid(
            _("At most %(most)s pieces can be called in at a time: choose fewer.", most=MOST)
        )
    return found


def _by_dealer(found: Some[OldPart]) -> dict[int, list[OldPart]]:
    ordered = sorted(found, key=lambda piece: piece.dealer_id)
    return {key: list(its) for key, its in groupby(ordered, lambda piece: piece.dealer_id)}


def _consignments(
    collection: Collection, shares: dict[int, list[OldPart]], due_at: datetime, now: datetime
) -> list[Consignment]:
    dealers = session.scalars(select(Dealer).where(Dealer.id.in_(shares)).order_by(Dealer.id)).all()
    numbers = next_numbers("CN", [dealer.code for dealer in dealers], now)
    made = [begun(collection, dealer, numbers[dealer.code], due_at, now) for dealer in dealers]
    session.add_all(made)
    session.flush()
    return made


def begun(
    collection: Collection, dealer: Dealer, number: str, due_at: datetime, now: datetime
) -> Consignment:
    """A consignment of a dealer that waits to be packed; not in the session yet."""
    return Consignment(
        status="called",
        created_at=now,
        dealer_id=dealer.id,
        collection_id=collection.id,
        number=number,
        due_at=due_at,
        search_text=normal(number, collection.number, dealer.code, dealer.name),
    )


def _add(
    made: list[Consignment], shares: dict[int, list[OldPart]], by: Actor, now: datetime
) -> None:
    session.execute(
        insert(ConsignmentPiece),
        [
            {
                "old_part_id": piece.id,
                "consignment_id": one.id,
                "dealer_id": one.dealer_id,
                "place": "",
                "unexpected": False,
            }
            for one in made
            for piece in shares[one.dealer_id]
        ],
    )
    its = {piece.id: {"consignment": one.number} for one in made for piece in shares[one.dealer_id]}
    pieces = [piece for share in shares.values() for piece in share]
    workflow.apply_many(pieces, "call", by=by, now=now, values=its)
    facts = {
        one.id: {"pieces": len(shares[one.dealer_id]), "until": one.due_at.isoformat()}
        for one in made
    }
    record_many(made, "call", by=by, now=now, from_status="", values=facts)
