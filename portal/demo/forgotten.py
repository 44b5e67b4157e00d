"""A customer who wants to be forgotten: the administrator removes what is personal."""

from sqlalchemy import select

from portal.core.db import session
from portal.demo.stage import Script, Stage
from portal.oldparts.models import OldPart
from portal.privacy import services

REASON = "The customer asked for it in a letter."


def forgotten(stage: Stage) -> Script:
    """It is about the first piece that was rejected, the day before the last."""
    now = stage.hours["administrator"].before(stage.end, 1, stage.rng("forgotten"))
    yield now
    rejected = select(OldPart).where(OldPart.status == "rejected").order_by(OldPart.id).limit(1)
    piece = session.scalars(rejected).one()
    seen = {(piece.kind, piece.public_id): piece.version}
    services.anonymise(seen, REASON, by=stage.actors["administrator"], now=now)
