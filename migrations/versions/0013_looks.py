"""how photos look, so that the same one is known again"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add it, with an index for each of its four parts, and one of what is exactly the same."""
    op.add_column("attachment", sa.Column("look", sa.BigInteger(), nullable=True))
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"])
    for at, shift in enumerate((0, 16, 32, 48)):
        band = sa.text(f"((look >> {shift}) & 65535)")
        op.create_index(f"ix_attachment_look_{at}", "attachment", [band])
