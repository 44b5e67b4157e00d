"""Reads of charges for old parts, within what the actor may see (P1, O6)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from portal.applications.models import Application, Shipment
from portal.catalogue.models import Part, PriceList
from portal.catalogue.queries import name_in
from portal.core.db import AnyRow, AnySelect, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.oldparts import policy
from portal.oldparts.charge_models import OldPartCharge, OwedLine
from portal.oldparts.models import OldPart
from portal.people import queries as people
from portal.people.models import Dealer
from portal.web.lists import Tab, tab_of

MOST_LISTED = 100
"""How many late registrations a charge's page lists."""
TABS = (
    Tab("all", _l("All")),
    tab_of("due", _l("To be charged"), OldPartCharge.status, "due"),
    tab_of("charged", _l("Charged"), OldPartCharge.status, "charged"),
    tab_of("disputed", _l("Disputed"), OldPartCharge.status, "disputed"),
    tab_of("unpriced", _l("Price is missing"), OldPartCharge.status, "unpriced"),
    tab_of("upheld", _l("Upheld"), OldPartCharge.status, "upheld"),
    tab_of("reversed", _l("Reversed"), OldPartCharge.status, "reversed"),
    tab_of("waived", _l("Waived"), OldPartCharge.status, "waived"),
    tab_of("nothing", _l("Nothing to charge"), OldPartCharge.status, "nothing"),
)


def scope(actor: Actor, text: str) -> list[ColumnElement[bool]]:
    """What an actor sees of the charges that match a text."""
    conditions = [policy.visible_charges(actor)]
    if text:
        of_dealer = OldPartCharge.dealer_id
        conditions.append(people.matches_or_called(OldPartCharge, of_dealer, text, actor))
    return conditions


def listed(actor: Actor, text: str, language: str) -> AnySelect:
    """The rows of a list of charges, as columns."""
    return (
        select(
            OldPartCharge.id,
            OldPartCharge.created_at,
            OldPartCharge.public_id,
            OldPartCharge.number,
            OldPartCharge.status,
            OldPartCharge.pieces,
            OldPartCharge.amount,
            OldPartCharge.answer_by,
            Part.number.label("part_number"),
            name_in(language).label("part_name"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
        )
        .join(Part, Part.id == OldPartCharge.part_id)
        .join(Dealer, Dealer.id == OldPartCharge.dealer_id)
        .where(*scope(actor, text))
    )


def found(actor: Actor, text: str, language: str, limit: int = 10) -> Sequence[AnyRow]:
    """The newest charges that match a text."""
    statement = listed(actor, text, language)
    return session.execute(statement.order_by(OldPartCharge.created_at.desc()).limit(limit)).all()


def facts_of(charge: OldPartCharge, language: str) -> AnyRow:
    """What a visible charge's page tells of it: part, dealer, price list, and where it came from.

    ``register_by`` and ``days`` are None for a piece that went missing in a collection.
    """
    asked = aliased(OwedLine)
    line_id = func.coalesce(OldPartCharge.shipment_line_id, OldPart.shipment_line_id)
    return session.execute(
        select(
            Part.number.label("part_number"),
            Part.public_id.label("part_public_id"),
            name_in(language).label("part_name"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            PriceList.name.label("price_list"),
            PriceList.effective_from.label("priced_from"),
            OldPart.number.label("old_part_number"),
            OldPart.public_id.label("old_part_public_id"),
            asked.quantity,
            asked.days,
            asked.register_by,
            Shipment.number.label("shipment_number"),
            Shipment.public_id.label("shipment_public_id"),
            Shipment.received_at,
            Application.number.label("application_number"),
            Application.public_id.label("application_public_id"),
        )
        .select_from(OldPartCharge)
        .join(Part, Part.id == OldPartCharge.part_id)
        .join(Dealer, Dealer.id == OldPartCharge.dealer_id)
        .outerjoin(PriceList, PriceList.id == OldPartCharge.price_list_id)
        .outerjoin(OldPart, OldPart.id == OldPartCharge.old_part_id)
        .outerjoin(asked, asked.shipment_line_id == line_id)
        .outerjoin(Shipment, Shipment.id == asked.shipment_id)
        .outerjoin(Application, Application.id == Shipment.application_id)
        .where(OldPartCharge.id == charge.id)
    ).one()


def registered_after(charge: OldPartCharge, actor: Actor) -> Sequence[AnyRow]:
    """The pieces that were registered after all: finance may want to give the money back."""
    if charge.shipment_line_id is None:
        return ()
    return session.execute(
        select(OldPart.number, OldPart.public_id, OldPart.status, OldPart.created_at)
        .where(
            OldPart.shipment_line_id == charge.shipment_line_id,
            OldPart.created_at >= charge.created_at,
            policy.visible_old_parts(actor),
        )
        .order_by(OldPart.id)
        .limit(MOST_LISTED)
    ).all()


def of_old_part(old_part: OldPart, actor: Actor) -> OldPartCharge | None:
    """The charge that a piece's page shows: its own, or that of its line if it came too late."""
    if not actor.can(policy.READ_CHARGES):
        return None
    charges = session.scalars(
        select(OldPartCharge).where(
            (OldPartCharge.old_part_id == old_part.id)
            | (
                (OldPartCharge.shipment_line_id == old_part.shipment_line_id)
                & (OldPartCharge.created_at <= old_part.created_at)
            )
        )
    ).all()
    return max(charges, key=lambda one: one.old_part_id or 0, default=None)


def waiting(actor: Actor, status: str) -> int:
    """How many charges in a state an actor sees."""
    mine = (policy.visible_charges(actor), OldPartCharge.status == status)
    return session.scalars(select(func.count(OldPartCharge.id)).where(*mine)).one()


def disputable(actor: Actor, now: datetime) -> AnyRow:
    """How many charges a dealer may still dispute, and until when the first."""
    columns = (func.count().label("number"), func.min(OldPartCharge.answer_by).label("first"))
    open_ones = (OldPartCharge.status == "charged", OldPartCharge.answer_by >= now)
    return session.execute(select(*columns).where(policy.visible_charges(actor), *open_ones)).one()
