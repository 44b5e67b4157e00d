"""a line's own time to appeal, and the share that a run draws for spot checks (R5, R6, P4)"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"

SHARE = """
UPDATE claim_run SET spot_check = COALESCE((
    SELECT value FROM policy_value
    WHERE name = 'claim.spot_check' AND status = 'approved'
    AND effective_from <= DATE(claim_run.opened_at)
    ORDER BY effective_from DESC, id DESC LIMIT 1
), 200)
"""


def upgrade() -> None:
    """Add both; a run that is there draws by what was in force when it opened."""
    op.add_column(
        "claim_run",
        sa.Column("spot_check", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.execute(SHARE)
    op.add_column("claim_line", sa.Column("appeal_by", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_claim_line_appeal_by",
        "claim_line",
        ["appeal_by"],
        sqlite_where=sa.text("appeal_by IS NOT NULL"),
        postgresql_where=sa.text("appeal_by IS NOT NULL"),
    )
