"""what the database itself refuses and keeps (L3, L5, L6, P4), and the search indexes"""

from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = ("transfer", "reservation", "reservation_end", "event", "price", "quote")
SEARCHED = ("application", "dealer", "old_part", "part", "user_account")


def upgrade() -> None:
    """Add triggers and search indexes, each in the database's own words."""
    if op.get_bind().dialect.name == "sqlite":
        _sqlite()
    else:
        _postgresql()


def _sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
    op.execute(
        "CREATE TRIGGER account_no_delete BEFORE DELETE ON account "
        "BEGIN SELECT RAISE(ABORT, 'an account stays'); END"
    )
    op.execute(
        """
        CREATE TRIGGER transfer_balance AFTER INSERT ON transfer BEGIN
            UPDATE account SET posted = posted - NEW.amount
             WHERE id = NEW.from_account_id AND dealer_id IS NOT NULL;
            UPDATE account SET posted = posted + NEW.amount
             WHERE id = NEW.to_account_id AND dealer_id IS NOT NULL;
        END
        """
    )
    op.execute(
        """
        CREATE TRIGGER reservation_hold AFTER INSERT ON reservation BEGIN
            UPDATE account SET reserved = reserved + NEW.amount WHERE id = NEW.account_id;
            SELECT RAISE(ABORT, 'too little available')
              FROM account WHERE id = NEW.account_id AND posted + credit_limit - reserved < 0;
        END
        """
    )
    op.execute(
        """
        CREATE TRIGGER reservation_end_free AFTER INSERT ON reservation_end BEGIN
            UPDATE account
               SET reserved = reserved
                   - (SELECT amount FROM reservation WHERE id = NEW.reservation_id)
             WHERE id = (SELECT account_id FROM reservation WHERE id = NEW.reservation_id);
        END
        """
    )
    for table in SEARCHED:
        _sqlite_search(table)


def _sqlite_search(table: str) -> None:
    op.execute(
        f"CREATE VIRTUAL TABLE {table}_search USING fts5("
        f"search_text, content='{table}', content_rowid='id', tokenize='trigram')"
    )
    add = f"INSERT INTO {table}_search (rowid, search_text) VALUES (NEW.id, NEW.search_text);"
    drop = (
        f"INSERT INTO {table}_search ({table}_search, rowid, search_text) "
        "VALUES ('delete', OLD.id, OLD.search_text);"
    )
    op.execute(f"CREATE TRIGGER {table}_search_insert AFTER INSERT ON {table} BEGIN {add} END")
    op.execute(f"CREATE TRIGGER {table}_search_delete AFTER DELETE ON {table} BEGIN {drop} END")
    op.execute(
        f"CREATE TRIGGER {table}_search_update AFTER UPDATE OF search_text ON {table} "
        f"WHEN OLD.search_text <> NEW.search_text BEGIN {drop} {add} END"
    )


def _postgresql() -> None:
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
        """
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER account_no_delete BEFORE DELETE ON account "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    # All three triggers run after the insert, not before: what ON CONFLICT skips moves no money.
    # Only a dealer's account is locked and counted, and a transfer has one: no deadlock.
    op.execute(
        """
        CREATE FUNCTION transfer_balance() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE account SET posted = posted
                + CASE WHEN id = NEW.to_account_id THEN NEW.amount ELSE -NEW.amount END
             WHERE id IN (NEW.from_account_id, NEW.to_account_id) AND dealer_id IS NOT NULL;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER transfer_balance AFTER INSERT ON transfer "
        "FOR EACH ROW EXECUTE FUNCTION transfer_balance()"
    )
    op.execute(
        """
        CREATE FUNCTION reservation_hold() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE account SET reserved = reserved + NEW.amount
             WHERE id = NEW.account_id AND posted + credit_limit - reserved >= NEW.amount;
            IF NOT FOUND THEN RAISE EXCEPTION 'too little available'; END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER reservation_hold AFTER INSERT ON reservation "
        "FOR EACH ROW EXECUTE FUNCTION reservation_hold()"
    )
    op.execute(
        """
        CREATE FUNCTION reservation_end_free() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE account SET reserved = reserved - held.amount
              FROM reservation held
             WHERE held.id = NEW.reservation_id AND account.id = held.account_id;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER reservation_end_free AFTER INSERT ON reservation_end "
        "FOR EACH ROW EXECUTE FUNCTION reservation_end_free()"
    )
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for table in SEARCHED:
        op.execute(
            f"CREATE INDEX ix_{table}_search ON {table} USING gin (search_text gin_trgm_ops)"
        )
