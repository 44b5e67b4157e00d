"""The ``portal administrator`` command: into an empty installation, or back into a locked one."""

from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from sqlalchemy import select

from portal.core.db import in_transaction, session
from portal.core.errors import Refusal
from portal.core.permissions import SYSTEM, Role
from portal.people import second_factor, services
from portal.people.models import User
from portal.web.links import public_url_for

REASON = "portal administrator"
"""What the timeline has as the reason for what this command did."""


def commands(make_app: Callable[[], Flask]) -> click.Command:
    """The command, for an application that is only made when needed."""

    @click.command()
    @click.argument("email")
    @click.argument("name")
    @click.option(
        "--without-second-factor",
        is_flag=True,
        help="Also take the second factor off, of one who has lost it.",
    )
    def administrator(email: str, name: str, without_second_factor: bool) -> None:
        """Print a link with which an administrator sets a password: it works once, for seven days.

        For somebody who is not there yet it is an invitation. For an administrator who is, the
        present password and all sessions end.
        """
        app = make_app()
        with app.app_context():
            try:
                token = in_transaction(
                    lambda: _token(app, email, name, without_factor=without_second_factor)
                )
            except Refusal as refusal:
                told = getattr(refusal, "fields", {}).values()
                raise click.ClickException("\n".join(map(str, told)) or str(refusal)) from None
            click.echo(public_url_for("access.show", token=token))

    return administrator


def _token(app: Flask, email: str, name: str, *, without_factor: bool) -> str | None:
    done: dict[str, Any] = {"by": SYSTEM, "now": app.extensions["clock"].now()}
    where = User.email == email.strip().lower(), User.status.in_(("invited", "active"))
    user = session.scalars(select(User).where(*where).with_for_update()).first()
    if user is None or user.side != "hq" or Role.ADMINISTRATOR not in user.roles:
        roles = [Role.ADMINISTRATOR]
        return services.invite(
            email=email, name=name, roles=roles, dealer=None, by_hand=True, **done
        )[1]
    if without_factor and second_factor.is_on(user.id):
        second_factor.take_off(user, seen=None, reason=REASON, **done)
    return services.give_link(user, seen=None, by_hand=True, **done)
