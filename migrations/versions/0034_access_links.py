"""people: links to a password of one's own; an address may be invited more than once (P1)"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ALONE = {"resolve_fks": False}
"""The tables that it refers to need not be looked at."""
JOINED = sa.text("status IN ('active', 'deactivated')")


def upgrade() -> None:
    """Let an address be one person's once they have joined, and make the table of links."""
    triggers = _triggers()
    with op.batch_alter_table("user_account", reflect_kwargs=ALONE) as table:
        table.drop_constraint(op.f("uq_user_account_email"), type_="unique")
    for trigger in triggers:
        op.execute(trigger)
    op.create_index("ix_user_account_email", "user_account", ["email"])
    op.create_index(
        "uq_user_account_email",
        "user_account",
        ["email"],
        unique=True,
        sqlite_where=JOINED,
        postgresql_where=JOINED,
    )
    op.create_table(
        "access_link",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_access_link_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_access_link_token_hash")),
    )
    op.create_index("ix_access_link_user_id", "access_link", ["user_id"])


def _triggers() -> list[str]:
    """What SQLite forgets of a table that is made anew: the triggers that keep it searchable."""
    if op.get_bind().dialect.name != "sqlite":
        return []
    found = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :name")
    return list(op.get_bind().scalars(found, {"name": "user_account"}))
