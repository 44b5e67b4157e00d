"""old parts registered in bulk (O3): uploads, their photos, and the rows that were registered"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "old_part_batch",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mapping", VALUES, nullable=False),
        sa.Column("uploaded_by_id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["user_account.id"], name=op.f("fk_old_part_batch_uploaded_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_old_part_batch_dealer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_part_batch")),
        sa.UniqueConstraint("public_id", name=op.f("uq_old_part_batch_public_id")),
    )
    op.create_index(
        "ix_old_part_batch_dealer_id_created_at_id",
        "old_part_batch",
        ["dealer_id", "created_at", "id"],
    )
    op.create_index(
        "ix_old_part_batch_status_created_at", "old_part_batch", ["status", "created_at"]
    )
    op.create_table(
        "old_part_batch_photo",
        sa.Column("id", KEY, nullable=False),
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("raw_key", sa.String(length=40), nullable=False),
        sa.Column("photo", sa.String(length=16), nullable=False),
        sa.Column("refused", sa.String(length=20), nullable=False),
        sa.CheckConstraint(
            "raw_key <> '' OR photo <> '' OR refused <> ''",
            name=op.f("ck_old_part_batch_photo_state"),
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["old_part_batch.id"], name=op.f("fk_old_part_batch_photo_batch_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_part_batch_photo")),
        sa.UniqueConstraint(
            "batch_id", "sha256", "name", name=op.f("uq_old_part_batch_photo_batch_id_sha256_name")
        ),
    )
    op.create_table(
        "old_part_batch_row",
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("batch_id", KEY, nullable=False),
        sa.Column("old_part_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_old_part_batch_row_dealer_id")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["old_part_batch.id"], name=op.f("fk_old_part_batch_row_batch_id")
        ),
        sa.ForeignKeyConstraint(
            ["old_part_id"], ["old_part.id"], name=op.f("fk_old_part_batch_row_old_part_id")
        ),
        sa.PrimaryKeyConstraint("dealer_id", "sha256", "row", name=op.f("pk_old_part_batch_row")),
        sa.UniqueConstraint("old_part_id", name=op.f("uq_old_part_batch_row_old_part_id")),
    )
    op.create_index("ix_old_part_batch_row_batch_id", "old_part_batch_row", ["batch_id"])
