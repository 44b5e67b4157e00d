"""What the portal adds to writing a long sheet: time and memory, each in a process of its own."""

import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from tempfile import TemporaryFile
from typing import Any

from flask import Flask
from xlsxwriter import Workbook

from portal.core.db import db
from tests.bench.pages import Visitor
from tests.support.portal import Portal

SLOWER = 1.3
MORE = 25
"""Megabytes."""


@dataclass(frozen=True)
class Cost:
    """Seconds of the processor, and megabytes at the most beyond those that there were before.

    ``passed`` are the seconds on the clock.
    """

    seconds: float
    megabytes: float
    passed: float


def _peak() -> int:
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1])


def _run(app: Flask, work: Callable[[], Any], answer: Any) -> None:
    with app.app_context():
        db.engine.dispose(close=False)  # the connections are the parent's
    with open("/proc/self/clear_refs", "w") as clear:
        clear.write("5")
    before, began, at = _peak(), time.process_time(), time.perf_counter()
    work()
    seconds, passed = time.process_time() - began, time.perf_counter() - at
    answer.put(Cost(seconds, (_peak() - before) / 1024, passed))


def cost(app: Flask, work: Callable[[], Any]) -> Cost:
    """What some work costs in a process that does nothing else."""
    context = multiprocessing.get_context("fork")
    answer = context.SimpleQueue()
    process = context.Process(target=_run, args=(app, work, answer))
    process.start()
    process.join()
    assert process.exitcode == 0
    found: Cost = answer.get()
    return found


def xlsxwriter_alone(rows: int) -> None:
    """A sheet of as many rows of the same kinds of cells, by the library alone."""
    with TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True})
        page = book.add_worksheet()
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        at = datetime(2026, 10, 12, 9, 30)  # noqa: DTZ001 - a cell knows no zone
        for line in range(rows):
            texts = (f"PA-2026-D0001-{line:05}", "Submitted", "D0001", "Clear Water Service")
            for column, text in enumerate((*texts, "Wang Fang", "010-5555", "Jianguo Lu 88")):
                page.write_string(line, column, text)
            page.write_number(line, 7, 3)
            page.write_number(line, 8, 1234.5)
            for column in (9, 10, 11):
                page.write_datetime(line, column, at, moment)
        book.close()


def tell(portal: Portal, rows: int) -> None:
    """Say how the export of all rows compares, at most a sheet's hundred thousand of them."""
    desk = Visitor(portal, portal.desk)
    own = cost(portal.app, desk.drained("/applications/export/xlsx"))
    other = cost(portal.app, lambda: xlsxwriter_alone(rows))
    ratio, more = own.seconds / other.seconds, own.megabytes - other.megabytes
    print(
        f"export of {rows:,} rows: {ratio:.2f}{'!' if ratio > SLOWER else ''} of XlsxWriter alone "
        f"({own.seconds:.1f} / {other.seconds:.1f} s, ≤ {SLOWER}), "
        f"{more:+.0f}{'!' if more > MORE else ''} MB (≤ +{MORE})"
    )
