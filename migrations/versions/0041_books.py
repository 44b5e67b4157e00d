"""headquarters' accounts are there from the beginning, one for each purpose (L2)"""

import secrets
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

PURPOSES = (
    "bank",
    "parts_sales",
    "freight",
    "warranty_expense",
    "old_part_charges",
    "compensation",
    "penalties",
    "adjustments",
)
OF_HEADQUARTERS = sa.text("dealer_id IS NULL")
ACCOUNT = sa.table(
    "account",
    sa.column("public_id", sa.String),
    sa.column("status", sa.String),
    sa.column("version", sa.Integer),
    sa.column("event_count", sa.Integer),
    sa.column("event_hash", sa.String),
    sa.column("created_at", sa.DateTime(timezone=True)),
    sa.column("dealer_id", sa.BigInteger),
    sa.column("purpose", sa.String),
    sa.column("posted", sa.BigInteger),
    sa.column("reserved", sa.BigInteger),
    sa.column("credit_limit", sa.BigInteger),
)


def upgrade() -> None:
    """Make those that are missing; there is never a second one."""
    of_headquarters = sa.select(ACCOUNT.c.purpose).where(ACCOUNT.c.dealer_id.is_(None))
    known = set(op.get_bind().execute(of_headquarters).scalars())
    op.bulk_insert(
        ACCOUNT,
        [
            {
                "public_id": secrets.token_urlsafe(12),
                "status": "active",
                "version": 1,
                "event_count": 0,
                "event_hash": "",
                "created_at": datetime.now(UTC),
                "purpose": purpose,
                "posted": 0,
                "reserved": 0,
                "credit_limit": 0,
            }
            for purpose in PURPOSES
            if purpose not in known
        ],
    )
    op.create_index(
        "ix_account_purpose",
        "account",
        ["purpose"],
        unique=True,
        sqlite_where=OF_HEADQUARTERS,
        postgresql_where=OF_HEADQUARTERS,
    )
