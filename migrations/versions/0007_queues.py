"""the queues of applications, in the order of what is due"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

WAITS_UNTIL = sa.text("coalesce(due_at, created_at)")


def upgrade() -> None:
    """Make the indexes of the queues."""
    for name, first in (("status", ["status"]), ("dealer_id_status", ["dealer_id", "status"])):
        op.create_index(f"ix_application_{name}_queue", "application", [*first, WAITS_UNTIL, "id"])
