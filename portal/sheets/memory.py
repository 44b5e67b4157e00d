"""How somebody's own headings are read: confirmed once, remembered for the dealer."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped as Kept
from sqlalchemy.orm import mapped_column

from portal.core.db import Base, session
from portal.sheets.columns import Mapped, normalised


class SheetHeadings(Base):
    """How a dealer's own headings are read (A11, O3).

    ``digest`` is that of the headings, and of what the sheet is about; ``columns`` holds for a
    column's key the index of its heading, or None.
    """

    __tablename__ = "sheet_headings"

    dealer_id: Kept[int] = mapped_column(ForeignKey("dealer.id"), primary_key=True)
    digest: Kept[str] = mapped_column(String(64), primary_key=True)
    columns: Kept[dict[str, Any]]
    confirmed_at: Kept[datetime]


def digest(headings: Sequence[str], about: str = "") -> str:
    """What tells a table's headings from those of another."""
    named = json.dumps([normalised(heading) for heading in headings])
    return hashlib.sha256((about + named).encode()).hexdigest()


def remembered(
    dealer_id: int | None, headings: Sequence[str], keys: Iterable[str], *, about: str = ""
) -> Mapped | None:
    """The columns of these headings as they were confirmed; None if they never were."""
    kept = session.get(SheetHeadings, (dealer_id, digest(headings, about)))
    return {key: kept.columns.get(key) for key in keys} if kept else None


def remember(
    dealer_id: int | None,
    headings: Sequence[str],
    mapping: Mapped,
    *,
    about: str = "",
    now: datetime,
) -> None:
    """Remember how a dealer's headings are read."""
    session.merge(
        SheetHeadings(
            dealer_id=dealer_id,
            digest=digest(headings, about),
            columns=dict(mapping),
            confirmed_at=now,
        )
    )
