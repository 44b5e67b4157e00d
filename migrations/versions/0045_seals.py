"""one seal a day over all events, which nobody changes (P4)"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the table; the database refuses to change what is in it."""
    op.create_table(
        "event_seal",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_id", KEY, nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_event_seal")),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER event_seal_no_{verb.lower()} BEFORE {verb} ON event_seal "
                "BEGIN SELECT RAISE(ABORT, 'event_seal is append-only'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER event_seal_no_change BEFORE UPDATE OR DELETE ON event_seal "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        "CREATE TRIGGER event_seal_no_truncate BEFORE TRUNCATE ON event_seal "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
