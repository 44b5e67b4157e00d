"""Whether the time of an answer tells who is known: signing in, a forgotten password, inviting.

Each is asked two hundred times with an address that somebody signs in with, and as often with one
that nobody has, in turns, each time from another place: the brake has nothing to say.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from itertools import count
from pathlib import Path
from statistics import median

from portal import migrate
from portal.core.db import session
from portal.core.permissions import SYSTEM, Role
from portal.people import inviting, sign_in
from portal.people import services as people
from portal.people.models import Dealer
from portal.settings import Settings
from portal.web import logs
from portal.web.mail import SmtpServer
from tests.support import portal as portals
from tests.support import postgres
from tests.support.portal import Portal

MOST = 1.05
"""How much longer one may take than the other."""
WARM_UP = 20
Ask = Callable[[str, str], None]
"""Send a form for an address, from a place."""


def _signing_in(portal: Portal) -> Ask:
    client = portal.client()

    def ask(address: str, place: str) -> None:
        typed = {"email": address, "password": "not the right password"}
        answer = client.post("/sign-in", typed, environ_base={"REMOTE_ADDR": place})
        assert answer.status_code == 422

    return ask


def _forgotten(portal: Portal) -> Ask:
    client = portal.client()

    def ask(address: str, place: str) -> None:
        typed = {"email": address}
        answer = client.post("/forgotten", typed, environ_base={"REMOTE_ADDR": place})
        assert answer.status_code == 200

    return ask


def _inviting(portal: Portal) -> Ask:
    client = portal.client(portal.manager)
    inviting.MOST_OF_DEALER = 10_000

    def ask(address: str, _place: str) -> None:
        typed = {"name": "Ewa", "email": address, "roles": "clerk", "language": "pl"}
        assert client.post("/users/new", typed).status_code == 303

    return ask


WAYS = {"sign-in": _signing_in, "forgotten": _forgotten, "invitation": _inviting}


def measure(portal: Portal, way: str, tries: int) -> tuple[float, float]:
    """The medians of known and of unknown addresses, in milliseconds."""
    ask, places = WAYS[way](portal), count()
    times: tuple[list[float], list[float]] = ([], [])
    gc.collect()
    for number in range(-WARM_UP, tries):
        both = [(0, f"known{number % 1000}@example.com"), (1, f"nobody{number % 1000}@example.com")]
        for at, address in both if number % 2 else reversed(both):
            at_all = next(places)
            place = f"10.{at_all >> 16 & 255}.{at_all >> 8 & 255}.{at_all & 255}"
            began = time.perf_counter()
            ask(address, place)
            if number >= 0:
                times[at].append((time.perf_counter() - began) * 1000)
    return median(times[0]), median(times[1])


def filled(url: str, folder: Path, known: int) -> Portal:
    """A portal in which so many people sign in, at another dealer than the one who invites."""
    migrate.upgrade(Settings(folder=folder, database_url=url, secret_key="test"))
    portals.fill(portals.new(folder, url))
    portal = portals.meet(portals.new(folder, url))
    sign_in.hasher = portals.HASHER
    password = sign_in.hash_of(portals.PASSWORD)
    with portal.transaction():
        south = session.get_one(Dealer, portal.dealers["south"])
        for number in [*range(known), *range(1000 - WARM_UP, 1000)]:
            made = people.add_user(
                email=f"known{number}@example.com", name=f"Known {number}", roles=[Role.CLERK],
                password=portals.PASSWORD, dealer=south, by=SYSTEM, now=portal.now,
            )  # fmt: skip
            made.password_hash = password
    settings = replace(portal.app.extensions["settings"], smtp_host="mail.invalid")
    portal.app.extensions |= {"settings": settings, "mail": SmtpServer.of(settings)}
    return portal


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.answers", description=__doc__)
    parser.add_argument("--on", nargs="+", default=("sqlite", "postgresql"))
    parser.add_argument("--tries", type=int, default=200)
    options = parser.parse_args()
    logs.configure("WARNING")
    for kind in options.on:
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="partloop-")))
            url = f"sqlite:///{folder / 'portal.sqlite'}"
            if kind == "postgresql":
                server = stack.enter_context(postgres.server())
                url = stack.enter_context(postgres.database(server, "bench_answers"))
            portal = filled(url, folder, options.tries)
            for way in WAYS:
                known, unknown = measure(portal, way, options.tries)
                ratio = max(known, unknown) / min(known, unknown)
                print(
                    f"{kind}: {way} with a known address {known:.2f} ms, with an unknown one "
                    f"{unknown:.2f}: {ratio:.3f}{'!' if ratio > MOST else ''} (≤ {MOST})",
                    flush=True,
                )


if __name__ == "__main__":
    main()
