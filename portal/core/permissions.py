"""Who may do what (P1–P3): roles, the capabilities that they hold, and the actor who has them.

A feature declares its capabilities in its ``policy.py``; a route names the one that it needs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from portal.core.errors import Forbidden, Frozen
from portal.core.i18n import _l

Side = Literal["dealer", "hq"]


class Role(StrEnum):
    """The eight roles; each belongs to one side."""

    CLERK = "clerk"
    MANAGER = "manager"
    DESK = "desk"
    FINANCE = "finance"
    WAREHOUSE = "warehouse"
    REVIEWER = "reviewer"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"

    @property
    def side(self) -> Side:
        return "dealer" if self in DEALER_ROLES else "hq"

    @property
    def label(self) -> Any:
        return ROLE_LABELS[self]


DEALER_ROLES = frozenset({Role.CLERK, Role.MANAGER})
HQ_ROLES = frozenset(Role) - DEALER_ROLES

ROLE_LABELS = {
    Role.CLERK: _l("Service clerk"),
    Role.MANAGER: _l("Service manager"),
    Role.DESK: _l("After-sales desk"),
    Role.FINANCE: _l("Finance"),
    Role.WAREHOUSE: _l("Warehouse"),
    Role.REVIEWER: _l("Reviewer"),
    Role.ADMINISTRATOR: _l("Administrator"),
    Role.AUDITOR: _l("Auditor"),
}

_capabilities: dict[str, frozenset[Role]] = {}
_filing: set[str] = set()
_says: dict[str, Any] = {}

PUBLIC = "public"
"""What a route needs that anybody may open, signed in or not."""
SIGNED_IN = "signed-in"
"""What a route needs that every signed-in person may open."""


def capability(name: str, *roles: Role, says: Any = "", files: bool = False) -> str:
    """Declare a capability and the roles that hold it; returns its name.

    ``says`` is what one may do with it, in words; what only the portal itself does needs none.

    With ``files`` something new is filed with it, which the people of a frozen dealer cannot do:
    nothing by which they meet a deadline that costs them money (O6, R6), for those go on.
    """
    _says.setdefault(name, says)
    if files:
        _filing.add(name)
    if _capabilities.setdefault(name, frozenset(roles)) != frozenset(roles):
        raise ValueError(f"capability {name} is declared twice, differently")
    return name


def roles_with(name: str) -> frozenset[Role]:
    """The roles that hold a capability; KeyError if no feature declares it."""
    return _capabilities[name]


def is_declared(name: str) -> bool:
    """Whether a route may name this capability (P3)."""
    return name in {PUBLIC, SIGNED_IN} or name in _capabilities


def said(name: str) -> Any:
    """What one may do with a capability, in words."""
    return _says[name]


def filing() -> frozenset[str]:
    """The capabilities with which a dealer files something new."""
    return frozenset(_filing)


def declared() -> dict[str, frozenset[Role]]:
    """Every capability with its roles."""
    return dict(_capabilities)


@dataclass(frozen=True)
class Actor:
    """Who acts: a person in their roles, or the portal itself (``SYSTEM``).

    The people of a frozen dealer read everything as before and go on with what was begun, but
    file nothing new.
    """

    id: int | None
    name: str
    side: Side
    dealer_id: int | None = None
    roles: frozenset[Role] = field(default_factory=frozenset)
    is_frozen: bool = False

    def can(self, name: str) -> bool:
        """Whether a role of this actor holds the capability; the portal itself holds all."""
        if self.is_system:
            return True
        return self._holds(name) and not (self.is_frozen and name in _filing)

    def _holds(self, name: str) -> bool:
        return not self.roles.isdisjoint(_capabilities.get(name, frozenset()))

    def must(self, name: str) -> None:
        """Forbidden unless the actor can; Frozen where only that it is a frozen dealer's."""
        if not self.can(name):
            raise Frozen() if self._holds(name) else Forbidden()

    @property
    def is_system(self) -> bool:
        return self.id is None

    @property
    def is_dealer(self) -> bool:
        return self.side == "dealer"


SYSTEM = Actor(id=None, name="Partloop", side="hq")
"""The portal itself, for what happens by the clock."""


def parse_roles(names: Iterable[str]) -> frozenset[Role]:
    """Roles by their names; ValueError for an unknown one or for roles of both sides."""
    roles = frozenset(Role(name) for name in names)
    if len({role.side for role in roles}) > 1:
        raise ValueError("a person belongs to one side")
    return roles
