"""The ``portal`` command."""

import json
import sys
import threading

import click
from flask import Flask

from portal import create_app, migrate
from portal.core import jobs
from portal.core.db import reading
from portal.core.events import verify
from portal.ledger import cli as ledger
from portal.settings import SettingError, Settings
from portal.web import logs
from portal.web.routes import routes

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


def _work(app: Flask, stop: threading.Event) -> None:
    clock = app.extensions["clock"]
    while not stop.is_set():
        with app.app_context():
            jobs.ring(clock)
            jobs.drain(clock)
        stop.wait(ROUND)


@click.group()
def main() -> None:
    """Warranty parts between dealers and headquarters."""


@main.command("migrate")
def migrate_command() -> None:
    """Bring the database's schema up to date."""
    migrate.upgrade(_settings())


@main.command()
def worker() -> None:
    """Do promised jobs and watch the clock, until told to stop."""
    app, stop = _app(), threading.Event()
    try:
        _work(app, stop)
    except KeyboardInterrupt:
        stop.set()


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


@main.group()
def events() -> None:
    """The documents' histories."""


@events.command("verify")
def events_verify() -> None:
    """Recompute every document's chain of events and name the first broken one of each."""
    with _app().app_context(), reading():
        broken = list(verify())
    for item in broken:
        click.echo(f"{item.document_kind} {item.document_id}, event {item.seq}: {item.problem}")
    click.echo(f"{len(broken)} broken")
    sys.exit(1 if broken else 0)


main.add_command(ledger.commands(_app))
