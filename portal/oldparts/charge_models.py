"""What dealers owe of old parts, and what they were charged for it (O6)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Money
from portal.core.documents import Document
from portal.oldparts.charge_workflow import CHARGE

OWED, VOLUNTARY, REGISTERED, SETTLED = "owed", "voluntary", "registered", "settled"


class OwedLine(Base):
    """The pieces of a received warranty line whose old parts are not registered.

    ``pieces`` goes down with each registration. ``state`` is ``OWED`` where headquarters wanted the
    part back when the line arrived, else ``VOLUNTARY``; ``REGISTERED`` once no wanted piece is
    left; ``SETTLED`` once a charge was made out for what was left, or waived.

    ``register_by`` was worked out on receipt, from ``days``: a later policy value changes nothing.
    ``remind_on`` is headquarters' next day to remind of it. ``unit_price`` is what was deducted.
    """

    __tablename__ = "owed_line"
    __table_args__ = (
        CheckConstraint("pieces BETWEEN 0 AND quantity", name="pieces"),
        CheckConstraint(
            "state IN ('owed', 'voluntary', 'registered', 'settled')"
            " AND (pieces > 0 OR state <> 'owed')",
            name="state",
        ),
        # The last two columns let both sums be told from the index alone.
        Index(
            "ix_owed_line_state_register_by",
            *("state", "register_by", "shipment_line_id", "pieces", "unit_price"),
        ),
        Index(
            "ix_owed_line_dealer_id_state_register_by",
            *("dealer_id", "state", "register_by", "shipment_line_id", "pieces", "unit_price"),
        ),
        Index("ix_owed_line_state_remind_on", "state", "remind_on"),
    )

    shipment_line_id: Mapped[int] = mapped_column(
        ForeignKey("shipment_line.id"), primary_key=True, autoincrement=False
    )
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipment.id"))
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"))
    quantity: Mapped[int] = mapped_column(Integer)
    pieces: Mapped[int] = mapped_column(Integer)
    unit_price: Mapped[Money]
    state: Mapped[str] = mapped_column(String(10))
    days: Mapped[int] = mapped_column(Integer)
    register_by: Mapped[datetime]
    remind_on: Mapped[date | None]


def each_of(retail: int, cost: int, *, in_full: bool) -> int:
    """What a piece is charged at: its out-of-warranty price, in full or less its cost (O6)."""
    return retail if in_full else retail - cost


class OldPartCharge(Document, Base):
    """The charge for the pieces of one shipped line, or for one old part that went missing.

    Both are unique: each is charged once, ever. ``retail`` is the out-of-warranty price and
    ``cost`` what was deducted, for each of ``pieces``; ``in_full`` says that the cost was not
    taken off. ``raised_by_id`` is who raised it by hand, None if the clock did. Until ``answer_by``
    the dealer may dispute it.
    """

    __tablename__ = "old_part_charge"
    __table_args__ = (
        CheckConstraint("(shipment_line_id IS NULL) <> (old_part_id IS NULL)", name="cause"),
        CheckConstraint("pieces > 0 AND cost >= 0", name="pieces"),
        CheckConstraint(
            "status NOT IN ('charged', 'disputed', 'upheld', 'reversed') OR (amount > 0"
            " AND retail IS NOT NULL"
            " AND amount = pieces * (retail - CASE WHEN in_full THEN 0 ELSE cost END))",
            name="amount",
        ),
        Index("ix_old_part_charge_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_old_part_charge_created_at_id", "created_at", "id"),
        Index("ix_old_part_charge_status_created_at_id", "status", "created_at", "id"),
        Index(
            "ix_old_part_charge_dealer_id_status_created_at_id",
            *("dealer_id", "status", "created_at", "id"),
        ),
    )
    kind = "oldpartcharge"
    workflow = CHARGE

    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    number: Mapped[str] = mapped_column(String(40), unique=True)
    shipment_line_id: Mapped[int | None] = mapped_column(
        ForeignKey("owed_line.shipment_line_id"), unique=True
    )
    old_part_id: Mapped[int | None] = mapped_column(ForeignKey("old_part.id"), unique=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"))
    pieces: Mapped[int] = mapped_column(Integer)
    cost: Mapped[Money]
    retail: Mapped[Money | None]
    price_list_id: Mapped[int | None] = mapped_column(ForeignKey("price_list.id"))
    in_full: Mapped[bool] = mapped_column(default=False)
    amount: Mapped[Money] = mapped_column(default=0)
    charged_at: Mapped[datetime | None]
    raised_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    answer_by: Mapped[datetime | None]
    search_text: Mapped[str] = mapped_column(default="")

    @property
    def title(self) -> str:
        return self.number

    @property
    def each(self) -> int:
        """What each piece is charged at, in minor units; not above zero if there is nothing to."""
        return each_of(self.retail or 0, self.cost, in_full=self.in_full)
