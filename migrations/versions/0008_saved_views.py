"""the views of lists that a person keeps"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add them to the person, who is read at each request anyway."""
    kind = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column(
        "user_account", sa.Column("saved_views", kind, nullable=False, server_default="{}")
    )
