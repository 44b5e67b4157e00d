"""Reads of consignments and of the pieces in them, within what the actor may see (P1)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, FromClause, ScalarSelect, cast, func, select

from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.collections import policy
from portal.collections.models import Collection, Consignment, ConsignmentPiece
from portal.core.db import AnyRow, AnySelect, Key, rows, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.core.search import matches
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.web.lists import Tab, tab_of

AT_ONCE = 500
"""So many consignments are reminded of in one round."""
PIECE_TABS = (
    Tab("all", _l("All")),
    Tab("unpacked", _l("Not packed"), ConsignmentPiece.box.is_(None)),
    Tab("packed", _l("Packed"), ConsignmentPiece.box.is_not(None)),
)
ARRIVED_TABS = (
    Tab("all", _l("All")),
    Tab("waiting", _l("Not scanned"), OldPart.status == "sent"),
    Tab("arrived", _l("Received"), ConsignmentPiece.received_at.is_not(None)),
    Tab("unexpected", _l("Unexpected"), ConsignmentPiece.unexpected.is_(True)),
    Tab("missing", _l("Missing"), OldPart.status == "missing"),
)


def tabs(now: datetime) -> tuple[Tab, ...]:
    """The shares of the list of consignments; ``late`` ones were to be sent by now."""
    return (
        Tab("all", _l("All")),
        tab_of("called", _l("To be sent"), Consignment.status, "called"),
        Tab("late", _l("Overdue"), _late(now)),
        tab_of("sent", _l("On their way"), Consignment.status, "sent"),
        tab_of("received", _l("Received"), Consignment.status, "received"),
        tab_of("ended", _l("Ended"), Consignment.status, "ended"),
    )


def _late(now: datetime) -> ColumnElement[bool]:
    return (Consignment.status == "called") & (Consignment.due_at < now)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the consignments that match a text."""
    conditions = [policy.visible_consignments(actor)]
    if text:
        conditions.append(matches(Consignment, text))
    return conditions


def _pieces(*where: ColumnElement[bool]) -> ScalarSelect[int]:
    return (
        select(func.count())
        .where(ConsignmentPiece.consignment_id == Consignment.id, *where)
        .correlate(Consignment)
        .scalar_subquery()
    )


def listed(actor: Actor, text: str, tab: Tab | None) -> AnySelect:
    """The rows of a list of consignments, as columns."""
    statement = (
        select(
            Consignment.id,
            Consignment.created_at,
            Consignment.public_id,
            Consignment.number,
            Consignment.status,
            Consignment.due_at,
            Consignment.carrier,
            Consignment.tracking_number,
            Consignment.sent_at,
            Consignment.received_at,
            Collection.number.label("collection"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            _pieces().label("pieces"),
            _pieces(ConsignmentPiece.box.is_not(None)).label("packed"),
            _pieces(ConsignmentPiece.received_at.is_not(None)).label("arrived"),
        )
        .join(Collection, Collection.id == Consignment.collection_id)
        .join(Dealer, Dealer.id == Consignment.dealer_id)
        .where(*scope(actor, text))
    )
    return statement if tab is None or tab.where is None else statement.where(tab.where)


def found(actor: Actor, text: str) -> Sequence[AnyRow]:
    """The ten newest consignments that match a text."""
    return rows(listed(actor, text, None).order_by(Consignment.created_at.desc()).limit(10))


def waiting(actor: Actor, status: str, now: datetime) -> AnyRow:
    """How many consignments an actor sees in a state, the first deadline, how many are late."""
    statement = select(
        func.count().label("number"),
        func.min(Consignment.due_at).label("first"),
        func.count().filter(Consignment.due_at < now).label("late"),
    ).where(policy.visible_consignments(actor), Consignment.status == status)
    return session.execute(statement).one()


def late(actor: Actor, now: datetime) -> int:
    """How many consignments were to be sent by now, and are not."""
    statement = select(func.count()).where(policy.visible_consignments(actor), _late(now))
    return session.scalars(statement).one()


def to_remind(now: datetime, days: int) -> Sequence[Consignment]:
    """The consignments that nobody was reminded of, and that so many days are left for."""
    soon = (
        Consignment.status == "called",
        Consignment.due_at >= now,
        Consignment.due_at < now + timedelta(days=days),
        Consignment.reminded_at.is_(None),
    )
    statement = select(Consignment).where(*soon).order_by(Consignment.id)
    return session.scalars(statement.limit(AT_ONCE)).all()


def facts_of(consignment: Consignment) -> AnyRow:
    """Its collection and dealer, and the figures of its pieces; ``value`` in minor units."""
    its = ConsignmentPiece.consignment_id == consignment.id
    figures = (
        select(
            func.count().label("pieces"),
            cast(func.coalesce(func.sum(OldPart.unit_price), 0), Key).label("value"),
            func.count(ConsignmentPiece.box).label("packed"),
            func.count(ConsignmentPiece.box.distinct()).label("boxes"),
            func.count(ConsignmentPiece.received_at).label("arrived"),
            func.count().filter(ConsignmentPiece.unexpected).label("unexpected"),
            func.count().filter(OldPart.status == "missing").label("missing"),
            func.count().filter(OldPart.status == "sent").label("not_scanned"),
        )
        .join(OldPart, OldPart.id == ConsignmentPiece.old_part_id)
        .where(its)
        .subquery()
    )
    return session.execute(
        select(
            figures,
            Collection.number.label("collection"),
            Collection.deliver_to,
            Collection.remark,
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .select_from(Collection)
        .join(figures, figures.c.pieces >= 0)
        .join(Dealer, Dealer.id == consignment.dealer_id)
        .where(Collection.id == consignment.collection_id)
    ).one()


def boxes_of(consignment: Consignment) -> Sequence[AnyRow]:
    """Its boxes in order, with how many pieces are in each."""
    return rows(
        select(ConsignmentPiece.box, func.count().label("pieces"))
        .where(ConsignmentPiece.consignment_id == consignment.id, ConsignmentPiece.box.is_not(None))
        .group_by(ConsignmentPiece.box)
        .order_by(ConsignmentPiece.box)
    )


def piece_table() -> FromClause:
    """Pieces with their old parts: what the tabs of a consignment count in."""
    joined: FromClause = ConsignmentPiece.__table__.join(
        OldPart.__table__, OldPart.id == ConsignmentPiece.old_part_id
    )
    return joined


def piece_scope(consignment: Consignment, text: str) -> list[ColumnElement[bool]]:
    """The pieces of a visible consignment that match a text."""
    conditions: list[ColumnElement[bool]] = [ConsignmentPiece.consignment_id == consignment.id]
    if text:
        conditions.append(matches(OldPart, text))
    return conditions


def pieces(consignment: Consignment, text: str, tab: Tab, language: str) -> AnySelect:
    """The rows of the pieces of a visible consignment, as columns."""
    statement = (
        select(
            OldPart.id,
            OldPart.created_at,
            OldPart.public_id,
            OldPart.number,
            OldPart.status,
            OldPart.old_serial,
            OldPart.unit_price,
            ConsignmentPiece.box,
            ConsignmentPiece.place,
            ConsignmentPiece.received_at,
            ConsignmentPiece.unexpected,
            Part.number.label("part_number"),
            name_in(language).label("part_name"),
        )
        .join(ConsignmentPiece, ConsignmentPiece.old_part_id == OldPart.id)
        .join(Part, Part.id == OldPart.part_id)
        .where(*piece_scope(consignment, text))
    )
    return statement if tab.where is None else statement.where(tab.where)


def last_scanned(consignment: Consignment, language: str, limit: int) -> Sequence[AnyRow]:
    """The pieces that were received last, the newest first."""
    statement = pieces(consignment, "", ARRIVED_TABS[2], language)
    return rows(statement.order_by(ConsignmentPiece.received_at.desc()).limit(limit))


def last_packed(consignment: Consignment, language: str, limit: int) -> Sequence[AnyRow]:
    """The pieces that were packed last, the newest first."""
    statement = pieces(consignment, "", PIECE_TABS[2], language)
    return rows(statement.order_by(ConsignmentPiece.packed_at.desc()).limit(limit))


def not_scanned(consignment: Consignment, language: str, limit: int) -> Sequence[AnyRow]:
    """The pieces that were sent and not scanned yet."""
    statement = pieces(consignment, "", ARRIVED_TABS[1], language)
    return rows(statement.order_by(ConsignmentPiece.box, OldPart.number).limit(limit))


def packed(consignment: Consignment, box: int | None, language: str) -> Sequence[AnyRow]:
    """All that is packed, or what is in one box, box by box."""
    statement = pieces(consignment, "", PIECE_TABS[2], language)
    if box is not None:
        statement = statement.where(ConsignmentPiece.box == box)
    return rows(statement.order_by(ConsignmentPiece.box, OldPart.number))


def last_place(consignment: Consignment) -> str:
    """Where the piece that was received last was put."""
    statement = (
        select(ConsignmentPiece.place)
        .where(ConsignmentPiece.consignment_id == consignment.id)
        .order_by(ConsignmentPiece.received_at.desc().nulls_last())
        .limit(1)
    )
    return session.scalar(statement) or ""


def of_piece(old_part: OldPart, actor: Actor) -> AnyRow | None:
    """The consignment of an old part, its box and its storage place, if it has one (P1)."""
    return session.execute(
        select(
            Consignment.number,
            Consignment.public_id,
            ConsignmentPiece.box,
            ConsignmentPiece.place,
            func.coalesce(
                ConsignmentPiece.received_at, Consignment.sent_at, Consignment.created_at
            ).label("at"),
        )
        .join(Consignment, Consignment.id == ConsignmentPiece.consignment_id)
        .where(ConsignmentPiece.old_part_id == old_part.id, policy.visible_consignments(actor))
    ).one_or_none()
