"""What headquarters set: values over the defaults that the code declares, and days of work."""

from datetime import date

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Line
from portal.core.documents import Document
from portal.core.i18n import _
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


class WorkingCalendar(Document, Base):
    """Headquarters' calendar: one row, which the migration made, and its history (A10)."""

    __tablename__ = "working_calendar"
    kind = "calendar"
    workflow = workflow.CALENDAR

    @property
    def title(self) -> str:
        return str(_("Working calendar"))


class CalendarDay(Base):
    """A day that differs from the weekly pattern: a holiday, or one that makes up for it."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    works: Mapped[bool]
    name: Mapped[Line]
