"""monthly account statements, which the database keeps as they were written (L9)"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table, and refuse changes of it."""
    op.create_table(
        "account_statement",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("opening", sa.BigInteger(), nullable=False),
        sa.Column("money_in", sa.BigInteger(), nullable=False),
        sa.Column("money_out", sa.BigInteger(), nullable=False),
        sa.Column("closing", sa.BigInteger(), nullable=False),
        sa.Column("entry_count", sa.Integer(), nullable=False),
        sa.Column("dealer_code", sa.String(length=20), nullable=False),
        sa.Column("dealer_name", sa.String(length=200), nullable=False),
        sa.Column("dealer_address", sa.Text(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "closing = opening + money_in - money_out", name=op.f("ck_account_statement_closing")
        ),
        sa.CheckConstraint("begins < ends", name=op.f("ck_account_statement_lasts")),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_account_statement_dealer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_statement")),
        sa.UniqueConstraint(
            "dealer_id", "month", name=op.f("uq_account_statement_dealer_id_month")
        ),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER account_statement_no_{verb.lower()} BEFORE {verb} "
                "ON account_statement "
                "BEGIN SELECT RAISE(ABORT, 'account_statement is append-only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER account_statement_no_change BEFORE UPDATE OR DELETE ON account_statement "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER account_statement_no_truncate BEFORE TRUNCATE ON account_statement "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
