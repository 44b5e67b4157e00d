"""appeals of dealers against decisions on lines of their claims (R6)"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAYS = timedelta(days=14)
"""What was decided before can be appealed for so long, like what is decided from now on."""


def upgrade() -> None:
    """Make the table, and the columns that closing and deciding write."""
    _appeals()
    for name, kind in (("appeal_count", sa.Integer()), ("appealed", sa.BigInteger())):
        op.add_column(
            "claim_run", sa.Column(name, kind, server_default=sa.text("0"), nullable=False)
        )
    op.add_column("claim", sa.Column("appeal_by", sa.DateTime(timezone=True), nullable=True))
    _fill()


def _fill() -> None:
    event = sa.table(
        "event",
        sa.column("document_kind", sa.String()),
        sa.column("document_id", KEY),
        sa.column("name", sa.String()),
        sa.column("at", sa.DateTime(timezone=True)),
    )
    claim = sa.table(
        "claim",
        sa.column("id", KEY),
        sa.column("status", sa.String()),
        sa.column("appeal_by", sa.DateTime(timezone=True)),
    )
    decided = sa.select(event.c.document_id, sa.func.max(event.c.at).label("at")).where(
        event.c.document_kind == "claim",
        event.c.name == "decide",
        event.c.at > datetime.now(UTC) - DAYS,
    )
    connection = op.get_bind()
    for row in connection.execute(decided.group_by(event.c.document_id)).all():
        mine = claim.c.id == row.document_id, claim.c.status.in_(("decided", "settled"))
        connection.execute(sa.update(claim).where(*mine).values(appeal_by=row.at + DAYS))


def _appeals() -> None:
    op.create_table(
        "claim_appeal",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("claim_id", KEY, nullable=False),
        sa.Column("line_id", KEY, nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("approved", sa.BigInteger(), nullable=False),
        sa.Column("grounds", sa.Text(), nullable=False),
        sa.Column("filed_by_id", KEY, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("reason_code", sa.String(length=30), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by_id", KEY, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_id", KEY, nullable=True),
        sa.CheckConstraint(
            "claimed > approved AND approved >= 0", name=op.f("ck_claim_appeal_claimed")
        ),
        sa.CheckConstraint(
            "amount BETWEEN 0 AND claimed - approved AND (amount > 0"
            " OR status NOT IN ('granted', 'granted_part', 'settled'))",
            name=op.f("ck_claim_appeal_decision"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.id"], name=op.f(f"fk_claim_appeal_{column}")
            )
            for column, table in (
                ("dealer_id", "dealer"),
                ("claim_id", "claim"),
                ("line_id", "claim_line"),
                ("filed_by_id", "user_account"),
                ("decided_by_id", "user_account"),
                ("run_id", "claim_run"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_appeal")),
        *(
            sa.UniqueConstraint(column, name=op.f(f"uq_claim_appeal_{column}"))
            for column in ("public_id", "number", "line_id")
        ),
    )
    for name, columns in (
        ("ix_claim_appeal_dealer_id_created_at_id", ["dealer_id", "created_at", "id"]),
        ("ix_claim_appeal_created_at_id", ["created_at", "id"]),
        ("ix_claim_appeal_status_created_at_id", ["status", "created_at", "id"]),
        ("ix_claim_appeal_run_id_dealer_id", ["run_id", "dealer_id"]),
        ("ix_claim_appeal_claim_id", ["claim_id"]),
    ):
        op.create_index(name, "claim_appeal", columns, unique=False)
