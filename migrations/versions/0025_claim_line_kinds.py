"""claim lines of other kinds: the freight of a consignment (R1, R3)"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALONE = {"resolve_fks": False}
"""The tables that it refers to need not be looked at."""


def upgrade() -> None:
    """Let a line claim the freight of a consignment in place of an old part."""
    with op.batch_alter_table("claim_line", reflect_kwargs=ALONE) as table:
        table.add_column(
            sa.Column("kind", sa.String(length=20), nullable=False, server_default="old_part")
        )
        table.add_column(sa.Column("consignment_id", KEY, nullable=True))
        table.alter_column("old_part_id", existing_type=KEY, nullable=True)
        table.alter_column("part_id", existing_type=KEY, nullable=True)
        table.create_foreign_key(
            op.f("fk_claim_line_consignment_id"), "consignment", ["consignment_id"], ["id"]
        )
        table.create_unique_constraint(op.f("uq_claim_line_consignment_id"), ["consignment_id"])
        table.create_check_constraint(
            op.f("ck_claim_line_source"),
            "(kind = 'old_part' AND old_part_id IS NOT NULL AND part_id IS NOT NULL"
            " AND consignment_id IS NULL)"
            " OR (kind = 'freight' AND consignment_id IS NOT NULL"
            " AND old_part_id IS NULL AND part_id IS NULL)",
        )
