"""services, and dealers' schedules of what they charge for them (F1)"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the three tables."""
    _items()
    _schedules()
    _lines()


def _document() -> list[sa.Column]:
    return [
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _items() -> None:
    op.create_table(
        "service_item",
        *_document(),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("code_key", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_pl", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_item")),
        *(
            sa.UniqueConstraint(column, name=op.f(f"uq_service_item_{column}"))
            for column in ("public_id", "code", "code_key")
        ),
    )


def _schedules() -> None:
    op.create_table(
        "fee_schedule",
        *_document(),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("created_by_id", KEY, nullable=False),
        sa.Column("typed", VALUES, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("in_force_from", sa.Date(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saved_by_id", KEY, nullable=True),
        sa.Column("saved_by", sa.String(length=200), nullable=True),
        sa.Column("saved_page", sa.String(length=80), nullable=True),
        sa.CheckConstraint(
            "status <> 'approved' OR in_force_from IS NOT NULL",
            name=op.f("ck_fee_schedule_in_force"),
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_fee_schedule_dealer_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_fee_schedule_created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee_schedule")),
        sa.UniqueConstraint("public_id", name=op.f("uq_fee_schedule_public_id")),
        sa.UniqueConstraint("number", name=op.f("uq_fee_schedule_number")),
    )
    is_open = sa.text("status IN ('draft', 'submitted')")
    op.create_index(
        "ix_fee_schedule_open",
        "fee_schedule",
        ["dealer_id"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    for columns in (
        ["dealer_id", "created_at", "id"],
        ["created_at", "id"],
        ["status", "created_at", "id"],
        ["dealer_id", "in_force_from", "id"],
    ):
        op.create_index(f"ix_fee_schedule_{'_'.join(columns)}", "fee_schedule", columns)


def _lines() -> None:
    op.create_table(
        "fee_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("schedule_id", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("item_id", KEY, nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("grounds", sa.String(length=200), nullable=False),
        sa.CheckConstraint("(item_id IS NULL) = (name <> '')", name=op.f("ck_fee_line_service")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_fee_line_amount")),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_fee_line_{column}"))
            for column, table in (
                ("dealer_id", "dealer"),
                ("schedule_id", "fee_schedule"),
                ("item_id", "service_item"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fee_line")),
        sa.UniqueConstraint(
            "schedule_id",
            "revision",
            "position",
            name=op.f("uq_fee_line_schedule_id_revision_position"),
        ),
        sa.UniqueConstraint(
            "schedule_id",
            "revision",
            "item_id",
            name=op.f("uq_fee_line_schedule_id_revision_item_id"),
        ),
    )
    op.create_index("ix_fee_line_item_id", "fee_line", ["item_id"])
    op.create_index("ix_fee_line_dealer_id", "fee_line", ["dealer_id"])
