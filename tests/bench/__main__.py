"""Fill both databases with 10k, 100k and 1 M applications, measure, and say what misses its aim.

Everything is measured in turns, portal and bare page, small and large, so that whatever else the
machine does slows all of them alike. A figure is the median over rounds of each round's median.
"""

import argparse
import gc
import logging
import os
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from portal import migrate
from portal.core.db import db
from portal.settings import Settings
from portal.web import logs
from tests.bench import hostile, many, oldparts, rows, sheets
from tests.bench.database import Database
from tests.bench.pages import Pair, Work, pairs
from tests.support import portal as portals
from tests.support import postgres, weight

SIZES = (10_000, 100_000, 1_000_000)
GROWTH = 1.15
BYTES = 0.25
WARM = 5
Times = list[list[tuple[float, float]]]
"""By round and number of rows: the medians of the portal and of what it is compared with."""


def filled(url: str, size: int, folder: Path) -> tuple[portals.Portal, Database]:
    """A portal with so many applications."""
    migrate.upgrade(Settings(folder=folder, database_url=url, secret_key="test"))
    portals.fill(portals.new(folder, url))
    portal = portals.meet(portals.new(folder, url))
    database = Database(url)
    rows.prepare(database, portal)
    rows.fill(database, portal, size)
    return portal, database


def timed(work: Work) -> float:
    """How long it takes, in milliseconds."""
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def one_round(sizes: Sequence[Pair], times: int) -> list[tuple[float, float]]:
    """The medians of the same pair at every size, each in turn."""
    gc.collect()
    taken = [[(timed(pair.portal), timed(pair.other)) for pair in sizes] for _ in range(times)]
    return [
        (median(turn[at][0] for turn in taken), median(turn[at][1] for turn in taken))
        for at in range(len(sizes))
    ]


def told(pair: Pair, times: Times) -> str:
    """A line of the table."""
    cells = []
    for at in range(len(times[0])):
        ratio = median(turn[at][0] / turn[at][1] for turn in times)
        own, other = (median(turn[at][side] for turn in times) for side in (0, 1))
        missed = "!" if pair.aim and ratio > pair.aim else " "
        cells.append(f"{ratio:5.2f}{missed} {own:6.2f} / {other:<6.2f}")
    growth = median(turn[-1][0] / turn[0][0] for turn in times)
    cells.append(
        f"{growth:5.2f}{'!' if growth > GROWTH else ' '}{f'  ≤ {pair.aim}' if pair.aim else ''}"
    )
    return f"{pair.name:28}{''.join(f'{cell:>24}' for cell in cells)}"


def measure(kind: str, sizes: Sequence[int], rounds: int, times: int) -> None:
    """One database, at every size."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres.server()) if kind == "postgresql" else ""
        all_pairs = []
        for size in sizes:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="partloop-")))
            url = f"sqlite:///{folder / 'portal.sqlite'}"
            if server:
                url = stack.enter_context(postgres.database(server, f"bench_{size}"))
            began = time.perf_counter()
            portal, database = filled(url, size, folder)
            stack.callback(database.connection.close)
            stack.callback(_forget, portal)
            print(f"{kind}: {size:,} in {time.perf_counter() - began:.0f} s", flush=True)
            all_pairs.append(pairs(portal, database, size) + oldparts.pairs(portal, database))
        head = [*(f"{size:,}" for size in sizes), "growth    aim"]
        print(f"\n{'ratio! ms / ms':28}{''.join(f'{cell:>24}' for cell in head)}")
        for same in zip(*all_pairs, strict=True):
            one_round(same, WARM)
            print(told(same[0], [one_round(same, times) for _ in range(rounds)]), flush=True)
        print()
        for pair in all_pairs[0]:
            if pair.name.startswith("partial"):
                share = len(pair.portal()) / len(pair.other())
                missed = "!" if share > BYTES else ""
                print(f"{pair.name}: {share:.2f}{missed} of its page's bytes (≤ {BYTES})")
        weight.tell(portal)
        sheets.tell(portal, size)
        oldparts.tell_photos(portal)
        oldparts.tell_bulk(portal, database)
        many.tell_quotes(portal, database)
        many.tell_import(portal, database)


def _forget(portal: portals.Portal) -> None:
    with portal.app.app_context():
        db.engine.dispose()


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--on", nargs="+", default=("sqlite", "postgresql"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--times", type=int, default=25, help="requests in a round")
    options = parser.parse_args()
    logs.configure("INFO")
    with open(os.devnull, "w") as nowhere:
        # The log is written as in production, only nobody reads it.
        logging.getLogger().handlers[0].setStream(nowhere)  # type: ignore[attr-defined]
        for kind in options.on:
            measure(kind, options.rows, options.rounds, options.times)
        hostile.tell()


if __name__ == "__main__":
    main()
