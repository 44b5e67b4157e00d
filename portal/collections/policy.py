"""Who may see consignments (P1); what is done with them goes by what may be done with old parts."""

from sqlalchemy import ColumnElement, false, true

from portal.collections.models import Consignment
from portal.core.permissions import Actor, capability
from portal.oldparts.policy import CALL, READ, RECEIVE, SEND

REMIND = capability("collection:remind")
END = capability("collection:end")


def visible_consignments(actor: Actor) -> ColumnElement[bool]:
    """A dealer sees its own; headquarters every one."""
    if actor.is_dealer:
        return Consignment.dealer_id == actor.dealer_id
    return true() if actor.can(READ) else false()


__all__ = ["CALL", "END", "READ", "RECEIVE", "REMIND", "SEND", "visible_consignments"]
