"""compensation for late delivery (A9)"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table of compensations."""
    op.create_table(
        "compensation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("shipment_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("shipped_on", sa.Date(), nullable=False),
        sa.Column("late_days", sa.Integer(), nullable=False),
        sa.Column("late_amount", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0 AND late_amount > 0", name=op.f("ck_compensation_amounts")),
        sa.CheckConstraint(
            "late_days > 0 AND rate > 0 AND most > 0", name=op.f("ck_compensation_computation")
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_compensation_dealer_id")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_compensation_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_compensation_shipment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_compensation")),
        sa.UniqueConstraint("public_id", name=op.f("uq_compensation_public_id")),
        sa.UniqueConstraint("shipment_id", name=op.f("uq_compensation_shipment_id")),
        sa.UniqueConstraint("number", name=op.f("uq_compensation_number")),
    )
    for name, columns in (
        ("ix_compensation_dealer_id_created_at_id", ["dealer_id", "created_at", "id"]),
        ("ix_compensation_created_at_id", ["created_at", "id"]),
        ("ix_compensation_application_id", ["application_id"]),
        ("ix_compensation_status_due_at", ["status", "due_at"]),
    ):
        op.create_index(name, "compensation", columns, unique=False)
