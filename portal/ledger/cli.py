"""The ``portal ledger`` commands."""

import sys
from collections.abc import Callable

import click
from flask import Flask

from portal.core.db import snapshot
from portal.ledger.verify import verify


def commands(make_app: Callable[[], Flask]) -> click.Group:
    """The group of the ledger's commands, for an application that is only made when needed."""

    @click.group()
    def ledger() -> None:
        """The dealers' accounts."""

    @ledger.command("verify")
    def ledger_verify() -> None:
        """Recompute every balance and reservation and print each difference (L10)."""
        with make_app().app_context(), snapshot():
            differences = list(verify())
        for sentence in differences:
            click.echo(sentence)
        click.echo(f"{len(differences)} differences")
        sys.exit(1 if differences else 0)

    return ledger
