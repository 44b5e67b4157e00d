"""The ``portal`` command."""

import json
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import click
import waitress
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from portal import backup, check, create_app, migrate
from portal.core import jobs, seals
from portal.core.db import in_transaction, snapshot
from portal.core.errors import Unavailable
from portal.demo import cli as demo
from portal.ledger import cli as ledger
from portal.ledger.verify import verify as verify_ledger
from portal.operations import facts, owner
from portal.people import access_links
from portal.people import cli as people
from portal.settings import SettingError, Settings
from portal.web import logs
from portal.web.routes import routes

log = logging.getLogger(__name__)
ROUND = 2.0
"""How long a worker rests when nothing is due, in seconds."""


def _settings() -> Settings:
    try:
        return Settings.read()
    except SettingError as error:
        raise click.ClickException(str(error)) from None


def _app() -> Flask:
    settings = _settings()
    logs.configure(settings.log_level)
    return create_app(settings)


def _migrate(settings: Settings) -> None:
    """Bring the schema up to date, and keep what must not change once there is money."""
    migrate.upgrade(settings)
    with create_app(settings).app_context():
        in_transaction(lambda: facts.remember(settings))
        try:
            owner.claim_if_new()
        except (OSError, Unavailable):  # `portal check` says so, and what to do
            log.warning("the storage of files cannot be reached: it was not claimed")


def work(app: Flask, stop: threading.Event, lane: str = jobs.EVERYDAY) -> None:
    """Do a lane's jobs, and watch the clock, until told to stop; a failed round is not the last."""
    hands = jobs.Worker(app.extensions["clock"], lane, stop)
    while not stop.is_set():
        with app.app_context():
            try:
                if lane == jobs.EVERYDAY:
                    jobs.ring(hands.clock, stop)
                hands.drain()
            except Exception:  # the database is away, say: it may be back in the next round
                log.exception("a round of work failed")
        stop.wait(ROUND)


def _stop_when_told(stop: threading.Event) -> None:
    """Let Ctrl-C and SIGTERM ask for the end.

    As an exception, which they are by default, they could come where somebody holds a lock, or be
    lost where nobody may raise one.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())


def _crew(app: Flask, stop: threading.Event) -> list[threading.Thread]:
    """A thread at work in each lane."""
    threads = [
        threading.Thread(target=work, args=(app, stop, lane), name=f"worker: {lane}")
        for lane in jobs.lanes()
    ]
    for thread in threads:
        thread.start()
    return threads


@click.group()
def main() -> None:
    """Warranty parts between dealers and headquarters."""


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date."""
    _migrate(_settings())


@main.command()
def worker() -> None:
    """Do promised jobs and watch the clock, until told to stop: then end what is begun."""
    app, stop = _app(), threading.Event()
    _stop_when_told(stop)
    log.info("worker begins", extra={"lanes": jobs.lanes()})
    for thread in _crew(app, stop):
        thread.join()
    log.info("worker ended")


@main.command("demo")
def demo_command() -> None:
    """Load a believable month of an invented manufacturer into an empty database."""
    _migrate(_settings())
    app = _app()
    if not demo.is_empty(app):
        raise click.ClickException(
            "The demo is only loaded into an empty database, before any worker: in this one there "
            "are dealers, or a run that a worker has opened."
        )
    demo.load(app)
    click.echo("\n".join(demo.logins(app)))


@main.command("check")
def check_command() -> None:
    """Say what is wrong or dangerous with this installation; its exit code is 1 if anything is."""
    settings = _settings()
    findings = check.of_settings(settings)
    try:
        app = create_app(settings)
    except (OSError, SettingError) as error:
        findings.append(check.Finding(f"The portal does not start: {error}."))
    else:
        with app.app_context():
            findings += check.of_installation(settings, app.extensions["clock"].now())
        findings += _demo_people(app)
    for found in findings:
        click.echo(f"{'Wrong' if found.is_wrong else 'Note'}: {found.sentence}")
    wrong = sum(found.is_wrong for found in findings)
    click.echo(f"{wrong} wrong, {len(findings) - wrong} to be known")
    sys.exit(1 if wrong else 0)


def _demo_people(app: Flask) -> list[check.Finding]:
    settings: Settings = app.extensions["settings"]
    try:
        is_open = settings.public_url and demo.logins(app)
    except SQLAlchemyError:  # said already
        return []
    sentence = "The demo's people can sign in here, and everybody knows their password."
    return [check.Finding(sentence)] if is_open else []


@main.command("backup")
@click.argument("target", type=click.Path(path_type=Path, dir_okay=False))
def backup_command(target: Path) -> None:
    """Write the database and the files into one archive, while the portal runs."""
    settings, app = _settings(), _app()
    try:
        with app.app_context():
            count = backup.backup(settings, target, now=app.extensions["clock"].now())
    except backup.BackupError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{target}: the database and {count} files")


@main.command("restore")
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def restore_command(source: Path) -> None:
    """Put an archive's database and files into an empty place, and verify them."""
    settings = _settings()
    try:
        with _app().app_context():
            backup.check_empty(settings)
            was_empty = owner.is_empty()
            count = backup.restore(settings, source)
            # The portal that the archive is of may still be there: its storage stays its own.
            owner.forget()
    except backup.BackupError as error:
        raise click.ClickException(str(error)) from None
    _migrate(settings)
    app = _app()
    with app.app_context():
        # A link that was used since, or a session that was ended, does not come back.
        in_transaction(lambda: access_links.end_everybodys(now=app.extensions["clock"].now()))
        if was_empty:
            owner.claim()
        else:
            click.echo(f"There were files already where they lie. {owner.MEND}")
    with app.app_context(), snapshot():
        wrong = [*verify_ledger(), *seals.differences()]
    click.echo("\n".join([*wrong, f"The database and {count} files; {len(wrong)} differences"]))
    sys.exit(1 if wrong else 0)


def _bound(settings: Settings) -> socket.socket:
    """The socket to serve on, which nobody is answered on yet; a sentence if it cannot be had."""
    place = f"{settings.host}:{settings.port}"
    kind = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    ours = socket.socket(kind, socket.SOCK_STREAM)
    try:
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ours.bind((settings.host, settings.port))
        return ours
    except OSError as error:
        ours.close()
        raise click.ClickException(
            f"Cannot serve on {place}: {os.strerror(error.errno or 0)}. End what runs there, or "
            f"choose another port: PORTAL_PORT={settings.port + 1} portal run"
        ) from None


def serving(settings: Settings) -> dict[str, Any]:
    """How the embedded server serves: without trusted proxies it drops their headers by itself.

    Most threads wait: for a picture's turn (``files.images``), or for a slow phone.
    """
    return {
        "threads": 24,
        "ident": None,
        "clear_untrusted_proxy_headers": settings.proxies == 0,
    }


@main.command()
def run() -> None:
    """Serve the embedded portal, with its worker; on the first start it brings the demo along."""
    settings = _settings()
    # First of all, so that nobody waits for the demo only to read that the port is taken.
    ours = _bound(settings)
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    _migrate(settings)
    app, stop = _app(), threading.Event()
    if demo.is_empty(app):
        demo.load(app)
    _stop_when_told(stop)
    sockets: dict[int, Any] = {}
    server = waitress.create_server(app, map=sockets, sockets=[ours], **serving(settings))
    host = "localhost" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
    welcome = [*demo.logins(app), f"Open http://{host}:{settings.port} (Ctrl-C ends it)"]
    crew = _crew(app, stop)
    click.echo("\n".join(welcome))
    while not stop.is_set():
        server.asyncore.loop(timeout=1, map=sockets, count=1)
    server.task_dispatcher.shutdown()
    server.close()
    for thread in crew:
        thread.join()


@main.command()
def serve() -> None:
    """Serve behind a proxy, with several processes; `portal worker` does the jobs."""
    settings = _settings()
    logs.configure(settings.log_level)
    try:
        from portal import serve as server
    except ImportError as error:
        raise click.ClickException(
            f"portal serve needs gunicorn ({error}). Install the packages of requirements/run.txt; "
            "gunicorn does not run on Windows."
        ) from None
    app = create_app(settings, processes=server.processes(settings))
    server.serve(app, settings)


@main.command("routes")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for the tests.")
def routes_command(as_json: bool) -> None:
    """List every route with the capability that it needs."""
    listed = routes(create_app(_settings()))
    if as_json:
        click.echo(json.dumps(listed, indent=1))
        return
    for route in listed:
        click.echo(f"{','.join(route['methods']):6} {route['rule']:60} {route['needs']}")


@main.group("storage")
def storage_group() -> None:
    """Where photos and files lie."""


@storage_group.command("claim")
def storage_claim() -> None:
    """Make the storage this database's own: what nothing in it names is deleted from there."""
    with _app().app_context():
        owner.claim()
    click.echo(
        "The storage of photos and files is this database's own: each night the worker deletes "
        "from it what nothing in this database has named for a week. No other portal does so there."
    )


@main.group()
def events() -> None:
    """The documents' histories."""


@events.command("verify")
@click.option("--seal", metavar="DIGEST", help="Look for the seal of a letter as well.")
def events_verify(seal: str | None) -> None:
    """Recompute every document's chain of events and every day's seal, and name what is broken."""
    with _app().app_context(), snapshot():
        broken = list(seals.differences())
        known = seals.known_as(seal) if seal else None
    if seal and known:
        click.echo(f"seal of {known.day}: it is that of the letter, over {known.events} events")
    elif seal:
        broken.append(
            "No seal here has this digest: it was mistyped, belongs to an older backup, or was "
            "replaced."
        )
    for sentence in broken:
        click.echo(sentence)
    click.echo(f"{len(broken)} broken")
    sys.exit(1 if broken else 0)


main.add_command(ledger.commands(_app))
for _command in people.commands(_app):
    main.add_command(_command)
