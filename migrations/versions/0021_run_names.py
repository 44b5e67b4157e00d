"""names as they were when a run of claims closed, which the database keeps (R8)"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DEALER = {"code": 20, "name": 200, "address": 200, "city": 200}
PART = {"number": 60, "name": 200, "name_zh": 200, "name_pl": 200}


def upgrade() -> None:
    """Make the tables; runs that are closed take the names of today."""
    _table("dealer", DEALER)
    _table("part", PART)
    claims = "SELECT claim.dealer_id FROM claim WHERE claim.run_id = claim_run.id"
    lines = (
        "SELECT claim_line.part_id FROM claim_line JOIN claim ON claim.id = claim_line.claim_id "
        "WHERE claim.run_id = claim_run.id"
    )
    for what, names, which in (("dealer", DEALER, claims), ("part", PART, lines)):
        columns = ", ".join(names)
        theirs = ", ".join(f"{what}.{name}" for name in names)
        op.execute(
            f"INSERT INTO claim_run_{what} (run_id, {what}_id, {columns}) "
            f"SELECT claim_run.id, {what}.id, {theirs} FROM claim_run "
            f"JOIN {what} ON {what}.id IN ({which}) WHERE claim_run.status = 'closed'"
        )
        _keep(f"claim_run_{what}")


def _table(what: str, names: dict[str, int]) -> None:
    table = f"claim_run_{what}"
    op.create_table(
        table,
        sa.Column("run_id", KEY, nullable=False),
        sa.Column(f"{what}_id", KEY, nullable=False),
        *(
            sa.Column(name, sa.String(length=length), nullable=False)
            for name, length in names.items()
        ),
        sa.ForeignKeyConstraint(["run_id"], ["claim_run.id"], name=op.f(f"fk_{table}_run_id")),
        sa.ForeignKeyConstraint([f"{what}_id"], [f"{what}.id"], name=op.f(f"fk_{table}_{what}_id")),
        sa.PrimaryKeyConstraint("run_id", f"{what}_id", name=op.f(f"pk_{table}")),
    )


def _keep(table: str) -> None:
    """Refuse changes of a table."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
