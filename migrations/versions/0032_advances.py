"""advance compensation: requests, and claim lines that claim them (S4, R1, R3)"""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALONE = {"resolve_fks": False}
"""The tables that it refers to need not be looked at."""


def upgrade() -> None:
    """Make the table, and let a line claim one of its rows."""
    _advances()
    with op.batch_alter_table("claim_line", reflect_kwargs=ALONE) as table:
        table.add_column(sa.Column("advance_id", KEY, nullable=True))
        table.create_foreign_key(
            op.f("fk_claim_line_advance_id"), "advance", ["advance_id"], ["id"]
        )
        table.create_unique_constraint(op.f("uq_claim_line_advance_id"), ["advance_id"])
        table.drop_constraint(op.f("ck_claim_line_source"), type_="check")
        table.create_check_constraint(
            op.f("ck_claim_line_source"),
            "(kind = 'old_part' AND old_part_id IS NOT NULL AND part_id IS NOT NULL"
            " AND consignment_id IS NULL AND advance_id IS NULL)"
            " OR (kind = 'freight' AND consignment_id IS NOT NULL"
            " AND old_part_id IS NULL AND part_id IS NULL AND advance_id IS NULL)"
            " OR (kind = 'advance' AND advance_id IS NOT NULL"
            " AND old_part_id IS NULL AND part_id IS NULL AND consignment_id IS NULL)",
        )

    op.add_column(
        "claim_lapse",
        sa.Column("compensations", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )


def _advances() -> None:
    op.create_table(
        "advance",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("requested_by_id", KEY, nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("product_model", sa.String(length=200), nullable=False),
        sa.Column("product_serial", sa.String(length=200), nullable=False),
        sa.Column("old_part_id", KEY, nullable=True),
        sa.Column("what_happened", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("approved", sa.BigInteger(), nullable=False),
        sa.Column("decided_by_id", KEY, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("asked > 0", name=op.f("ck_advance_asked")),
        sa.CheckConstraint(
            "approved BETWEEN 0 AND asked AND (status <> 'approved' OR approved > 0)",
            name=op.f("ck_advance_decision"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_advance_{column}"))
            for column, table in (
                ("dealer_id", "dealer"),
                ("requested_by_id", "user_account"),
                ("old_part_id", "old_part"),
                ("decided_by_id", "user_account"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advance")),
        sa.UniqueConstraint("public_id", name=op.f("uq_advance_public_id")),
        sa.UniqueConstraint("number", name=op.f("uq_advance_number")),
    )
    for columns in (
        ["dealer_id", "created_at", "id"],
        ["created_at", "id"],
        ["status", "created_at", "id"],
        ["dealer_id", "status", "created_at", "id"],
    ):
        op.create_index(f"ix_advance_{'_'.join(columns)}", "advance", columns)
