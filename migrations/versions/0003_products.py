"""product models with their warranty, sold units, and spreadsheets of master data (C1, C4)"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _document() -> list[sa.Column]:
    """The columns of every document."""
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
    """Make the tables; a warranty policy, like a price, is never changed."""
    op.create_index("ix_part_successor_id", "part", ["successor_id"], unique=False)
    op.create_table(
        "product_model",
        *_document(),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("number_key", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_pl", sa.String(length=200), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_model")),
        sa.UniqueConstraint("number", name=op.f("uq_product_model_number")),
        sa.UniqueConstraint("number_key", name=op.f("uq_product_model_number_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_product_model_public_id")),
    )
    op.create_table(
        "part_fit",
        sa.Column("model_id", KEY, nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"], ["product_model.id"], name=op.f("fk_part_fit_model_id")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_part_fit_part_id")),
        sa.PrimaryKeyConstraint("model_id", "part_id", name=op.f("pk_part_fit")),
    )
    op.create_index("ix_part_fit_part_id", "part_fit", ["part_id"], unique=False)
    op.create_table(
        "warranty_policy",
        sa.Column("id", KEY, nullable=False),
        sa.Column("model_id", KEY, nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.CheckConstraint("months BETWEEN 0 AND 600", name=op.f("ck_warranty_policy_months")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["product_model.id"], name=op.f("fk_warranty_policy_model_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_warranty_policy")),
    )
    op.create_index("ix_warranty_policy_model_id", "warranty_policy", ["model_id"], unique=False)
    op.create_table(
        "sold_unit",
        sa.Column("id", KEY, nullable=False),
        sa.Column("model_id", KEY, nullable=False),
        sa.Column("serial", sa.String(length=200), nullable=False),
        sa.Column("serial_key", sa.String(length=200), nullable=False),
        sa.Column("sold_on", sa.Date(), nullable=False),
        sa.Column("dealer_id", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_sold_unit_dealer_id")),
        sa.ForeignKeyConstraint(
            ["model_id"], ["product_model.id"], name=op.f("fk_sold_unit_model_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sold_unit")),
        sa.UniqueConstraint(
            "serial_key", "model_id", name=op.f("uq_sold_unit_serial_key_model_id")
        ),
    )
    op.create_index("ix_sold_unit_model_id", "sold_unit", ["model_id"], unique=False)
    op.create_index(
        "ix_sold_unit_dealer_id_created_at_id",
        "sold_unit",
        ["dealer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("ix_sold_unit_created_at_id", "sold_unit", ["created_at", "id"], unique=False)
    op.create_table(
        "sheet_import",
        *_document(),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mapping", VALUES, nullable=False),
        sa.Column("uploaded_by_id", KEY, nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["user_account.id"], name=op.f("fk_sheet_import_uploaded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sheet_import")),
        sa.UniqueConstraint("public_id", name=op.f("uq_sheet_import_public_id")),
    )
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER warranty_policy_no_{verb.lower()} BEFORE {verb} "
                "ON warranty_policy "
                "BEGIN SELECT RAISE(ABORT, 'warranty_policy is append-only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER warranty_policy_no_change BEFORE UPDATE OR DELETE ON warranty_policy "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER warranty_policy_no_truncate BEFORE TRUNCATE ON warranty_policy "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
