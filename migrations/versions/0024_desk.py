"""the reviewer's desk: lines that are decided by themselves, and who reviews which dealer (R5)"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
IS_OPEN = sa.text("status = 'open'")
ALONE = """
UPDATE claim_line SET alone = {true}
 WHERE (remark <> '' OR EXISTS (SELECT 1 FROM claim_finding WHERE line_id = claim_line.id))
   AND claim_id IN (SELECT id FROM claim WHERE run_id IS NOT NULL)
"""


def upgrade() -> None:
    """Mark the lines that have to be looked at, and make the table."""
    op.add_column(
        "claim_line",
        sa.Column("alone", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    true = "1" if op.get_bind().dialect.name == "sqlite" else "true"
    op.execute(ALONE.format(true=true))
    op.create_index(
        "ix_claim_line_open",
        "claim_line",
        ["claim_id", "alone", "position"],
        sqlite_where=IS_OPEN,
        postgresql_where=IS_OPEN,
    )
    op.create_table(
        "claim_assignment",
        sa.Column("run_id", KEY, autoincrement=False, nullable=False),
        sa.Column("dealer_id", KEY, autoincrement=False, nullable=False),
        sa.Column("reviewer_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["claim_run.id"], name=op.f("fk_claim_assignment_run_id")
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_claim_assignment_dealer_id")
        ),
        sa.ForeignKeyConstraint(
            ["reviewer_id"], ["user_account.id"], name=op.f("fk_claim_assignment_reviewer_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "dealer_id", name=op.f("pk_claim_assignment")),
    )
