"""Parts, price lists and prices (C1, C2)."""

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalogue import workflow
from portal.core.db import Base, Key, Line, Money
from portal.core.documents import Document


class Part(Document, Base):
    """A spare part, with its number as the manufacturer writes it (C1).

    ``number_key`` is the number in capitals without blanks: how people find it, and what no two
    parts share. ``name`` is the English name and stands in where another language has none.
    ``picture`` is the public id of its photo, the one attachment that a part has. ``search_text``
    holds number and names in lower case.
    """

    __tablename__ = "part"
    __table_args__ = (CheckConstraint("successor_id <> id", name="successor"),)
    kind = "part"
    workflow = workflow.PART

    number: Mapped[str] = mapped_column(String(60), unique=True)
    number_key: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[Line]
    name_zh: Mapped[Line] = mapped_column(default="")
    name_pl: Mapped[Line] = mapped_column(default="")
    unit: Mapped[str] = mapped_column(String(20), default="")
    category: Mapped[Line] = mapped_column(default="")
    return_required: Mapped[bool] = mapped_column(default=True)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("part.id"))
    picture: Mapped[str | None] = mapped_column(ForeignKey("attachment.public_id"))
    search_text: Mapped[str]

    @property
    def title(self) -> str:
        return self.number

    def name_in(self, language: str) -> str:
        """The part's name in a language of the portal, or its English one."""
        return {"zh-Hans": self.name_zh, "pl": self.name_pl}.get(language) or self.name


class PriceList(Document, Base):
    """A price list as it was uploaded: its file, how its columns were read, from when it counts."""

    __tablename__ = "price_list"
    kind = "pricelist"
    workflow = workflow.PRICE_LIST

    name: Mapped[Line]
    effective_from: Mapped[date]
    file_name: Mapped[Line]
    file_key: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))

    @property
    def title(self) -> str:
        return self.name


class Price(Base):
    """What a part costs from a day on (C2), in minor units.

    ``cost`` is what the dealer pays, ``retail`` the out-of-warranty price. Rows are only added;
    of several in force the one of the latest day counts, then the one imported last. A cost of 0
    means: no price yet, cannot be ordered.
    """

    __tablename__ = "price"
    __table_args__ = (
        CheckConstraint("cost >= 0 AND retail >= 0", name="amounts"),
        Index("ix_price_part_id_effective_from_id", "part_id", "effective_from", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"))
    price_list_id: Mapped[int] = mapped_column(ForeignKey("price_list.id"))
    effective_from: Mapped[date]
    cost: Mapped[Money]
    retail: Mapped[Money]
