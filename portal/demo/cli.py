"""What the ``portal demo`` and ``portal run`` commands do and say of the demo."""

import sys
import time
from collections.abc import Sequence

import click
from flask import Flask
from sqlalchemy import select

from portal.core.db import reading, session
from portal.demo import month
from portal.demo.cast import LOGINS, PASSWORD, people
from portal.people.models import User
from portal.settings import Settings

WIDTH = 72


def is_empty(app: Flask) -> bool:
    """Whether the demo can be loaded: there is no dealer yet, and no worker was here."""
    with app.app_context(), reading():
        return month.is_empty()


def load(app: Flask) -> None:
    """Load the demo, telling on one line how far it is."""
    settings: Settings = app.extensions["settings"]
    is_watched = sys.stdout.isatty()
    began = time.monotonic()
    click.echo("Loading the demo: a month at a maker of sanitary ware. It takes up to a minute.")

    def tell(line: str) -> None:
        if is_watched:
            click.echo(f"\r  {line}".ljust(WIDTH), nl=False)

    with app.app_context():
        made = month.load(
            app.extensions["clock"].now(),
            currency=settings.currency,
            digits=settings.exponent,
            told=tell,
        )
    counts = ", ".join(f"{count} {name}" for name, count in made.items())
    click.echo(("\r" if is_watched else "") + f"  {counts}".ljust(WIDTH))
    click.echo(f"  Loaded in {time.monotonic() - began:.0f} seconds.")


def logins(app: Flask) -> list[str]:
    """A table of one login for each role; nothing when the demo's people are not there."""
    everybody = people()
    with app.app_context(), reading():
        there = _there([everybody[key].email for key, _does in LOGINS])
        rows = [
            (str(everybody[key].role.label), everybody[key].email, does)
            for key, does in LOGINS
            if everybody[key].email in there
        ]
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [
        f"Sign in as any of these, with the password: {PASSWORD}",
        *(
            f"  {role.ljust(widths[0])}  {email.ljust(widths[1])}  {does}"
            for role, email, does in rows
        ),
    ]


def _there(emails: Sequence[str]) -> set[str]:
    return set(
        session.scalars(select(User.email).where(User.email.in_(emails), User.status == "active"))
    )
