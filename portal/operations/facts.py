"""What an installation is once and for all: its money and its days would mean something else."""

from sqlalchemy import select

from portal.core.db import session
from portal.ledger.models import Transfer
from portal.operations.models import Fact
from portal.settings import Settings

NAMES = ("currency", "zone")


def remember(settings: Settings) -> None:
    """Keep what the settings say; once there is a transfer, what was kept stays."""
    is_free = session.scalars(select(Transfer.id).limit(1)).first() is None
    for name in NAMES:
        kept = session.get(Fact, name)
        if kept is None:
            session.add(Fact(name=name, value=getattr(settings, name)))
        elif is_free:
            kept.value = getattr(settings, name)


def changed(settings: Settings) -> dict[str, str]:
    """The settings that are not what they were when money was first moved, and what they were."""
    facts = session.scalars(select(Fact).where(Fact.name.in_(NAMES)))
    kept = {fact.name: fact.value for fact in facts}
    if session.scalars(select(Transfer.id).limit(1)).first() is None:
        return {}
    return {name: was for name, was in kept.items() if getattr(settings, name) != was}
