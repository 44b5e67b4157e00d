"""the day that a confirmation holds headquarters to (A9), and indexes of tabs"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

BOTH = ("shipment", "compensation")


def upgrade() -> None:
    """Add it, as promised for what is confirmed; and what the tabs' lists and counts go along."""
    op.add_column("application", sa.Column("promised_on", sa.Date(), nullable=True))
    op.execute(
        "UPDATE application SET promised_on = (SELECT quote.promised_on FROM quote "
        "WHERE quote.application_id = application.id "
        "AND quote.version = application.quote_version) "
        "WHERE status NOT IN ('draft', 'submitted', 'returned', 'quoted')"
    )
    for table in BOTH:
        for columns in (("status",), ("dealer_id", "status")):
            names = [*columns, "created_at", "id"]
            op.create_index(f"ix_{table}_{'_'.join(names)}", table, names)
