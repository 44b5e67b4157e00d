"""a dealer's own number, remarks and photos of an application's lines, uploaded forms (A1, A11)"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Add the columns, empty for what is there, and make the tables of uploaded forms."""
    empty = sa.text("''")
    op.add_column(
        "application",
        sa.Column("reference", sa.String(length=200), nullable=False, server_default=empty),
    )
    op.add_column(
        "application_line", sa.Column("remark", sa.Text(), nullable=False, server_default=empty)
    )
    op.add_column(
        "application_line",
        sa.Column("key", sa.String(length=16), nullable=False, server_default=empty),
    )
    op.add_column("attachment", sa.Column("place", sa.String(length=16), nullable=True))
    op.create_table(
        "application_sheet",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("sent_by_id", KEY, nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("content", VALUES, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_application_sheet_dealer_id")
        ),
        sa.ForeignKeyConstraint(
            ["sent_by_id"], ["user_account.id"], name=op.f("fk_application_sheet_sent_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_sheet")),
        sa.UniqueConstraint("public_id", name=op.f("uq_application_sheet_public_id")),
    )
    op.create_index("ix_application_sheet_dealer_id", "application_sheet", ["dealer_id"])
    op.create_index("ix_application_sheet_created_at", "application_sheet", ["created_at"])
    op.create_table(
        "sheet_headings",
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("columns", VALUES, nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_sheet_headings_dealer_id")
        ),
        sa.PrimaryKeyConstraint("dealer_id", "digest", name=op.f("pk_sheet_headings")),
    )
