"""What the clock asks: of quotes, receipts and delays, what ends soon, and what has ended."""

from datetime import timedelta
from functools import partial

from portal.applications import (
    compensation,
    queries,
    quote_queries,
    quoting,
    receipt,
    services,
    shipment_queries,
)
from portal.core import jobs
from portal.core.clock import Clock
from portal.core.db import reading
from portal.terms.values import value


@jobs.timer("expire quotes")
def expire(clock: Clock) -> None:
    """Let quotes expire that nobody confirmed in time."""
    with reading():
        due = list(queries.expired(clock.now()))
    jobs.each_alone(due, quoting.expire, clock)


@jobs.timer("remind of quotes")
def remind(clock: Clock) -> None:
    """Remind of the quotes that end soon."""
    at = clock.now()
    with reading():
        due = quote_queries.to_remind(at, value("application.remind_days", at.date()))
    jobs.each_alone(due, quoting.remind, clock)


@jobs.timer("remind of receipts")
def remind_of_receipts(clock: Clock) -> None:
    """Remind of the shipments that soon count as received (A8)."""
    at = clock.now()
    with reading():
        due = shipment_queries.to_remind(at, value("shipment.remind_days", at.date()))
    jobs.each_alone(due, receipt.remind, clock)


@jobs.timer("book compensations")
def book(clock: Clock) -> None:
    """Book the compensations that nobody decided on in time (A9)."""
    with reading():
        due = compensation.due(clock.now())
    jobs.each_alone(due, compensation.book_if_due, clock)


@jobs.timer("receive shipments")
def receive(clock: Clock) -> None:
    """Count as received what nobody confirmed in time (A8)."""
    with reading():
        due = shipment_queries.unanswered(clock.now())
    jobs.each_alone(due, receipt.lapse, clock)


@jobs.timer("discard drafts")
def discard_drafts(clock: Clock) -> None:
    """Discard the drafts that nobody has touched for long."""
    at = clock.now()
    with reading():
        days = value("application.draft_days", at.date())
        due = queries.untouched(at - timedelta(days=days))
    jobs.each_alone(due, partial(services.discard_untouched, days=days), clock)
