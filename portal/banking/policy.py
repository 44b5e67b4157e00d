"""Who may read the bank's lines, send its files, and say whose money it is (L7)."""

from sqlalchemy import ColumnElement, false, true

from portal.core.i18n import _l
from portal.core.permissions import Actor, Role, capability

READ = capability(
    "bank:read", Role.FINANCE, Role.AUDITOR, says=_l("Read the bank's files and lines")
)
IMPORT = capability("bank:import", Role.FINANCE, says=_l("Import the bank's files"))
ASSIGN = capability(
    "bank:assign", Role.FINANCE, says=_l("Assign the bank's lines to dealers and book them")
)


def visible(actor: Actor) -> ColumnElement[bool]:
    """The bank's statement is headquarters' own: dealers see their deposits, and no line (P1)."""
    return true() if actor.can(READ) else false()
