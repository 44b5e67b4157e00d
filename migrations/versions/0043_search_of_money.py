"""search among the bank's lines and customer invoices: by an index, as elsewhere"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"

SAID = {
    "bank_line": """
        SELECT bank_line.id, reference, remitter, purpose, dealer.code, dealer.name
        FROM bank_line LEFT JOIN dealer ON dealer.id = payer_id
    """,
    "customer_invoice": """
        SELECT customer_invoice.id, number, paper_number, customer_name, dealer.code, dealer.name
        FROM customer_invoice JOIN dealer ON dealer.id = dealer_id
    """,
}
AT_ONCE = 2000


def upgrade() -> None:
    """Add the text that is searched, and its index."""
    is_sqlite = op.get_bind().dialect.name == "sqlite"
    for table, said in SAID.items():
        empty = sa.text("''")
        op.add_column(
            table, sa.Column("search_text", sa.Text(), nullable=False, server_default=empty)
        )
        _fill(table, said)
        if is_sqlite:
            _sqlite(table)
        else:
            op.execute(
                f"CREATE INDEX ix_{table}_search ON {table} USING gin (search_text gin_trgm_ops)"
            )


def _fill(table: str, said: str) -> None:
    bind, last = op.get_bind(), 0
    some = sa.text(f"{said} WHERE {table}.id > :last ORDER BY {table}.id LIMIT {AT_ONCE}")
    fill = sa.text(f"UPDATE {table} SET search_text = :said WHERE id = :key")
    while found := bind.execute(some, {"last": last}).all():
        texts = [
            {"key": key, "said": " ".join(" ".join(filter(None, texts)).lower().split())}
            for key, *texts in found
        ]
        bind.execute(fill, texts)
        last = texts[-1]["key"]


def _sqlite(table: str) -> None:
    add = f"INSERT INTO {table}_search (rowid, search_text) VALUES (NEW.id, NEW.search_text);"
    drop = (
        f"INSERT INTO {table}_search ({table}_search, rowid, search_text) "
        "VALUES ('delete', OLD.id, OLD.search_text);"
    )
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_search USING fts5("
        f"search_text, content='{table}', content_rowid='id', tokenize='trigram')"
    )
    op.execute(f"INSERT INTO {table}_search ({table}_search) VALUES ('rebuild')")
    op.execute(f"CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN {add} END")
    op.execute(f"CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN {drop} END")
    op.execute(
        f"CREATE TRIGGER {table}_search_update AFTER UPDATE OF search_text ON {table} "
        f"WHEN OLD.search_text <> NEW.search_text BEGIN {drop} {add} END"
    )
