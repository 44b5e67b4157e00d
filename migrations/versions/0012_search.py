"""search among shipments: by their numbers, carriers and dealers"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

SAID = """
SELECT shipment.id, shipment.number, carrier, tracking_number, application.number,
    dealer.code, dealer.name, delivery_report.number
FROM shipment
JOIN application ON application.id = shipment.application_id
JOIN dealer ON dealer.id = shipment.dealer_id
LEFT JOIN delivery_report ON delivery_report.shipment_id = shipment.id
"""
ADD = "INSERT INTO shipment_search (rowid, search_text) VALUES (NEW.id, NEW.search_text);"
DROP = (
    "INSERT INTO shipment_search (shipment_search, rowid, search_text) "
    "VALUES ('delete', OLD.id, OLD.search_text);"
)


def upgrade() -> None:
    """Add the text that is searched, and its index."""
    empty = sa.text("''")
    op.add_column(
        "shipment", sa.Column("search_text", sa.Text(), nullable=False, server_default=empty)
    )
    _fill()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        op.execute(
            "CREATE INDEX ix_shipment_search ON shipment USING gin (search_text gin_trgm_ops)"
        )


def _fill() -> None:
    found = op.get_bind().execute(sa.text(SAID)).all()
    texts = [
        {"key": key, "said": " ".join(" ".join(filter(None, texts)).lower().split())}
        for key, *texts in found
    ]
    if texts:
        fill = sa.text("UPDATE shipment SET search_text = :said WHERE id = :key")
        op.get_bind().execute(fill, texts)


def _sqlite() -> None:
    op.execute(
        "CREATE VIRTUAL TABLE shipment_search USING fts5("
        "search_text, content='shipment', content_rowid='id', tokenize='trigram')"
    )
    op.execute("INSERT INTO shipment_search (shipment_search) VALUES ('rebuild')")
    op.execute(f"CREATE TRIGGER shipment_search_insert AFTER INSERT ON shipment BEGIN {ADD} END")
    op.execute(f"CREATE TRIGGER shipment_search_delete AFTER DELETE ON shipment BEGIN {DROP} END")
    op.execute(
        "CREATE TRIGGER shipment_search_update AFTER UPDATE OF search_text ON shipment "
        f"WHEN OLD.search_text <> NEW.search_text BEGIN {DROP} {ADD} END"
    )
