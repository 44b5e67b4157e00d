"""receipt by line, with what is missing or damaged, and until when it is confirmed (A8)"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALONE = {"resolve_fks": False}
"""The tables that these two refer to need not be looked at."""
DAYS = 10
"""What is on its way today is confirmed within so many days from today."""


def upgrade() -> None:
    """Add the counts of pieces, the deadline of the receipt, and the reports."""
    _pieces()
    _deadline()
    _reports()


def _pieces() -> None:
    zero = sa.text("0")
    op.add_column(
        "quote_line", sa.Column("again", sa.Integer(), nullable=False, server_default=zero)
    )
    with op.batch_alter_table("quote_line", reflect_kwargs=ALONE) as table:
        table.drop_constraint(op.f("ck_quote_line_shipped"), type_="check")
        table.create_check_constraint(
            op.f("ck_quote_line_shipped"),
            "shipped >= 0 AND cancelled >= 0 AND again >= 0"
            " AND shipped + cancelled + again <= quantity",
        )
    op.add_column("shipment_line", sa.Column("sent", sa.Integer(), nullable=True))
    for name in ("again", "short", "damaged", "resent", "refunded"):
        column = sa.Column(name, sa.Integer(), nullable=False, server_default=zero)
        op.add_column("shipment_line", column)
    op.execute("UPDATE shipment_line SET sent = quantity")
    with op.batch_alter_table("shipment_line", reflect_kwargs=ALONE) as table:
        table.alter_column("sent", existing_type=sa.Integer(), nullable=False)
        table.drop_constraint(op.f("ck_shipment_line_quantity"), type_="check")
        table.create_check_constraint(
            op.f("ck_shipment_line_sent"), "sent > 0 AND again BETWEEN 0 AND sent"
        )
        table.create_check_constraint(
            op.f("ck_shipment_line_quantity"),
            "quantity >= 0 AND short >= 0 AND damaged >= 0 AND quantity + short + damaged = sent",
        )
        table.create_check_constraint(
            op.f("ck_shipment_line_settled"),
            "resent >= 0 AND refunded >= 0 AND resent + refunded <= short + damaged",
        )


def _deadline() -> None:
    for name in ("due_at", "reminded_at"):
        op.add_column("shipment", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_shipment_status_due_at", "shipment", ["status", "due_at"], unique=False)
    shipment = sa.table(
        "shipment",
        sa.column("status", sa.String()),
        sa.column("due_at", sa.DateTime(timezone=True)),
    )
    due_at = datetime.now(UTC) + timedelta(days=DAYS)
    op.execute(shipment.update().where(shipment.c.status == "sent").values(due_at=due_at))


def _reports() -> None:
    op.create_table(
        "delivery_report",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("shipment_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_delivery_report_dealer_id")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_delivery_report_shipment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_report")),
        sa.UniqueConstraint("number", name=op.f("uq_delivery_report_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_delivery_report_public_id")),
        sa.UniqueConstraint("shipment_id", name=op.f("uq_delivery_report_shipment_id")),
    )
    op.create_index(
        "ix_delivery_report_dealer_id_created_at_id",
        "delivery_report",
        ["dealer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_delivery_report_status_created_at_id",
        "delivery_report",
        ["status", "created_at", "id"],
        unique=False,
    )
