"""The demo: a month through the services, in every state, the same for the same seed."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

import portal
from portal import create_app, migrate
from portal.advances.models import Advance
from portal.applications.compensation_models import Compensation
from portal.applications.models import Application, DeliveryReport, Shipment
from portal.catalogue.models import FaultCode, Part, PriceList
from portal.claims import runs
from portal.claims.models import Claim, ClaimLine, Run
from portal.claims.workflow import LINE_KINDS
from portal.cli import main
from portal.core.clock import FixedClock
from portal.core.db import db, reading, session, snapshot
from portal.core.errors import Conflict
from portal.core.events import COMMENT, Event
from portal.core.events import verify as verify_events
from portal.demo import cli, month
from portal.demo.cast import LOGINS
from portal.files.models import Attachment
from portal.ledger.models import Transfer
from portal.ledger.verify import verify as verify_ledger
from portal.oldparts.models import OldPart
from portal.people.models import Dealer, User
from portal.settings import Settings

# A Sunday, before dawn: whatever waits has waited since the week before.
END = datetime(2026, 11, 22, 2, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

PASSED_AT_ONCE = {"received"}
"""The state of an application that is left in the very transaction that enters it."""


def _loaded(folder: Path, url: str = "") -> Flask:
    settings = Settings(folder=folder, database_url=url, secret_key="test")
    migrate.upgrade(settings)
    app = create_app(settings, clock=FixedClock(END))
    cli.load(app)
    return app


def _states(model: type) -> set[str]:
    return set(session.scalars(select(model.status).distinct()))  # type: ignore[attr-defined]


def _count(model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def _figures() -> list[object]:
    """The numbers, states and amounts of the whole demo; names that are random left out."""
    return [
        [tuple(row) for row in session.execute(statement)]
        for statement in (
            select(Application.number, Application.status, Application.total).order_by(
                Application.id
            ),
            select(Shipment.number, Shipment.status).order_by(Shipment.id),
            select(OldPart.number, OldPart.status, OldPart.unit_price).order_by(OldPart.id),
            select(Claim.number, Claim.status, Claim.claimed, Claim.approved).order_by(Claim.id),
            select(Transfer.kind, Transfer.amount, Transfer.at).order_by(Transfer.id),
            select(Event.name, Event.at, Event.actor_name).order_by(Event.id),
        )
    ]


def _check_everything() -> None:
    assert (_count(Dealer), _count(Part)) == (15, 300)
    assert set(session.scalars(select(Dealer.zone))) == {"Asia/Shanghai", "Europe/Warsaw"}
    assert _count(Application) > 90
    assert _count(OldPart) > 30
    assert _states(PriceList) == {"imported", "preview"}
    assert _states(Part) == {"active", "withdrawn"}
    assert session.scalar(select(func.count(Part.picture))) > 10
    assert _states(User) == {state.name for state in User.workflow.states}
    assert _states(FaultCode) == {"active", "withdrawn"}
    said = session.scalars(select(OldPart.fault_code).distinct()).all()
    assert set(said) <= set(session.scalars(select(FaultCode.code)))
    assert _states(Application) == {
        state.name for state in Application.workflow.states if state.name not in PASSED_AT_ONCE
    }
    for model in (Shipment, Compensation, DeliveryReport, OldPart, Claim):
        assert _states(model) == {state.name for state in model.workflow.states}
    assert set(session.scalars(select(ClaimLine.kind))) == set(LINE_KINDS)
    assert _states(Advance) == {"requested", "approved"}
    assert _states(ClaimLine) == {"open", "approved", "reduced", "rejected"}
    months = dict(session.execute(select(Run.month, Run.status)).all())
    assert months == {"2026-09": "closed", "2026-10": "reviewing"}
    drafts = set(session.scalars(select(Claim.month).where(Claim.status == "draft")))
    assert "2026-11" in drafts
    kinds = set(session.scalars(select(Transfer.kind)))
    assert kinds >= {"deposit", "parts_deduction", "freight", "refund", "reimbursement", "reversal"}
    _check_photos()
    assert session.scalar(select(func.count()).where(Event.name == COMMENT))
    assert session.scalar(select(func.max(Event.at))) <= END
    assert list(verify_ledger()) == []
    assert list(verify_events()) == []


def _check_photos() -> None:
    photographed = select(Attachment.document_id).where(Attachment.document_kind == OldPart.kind)
    assert not session.scalars(select(OldPart.id).where(OldPart.id.not_in(photographed))).all()
    hashes = session.scalars(select(Attachment.sha256)).all()
    assert len(hashes) == len(set(hashes))


def test_every_state_is_there_when_the_demo_is_loaded(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """P4, L10: every state and kind, clean books and histories, on both databases the same."""
    app = _loaded(tmp_path / "sqlite")
    with app.app_context(), snapshot():
        _check_everything()
        first = _figures()
        with pytest.raises(Conflict):
            month.load(END, currency="CNY", digits=2)
    assert len(cli.logins(app)) == 1 + len(LOGINS)
    other = _loaded(tmp_path / "other", postgres_url)
    with other.app_context(), snapshot():
        _check_everything()
        assert _figures() == first
    with other.app_context():
        db.engine.dispose()

    monkeypatch.setenv("PORTAL_FOLDER", str(tmp_path / "sqlite"))
    again = CliRunner().invoke(main, ["demo"])
    assert again.exit_code == 1
    assert "in this one there are dealers" in again.output
    with app.app_context(), reading():
        assert _figures() == first
    with app.app_context():
        db.engine.dispose()


def test_nothing_is_left_when_loading_is_broken_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo is there as a whole or not at all: the next start loads it again."""
    settings = Settings(folder=tmp_path, secret_key="test")
    migrate.upgrade(settings)
    app = create_app(settings, clock=FixedClock(END))

    def interrupted(line: str) -> None:
        if "September" in line:
            raise KeyboardInterrupt

    with app.app_context():
        with pytest.raises(KeyboardInterrupt):
            month.load(END, currency="CNY", digits=2, told=interrupted)
        assert month.is_empty()
        assert _count(Event) == 0
        db.engine.dispose()
    kept = [file for file in (tmp_path / "files").rglob("*") if file.is_file()]
    assert [file for file in kept if file.read_bytes()[:2] == b"\xff\xd8"] == []


def test_demo_is_not_for_a_database_that_a_worker_was_at(tmp_path: Path) -> None:
    """R4: the worker opens the run of the month, which the demo's month opens as well."""
    settings = Settings(folder=tmp_path, secret_key="test")
    migrate.upgrade(settings)
    app = create_app(settings, clock=FixedClock(END))
    with app.app_context():
        assert month.is_empty()
        runs.open_due_run(FixedClock(END))
        assert not month.is_empty()
        db.engine.dispose()
    asked = CliRunner().invoke(main, ["demo"], env={"PORTAL_FOLDER": str(tmp_path)})
    assert asked.exit_code == 1
    assert "before any worker" in asked.output


def test_serve_says_what_it_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """House: gunicorn comes with the packages; where it is missing a sentence says so."""
    monkeypatch.delattr(portal, "serve", raising=False)
    monkeypatch.setitem(sys.modules, "portal.serve", None)
    asked = CliRunner().invoke(main, ["serve"], env={"PORTAL_FOLDER": str(tmp_path)})
    assert asked.exit_code == 1
    assert "requirements/run.txt" in asked.output


# --- portal run -----------------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path, sqlite_template: Path) -> dict[str, str]:
    """The environment of an embedded portal that has dealers already."""
    shutil.copy(sqlite_template, tmp_path / "portal.sqlite")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return {"PORTAL_FOLDER": str(tmp_path), "PORTAL_PORT": str(port), "PYTHONUNBUFFERED": "1"}


Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def start(installed: dict[str, str]) -> Start:
    """Start ``portal run`` as a program of its own."""
    command = [sys.executable, "-c", "from portal.cli import main; main()", "run"]

    def begin() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            env=installed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parents[3],
        )

    return begin


def _address(server: "subprocess.Popen[str]") -> str:
    assert server.stdout is not None
    for line in server.stdout:
        if found := re.search(r"Open (http://\S+)", line):
            return found[1]
    raise AssertionError("it ended without serving")


def _ended(server: "subprocess.Popen[str]", sent: signal.Signals) -> None:
    server.send_signal(sent)
    try:
        rest, _nothing = server.communicate(timeout=90)
    finally:
        server.kill()
    assert server.returncode == 0
    assert "Traceback" not in rest


def test_portal_serves_and_ends_cleanly_when_it_is_interrupted(start: Start) -> None:
    """One command serves the portal with its worker; Ctrl-C or SIGTERM ends both."""
    server = start()
    with urllib.request.urlopen(f"{_address(server)}/sign-in", timeout=20) as page:
        assert page.status == 200
    _ended(server, signal.SIGTERM)
    again = start()
    _address(again)
    # At once, while it is still getting ready.
    _ended(again, signal.SIGINT)


def test_one_sentence_says_so_when_the_port_is_taken(
    start: Start, installed: dict[str, str]
) -> None:
    """A second portal on the same port is told which port to choose."""
    port = int(installed["PORTAL_PORT"])
    with socket.create_server(("127.0.0.1", port)):
        server = start()
        said, _nothing = server.communicate(timeout=20)
    assert server.returncode == 1
    sentence = (
        f"Error: Cannot serve on 127.0.0.1:{port}: Address already in use. End what runs there, "
        f"or choose another port: PORTAL_PORT={port + 1} portal run"
    )
    assert said.strip().splitlines() == [sentence]
