"""what pieces have in common, for who reviews them: customers, looks of serials, photos"""

import unicodedata

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

KEYS = ("product_serial_look", "old_serial_look", "customer_key")
ALIKE = str.maketrans("OQILZSB", "0011258")
SAME = """
UPDATE old_part SET same_photo = true WHERE id IN (
    SELECT one.document_id FROM attachment AS one
    JOIN attachment AS other ON other.sha256 = one.sha256
    WHERE one.document_kind = 'oldpart' AND other.document_kind = 'oldpart'
        AND other.document_id <> one.document_id)
"""


def upgrade() -> None:
    """Add them with their indexes, and fill them in for what is there."""
    for name in KEYS:
        op.add_column("old_part", sa.Column(name, sa.String(length=200), nullable=True))
    op.add_column(
        "old_part",
        sa.Column("same_photo", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _fill()
    for names in (
        ("product_serial_look",),
        ("old_serial_look",),
        ("customer_key", "created_at"),
        ("dealer_id", "part_id", "created_at"),
    ):
        op.create_index(f"ix_old_part_{'_'.join(names)}", "old_part", names)


def _fill() -> None:
    bind = op.get_bind()
    columns = "id, dealer_id, product_serial_key, old_serial_key, customer_name, customer_phone"
    found = bind.execute(sa.text(f"SELECT {columns} FROM old_part"))
    fill = ", ".join(f"{name} = :{name}" for name in KEYS)
    for some in found.partitions(5000):
        values = [
            {
                "key": row.id,
                "product_serial_look": _look(row.product_serial_key),
                "old_serial_look": _look(row.old_serial_key),
                "customer_key": _customer(row),
            }
            for row in some
        ]
        bind.execute(sa.text(f"UPDATE old_part SET {fill} WHERE id = :key"), values)
    bind.execute(sa.text(SAME))


def _look(key: str | None) -> str | None:
    return "".join(filter(str.isalnum, (key or "").translate(ALIKE))) or None


def _customer(row: sa.Row[tuple[object, ...]]) -> str | None:
    digits = "".join(filter(str.isdecimal, unicodedata.normalize("NFKC", row.customer_phone)))
    if len(digits) >= 6:
        return digits[-9:]
    words = " ".join(row.customer_name.lower().split())
    return f"{row.dealer_id} {words}"[:200] if words else None
