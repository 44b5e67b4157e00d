"""claim lines for the labour of replacing an old part (R1, R3)"""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0037"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALONE = {"resolve_fks": False}
"""The tables that it refers to need not be looked at."""


def upgrade() -> None:
    """Let an old part stand on two lines: for itself, and for its labour; on each once, ever."""
    with op.batch_alter_table("claim_line", reflect_kwargs=ALONE) as table:
        table.add_column(sa.Column("fee_line_id", KEY, nullable=True))
        table.add_column(sa.Column("quantity", sa.Integer(), nullable=True))
        table.create_foreign_key(
            op.f("fk_claim_line_fee_line_id"), "fee_line", ["fee_line_id"], ["id"]
        )
        table.drop_constraint(op.f("uq_claim_line_old_part_id"), type_="unique")
        table.create_unique_constraint(
            op.f("uq_claim_line_old_part_id_kind"), ["old_part_id", "kind"]
        )
        table.create_check_constraint(
            op.f("ck_claim_line_labour"),
            "(kind = 'labour' AND fee_line_id IS NOT NULL AND quantity IS NOT NULL"
            " AND quantity > 0) OR (kind <> 'labour' AND fee_line_id IS NULL AND quantity IS NULL)",
        )
        table.drop_constraint(op.f("ck_claim_line_source"), type_="check")
        table.create_check_constraint(
            op.f("ck_claim_line_source"),
            "(kind IN ('old_part', 'labour') AND old_part_id IS NOT NULL AND part_id IS NOT NULL"
            " AND consignment_id IS NULL AND advance_id IS NULL)"
            " OR (kind = 'freight' AND consignment_id IS NOT NULL"
            " AND old_part_id IS NULL AND part_id IS NULL AND advance_id IS NULL)"
            " OR (kind = 'advance' AND advance_id IS NOT NULL"
            " AND old_part_id IS NULL AND part_id IS NULL AND consignment_id IS NULL)",
        )
