"""the first schema"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
VALUES = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make every table of the first release."""
    op.create_table(
        "attachment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("dealer_id", KEY, nullable=True),
        sa.Column("document_kind", sa.String(length=20), nullable=True),
        sa.Column("document_id", KEY, nullable=True),
        sa.Column("uploaded_by", KEY, nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("original_sha256", sa.String(length=64), nullable=False),
        sa.Column("storage_key", sa.String(length=40), nullable=False),
        sa.Column("thumbnail_key", sa.String(length=40), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(document_kind IS NULL) = (document_id IS NULL)", name=op.f("ck_attachment_claimed")
        ),
        sa.CheckConstraint(
            "(width IS NULL) = (thumbnail_key IS NULL)", name=op.f("ck_attachment_picture")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("public_id", name=op.f("uq_attachment_public_id")),
    )
    op.create_index(
        "ix_attachment_document", "attachment", ["document_kind", "document_id", "id"], unique=False
    )
    op.create_index(
        "ix_attachment_unclaimed",
        "attachment",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("document_id IS NULL"),
        postgresql_where=sa.text("document_id IS NULL"),
    )
    op.create_table(
        "claim_run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim_count", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("approved", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_run")),
        sa.UniqueConstraint("month", name=op.f("uq_claim_run_month")),
        sa.UniqueConstraint("public_id", name=op.f("uq_claim_run_public_id")),
    )
    op.create_table(
        "dealer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("region", sa.String(length=200), nullable=False),
        sa.Column("city", sa.String(length=200), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dealer")),
        sa.UniqueConstraint("code", name=op.f("uq_dealer_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_dealer_public_id")),
    )
    op.create_table(
        "event",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=True),
        sa.Column("document_kind", sa.String(length=20), nullable=False),
        sa.Column("document_id", KEY, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("actor_side", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("from_status", sa.String(length=20), nullable=False),
        sa.Column("to_status", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("values", VALUES, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        sa.UniqueConstraint(
            "document_kind",
            "document_id",
            "seq",
            name=op.f("uq_event_document_kind_document_id_seq"),
        ),
    )
    op.create_index("ix_event_actor_id_at", "event", ["actor_id", "at"], unique=False)
    op.create_table(
        "failed_sign_in",
        sa.Column("id", KEY, nullable=False),
        sa.Column("login_hash", sa.String(length=64), nullable=False),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_sign_in")),
    )
    op.create_index(
        "ix_failed_sign_in_address_at", "failed_sign_in", ["address", "at"], unique=False
    )
    op.create_index(
        "ix_failed_sign_in_login_hash_at", "failed_sign_in", ["login_hash", "at"], unique=False
    )
    op.create_table(
        "job",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("payload", VALUES, nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=60), nullable=True),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("key", name=op.f("uq_job_key")),
    )
    op.create_index(
        "ix_job_waiting",
        "job",
        ["run_at"],
        unique=False,
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "number_series",
        sa.Column("prefix", sa.String(length=40), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("prefix", name=op.f("pk_number_series")),
    )
    op.create_table(
        "press",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_press")),
    )
    op.create_index("ix_press_at", "press", ["at"], unique=False)
    op.create_table(
        "account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=True),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("posted", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("credit_limit", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(purpose = 'dealer') = (dealer_id IS NOT NULL)", name=op.f("ck_account_owner")
        ),
        sa.CheckConstraint("credit_limit >= 0", name=op.f("ck_account_credit_limit")),
        sa.CheckConstraint("reserved >= 0", name=op.f("ck_account_reserved")),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_account_dealer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("dealer_id", name=op.f("uq_account_dealer_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_account_public_id")),
    )
    op.create_table(
        "part",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.String(length=60), nullable=False),
        sa.Column("number_key", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("name_zh", sa.String(length=200), nullable=False),
        sa.Column("name_pl", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.String(length=20), nullable=False),
        sa.Column("category", sa.String(length=200), nullable=False),
        sa.Column("return_required", sa.Boolean(), nullable=False),
        sa.Column("successor_id", KEY, nullable=True),
        sa.Column("picture", sa.String(length=16), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.CheckConstraint("successor_id <> id", name=op.f("ck_part_successor")),
        sa.ForeignKeyConstraint(
            ["picture"], ["attachment.public_id"], name=op.f("fk_part_picture")
        ),
        sa.ForeignKeyConstraint(["successor_id"], ["part.id"], name=op.f("fk_part_successor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_part")),
        sa.UniqueConstraint("number", name=op.f("uq_part_number")),
        sa.UniqueConstraint("number_key", name=op.f("uq_part_number_key")),
        sa.UniqueConstraint("public_id", name=op.f("uq_part_public_id")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=True),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("email", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("roles", sa.String(length=100), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("theme", sa.String(length=10), nullable=False),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "(side = 'dealer') = (dealer_id IS NOT NULL)", name=op.f("ck_user_account_side")
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_user_account_dealer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
        sa.UniqueConstraint("public_id", name=op.f("uq_user_account_public_id")),
    )
    op.create_index(
        "ix_user_account_dealer_id_created_at_id",
        "user_account",
        ["dealer_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "application",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=True),
        sa.Column("created_by_id", KEY, nullable=False),
        sa.Column("typed", VALUES, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("contact", sa.String(length=200), nullable=False),
        sa.Column("phone", sa.String(length=200), nullable=False),
        sa.Column("delivery_address", sa.Text(), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("quote_version", sa.Integer(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saved_by_id", KEY, nullable=True),
        sa.Column("saved_by", sa.String(length=200), nullable=True),
        sa.Column("saved_page", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_application_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_application_dealer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application")),
        sa.UniqueConstraint("number", name=op.f("uq_application_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_application_public_id")),
    )
    op.create_index(
        "ix_application_created_at_id", "application", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_application_dealer_id_created_at_id",
        "application",
        ["dealer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_application_dealer_id_status_created_at_id",
        "application",
        ["dealer_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_application_status_created_at_id_number",
        "application",
        ["status", "created_at", "id", "number"],
        unique=False,
    )
    op.create_index(
        "ix_application_status_due_at", "application", ["status", "due_at"], unique=False
    )
    op.create_table(
        "claim",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("run_id", KEY, nullable=True),
        sa.Column("created_by_id", KEY, nullable=False),
        sa.Column("submitted_by_id", KEY, nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("line_count", sa.Integer(), nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("approved", sa.BigInteger(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("saved_by_id", KEY, nullable=True),
        sa.Column("saved_by", sa.String(length=200), nullable=True),
        sa.Column("saved_page", sa.String(length=80), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["user_account.id"], name=op.f("fk_claim_created_by_id")
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_claim_dealer_id")),
        sa.ForeignKeyConstraint(["run_id"], ["claim_run.id"], name=op.f("fk_claim_run_id")),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["user_account.id"], name=op.f("fk_claim_submitted_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim")),
        sa.UniqueConstraint(
            "dealer_id", "month", "ordinal", name=op.f("uq_claim_dealer_id_month_ordinal")
        ),
        sa.UniqueConstraint("number", name=op.f("uq_claim_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_claim_public_id")),
    )
    op.create_index("ix_claim_created_at_id", "claim", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_claim_dealer_id_created_at_id", "claim", ["dealer_id", "created_at", "id"], unique=False
    )
    op.create_index("ix_claim_run_id_status", "claim", ["run_id", "status"], unique=False)
    op.create_index(
        "ix_claim_status_created_at_id", "claim", ["status", "created_at", "id"], unique=False
    )
    op.create_table(
        "login_session",
        sa.Column("id", KEY, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=60), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_login_session_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index("ix_login_session_created_at", "login_session", ["created_at"], unique=False)
    op.create_index("ix_login_session_user_id", "login_session", ["user_id"], unique=False)
    op.create_table(
        "notice",
        sa.Column("id", KEY, nullable=False),
        sa.Column("user_id", KEY, nullable=False),
        sa.Column("event_id", KEY, nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_notice_event_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notice_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index(
        "ix_notice_unread",
        "notice",
        ["user_id"],
        unique=False,
        sqlite_where=sa.text("read_at IS NULL"),
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index("ix_notice_user_id_id", "notice", ["user_id", "id"], unique=False)
    op.create_table(
        "policy_value",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["user_account.id"], name=op.f("fk_policy_value_proposed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_value")),
        sa.UniqueConstraint("public_id", name=op.f("uq_policy_value_public_id")),
    )
    op.create_index(
        "ix_policy_value_name_effective_from",
        "policy_value",
        ["name", "effective_from"],
        unique=False,
    )
    op.create_table(
        "price_list",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("file_name", sa.String(length=200), nullable=False),
        sa.Column("file_key", sa.String(length=80), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("mapping", VALUES, nullable=False),
        sa.Column("uploaded_by_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["user_account.id"], name=op.f("fk_price_list_uploaded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_list")),
        sa.UniqueConstraint("public_id", name=op.f("uq_price_list_public_id")),
    )
    op.create_table(
        "reservation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("document_kind", sa.String(length=20), nullable=False),
        sa.Column("document_id", KEY, nullable=False),
        sa.Column("document_name", sa.String(length=16), nullable=False),
        sa.Column("document_title", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_reservation_amount")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_reservation_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_reservation_dealer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("cause", name=op.f("uq_reservation_cause")),
    )
    op.create_index(
        "ix_reservation_dealer_id_at_id", "reservation", ["dealer_id", "at", "id"], unique=False
    )
    op.create_table(
        "transfer",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("from_account_id", KEY, nullable=False),
        sa.Column("to_account_id", KEY, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("cause", sa.String(length=200), nullable=False),
        sa.Column("document_kind", sa.String(length=20), nullable=True),
        sa.Column("document_id", KEY, nullable=True),
        sa.Column("document_name", sa.String(length=16), nullable=True),
        sa.Column("document_title", sa.String(length=200), nullable=True),
        sa.Column("reverses_id", KEY, nullable=True),
        sa.Column("actor_id", KEY, nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("values", VALUES, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("from_account_id <> to_account_id", name=op.f("ck_transfer_accounts")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["user_account.id"], name=op.f("fk_transfer_actor_id")
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_transfer_dealer_id")),
        sa.ForeignKeyConstraint(
            ["from_account_id"], ["account.id"], name=op.f("fk_transfer_from_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["transfer.id"], name=op.f("fk_transfer_reverses_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_account_id"], ["account.id"], name=op.f("fk_transfer_to_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("cause", name=op.f("uq_transfer_cause")),
        sa.UniqueConstraint("public_id", name=op.f("uq_transfer_public_id")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_transfer_reverses_id")),
    )
    op.create_index(
        "ix_transfer_dealer_id_at_id", "transfer", ["dealer_id", "at", "id"], unique=False
    )
    op.create_index(
        "ix_transfer_dealer_id_kind_at_id",
        "transfer",
        ["dealer_id", "kind", "at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_transfer_document", "transfer", ["document_kind", "document_id"], unique=False
    )
    op.create_index("ix_transfer_kind_at", "transfer", ["kind", "at"], unique=False)
    op.create_table(
        "application_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("product_model", sa.String(length=200), nullable=False),
        sa.Column("serial", sa.String(length=200), nullable=False),
        sa.Column("purchase_date", sa.Date(), nullable=True),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('warranty', 'stock')", name=op.f("ck_application_line_purpose")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_application_line_quantity")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_application_line_application_id")
        ),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_application_line_dealer_id")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_application_line_part_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_line")),
        sa.UniqueConstraint(
            "application_id",
            "revision",
            "position",
            name=op.f("uq_application_line_application_id_revision_position"),
        ),
    )
    op.create_index(
        "ix_application_line_dealer_id", "application_line", ["dealer_id"], unique=False
    )
    op.create_table(
        "price",
        sa.Column("id", KEY, nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("price_list_id", KEY, nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("retail", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cost >= 0 AND retail >= 0", name=op.f("ck_price_amounts")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_price_part_id")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_list.id"], name=op.f("fk_price_price_list_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price")),
    )
    op.create_index(
        "ix_price_part_id_effective_from_id",
        "price",
        ["part_id", "effective_from", "id"],
        unique=False,
    )
    op.create_table(
        "quote",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("freight", sa.BigInteger(), nullable=False),
        sa.Column("packing", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("promised_on", sa.Date(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("made_by_id", KEY, nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "freight >= 0 AND packing >= 0 AND total > 0", name=op.f("ck_quote_amounts")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_quote_application_id")
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_quote_dealer_id")),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["user_account.id"], name=op.f("fk_quote_made_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint(
            "application_id", "version", name=op.f("uq_quote_application_id_version")
        ),
    )
    op.create_index("ix_quote_dealer_id", "quote", ["dealer_id"], unique=False)
    op.create_table(
        "reservation_end",
        sa.Column("reservation_id", KEY, autoincrement=False, nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('posted', 'voided')", name=op.f("ck_reservation_end_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["reservation_id"], ["reservation.id"], name=op.f("fk_reservation_end_reservation_id")
        ),
        sa.PrimaryKeyConstraint("reservation_id", name=op.f("pk_reservation_end")),
    )
    op.create_table(
        "shipment",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("application_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("carrier", sa.String(length=200), nullable=False),
        sa.Column("tracking_number", sa.String(length=200), nullable=False),
        sa.Column("shipped_on", sa.Date(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["application_id"], ["application.id"], name=op.f("fk_shipment_application_id")
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_shipment_dealer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment")),
        sa.UniqueConstraint("number", name=op.f("uq_shipment_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_shipment_public_id")),
    )
    op.create_index("ix_shipment_application_id", "shipment", ["application_id"], unique=False)
    op.create_index("ix_shipment_created_at_id", "shipment", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_shipment_dealer_id_created_at_id",
        "shipment",
        ["dealer_id", "created_at", "id"],
        unique=False,
    )
    op.create_table(
        "quote_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("quote_id", KEY, nullable=False),
        sa.Column("application_line_id", KEY, nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("price_id", KEY, nullable=True),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column("shipped", sa.Integer(), nullable=False),
        sa.Column("cancelled", sa.Integer(), nullable=False),
        sa.CheckConstraint("amount = quantity * unit_price", name=op.f("ck_quote_line_amount")),
        sa.CheckConstraint(
            "quantity >= 0 AND unit_price >= 0", name=op.f("ck_quote_line_quantity")
        ),
        sa.CheckConstraint(
            "shipped >= 0 AND cancelled >= 0 AND shipped + cancelled <= quantity",
            name=op.f("ck_quote_line_shipped"),
        ),
        sa.ForeignKeyConstraint(
            ["application_line_id"],
            ["application_line.id"],
            name=op.f("fk_quote_line_application_line_id"),
        ),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_quote_line_dealer_id")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_quote_line_part_id")),
        sa.ForeignKeyConstraint(["price_id"], ["price.id"], name=op.f("fk_quote_line_price_id")),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_quote_line_quote_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_line")),
        sa.UniqueConstraint(
            "quote_id",
            "application_line_id",
            name=op.f("uq_quote_line_quote_id_application_line_id"),
        ),
    )
    op.create_index(
        "ix_quote_line_application_line_id", "quote_line", ["application_line_id"], unique=False
    )
    op.create_index("ix_quote_line_dealer_id", "quote_line", ["dealer_id"], unique=False)
    op.create_table(
        "shipment_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("shipment_id", KEY, nullable=False),
        sa.Column("quote_line_id", KEY, nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_shipment_line_quantity")),
        sa.ForeignKeyConstraint(
            ["dealer_id"], ["dealer.id"], name=op.f("fk_shipment_line_dealer_id")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_shipment_line_part_id")),
        sa.ForeignKeyConstraint(
            ["quote_line_id"], ["quote_line.id"], name=op.f("fk_shipment_line_quote_line_id")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipment.id"], name=op.f("fk_shipment_line_shipment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipment_line")),
        sa.UniqueConstraint("id", "quantity", name=op.f("uq_shipment_line_id_quantity")),
        sa.UniqueConstraint(
            "shipment_id", "quote_line_id", name=op.f("uq_shipment_line_shipment_id_quote_line_id")
        ),
    )
    op.create_index("ix_shipment_line_dealer_id", "shipment_line", ["dealer_id"], unique=False)
    op.create_index(
        "ix_shipment_line_quote_line_id", "shipment_line", ["quote_line_id"], unique=False
    )
    op.create_table(
        "old_part",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("number", sa.String(length=40), nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("shipment_line_id", KEY, nullable=False),
        sa.Column("line_quantity", sa.Integer(), nullable=False),
        sa.Column("piece", sa.Integer(), nullable=False),
        sa.Column("unit_price", sa.BigInteger(), nullable=False),
        sa.Column("customer_name", sa.String(length=200), nullable=False),
        sa.Column("customer_phone", sa.String(length=200), nullable=False),
        sa.Column("product_model", sa.String(length=200), nullable=False),
        sa.Column("product_serial", sa.String(length=200), nullable=False),
        sa.Column("product_serial_key", sa.String(length=200), nullable=True),
        sa.Column("purchase_date", sa.Date(), nullable=True),
        sa.Column("failed_on", sa.Date(), nullable=False),
        sa.Column("replaced_on", sa.Date(), nullable=False),
        sa.Column("fault_code", sa.String(length=200), nullable=False),
        sa.Column("complaint", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("remedy", sa.Text(), nullable=False),
        sa.Column("old_serial", sa.String(length=200), nullable=False),
        sa.Column("old_serial_key", sa.String(length=200), nullable=True),
        sa.Column("rejection_code", sa.String(length=30), nullable=True),
        sa.Column("registered_by_id", KEY, nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.CheckConstraint("piece BETWEEN 1 AND line_quantity", name=op.f("ck_old_part_piece")),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_old_part_dealer_id")),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_old_part_part_id")),
        sa.ForeignKeyConstraint(
            ["registered_by_id"], ["user_account.id"], name=op.f("fk_old_part_registered_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["shipment_line_id", "line_quantity"],
            ["shipment_line.id", "shipment_line.quantity"],
            name=op.f("fk_old_part_shipment_line_id_line_quantity"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_old_part")),
        sa.UniqueConstraint("number", name=op.f("uq_old_part_number")),
        sa.UniqueConstraint("old_serial_key", name=op.f("uq_old_part_old_serial_key")),
        sa.UniqueConstraint(
            "product_serial_key",
            "part_id",
            "failed_on",
            name=op.f("uq_old_part_product_serial_key_part_id_failed_on"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_old_part_public_id")),
        sa.UniqueConstraint(
            "shipment_line_id", "piece", name=op.f("uq_old_part_shipment_line_id_piece")
        ),
    )
    op.create_index("ix_old_part_created_at_id", "old_part", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_old_part_dealer_id_created_at_id",
        "old_part",
        ["dealer_id", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_old_part_dealer_id_status_created_at_id",
        "old_part",
        ["dealer_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_old_part_status_created_at_id", "old_part", ["status", "created_at", "id"], unique=False
    )
    op.create_table(
        "claim_left_out",
        sa.Column("claim_id", KEY, nullable=False),
        sa.Column("old_part_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claim.id"], name=op.f("fk_claim_left_out_claim_id")
        ),
        sa.ForeignKeyConstraint(
            ["old_part_id"], ["old_part.id"], name=op.f("fk_claim_left_out_old_part_id")
        ),
        sa.PrimaryKeyConstraint("claim_id", "old_part_id", name=op.f("pk_claim_left_out")),
    )
    op.create_table(
        "claim_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("dealer_id", KEY, nullable=False),
        sa.Column("claim_id", KEY, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("old_part_id", KEY, nullable=False),
        sa.Column("part_id", KEY, nullable=False),
        sa.Column("claimed", sa.BigInteger(), nullable=False),
        sa.Column("remark", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("approved", KEY, nullable=True),
        sa.Column("reason_code", sa.String(length=30), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by_id", KEY, nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'open' AND approved IS NULL)"
            " OR (status = 'approved' AND approved IS NOT NULL AND approved = claimed)"
            " OR (status = 'reduced' AND approved IS NOT NULL AND approved > 0"
            " AND approved < claimed AND reason_code IS NOT NULL)"
            " OR (status = 'rejected' AND approved IS NOT NULL AND approved = 0"
            " AND reason_code IS NOT NULL)",
            name=op.f("ck_claim_line_decision"),
        ),
        sa.CheckConstraint("claimed > 0", name=op.f("ck_claim_line_claimed")),
        sa.ForeignKeyConstraint(["claim_id"], ["claim.id"], name=op.f("fk_claim_line_claim_id")),
        sa.ForeignKeyConstraint(["dealer_id"], ["dealer.id"], name=op.f("fk_claim_line_dealer_id")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["user_account.id"], name=op.f("fk_claim_line_decided_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["old_part_id"], ["old_part.id"], name=op.f("fk_claim_line_old_part_id")
        ),
        sa.ForeignKeyConstraint(["part_id"], ["part.id"], name=op.f("fk_claim_line_part_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_claim_line")),
        sa.UniqueConstraint("claim_id", "position", name=op.f("uq_claim_line_claim_id_position")),
        sa.UniqueConstraint("old_part_id", name=op.f("uq_claim_line_old_part_id")),
    )
    op.create_index("ix_claim_line_dealer_id", "claim_line", ["dealer_id"], unique=False)
