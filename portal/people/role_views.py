"""The roles: who may do what, as the features declare it, and what does not go together."""

from dataclasses import dataclass
from typing import Any

from flask.typing import ResponseReturnValue

from portal.core.permissions import DEALER_ROLES, Role, declared, said
from portal.people import duties, policy
from portal.web.htmx import render
from portal.web.routes import Pages, actor

pages = Pages("roles", __name__)


@dataclass(frozen=True)
class Duty:
    """A row of the matrix: what one may do, and the roles that may."""

    says: Any
    roles: frozenset[Role]
    begins: bool
    """Whether another subject begins with it."""


def matrix(columns: list[Role]) -> list[Duty]:
    """What the roles of some columns may do, subject by subject, in the features' order."""
    capabilities = declared()
    subjects = list(dict.fromkeys(name.partition(":")[0] for name in capabilities))
    names = sorted(
        (name for name, roles in capabilities.items() if roles & set(columns)),
        key=lambda name: subjects.index(name.partition(":")[0]),
    )
    rows: list[Duty] = []
    before = ""
    for name in names:
        subject = name.partition(":")[0]
        rows.append(Duty(said(name), capabilities[name], begins=subject != before))
        before = subject
    return rows


@pages.get("/roles", needs=policy.ROLE_READ)
def index() -> ResponseReturnValue:
    """The matrix: for headquarters of all roles, for a dealer's manager of the dealer's."""
    columns = [role for role in Role if not actor().is_dealer or role in DEALER_ROLES]
    return render(
        "people/roles.html",
        columns=columns,
        rows=matrix(columns),
        conflicts=() if actor().is_dealer else duties.CONFLICTS,
    )
