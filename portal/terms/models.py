"""The values that headquarters set, over the defaults that the code declares."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key


class PolicyValue(Base):
    """A value from a day on; the latest that is in force counts. Rows are only added."""

    __tablename__ = "policy_value"
    __table_args__ = (Index("ix_policy_value_name_effective_from", "name", "effective_from"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    value: Mapped[int]
    effective_from: Mapped[date]
    reason: Mapped[str]
    set_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    set_at: Mapped[datetime]
