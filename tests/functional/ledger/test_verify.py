"""The check of the books finds what is wrong, and nothing else (L10)."""

from collections.abc import Iterator

import pytest
from click import Group
from click.testing import CliRunner, Result

from portal.cli import main
from portal.core.db import db
from portal.ledger import services, verify
from portal.ledger.cli import commands
from portal.ledger.models import FREIGHT, PARTS_SALES
from tests.functional.ledger.books import again, dealer, deposit, reserve
from tests.support import story
from tests.support.portal import Portal

TRIGGERS = "SELECT name FROM sqlite_master WHERE type = 'trigger'"


def differences(portal: Portal) -> list[str]:
    with portal.transaction():
        return list(verify.verify())


def unguarded(portal: Portal, *statements: str) -> None:
    """Change what the database guards, as somebody with its password could."""
    with portal.app.app_context():
        connection = db.engine.raw_connection()
        cursor = connection.cursor()
        if db.engine.dialect.name == "sqlite":
            cursor.execute("PRAGMA foreign_keys=OFF")
            for (name,) in cursor.execute(TRIGGERS).fetchall():
                cursor.execute(f"DROP TRIGGER {name}")
        else:
            cursor.execute("SET session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
        connection.commit()
        connection.detach()
        connection.close()


def released(portal: Portal) -> None:
    """A reservation that was posted, one that was voided, one that is open, and a reversal."""
    posted, voided = reserve(portal, 400), reserve(portal, 500, "test/2")
    reserve(portal, 600, "test/3")
    made = deposit(portal, "ICBC 77")
    with portal.transaction():
        services.post(
            again(posted),
            [
                services.Posting("parts_deduction", PARTS_SALES, 390),
                services.Posting("freight", FREIGHT, 10),
            ],
            document=dealer(portal),
            by=portal.finance,
            now=portal.now,
        )
        services.void(again(voided), now=portal.now)
        services.reverse(again(made), by=portal.finance, now=portal.now, reason="Wrong")


def test_nothing_differs_when_money_went_through_the_services(portal: Portal) -> None:
    """L10: there are no differences."""
    released(portal)
    story.confirmed(portal)
    story.released(portal, story.line(portal, serial="SN-2"))
    assert differences(portal) == []


WRONGS = {
    "posted balance": "UPDATE account SET posted = posted + 1 WHERE dealer_id = 1",
    "reserved": "UPDATE account SET reserved = reserved - 1 WHERE dealer_id = 1",
    "reservation": "UPDATE transfer SET amount = 11 WHERE cause = 'test/1/freight'",
    "owner": "UPDATE transfer SET dealer_id = 2 WHERE cause = 'test/1/freight'",
    "reversal": "UPDATE transfer SET amount = 1 WHERE reverses_id IS NOT NULL",
    "document": "UPDATE transfer SET document_id = 99 WHERE cause = 'test/1/freight'",
}


@pytest.mark.parametrize("name", WRONGS)
def test_difference_is_named_when_the_books_were_changed(portal: Portal, name: str) -> None:
    """L10: what is kept is recomputed, and each difference is named."""
    released(portal)
    unguarded(portal, WRONGS[name])
    found = differences(portal)
    assert name in {sentence.partition(": ")[0] for sentence in found}


def test_both_figures_are_told_when_a_balance_differs(portal: Portal) -> None:
    """L10: the sentence has what is kept and what the entries make."""
    unguarded(portal, "UPDATE account SET posted = 7 WHERE dealer_id = 1")
    (sentence,) = differences(portal)
    assert sentence.startswith("posted balance: account ")
    assert sentence.endswith("of dealer 1 keeps 7, its entries make 1000000")


def test_entry_is_named_when_nobody_knows_its_document(portal: Portal) -> None:
    """L10: an entry leads to a document of a kind that exists."""
    released(portal)
    unguarded(portal, "UPDATE transfer SET document_kind = 'gift' WHERE cause = 'test/1/freight'")
    assert "document: test/1/freight leads to a kind of document that nobody knows" in (
        differences(portal)
    )


@pytest.fixture
def extra_check() -> Iterator[None]:
    """A feature's own check, taken out again afterwards."""

    @verify.check("gift")
    def _check() -> Iterator[str]:
        yield "gift/1 is not in its wrapping"

    yield
    del verify._checks["gift"]


@pytest.mark.usefixtures("extra_check")
def test_feature_is_heard_when_it_checks_its_own(portal: Portal) -> None:
    """L10: the ledger knows no feature; each compares its documents itself."""
    assert differences(portal) == ["gift: gift/1 is not in its wrapping"]


def command(portal: Portal) -> Result:
    """The command, run against the portal under test."""
    return CliRunner().invoke(commands(lambda: portal.app), ["verify"])


def test_command_is_there_when_somebody_types_it() -> None:
    """L10: `portal ledger verify`."""
    group = main.commands["ledger"]
    assert isinstance(group, Group)
    assert "verify" in group.commands


def test_command_ends_well_when_nothing_differs(portal: Portal) -> None:
    """L10: `portal ledger verify` says so and ends with 0."""
    done = command(portal)
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "0 differences")


def test_command_fails_when_something_differs(portal: Portal) -> None:
    """L10: `portal ledger verify` prints each difference and ends with 1."""
    unguarded(portal, "UPDATE account SET reserved = 7 WHERE dealer_id = 1")
    done = command(portal)
    assert done.exit_code == 1
    assert "of dealer 1 keeps 7, its entries make 0" in done.output
