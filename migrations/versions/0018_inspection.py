"""what the warehouse found when it looked at an old part (O8)"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "inspection",
        sa.Column("old_part_id", KEY, autoincrement=False, nullable=False),
        sa.Column("inspected_by_id", KEY, nullable=True),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failure_code", sa.String(length=30), nullable=True),
        sa.Column("pays", sa.String(length=12), nullable=True),
        sa.Column("object_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(failure_code IS NULL) = (pays IS NULL)", name=op.f("ck_inspection_failure")
        ),
        sa.CheckConstraint("pays IN ('dealer', 'headquarters')", name=op.f("ck_inspection_pays")),
        sa.ForeignKeyConstraint(
            ["old_part_id"], ["old_part.id"], name=op.f("fk_inspection_old_part_id")
        ),
        sa.ForeignKeyConstraint(
            ["inspected_by_id"], ["user_account.id"], name=op.f("fk_inspection_inspected_by_id")
        ),
        sa.PrimaryKeyConstraint("old_part_id", name=op.f("pk_inspection")),
    )
    op.create_index(
        "ix_inspection_failure_code_inspected_at", "inspection", ["failure_code", "inspected_at"]
    )
