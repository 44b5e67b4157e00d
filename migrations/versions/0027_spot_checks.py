"""lines drawn for a spot check, and headquarters' notes on lines, which the database keeps (R5)"""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEPT = "claim_id, about, author_id, at, text"
"""What of a note cannot be changed; its line may leave the claim."""


def upgrade() -> None:
    """Add the mark and the table, and refuse changes of what was noted."""
    op.add_column(
        "claim_line",
        sa.Column("drawn", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_table(
        "claim_note",
        sa.Column("id", KEY, nullable=False),
        sa.Column("claim_id", KEY, nullable=False),
        sa.Column("line_id", KEY, nullable=True),
        sa.Column("about", sa.String(length=60), nullable=False),
        sa.Column("author_id", KEY, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_note_claim_id")),
        sa.ForeignKeyConstraint(
            ["line_id"],
            ["claim_line.id"],
            name=op.f("fk_claim_note_line_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_claim_note_author_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_note")),
    )
    op.create_index("ix_claim_note_line_id", "claim_note", ["line_id"])
    op.create_index("ix_claim_note_claim_id", "claim_note", ["claim_id"])
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, verb in (("update", f"UPDATE OF {KEPT}"), ("delete", "DELETE")):
        refuse = (
            "BEGIN SELECT RAISE(ABORT, 'claim_note is append-only'); END"
            if sqlite
            else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(f"CREATE TRIGGER claim_note_no_{name} BEFORE {verb} ON claim_note {refuse}")
    if not sqlite:
        op.execute(
            "CREATE TRIGGER claim_note_no_truncate BEFORE TRUNCATE ON claim_note "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
