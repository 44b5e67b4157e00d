"""lines whose old parts nobody asked for stay so, whatever is registered of them (O6)"""

from alembic import op

revision = "0022"
down_revision = "0021"

ALONE = {"resolve_fks": False}
"""The tables that it refers to need not be looked at."""


def upgrade() -> None:
    """Let a voluntary line have no piece left."""
    with op.batch_alter_table("owed_line", reflect_kwargs=ALONE) as table:
        table.drop_constraint(op.f("ck_owed_line_state"), type_="check")
        table.create_check_constraint(
            op.f("ck_owed_line_state"),
            "state IN ('owed', 'voluntary', 'registered', 'settled')"
            " AND (pieces > 0 OR state <> 'owed')",
        )
