"""Which duties do not go together: who has the one role is not given the other (P2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from portal.core.i18n import _l
from portal.core.permissions import HQ_ROLES, Role


@dataclass(frozen=True)
class Conflict:
    """A role that does not go together with some others, and why."""

    role: Role
    others: frozenset[Role]
    why: Any

    def within(self, roles: frozenset[Role]) -> frozenset[Role]:
        """Which of some roles do not go together; none if they do."""
        found = self.others & roles if self.role in roles else frozenset()
        return found | {self.role} if found else found


MOVES_MONEY = frozenset({Role.FINANCE, Role.REVIEWER, Role.ADMINISTRATOR})
"""Who moves money at headquarters, and who could become one who does: whom they give these roles
everybody is told who has one, and the auditors."""

CONFLICTS = (
    Conflict(
        Role.ADMINISTRATOR,
        frozenset({Role.FINANCE, Role.REVIEWER, Role.DESK}),
        _l("Who gives roles and sets policy values neither moves money nor decides on it."),
    ),
    Conflict(
        Role.AUDITOR,
        HQ_ROLES - {Role.AUDITOR},
        _l("Who audits changes nothing that they audit."),
    ),
)


def conflicts(
    roles: frozenset[Role], *, had: frozenset[Role] = frozenset()
) -> Iterator[tuple[frozenset[Role], Any]]:
    """The roles among some that do not go together, each time with why.

    What somebody ``had`` already stays: what is as it was is no new conflict.
    """
    for one in CONFLICTS:
        found = one.within(roles)
        if not found <= one.within(had):
            yield found, one.why
