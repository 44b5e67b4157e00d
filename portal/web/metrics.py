"""How many requests there were, how they were answered, and how long that took.

The figures lie in memory that the web processes of a machine share: each has a row of its own,
which nobody else writes, and whoever is asked adds all rows up. A process that ends leaves its row
to the next one, so nothing counted is lost while ``portal serve`` runs.
"""

import mmap
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate
from threading import Lock

from flask import Flask, g, request
from werkzeug.wrappers import Response

STATUSES = (200, 204, 206, 302, 303, 304, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503)
OTHER = "other"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper ends of the histogram's buckets, in seconds; one more is without an end."""
CELLS = len(STATUSES) + 1 + len(BOUNDS) + 1 + 1
"""Of a route: a count for each status, one for each bucket, and the sum of microseconds."""
NOWHERE = "none"
"""The route of a request for an address that there is not."""

Labels = Mapping[str, str]
Sample = tuple[Labels, float]


class Counters:
    """A row of figures for each process, in memory that those share who are forked from here."""

    def __init__(self, routes: Iterable[str], processes: int = 1) -> None:
        self.routes = {name: at for at, name in enumerate(sorted({*routes, NOWHERE}))}
        self.width, self.processes = len(self.routes) * CELLS, processes
        self.cells = memoryview(mmap.mmap(-1, self.width * processes * 8)).cast("Q")
        self.row, self._lock = 0, Lock()

    def write_as(self, process: int) -> None:
        """Be the process of that number from now on; who has one too many shares the last."""
        self.row = min(process, self.processes - 1)

    def count(self, route: str | None, status: int, seconds: float) -> None:
        """Count an answer."""
        at = self.row * self.width + self.routes.get(route or "", self.routes[NOWHERE]) * CELLS
        kind = STATUSES.index(status) if status in STATUSES else len(STATUSES)
        bucket = len(STATUSES) + 1 + bisect_left(BOUNDS, seconds)
        with self._lock:
            self.cells[at + kind] += 1
            self.cells[at + bucket] += 1
            self.cells[at + CELLS - 1] += round(seconds * 1_000_000)

    def of(self, route: str) -> list[int]:
        """The figures of a route, of all processes together."""
        at = self.routes[route] * CELLS
        rows = range(at, at + self.width * self.processes, self.width)
        return [sum(self.cells[row + cell] for row in rows) for cell in range(CELLS)]

    def told(self) -> Iterator[str]:
        """The lines that tell all of it; routes that nobody asked for are left out."""
        asked = {name: figures for name in self.routes if any(figures := self.of(name))}
        yield from family(
            "portal_requests", "counter", "Answers, by route and status.", _answers(asked)
        )
        yield "# HELP portal_request_seconds How long answers took, by route."
        yield "# TYPE portal_request_seconds histogram"
        for name, figures in asked.items():
            yield from _histogram(name, figures)


def _answers(asked: Mapping[str, list[int]]) -> Iterator[Sample]:
    for name, figures in asked.items():
        for status, count in zip((*STATUSES, OTHER), figures, strict=False):
            if count:
                yield {"route": name, "status": str(status)}, count


def _histogram(route: str, figures: list[int]) -> Iterator[str]:
    totals = list(accumulate(figures[len(STATUSES) + 1 : -1]))
    for bound, total in zip((*BOUNDS, "+Inf"), totals, strict=True):
        yield f'portal_request_seconds_bucket{{route="{route}",le="{bound}"}} {total}'
    yield f'portal_request_seconds_sum{{route="{route}"}} {figures[-1] / 1_000_000}'
    yield f'portal_request_seconds_count{{route="{route}"}} {totals[-1]}'


def family(name: str, kind: str, help_text: str, samples: Iterable[Sample]) -> Iterator[str]:
    """The lines of one metric in Prometheus' text format; ``kind`` is ``counter`` or ``gauge``."""
    full = f"{name}_total" if kind == "counter" else name
    yield f"# HELP {full} {help_text}"
    yield f"# TYPE {full} {kind}"
    for labels, value in samples:
        inner = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{full}{{{inner}}} {value}" if inner else f"{full} {value}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def init_app(app: Flask, processes: int) -> None:
    """Count every request from now on; all routes are known by now."""
    counters = Counters((rule.endpoint for rule in app.url_map.iter_rules()), processes)
    app.extensions["metrics"] = counters

    @app.after_request
    def _count(response: Response) -> Response:
        # The request's beginning is what the log has it as.
        counters.count(request.endpoint, response.status_code, time.perf_counter() - g.began)
        return response
