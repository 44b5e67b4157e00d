"""Parts with prices (C1, C2), product models with warranty and sold units (C4), fault codes."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.catalogue import workflow
from portal.catalogue.names import InLanguages
from portal.core.db import Base, Key, Line, Money
from portal.core.documents import Document


class Part(InLanguages, Document, Base):
    """A spare part, with its number as the manufacturer writes it (C1).

    ``number_key`` is the number in capitals without blanks: how people find it, and what no two
    parts share. ``picture`` is the public id of its photo, the one attachment that a part has.
    ``search_text`` holds number and names in lower case.
    """

    __tablename__ = "part"
    __table_args__ = (
        CheckConstraint("successor_id <> id", name="successor"),
        Index("ix_part_successor_id", "successor_id"),
    )
    kind = "part"
    workflow = workflow.PART

    number: Mapped[str] = mapped_column(String(60), unique=True)
    number_key: Mapped[str] = mapped_column(String(60), unique=True)
    unit: Mapped[str] = mapped_column(String(20), default="")
    category: Mapped[Line] = mapped_column(default="")
    return_required: Mapped[bool] = mapped_column(default=True)
    successor_id: Mapped[int | None] = mapped_column(ForeignKey("part.id"))
    picture: Mapped[str | None] = mapped_column(ForeignKey("attachment.public_id"))
    search_text: Mapped[str]

    @property
    def title(self) -> str:
        return self.number


class Sheet(Document):
    """A spreadsheet as it was uploaded: its file, and how its columns were read."""

    file_name: Mapped[Line]
    file_key: Mapped[str] = mapped_column(String(80))
    sha256: Mapped[str] = mapped_column(String(64))
    mapping: Mapped[dict[str, Any]]
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class PriceList(Sheet, Base):
    """A spreadsheet of prices, and from when they count."""

    __tablename__ = "price_list"
    kind = "pricelist"
    workflow = workflow.PRICE_LIST

    name: Mapped[Line]
    effective_from: Mapped[date]

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


class ProductModel(InLanguages, Document, Base):
    """A model of the products that the parts are for (C4).

    Number, key and names are as a part's.
    """

    __tablename__ = "product_model"
    kind = "model"
    workflow = workflow.MODEL

    number: Mapped[str] = mapped_column(String(60), unique=True)
    number_key: Mapped[str] = mapped_column(String(60), unique=True)
    search_text: Mapped[str]

    @property
    def title(self) -> str:
        return self.number


class Fit(Base):
    """A part that a product model has."""

    __tablename__ = "part_fit"
    __table_args__ = (Index("ix_part_fit_part_id", "part_id"),)

    model_id: Mapped[int] = mapped_column(ForeignKey("product_model.id"), primary_key=True)
    part_id: Mapped[int] = mapped_column(ForeignKey("part.id"), primary_key=True)


class WarrantyPolicy(Base):
    """How many months of warranty the parts of a category have on a model (C4).

    The rule that is in force on the day of the sale counts. Without a category it is for all parts
    that have no rule of their own. Rows are only added; of several in force the one of the latest
    day counts, then the one added last. 0 months: there is no warranty.
    """

    __tablename__ = "warranty_policy"
    __table_args__ = (
        CheckConstraint("months BETWEEN 0 AND 600", name="months"),
        Index("ix_warranty_policy_model_id", "model_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("product_model.id"))
    category: Mapped[Line] = mapped_column(default="")
    months: Mapped[int] = mapped_column(Integer)
    effective_from: Mapped[date]


class SoldUnit(Base):
    """A product that was sold (C4): headquarters' record of it.

    ``serial_key`` is the serial in capitals, half-width, without blanks: no two units of a model
    share one. ``dealer_id`` is who sold it, if that is known.
    """

    __tablename__ = "sold_unit"
    __table_args__ = (
        UniqueConstraint("serial_key", "model_id"),
        Index("ix_sold_unit_model_id", "model_id"),
        Index("ix_sold_unit_dealer_id_created_at_id", "dealer_id", "created_at", "id"),
        Index("ix_sold_unit_created_at_id", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("product_model.id"))
    serial: Mapped[Line]
    serial_key: Mapped[Line]
    sold_on: Mapped[date]
    dealer_id: Mapped[int | None] = mapped_column(ForeignKey("dealer.id"))
    created_at: Mapped[datetime]


class FaultCode(InLanguages, Document, Base):
    """A code for what may be wrong with a product, offered when an old part is registered (O2).

    Code, key and names are as a part's number, key and names. Old parts keep the code as a text:
    what was registered stays as it was said.
    """

    __tablename__ = "fault_code"
    kind = "faultcode"
    workflow = workflow.FAULT_CODE

    code: Mapped[str] = mapped_column(String(60), unique=True)
    code_key: Mapped[str] = mapped_column(String(60), unique=True)
    search_text: Mapped[str]

    @property
    def title(self) -> str:
        return self.code


class SheetImport(Sheet, Base):
    """A spreadsheet of master data; ``subject`` says of what: a name among the subjects."""

    __tablename__ = "sheet_import"
    kind = "import"
    workflow = workflow.IMPORT

    subject: Mapped[str] = mapped_column(String(20))

    @property
    def title(self) -> str:
        return self.file_name
