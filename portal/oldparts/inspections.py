"""Reads of inspections: what waits for one, what was found, and what is reimbursed then (O8)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, or_, select

from portal.catalogue.models import Part
from portal.core.db import AnyRow, session
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.oldparts.inspection_models import DEALER, HEADQUARTERS, Inspection
from portal.oldparts.models import OldPart
from portal.oldparts.payments import payment_column
from portal.oldparts.queries import first_photo, scope
from portal.oldparts.workflow import REIMBURSABLE
from portal.people.models import Dealer
from portal.web.lists import Tab

MOST = 200
"""So many pieces are shown, and disposed of, in one go."""
TABS = (
    Tab("received", _l("To inspect"), OldPart.status == "received"),
    Tab("passed", _l("To dispose of"), OldPart.status == "passed"),
    Tab("failed", _l("Failed inspection"), OldPart.status.in_(("failed", "objected"))),
)


def reimbursable() -> ColumnElement[bool]:
    """The condition that an old part may be reimbursed (O5, O7, O8)."""
    headquarters_pays = exists().where(
        Inspection.old_part_id == OldPart.id, Inspection.pays == HEADQUARTERS
    )
    return or_(OldPart.status.in_(REIMBURSABLE), (OldPart.status == "failed") & headquarters_pays)


def can_be_objected_to(now: datetime) -> ColumnElement[bool]:
    """The condition, as ``inspecting.may_object``, of a piece beside its inspection (O8)."""
    return and_(
        OldPart.status == "failed",
        Inspection.pays == DEALER,
        Inspection.objected_at.is_(None),
        Inspection.object_by >= now,
    )


def of(old_part: OldPart) -> Inspection | None:
    """The inspection of a visible piece, if there was one."""
    return session.get(Inspection, old_part.id, populate_existing=True)


def queue(actor: Actor, text: str, tab: Tab, name: Any) -> Sequence[AnyRow]:
    """The pieces of a tab that came first, at most ``MOST``; ``name`` is the part's name column."""
    return session.execute(
        select(
            OldPart.public_id,
            OldPart.number,
            OldPart.version,
            OldPart.status,
            OldPart.complaint,
            OldPart.product_model,
            OldPart.product_serial,
            Part.number.label("part_number"),
            name.label("part_name"),
            Dealer.code.label("dealer_code"),
            Dealer.name.label("dealer_name"),
            Inspection.failure_code,
            first_photo().label("photo"),
            payment_column(actor),
        )
        .join(Part, Part.id == OldPart.part_id)
        .join(Dealer, Dealer.id == OldPart.dealer_id)
        .outerjoin(Inspection, Inspection.old_part_id == OldPart.id)
        .where(*scope(actor, text), *(() if tab.where is None else (tab.where,)))
        .order_by(OldPart.created_at, OldPart.id)
        .limit(MOST)
    ).all()


def following(actor: Actor, after: OldPart) -> str | None:
    """The public id of the received piece that was registered next, else of the first one."""
    waiting = (
        select(OldPart.public_id)
        .where(*scope(actor, ""), OldPart.status == "received", OldPart.id != after.id)
        .order_by(OldPart.created_at, OldPart.id)
        .limit(1)
    )
    at, same = OldPart.created_at, OldPart.created_at == after.created_at
    beyond = or_(at > after.created_at, same & (OldPart.id > after.id))
    found = session.scalar(waiting.where(beyond))
    return found or session.scalar(waiting)
