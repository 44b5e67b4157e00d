"""collections of old parts: consignments, and the pieces in them (O7)"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
ADD = "INSERT INTO consignment_search (rowid, search_text) VALUES (NEW.id, NEW.search_text);"
DROP = (
    "INSERT INTO consignment_search (consignment_search, rowid, search_text) "
    "VALUES ('delete', OLD.id, OLD.search_text);"
)


def upgrade() -> None:
    """Add the tables, and the search among consignments."""
    _collections()
    _consignments()
    _pieces()
    if op.get_bind().dialect.name == "sqlite":
        _sqlite_search()
    else:
        op.execute(
            "CREATE INDEX ix_consignment_search ON consignment USING gin (search_text gin_trgm_ops)"
        )


def _column(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=False)


def _maybe(name: str, kind: sa.types.TypeEngine) -> sa.Column:
    return sa.Column(name, kind, nullable=True)


def _refers(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}"))


def _collections() -> None:
    op.create_table(
        "collection",
        _column("id", KEY),
        _column("number", sa.String(40)),
        _column("created_at", AT),
        _column("called_by_id", KEY),
        _column("deliver_to", sa.Text()),
        _column("remark", sa.Text()),
        _refers("collection", "called_by_id", "user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_collection")),
        sa.UniqueConstraint("number", name=op.f("uq_collection_number")),
    )


def _consignments() -> None:
    name = "consignment"
    op.create_table(
        name,
        _column("id", KEY),
        _column("public_id", sa.String(16)),
        _column("status", sa.String(20)),
        _column("version", sa.Integer()),
        _column("event_count", sa.Integer()),
        _column("event_hash", sa.String(64)),
        _column("created_at", AT),
        _column("dealer_id", KEY),
        _column("collection_id", KEY),
        _column("number", sa.String(40)),
        _column("due_at", AT),
        _column("carrier", sa.String(200)),
        _column("tracking_number", sa.String(200)),
        _maybe("sent_at", AT),
        _maybe("received_at", AT),
        _maybe("reminded_at", AT),
        _column("search_text", sa.Text()),
        _refers(name, "dealer_id", "dealer"),
        _refers(name, "collection_id", "collection"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consignment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_consignment_public_id")),
        sa.UniqueConstraint("number", name=op.f("uq_consignment_number")),
    )
    for columns in (
        ["dealer_id", "created_at", "id"],
        ["dealer_id", "status", "created_at", "id"],
        ["created_at", "id"],
        ["status", "created_at", "id"],
        ["status", "due_at"],
        ["collection_id"],
    ):
        op.create_index(f"ix_consignment_{'_'.join(columns)}", name, columns)


def _pieces() -> None:
    name = "consignment_piece"
    op.create_table(
        name,
        sa.Column("old_part_id", KEY, autoincrement=False, nullable=False),
        _column("consignment_id", KEY),
        _column("dealer_id", KEY),
        _maybe("box", sa.Integer()),
        _maybe("packed_at", AT),
        _maybe("received_at", AT),
        _column("place", sa.String(200)),
        _column("unexpected", sa.Boolean()),
        sa.CheckConstraint("box BETWEEN 1 AND 99", name=op.f("ck_consignment_piece_box")),
        _refers(name, "old_part_id", "old_part"),
        _refers(name, "consignment_id", "consignment"),
        _refers(name, "dealer_id", "dealer"),
        sa.PrimaryKeyConstraint("old_part_id", name=op.f("pk_consignment_piece")),
    )
    op.create_index("ix_consignment_piece_consignment_id_box", name, ["consignment_id", "box"])


def _sqlite_search() -> None:
    name = "consignment"
    op.execute(
        f"CREATE VIRTUAL TABLE {name}_search USING fts5("
        f"search_text, content='{name}', content_rowid='id', tokenize='trigram')"
    )
    op.execute(f"CREATE TRIGGER {name}_search_insert AFTER INSERT ON {name} BEGIN {ADD} END")
    op.execute(f"CREATE TRIGGER {name}_search_delete AFTER DELETE ON {name} BEGIN {DROP} END")
    op.execute(
        f"CREATE TRIGGER {name}_search_update AFTER UPDATE OF search_text ON {name} "
        f"WHEN OLD.search_text <> NEW.search_text BEGIN {DROP} {ADD} END"
    )
