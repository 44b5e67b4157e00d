"""What a dealer was told of in time: what it can claim for a few days more only (R2)."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Money
from portal.core.documents import Document
from portal.core.i18n import _l
from portal.core.workflow import State, Transition, Workflow

LAPSE = Workflow(
    states=(State("announced", _l("Announced")),),
    transitions=(
        # From nothing: the portal announces it.
        Transition(
            "create",
            (),
            "announced",
            "lapse:announce",
            _l("Announce"),
            _l("announced what lapses if it is not claimed in time"),
            tells="claim:write",
        ),
    ),
)


class Lapse(Document, Base):
    """The announcement that old parts and more of a dealer lapse; once for each month.

    The claim for ``month`` is the last one that they can be put on, ``until`` an instant.
    ``pieces`` and ``amount``, in minor units, ``consignments``, whose freight is meant, and
    ``compensations`` are those of the day when it was announced.
    """

    __tablename__ = "claim_lapse"
    __table_args__ = (UniqueConstraint("dealer_id", "month"),)
    kind = "lapse"
    workflow = LAPSE

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    month: Mapped[str] = mapped_column(String(7))
    until: Mapped[datetime]
    pieces: Mapped[int] = mapped_column(Integer)
    amount: Mapped[Money]
    consignments: Mapped[int] = mapped_column(Integer)
    compensations: Mapped[int] = mapped_column(Integer, default=0, server_default=text("0"))

    @property
    def title(self) -> str:
        return self.month
