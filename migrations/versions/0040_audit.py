"""all events by time, and by kind and time (P4)"""

from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    """Index what is searched."""
    op.create_index("ix_event_at_id", "event", ["at", "id"])
    op.create_index("ix_event_document_kind_at_id", "event", ["document_kind", "at", "id"])
