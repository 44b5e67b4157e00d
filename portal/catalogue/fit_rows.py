"""Which parts a product model has, by spreadsheet; what is there already stays (C4)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select

from portal.catalogue.models import Fit, ProductModel
from portal.catalogue.price_columns import NUMBER
from portal.catalogue.product_queries import models_by_key
from portal.catalogue.queries import known_parts, number_key
from portal.catalogue.sheet_preview import Preview, SheetRow, previewed
from portal.core.db import LINE, session
from portal.core.events import record_many
from portal.core.i18n import _, _l
from portal.core.permissions import Actor
from portal.sheets.cells import word
from portal.sheets.columns import Column, Mapped
from portal.sheets.rows import RowIssue, RowReader
from portal.sheets.table import Table

COLUMNS = (
    Column(
        "model",
        _l("Product model"),
        required=True,
        names=(
            "Model", "Model number", "Model no", "Product", "型号", "产品型号", "机型", "适用型号",
            "适用机型", "Model produktu", "Produkt", "Pasuje do",
        ),
    ),
    Column(
        "number",
        _l("Part number"),
        required=True,
        names=(
            "Part", "Part no", "Part number", "Spare part", "零件号", "零件编号", "配件编号",
            "备件条码", "Numer części", "Nr części", "Część",
        ),
    ),
)  # fmt: skip


def judge(table: Table, mapping: Mapped, now: datetime) -> Preview[SheetRow]:
    """Say for each row what it would do, or why it cannot be imported."""

    def cells(key: str) -> list[str]:
        index = mapping.get(key)
        return [] if index is None else [row.cells[index] for row in table.rows]

    models = models_by_key({number_key(cell) for cell in cells("model")} - {""})
    parts = known_parts(cells("number"), now.date())
    there = {
        (model_id, part_id)
        for model_id, part_id in session.execute(
            select(Fit.model_id, Fit.part_id).where(Fit.model_id.in_(set(models.values())))
        )
    }
    rows: list[SheetRow] = []
    issues: list[RowIssue] = []
    first: dict[tuple[int, int], int] = {}
    for line in table.rows:
        reader = RowReader(line, COLUMNS, mapping)
        model = reader.read("model", word, LINE) or ""
        number = reader.read("number", word, NUMBER) or ""
        model_id = models.get(number_key(model))
        part = parts.get(number) or parts.get(number_key(number))
        if model and model_id is None:
            reader.error("model", _("There is no product model “%(model)s”.", model=model[:60]))
        if number and part is None:
            reader.error("number", _("There is no part “%(number)s”.", number=number))
        if model_id is not None and part is not None:
            pair = model_id, part.id
            before = first.setdefault(pair, line.number)
            if before != line.number:
                reader.note(None, _("The same stands in row %(row)d already.", row=before))
            known = pair in there or before != line.number
            rows.append(SheetRow(line.number, "unchanged" if known else "new", pair))
        issues += reader.issues
    return previewed(len(table.rows), rows, issues)


def write(rows: Sequence[SheetRow], *, file_name: str, by: Actor, now: datetime) -> None:
    """Add the parts to their models, with one event for each model (P4)."""
    pairs: list[tuple[Any, ...]] = [row.values for row in rows]
    if not pairs:
        return
    session.execute(
        insert(Fit), [{"model_id": model_id, "part_id": part_id} for model_id, part_id in pairs]
    )
    counts = Counter(model_id for model_id, _part in pairs)
    models = session.scalars(
        select(ProductModel)
        .where(ProductModel.id.in_(counts))
        .order_by(ProductModel.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    values = {key: {"parts": count, "file": file_name} for key, count in counts.items()}
    for status in sorted({model.status for model in models}):
        alike = [model for model in models if model.status == status]
        record_many(alike, "fit", by=by, now=now, from_status=status, values=values)
