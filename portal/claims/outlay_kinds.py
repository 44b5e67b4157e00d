"""What dealers pay others and claim back with the receipt, beside their old parts (R1)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func
from sqlalchemy.orm import aliased

from portal.advances.models import Advance
from portal.claims.models import ADVANCE, FREIGHT, ClaimLine
from portal.collections.models import Consignment
from portal.core.db import AnySelect
from portal.core.documents import Document
from portal.core.i18n import _l
from portal.fees.models import FeeLine, FeeSchedule, ServiceItem


@dataclass(frozen=True)
class Outlay:
    """A kind of such lines: each claims a document, once, ever (R3).

    ``key`` is the line's column of the document, ``since`` the document's of when it can be claimed
    from, and ``states`` are those in which it can. ``at_most`` gives the most that is paid back for
    one, in minor units. The sentences refuse it: if none is chosen, if it is claimed, or not yet.
    """

    name: str
    model: Any
    key: Any
    since: Any
    states: tuple[str, ...]
    at_most: Callable[[Any], int | None]
    no_receipt: Any
    none_chosen: Any
    claimed: Any
    not_now: Any

    def of_line(self, line: ClaimLine) -> int | None:
        """The key of the document that a line claims, if it is of this kind."""
        found: int | None = getattr(line, self.key.key)
        return found

    def unclaimed(self) -> list[ColumnElement[bool]]:
        """The condition that a document can be claimed, and is on no claim (R3)."""
        line = aliased(ClaimLine)
        return [
            self.model.status.in_(self.states),
            ~exists().where(getattr(line, self.key.key) == self.model.id),
        ]

    def free(self, dealer_id: int) -> list[ColumnElement[bool]]:
        """The same of a document of a dealer's."""
        return [self.model.dealer_id == dealer_id, *self.unclaimed()]


def _no_limit(_document: Document) -> None:
    return None


def _approved(advance: Advance) -> int:
    return advance.approved


OUTLAYS = {
    FREIGHT: Outlay(
        FREIGHT,
        Consignment,
        ClaimLine.consignment_id,
        Consignment.sent_at,
        ("sent", "received"),
        _no_limit,
        _l("Attach the carrier's receipt: a PDF or a photo of it."),
        _l("Choose a consignment."),
        _l("The freight of this consignment is on a claim already."),
        _l("The freight of this consignment cannot be claimed for this month."),
    ),
    ADVANCE: Outlay(
        ADVANCE,
        Advance,
        ClaimLine.advance_id,
        Advance.decided_at,
        ("approved",),
        _approved,
        _l("Attach the customer’s receipt: a PDF or a photo of it."),
        _l("Choose a compensation."),
        _l("This compensation is on a claim already."),
        _l("This compensation cannot be claimed for this month."),
    ),
}
"""By the kind of line."""

COLUMNS = (
    func.coalesce(Consignment.public_id, Advance.public_id).label("outlay"),
    func.coalesce(Consignment.number, Advance.number).label("outlay_number"),
    Consignment.status.label("consignment_status"),
    Consignment.carrier,
    Consignment.tracking_number,
    Consignment.sent_at,
    Advance.customer_name.label("customer"),
    Advance.approved.label("most"),
    Advance.decided_at.label("allowed_at"),
)
"""What a page shows of what a line claims that claims no old part."""


LABOUR_COLUMNS = (
    ClaimLine.quantity,
    FeeLine.amount.label("rate"),
    FeeLine.unit,
    func.coalesce(ServiceItem.name, FeeLine.name).label("service_name"),
    ServiceItem.name_zh.label("service_name_zh"),
    ServiceItem.name_pl.label("service_name_pl"),
    FeeSchedule.number.label("schedule_number"),
    FeeSchedule.public_id.label("schedule"),
)
"""What a page shows of the labour that a line claims."""


def beside(statement: AnySelect) -> AnySelect:
    """A statement of lines, joined to what those claim that claim no old part by itself."""
    return (
        statement.outerjoin(Consignment, Consignment.id == ClaimLine.consignment_id)
        .outerjoin(Advance, Advance.id == ClaimLine.advance_id)
        .outerjoin(FeeLine, FeeLine.id == ClaimLine.fee_line_id)
        .outerjoin(ServiceItem, ServiceItem.id == FeeLine.item_id)
        .outerjoin(FeeSchedule, FeeSchedule.id == FeeLine.schedule_id)
    )
