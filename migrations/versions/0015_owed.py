"""what is owed of old parts, and the charges for what never came (O6)"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAYS = 15
"""What has arrived before today is registered within so many days from today."""
REMINDED = 7
"""The first reminder goes out so many days before."""
OWED = """
INSERT INTO owed_line (shipment_line_id, dealer_id, shipment_id, part_id, quantity, pieces,
    unit_price, state, days, register_by, remind_on)
SELECT id, dealer_id, shipment_id, part_id, quantity, pieces, unit_price,
    CASE WHEN pieces = 0 THEN 'registered' WHEN return_required THEN 'owed' ELSE 'voluntary' END,
    :days, :register_by, CASE WHEN pieces > 0 AND return_required THEN :remind_on END
FROM (
    SELECT line.id, line.dealer_id, line.shipment_id, line.part_id, line.quantity, line.unit_price,
        line.quantity - count(old_part.id) AS pieces, part.return_required
    FROM shipment_line line
    JOIN shipment ON shipment.id = line.shipment_id
    JOIN part ON part.id = line.part_id
    LEFT JOIN old_part ON old_part.shipment_line_id = line.id
    WHERE line.purpose = 'warranty' AND line.quantity > 0 AND shipment.status = 'received'
    GROUP BY line.id, line.dealer_id, line.shipment_id, line.part_id, line.quantity,
        line.unit_price, part.return_required
) received
"""
ADD = "INSERT INTO old_part_charge_search (rowid, search_text) VALUES (NEW.id, NEW.search_text);"
DROP = (
    "INSERT INTO old_part_charge_search (old_part_charge_search, rowid, search_text) "
    "VALUES ('delete', OLD.id, OLD.search_text);"
)

CHANGED = "OLD.search_text <> NEW.search_text"


def upgrade() -> None:
    """Make both tables, and write down what is owed today."""
    _owed()
    _charges()
    _searched()


def _owed() -> None:
    op.create_table(
        "owed_line",
        sa.Column("shipment_line_id", KEY, autoincrement=False, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("shipment_id", KEY, nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("register_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remind_on", sa.Date(), nullable=True),
        sa.CheckConstraint("pieces BETWEEN 0 AND quantity", name=op.f("ck_owed_line_pieces")),
        sa.CheckConstraint(
            "state IN ('owed', 'voluntary', 'registered', 'settled')"
            " AND (pieces > 0 OR state IN ('registered', 'settled'))",
            name=op.f("ck_owed_line_state"),
        ),
        sa.ForeignKeyConstraint(
            ["shipment_line_id"],
            ["shipment_line.id"],
            name=op.f("fk_owed_line_shipment_line_id"),
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_owed_line_dealer_id")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_owed_line_shipment_id")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_owed_line_part_id")),
        sa.PrimaryKeyConstraint("shipment_line_id", name=op.f("pk_owed_line")),
    )
    told = ["register_by", "shipment_line_id", "pieces", "unit_price"]
    for name, columns in (
        ("ix_owed_line_state_register_by", ["state", *told]),
        ("ix_owed_line_dealer_id_state_register_by", ["dealer_id", "state", *told]),
        ("ix_owed_line_state_remind_on", ["state", "remind_on"]),
    ):
        op.create_index(name, "owed_line", columns, unique=False)
    today = datetime.now(UTC)
    fill = sa.text(OWED).bindparams(
        sa.bindparam("days", DAYS, sa.Integer()),
        sa.bindparam("register_by", today + timedelta(days=DAYS), sa.DateTime(timezone=True)),
        sa.bindparam("remind_on", (today + timedelta(days=DAYS - REMINDED)).date(), sa.Date()),
    )
    op.get_bind().execute(fill)


def _charges() -> None:
    op.create_table(
        "old_part_charge",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("shipment_line_id", KEY, nullable=True),
        sa.Column("old_part_id", KEY, nullable=True),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("retail", sa.BigInteger(), nullable=True),
        sa.Column("price_list_id", KEY, nullable=True),
        sa.Column("in_full", sa.Boolean(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("charged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("raised_by_id", KEY, nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(shipment_line_id IS NULL) <> (old_part_id IS NULL)",
            name=op.f("ck_old_part_charge_cause"),
        ),
        sa.CheckConstraint("pieces > 0 AND cost >= 0", name=op.f("ck_old_part_charge_pieces")),
        sa.CheckConstraint(
            "status NOT IN ('charged', 'disputed', 'upheld', 'reversed') OR (amount > 0"
            " AND retail IS NOT NULL"
            " AND amount = pieces * (retail - CASE WHEN in_full THEN 0 ELSE cost END))",
            name=op.f("ck_old_part_charge_amount"),
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], [f"{table}.{key}"], name=op.f(f"fk_old_part_charge_{column}")
            )
            for column, table, key in (
                ("dealer_id", "dealer", "id"),
                ("shipment_line_id", "owed_line", "shipment_line_id"),
                ("old_part_id", "old_part", "id"),
                ("part_id", "part", "id"),
                ("price_list_id", "price_list", "id"),
                ("raised_by_id", "user_account", "id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_part_charge")),
        *(
            sa.UniqueConstraint(column, name=op.f(f"uq_old_part_charge_{column}"))
            for column in ("public_id", "number", "shipment_line_id", "old_part_id")
        ),
    )
    for name, columns in (
        ("ix_old_part_charge_dealer_id_created_at_id", ["dealer_id", "created_at", "id"]),
        ("ix_old_part_charge_created_at_id", ["created_at", "id"]),
        ("ix_old_part_charge_status_created_at_id", ["status", "created_at", "id"]),
        (
            "ix_old_part_charge_dealer_id_status_created_at_id",
            ["dealer_id", "status", "created_at", "id"],
        ),
    ):
        op.create_index(name, "old_part_charge", columns, unique=False)


def _searched() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            "CREATE INDEX ix_old_part_charge_search ON old_part_charge"
            " USING gin (search_text gin_trgm_ops)"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE old_part_charge_search USING fts5("
        "search_text, content='old_part_charge', content_rowid='id', tokenize='trigram')"
    )
    for verb, when, does in (
        ("insert", "AFTER INSERT ON old_part_charge", ADD),
        ("delete", "AFTER DELETE ON old_part_charge", DROP),
        (
            "update",
            f"AFTER UPDATE OF search_text ON old_part_charge WHEN {CHANGED}",
            DROP + " " + ADD,
        ),
    ):
        op.execute(f"CREATE TRIGGER old_part_charge_search_{verb} {when} BEGIN {does} END")
