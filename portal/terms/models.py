"""The values that headquarters set, over the defaults that the code declares."""

from datetime import date

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base
from portal.core.documents import Document
from portal.terms import workflow


class PolicyValue(Document, Base):
    """A value from a day on, once it is approved; the latest that is in force counts."""

    __tablename__ = "policy_value"
    __table_args__ = (Index("ix_policy_value_name_effective_from", "name", "effective_from"),)
    kind = "policy"
    workflow = workflow.POLICY_CHANGE

    name: Mapped[str] = mapped_column(String(60))
    value: Mapped[int]
    effective_from: Mapped[date]
    reason: Mapped[str]
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    @property
    def title(self) -> str:
        return f"{self.name} = {self.value}"
