"""notices by e-mail, and jobs that are forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add when people want mail, when a notice goes out, and the index of the jobs' age."""
    # Columns are added in place: a table that is copied loses its triggers.
    op.add_column(
        "user_account",
        sa.Column("mail", sa.String(length=10), nullable=False, server_default="at_once"),
    )
    op.add_column("notice", sa.Column("mail_at", sa.DateTime(timezone=True), nullable=True))
    for table, column in (("notice", "mail_at"), ("job", "done_at")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_{table}_{column}",
            table,
            [column],
            sqlite_where=there,
            postgresql_where=there,
        )
