"""Spreadsheets that dealers send in place of the form (A11)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, Line, public_id


class ApplicationSheet(Base):
    """A spreadsheet that a dealer sent in place of the form, until its columns are confirmed (A11).

    ``content`` holds ``headings``, ``rows`` and ``above``, all of them texts.
    """

    __tablename__ = "application_sheet"
    __table_args__ = (
        Index("ix_application_sheet_dealer_id", "dealer_id"),
        Index("ix_application_sheet_created_at", "created_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True, default=public_id)
    dealer_id: Mapped[int] = mapped_column(ForeignKey("dealer.id"))
    sent_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    file_name: Mapped[Line]
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
