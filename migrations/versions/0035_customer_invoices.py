"""invoices to customers, beside the schedules of service fees (F2)"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the two tables."""
    op.create_table(
        "customer_invoice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("recorded_by_id", KEY, nullable=False),
        sa.Column("paper_number", sa.String(length=200), nullable=False),
        sa.Column("paper_key", sa.String(length=200), nullable=True),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("old_part_id", KEY, nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("schedule_id", KEY, nullable=True),
        sa.Column("charged", sa.BigInteger(), nullable=False),
        sa.Column("above", sa.BigInteger(), nullable=False),
        sa.Column("penalty_id", KEY, nullable=True),
        sa.CheckConstraint("above BETWEEN 0 AND charged", name=op.f("ck_customer_invoice_above")),
        sa.CheckConstraint(
            "penalty_id IS NULL OR status = 'penalized'",
            name=op.f("ck_customer_invoice_penalty"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_customer_invoice_{column}")
            )
            for column, table in (
                ("dealer_id", "dealer"),
                ("recorded_by_id", "user_account"),
                ("old_part_id", "old_part"),
                ("schedule_id", "fee_schedule"),
                ("penalty_id", "correction"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_invoice")),
        sa.UniqueConstraint("public_id", name=op.f("uq_customer_invoice_public_id")),
        sa.UniqueConstraint("number", name=op.f("uq_customer_invoice_number")),
        sa.UniqueConstraint("penalty_id", name=op.f("uq_customer_invoice_penalty_id")),
        sa.UniqueConstraint(
            "dealer_id", "paper_key", name=op.f("uq_customer_invoice_dealer_id_paper_key")
        ),
    )
    for columns in (
        ["dealer_id", "created_at", "id"],
        ["created_at", "id"],
        ["status", "created_at", "id"],
    ):
        op.create_index(f"ix_customer_invoice_{'_'.join(columns)}", "customer_invoice", columns)
    _lines()


def _lines() -> None:
    op.create_table(
        "customer_invoice_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("invoice_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", KEY, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.BigInteger(), nullable=True),
        sa.Column("allowed", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(item_id IS NULL) = (name <> '')", name=op.f("ck_customer_invoice_line_service")
        ),
        sa.CheckConstraint(
            "(rate IS NULL) = (allowed IS NULL)", name=op.f("ck_customer_invoice_line_rate")
        ),
        sa.CheckConstraint(
            "quantity > 0 AND amount >= 0", name=op.f("ck_customer_invoice_line_amount")
        ),
        sa.ForeignKeyConstraint(
            ["invoice_id"],
            ["customer_invoice.id"],
            name=op.f("fk_customer_invoice_line_invoice_id"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["service_item.id"], name=op.f("fk_customer_invoice_line_item_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_invoice_line")),
        sa.UniqueConstraint(
            "invoice_id", "position", name=op.f("uq_customer_invoice_line_invoice_id_position")
        ),
    )
    op.create_index("ix_customer_invoice_line_item_id", "customer_invoice_line", ["item_id"])
