"""Every document's chain of events holds, and `events verify` names where one does not (P4)."""

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from portal import cli
from portal.core.db import session, snapshot
from portal.core.events import Break, verify
from tests.functional.ledger.test_verify import unguarded
from tests.support import story
from tests.support.portal import Portal


def breaks(portal: Portal) -> list[Break]:
    """What is found, as the command finds it."""
    with portal.app.app_context(), snapshot():
        return list(verify())


def test_nothing_is_broken_when_documents_went_through_the_services(portal: Portal) -> None:
    """P4: the chains of a whole story hold."""
    story.received(portal)
    assert breaks(portal) == []


OF_IT = "document_kind = 'application' AND document_id = 1"
WRONGS = {
    "changed": (
        f"UPDATE event SET reason = 'another' WHERE {OF_IT} AND seq = 2",
        Break("application", 1, 2, "the event is not as it was written"),
    ),
    "one taken out": (
        f"DELETE FROM event WHERE {OF_IT} AND seq = 2",
        Break("application", 1, 2, "an event is missing"),
    ),
    "all taken out": (
        f"DELETE FROM event WHERE {OF_IT}",
        Break("application", 1, 1, "its events are missing"),
    ),
    "document taken out": (
        "UPDATE application SET id = 99 WHERE id = 1",
        Break("application", 1, 1, "its document is missing"),
    ),
    "status set by hand": (
        "UPDATE application SET status = 'received' WHERE id = 1",
        None,
    ),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_first_broken_event_is_named_when_somebody_went_past_the_portal(
    portal: Portal, wrong: str
) -> None:
    """P4: whoever has the database's password cannot change a history unseen."""
    story.quoted(portal)
    statement, expected = WRONGS[wrong]
    unguarded(portal, statement)
    found = breaks(portal)
    if expected is None:
        assert [item.problem for item in found] == [
            "the document's status is not that of its last event"
        ]
    else:
        assert expected in found


def test_end_is_missed_when_the_last_event_is_taken_out(portal: Portal) -> None:
    """P4: a chain cut short is found by the head that the document keeps."""
    story.quoted(portal)
    unguarded(
        portal,
        f"DELETE FROM event WHERE {OF_IT} AND seq = "
        "(SELECT event_count FROM application WHERE id = 1)",
    )
    (found,) = breaks(portal)
    assert found.problem == "the end of the chain is missing"


def test_command_ends_with_1_when_a_chain_is_broken(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4: the command prints each break and says how many."""
    story.quoted(portal)
    monkeypatch.setattr(cli, "_app", lambda: portal.app)
    assert CliRunner().invoke(cli.main, ["events", "verify"]).output == "0 broken\n"
    unguarded(portal, f"UPDATE event SET reason = 'x' WHERE {OF_IT} AND seq = 1")
    result = CliRunner().invoke(cli.main, ["events", "verify"])
    assert result.exit_code == 1
    assert result.output.splitlines() == [
        "application 1, event 1: the event is not as it was written",
        "1 broken",
    ]


def test_snapshot_does_not_see_what_is_written_meanwhile(portal: Portal) -> None:
    """A comparison of several statements is not disturbed by others who go on working."""
    names = text("SELECT name FROM dealer ORDER BY id LIMIT 1")
    with portal.app.app_context(), snapshot():
        before = session.scalar(names)
        _rename_elsewhere(portal, "Renamed meanwhile")
        assert session.scalar(names) == before
    with portal.app.app_context(), snapshot():
        assert session.scalar(names) != before


def _rename_elsewhere(portal: Portal, name: str) -> None:
    with portal.app.app_context():
        engine = session.get_bind()
        with engine.connect() as other:  # type: ignore[union-attr]
            other.execute(text("UPDATE dealer SET name = :name"), {"name": name})
            other.commit()
