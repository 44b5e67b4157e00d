"""Links to a password for who runs the server: ``portal administrator`` and ``portal password``.

With the first one gets into an empty installation, or back into a locked one. The second is for an
installation without a mail server: a link to a new password is for nobody else's browser.
"""

from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from sqlalchemy import select

from portal.core.db import in_transaction, session
from portal.core.errors import Invalid, Refusal
from portal.core.permissions import SYSTEM, Role
from portal.people import second_factor, services
from portal.people.models import User
from portal.web.links import public_url_for

REASON = "portal administrator"
"""What the timeline has as the reason for what this command did."""


def commands(make_app: Callable[[], Flask]) -> list[click.Command]:
    """The commands, for an application that is only made when needed."""

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
        _print(
            make_app(),
            lambda app: _token(app, email, name, without_factor=without_second_factor),
        )

    @click.command()
    @click.argument("email")
    def password(email: str) -> None:
        """Print a link with which somebody sets a new password: it works once, for seven days.

        The present password and all sessions end. Give it to nobody but its person.
        """
        _print(make_app(), lambda app: _renewed(app, email))

    return [administrator, password]


def _print(app: Flask, make: Callable[[Flask], str | None]) -> None:
    """Print the link of a token that is made in a transaction, or why there is none."""
    with app.app_context():
        try:
            token = in_transaction(lambda: make(app))
        except Refusal as refusal:
            told = getattr(refusal, "fields", {}).values()
            raise click.ClickException("\n".join(map(str, told)) or str(refusal)) from None
        click.echo(public_url_for("access.show", token=token))


def _renewed(app: Flask, email: str) -> str | None:
    where = User.email == email.strip().lower(), User.status == "active"
    user = session.scalars(select(User).where(*where).with_for_update()).first()
    if user is None:
        raise Invalid("Nobody signs in with this address.")
    now = app.extensions["clock"].now()
    return services.give_link(user, seen=None, by=SYSTEM, now=now, by_hand=True)


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
