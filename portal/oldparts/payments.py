"""What became of the money of an old part, beside where the piece is (O9)."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, func, literal

from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.oldparts.models import OldPart


@dataclass(frozen=True)
class Payment:
    """Whether an old part was paid for, in words, with a tone and where to read more."""

    label: Any
    tone: str = "neutral"
    url: str | None = None


NOTHING = "none"
PAYMENTS = {
    NOTHING: Payment(_l("Not claimed")),
    "claimed": Payment(_l("On a claim"), "waiting"),
    "reimbursed": Payment(_l("Reimbursed"), "good"),
    "in_part": Payment(_l("Reimbursed in part"), "good"),
    "refused": Payment(_l("Not reimbursed"), "bad"),
    "charged_back": Payment(_l("Charged back"), "bad"),
}
"""The statuses of payment."""

Codes = Callable[[Actor], ColumnElement[Any]]
Places = Callable[[OldPart, Actor], tuple[str, str | None] | None]
_codes: list[Codes] = []
_places: list[Places] = []


def tells_payments(function: Codes) -> Codes:
    """Let a higher feature give, as a column of ``OldPart``, a key of ``PAYMENTS`` or NULL."""
    _codes.append(function)
    return function


def tells_payment(function: Places) -> Places:
    """Let a higher feature say of one piece the key of ``PAYMENTS``, and where to read more."""
    _places.append(function)
    return function


def payment_column(actor: Actor) -> ColumnElement[str]:
    """The payment status of each old part of a list, as its column ``payment``."""
    return func.coalesce(*(tell(actor) for tell in _codes), literal(NOTHING)).label("payment")


def payment_of(old_part: OldPart, actor: Actor) -> Payment:
    """The payment status of an old part."""
    for tell in _places:
        if (told := tell(old_part, actor)) is not None:
            return replace(PAYMENTS[told[0]], url=told[1])
    return PAYMENTS[NOTHING]
