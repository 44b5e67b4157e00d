"""the bank's files, and each line of its statement once (L7)"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0036"
down_revision = "0035"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(JSONB(), "postgresql")


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


def upgrade() -> None:
    """Make the tables; and an index for the entries of all accounts in their order."""
    op.create_table(
        "bank_file",
        *_document(),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mapping", JSON, nullable=False),
        sa.Column("uploaded_by_id", KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["user_account.id"], name=op.f("fk_bank_file_uploaded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_file")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bank_file_public_id")),
    )
    op.create_index("ix_bank_file_created_at_id", "bank_file", ["created_at", "id"])
    op.create_index("ix_bank_file_digest", "bank_file", ["digest"])
    _lines()
    op.create_index("ix_transfer_at_id", "transfer", ["at", "id"])


def _lines() -> None:
    op.create_table(
        "bank_line",
        *_document(),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("file_id", KEY, nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reference", sa.String(length=100), nullable=False),
        sa.Column("remitter", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("payer_id", KEY, nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_bank_line_amount")),
        sa.CheckConstraint(
            "status <> 'booked' OR payer_id IS NOT NULL", name=op.f("ck_bank_line_payer")
        ),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.id"], name=op.f("fk_bank_line_file_id")),
        sa.ForeignKeyConstraint(["payer_id"], ["dealer.id"], name=op.f("fk_bank_line_payer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bank_line")),
        sa.UniqueConstraint("public_id", name=op.f("uq_bank_line_public_id")),
        sa.UniqueConstraint("key", name=op.f("uq_bank_line_key")),
    )
    for columns in (
        ["created_at", "id"],
        ["status", "created_at", "id"],
        ["fingerprint"],
        ["file_id"],
        ["remitter"],
    ):
        op.create_index(f"ix_bank_line_{'_'.join(columns)}", "bank_line", columns)
