"""Labels for old parts, on sheets or on a roll (O1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from portal.catalogue.models import Part
from portal.catalogue.queries import name_in
from portal.core.db import AnyRow, AnySelect, rows
from portal.core.i18n import _
from portal.core.permissions import Actor
from portal.oldparts import policy, queries
from portal.oldparts.batch_models import BatchRow, OldPartBatch
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from portal.web import filters
from portal.web.links import public_url_for
from portal.web.lists import Tab
from portal.web.paper import Paper, code, paper

MOST = 300
"""So many labels are printed in one go."""


@dataclass(frozen=True)
class Size:
    """A label in millimetres; ``columns`` and ``rows`` of them on an A4 sheet, or one on a roll."""

    width: int
    height: int
    columns: int = 1
    rows: int = 1

    @property
    def per_page(self) -> int:
        """How many labels a page has."""
        return self.columns * self.rows

    @property
    def page(self) -> tuple[int, int]:
        """Width and height of a page."""
        return (210, 297) if self.per_page > 1 else (self.width, self.height)


SIZES = {
    "70x37": Size(70, 37, columns=3, rows=8),
    "105x57": Size(105, 57, columns=2, rows=5),
    "62": Size(62, 40),
}


def of(actor: Actor, names: Collection[str], language: str) -> Sequence[AnyRow]:
    """What the labels of some old parts say; those that this actor does not see have none (P1)."""
    return _rows(_said(language).where(*queries.scope(actor, ""), OldPart.public_id.in_(names)))


def of_list(actor: Actor, text: str, tab: Tab, language: str) -> Sequence[AnyRow]:
    """What the labels of all in a tab of the list say that match a text, the newest first."""
    statement = _said(language).where(*queries.scope(actor, text))
    return _rows(statement if tab.where is None else statement.where(tab.where))


def of_batch(actor: Actor, name: str, language: str) -> Sequence[AnyRow]:
    """What the labels of the pieces say that an upload registered, the newest first (P1)."""
    statement = (
        _said(language)
        .join(BatchRow, BatchRow.old_part_id == OldPart.id)
        .join(OldPartBatch, OldPartBatch.id == BatchRow.batch_id)
        .where(policy.visible_old_parts(actor), OldPartBatch.public_id == name)
    )
    return _rows(statement)


def _said(language: str) -> AnySelect:
    return (
        select(
            OldPart.public_id,
            OldPart.number,
            OldPart.old_serial,
            OldPart.created_at,
            Part.number.label("part"),
            name_in(language).label("name"),
            Dealer.code.label("dealer"),
        )
        .join(Part, Part.id == OldPart.part_id)
        .join(Dealer, Dealer.id == OldPart.dealer_id)
    )


def _rows(statement: AnySelect) -> Sequence[AnyRow]:
    return rows(statement.order_by(OldPart.created_at.desc(), OldPart.id.desc()).limit(MOST))


def sheets(found: Sequence[AnyRow], size: Size, used: int) -> Paper:
    """Their labels; the first sheet has ``used`` ones that are gone already."""
    facts = {
        "title": _("Labels"),
        "page": size.page,
        "label": (size.width, size.height),
        "columns": size.columns,
        "rows": size.rows,
        "used": used,
        "labels": [_label(row) for row in found],
    }
    return paper("old_part_labels", found[0].number if len(found) == 1 else "labels", facts)


def _label(row: AnyRow) -> dict[str, object]:
    said = [
        (_("Serial"), row.old_serial),
        (_("Registered on"), filters.day(row.created_at)),
        (_("Dealer"), row.dealer),
    ]
    return {
        "number": row.number,
        "code": code(public_url_for("oldparts.show", name=row.public_id)),
        "part": row.part,
        "name": row.name,
        "said": [(label, value) for label, value in said if value],
    }
