"""what opens the personal values of an event can be removed, and nothing else (P4)"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0044"
down_revision = "0043"

NAMING = ("old_part", "advance", "customer_invoice")
"""The documents that name a customer."""
KEPT = (
    *("id", "dealer_id", "document_kind", "document_id", "seq", "at", "actor_id", "actor_name"),
    *("actor_side", "name", "from_status", "to_status", "reason", "values", "hash"),
)


def upgrade() -> None:
    """Add the columns; let an event lose what is personal."""
    op.add_column("event", sa.Column("personal", sa.JSON().with_variant(JSONB(), "postgresql")))
    for table in NAMING:
        op.add_column(table, sa.Column("anonymised_at", sa.DateTime(timezone=True)))
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in KEPT)
    op.execute("DROP TRIGGER event_no_update")
    op.execute(
        "CREATE TRIGGER event_no_update BEFORE UPDATE ON event "
        f"WHEN NOT (OLD.personal IS NOT NULL AND NEW.personal IS NULL AND {same}) "
        "BEGIN SELECT RAISE(ABORT, 'event is append-only'); END"
    )


def _postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION event_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                IF OLD.personal IS NOT NULL AND NEW.personal IS NULL
                    AND to_jsonb(NEW) - 'personal' = to_jsonb(OLD) - 'personal'
                THEN
                    RETURN NEW;
                END IF;
            END IF;
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
        END $$
        """
    )
    op.execute("DROP TRIGGER event_no_change ON event")
    op.execute(
        "CREATE TRIGGER event_no_change BEFORE UPDATE OR DELETE ON event "
        "FOR EACH ROW EXECUTE FUNCTION event_change()"
    )
