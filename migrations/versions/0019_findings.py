"""what rules find on the lines of claims before a person looks at them (R5)"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make the table, and count for each claim the lines that have a finding."""
    op.create_table(
        "claim_finding",
        sa.Column("line_id", KEY, autoincrement=False, nullable=False),
        sa.Column("rule", sa.String(length=30), nullable=False),
        sa.Column("figures", VALUES, nullable=False),
        sa.ForeignKeyConstraint(
            ["line_id"], ["claim_line.id"], name=op.f("fk_claim_finding_line_id")
        ),
        sa.PrimaryKeyConstraint("line_id", "rule", name=op.f("pk_claim_finding")),
    )
    op.add_column(
        "claim", sa.Column("suspicious", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
