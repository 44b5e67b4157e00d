"""Each night all events are sealed, and the seal goes to somebody outside (P4)."""

import re
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from portal import check, cli
from portal.core import jobs, seals
from portal.core.db import in_transaction, reading, session, snapshot
from portal.core.events import Event
from portal.core.jobs import Job
from portal.core.seals import Seal
from portal.operations import books, sealing
from portal.web import mail
from tests.functional.ledger.test_verify import unguarded
from tests.support import story
from tests.support.portal import Portal
from tests.support.queries import counted
from tests.support.sink import parts, sink

ADDRESS = "seals@auditors.example"
only_postgresql = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


def night(portal: Portal) -> None:
    """The coming night: the clock rings twice, and the worker works."""
    portal.clock.at = (portal.clock.at + timedelta(days=1)).replace(hour=sealing.NIGHT)
    with portal.app.app_context():
        sealing.promise(portal.clock)
        sealing.promise(portal.clock)
        jobs.drain(portal.clock, lane=books.LANE)
        session.remove()


def kept(portal: Portal) -> list[Seal]:
    with portal.transaction():
        return list(session.scalars(select(Seal).order_by(Seal.day)))


def broken(portal: Portal) -> list[str]:
    with portal.app.app_context(), snapshot():
        return list(seals.verify())


def days(portal: Portal) -> None:
    """Three days, each with what happened on it; on the last one nothing did."""
    for _day in range(2):
        story.submitted(portal)
        night(portal)
    night(portal)


def test_each_event_is_in_one_seal(portal: Portal) -> None:
    """P4: those since the seal before, and a day on which nothing happened has its seal too."""
    days(portal)
    found = kept(portal)
    with portal.transaction():
        count = len(session.scalars(select(Event.id)).all())
    assert [one.events for one in found][2] == 0
    assert sum(one.events for one in found) == count > 0
    assert len({one.digest for one in found}) == 3
    assert [one.day.isoformat() for one in found] == ["2026-10-13", "2026-10-14", "2026-10-15"]
    assert broken(portal) == []
    with portal.app.app_context():
        sealing.seal({}, portal.clock)
    assert len(kept(portal)) == 3, "a day has one seal"


def test_nothing_is_sealed_as_long_as_nothing_happened(portal: Portal) -> None:
    """An empty installation has no seals."""
    unguarded(portal, "DELETE FROM event")
    night(portal)
    assert kept(portal) == []


WRONGS = {
    "a chain written anew": (
        "UPDATE event SET reason = 'x', hash = '{hash}' WHERE id = {event}",
        ["seal of 2026-10-14: the events are not those that were sealed"],
    ),
    "an event taken out": (
        "DELETE FROM event WHERE id = {event}",
        ["seal of 2026-10-14: {count} events were sealed, {less} are there"],
    ),
    "the seal itself": (
        "UPDATE event_seal SET digest = '{hash}' WHERE day = '2026-10-14'",
        [
            "seal of 2026-10-14: the events are not those that were sealed",
            "seal of 2026-10-15: the events are not those that were sealed",
        ],
    ),
    "a seal taken out": (
        "DELETE FROM event_seal WHERE day = '2026-10-14'",
        ["seal of 2026-10-15: 0 events were sealed, {count} are there"],
    ),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_day_is_named_whose_seal_no_longer_holds(
    portal: Portal, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4: whoever has the database's password; told by the command and by the nightly check."""
    days(portal)
    second = kept(portal)[1]
    statement, expected = WRONGS[wrong]
    facts = {
        "event": second.last_id, "hash": "0" * 64, "count": second.events,
        "less": second.events - 1,
    }  # fmt: skip
    unguarded(portal, statement.format(**facts))
    told = [sentence.format(**facts) for sentence in expected]
    assert broken(portal) == told
    monkeypatch.setattr(cli, "_app", lambda: portal.app)
    result = CliRunner().invoke(cli.main, ["events", "verify"])
    assert result.exit_code == 1
    assert set(told) <= set(result.output.splitlines())
    with portal.app.app_context():
        books.check({"check": "events"}, portal.clock)
        session.remove()
    assert told[0] in portal.client(portal.auditor).get("/books").text


def test_database_refuses_to_change_a_seal(portal: Portal) -> None:
    """P4: on SQLite and on PostgreSQL."""
    days(portal)
    with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
        session.execute(update(Seal).values(events=1))
    with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
        session.execute(text("DELETE FROM event_seal"))


def test_seal_goes_to_the_address_of_the_settings(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once each night, with all that is needed to check it."""
    monkeypatch.setattr(cli, "_app", lambda: portal.app)
    with sink() as post:
        post.attach(portal, seal_address=ADDRESS)
        days(portal)
        assert "also goes by mail" in portal.client(portal.auditor).get("/books").text
        with portal.app.app_context():
            jobs.drain(portal.clock, lane=mail.LANE)
            session.remove()
        assert [one["To"] for one in post.mails if ADDRESS in one["To"]] == [ADDRESS] * 3
        letter = next(one for one in post.mails if "2026-10-14" in one["Subject"])
        plain, html = parts(letter)
        seal = kept(portal)[1]
        assert f"Events since the seal before: {seal.events}" in plain
        assert seal.digest in html
        (command,) = re.findall("portal (events verify --seal [0-9a-f]{64})", plain)
        result = CliRunner().invoke(cli.main, command.split())
        assert (result.exit_code, result.output.splitlines()[-1]) == (0, "0 broken")
        assert "seal of 2026-10-14: it is that of the letter" in result.output
        unguarded(portal, "DELETE FROM event_seal")
        result = CliRunner().invoke(cli.main, command.split())
        assert (result.exit_code, result.output.splitlines()[-1]) == (1, "1 broken")
        assert "No seal here has this digest: it was mistyped" in result.output


def test_no_letter_is_promised_without_an_address(portal: Portal) -> None:
    """The seal is made all the same; and what was promised before ends when it is taken away."""
    days(portal)
    with portal.transaction():
        promised = select(Job.id).where(Job.kind == sealing.LETTER)
        assert session.scalars(promised).all() == []
    with portal.app.app_context():
        sealing.send({"day": "2026-10-14"}, portal.clock)


def test_letter_waits_as_long_as_there_is_no_mail_server(portal: Portal) -> None:
    """Nothing is lost: it goes once there is one."""
    with sink() as post:
        post.attach(portal, seal_address=ADDRESS)
        server, portal.app.extensions["mail"] = portal.app.extensions["mail"], None
        days(portal)
        worker = jobs.Worker(portal.clock, mail.LANE)
        with portal.app.app_context():
            worker.drain()
            assert worker.rests_until is not None
            portal.app.extensions["mail"] = server
            portal.clock.advance(minutes=10)
            worker.drain()
            session.remove()
        assert sum(ADDRESS in one["To"] for one in post.mails) == 3


def test_auditor_sees_the_last_seals(portal: Portal) -> None:
    """The newest first; finance as well, nobody else."""
    assert "There is none yet." in portal.client(portal.auditor).get("/books").text
    days(portal)
    for who in ("auditor", "finance", "administrator"):
        page = portal.client(portal.cast[who]).get("/books").text
        assert "The settings name no address" in page
        digests = [one.digest for one in reversed(kept(portal))]
        assert re.findall("[0-9a-f]{64}", page) == digests
    assert portal.client(portal.desk).get("/books").status_code == 403


def test_seals_are_checked_in_one_go(portal: Portal) -> None:
    """Two statements, however many days there are."""
    days(portal)
    with counted(portal.app) as statements:
        assert broken(portal) == []
    assert len([one for one in statements if "event" in one]) == 2


def told(portal: Portal) -> list[str]:
    """What the nightly check keeps of the seals; it stands on a page, and the command says it."""
    with portal.app.app_context():
        books.check({"check": "events"}, portal.clock)
        with reading():
            found: list[str] = list(seals.late(portal.now))
        session.remove()
    page = portal.client(portal.auditor).get("/books").text
    assert all(one in page for one in found)
    return found


@pytest.mark.parametrize("off", [400, -400])
def test_seals_go_on_after_a_night_with_a_wrong_clock(portal: Portal, off: int) -> None:
    """P4: one of the future is told for a week; the nights after it have theirs, in their order."""
    story.submitted(portal)
    night(portal)
    right = portal.clock.at
    story.submitted(portal)
    portal.clock.at = right + timedelta(days=off)
    night(portal)
    portal.clock.at = right
    night(portal)
    assert [len(kept(portal)), broken(portal)] == [2 if off > 0 else 3, []], "nothing happened"
    for _day in range(3):
        story.submitted(portal)
        night(portal)
        assert broken(portal) == []
        said = told(portal)
        assert ["the clock was wrong" in one for one in said] == [True] * (off > 0)
    assert len(kept(portal)) == (5 if off > 0 else 6)
    for _day in range(4):
        night(portal)
    assert told(portal) == []
    assert broken(portal) == []


def test_it_is_told_when_there_was_no_seal_for_two_nights(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4: the job was promised, and fails."""
    days(portal)
    story.submitted(portal)
    with monkeypatch.context() as patched:

        def settled() -> int:
            raise RuntimeError

        patched.setattr(seals, "settled", settled)
        night(portal)
        night(portal)
        assert told(portal) == []
        night(portal)
        assert ["no seal for two nights" in one for one in told(portal)] == [True]
        assert any("no seal for two nights" in one for one in checked(portal))
    night(portal)
    assert told(portal) == []


def checked(portal: Portal) -> list[str]:
    """What `portal check` says."""
    with portal.app.app_context():
        found = check.of_installation(portal.app.extensions["settings"], portal.now)
        session.remove()
    return [one.sentence for one in found]


# --- PostgreSQL: the order of keys is not that of commits ----------------------------------------


def _event(portal: Portal) -> dict[str, object]:
    """A row like the last event, that belongs to nothing."""
    with portal.transaction():
        row = session.execute(select(Event.__table__).order_by(Event.id.desc()).limit(1)).one()
        facts = dict(row._mapping)
        del facts["id"]
        return facts | {"seq": facts["seq"] + 1000, "document_id": 10**6}


@only_postgresql
def test_event_whose_transaction_is_open_is_neither_lost_nor_breaks_a_seal(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """P4: it has a lower key than one that is there already; no seal is made before it is, too."""
    monkeypatch.setattr(seals, "PATIENCE", "0.2")
    story.submitted(portal)
    facts = _event(portal)
    with portal.app.app_context():
        engine = session.get_bind()
    with engine.connect() as late:  # type: ignore[union-attr]
        (low,) = late.execute(insert(Event).values(facts).returning(Event.id)).one()
        with portal.transaction():
            other = facts | {"document_id": 10**6 + 1}
            (high,) = session.execute(insert(Event).values(other).returning(Event.id)).one()
        assert low < high
        with portal.app.app_context(), pytest.raises(jobs.Away, match="being written"):
            in_transaction(seals.settled)
        caplog.clear()
        night(portal)
        assert kept(portal) == [], "the job waits, and is tried again"
        assert [one.message for one in caplog.records if one.exc_info] == []
        late.commit()
    portal.clock.advance(minutes=5)
    with portal.app.app_context():
        jobs.drain(portal.clock, lane=books.LANE)
        session.remove()
    (made,) = kept(portal)
    assert made.last_id == high
    assert broken(portal) == []
    with portal.transaction():
        assert made.events == len(session.scalars(select(Event.id)).all())


@only_postgresql
def test_what_is_rolled_back_leaves_a_gap_that_no_seal_minds(portal: Portal) -> None:
    """P4: a key that was given out and never used."""
    story.submitted(portal)
    facts = _event(portal)
    with portal.app.app_context():
        engine = session.get_bind()
    with engine.connect() as other:  # type: ignore[union-attr]
        other.execute(insert(Event).values(facts))
        other.rollback()
    story.submitted(portal)
    night(portal)
    assert len(kept(portal)) == 1
    assert broken(portal) == []
