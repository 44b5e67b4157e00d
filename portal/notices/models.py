"""One notice is one event, for one person."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.core.db import Base, Key, Line


class Notice(Base):
    """An event that concerns a person; unread until they have seen it.

    ``title`` is the document's number as it was then: a list of them needs no other table.
    ``mail_at`` is when it is to go out by e-mail as well; None if it is not, or has been promised.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_user_id_id", "user_id", "id"),
        Index(
            "ix_notice_unread",
            "user_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(
            "ix_notice_mail_at",
            "mail_at",
            sqlite_where=text("mail_at IS NOT NULL"),
            postgresql_where=text("mail_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    title: Mapped[Line]
    read_at: Mapped[datetime | None]
    mail_at: Mapped[datetime | None]
