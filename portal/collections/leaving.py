"""Pieces that leave their consignment: what is left of it ends with the last one (O7)."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, exists, select

from portal.collections.models import Consignment, ConsignmentPiece
from portal.core import workflow
from portal.core.db import session
from portal.core.documents import Document
from portal.core.events import Event, subscribe
from portal.core.permissions import SYSTEM
from portal.oldparts.models import OldPart


@subscribe
def leave(happened: Sequence[tuple[Event, Document]]) -> None:
    """Take what may be scrapped out of its consignment, in the same transaction."""
    gone = {
        piece.id: event.at
        for event, piece in happened
        if isinstance(piece, OldPart) and event.name == "allow_scrap"
    }
    if not gone:
        return
    its = ConsignmentPiece.old_part_id.in_(gone)
    # Who takes the last piece out must know that it is the last.
    holding = select(ConsignmentPiece.consignment_id).where(its)
    locked = select(Consignment.id).where(Consignment.id.in_(holding)).order_by(Consignment.id)
    session.execute(locked.with_for_update()).all()
    left = session.scalars(
        delete(ConsignmentPiece).where(its).returning(ConsignmentPiece.consignment_id)
    )
    end_if_empty(set(left), now=max(gone.values()))


def end_if_empty(keys: Collection[int], *, now: datetime) -> None:
    """End those of some consignments that are to be sent and have no piece left."""
    session.flush()
    pieces = exists().where(ConsignmentPiece.consignment_id == Consignment.id)
    empty = (
        select(Consignment)
        .where(Consignment.id.in_(keys), Consignment.status == "called", ~pieces)
        .order_by(Consignment.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    for consignment in session.scalars(empty).all():
        workflow.apply(consignment, "empty", by=SYSTEM, now=now)
