"""The books and the histories are checked every night, and what is wrong raises an alarm (L10, P4).

The alarm stands on the home of those who can read the books, until a later check finds nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import exists, select

from portal.core import jobs, seals
from portal.core.clock import Clock
from portal.core.db import in_transaction, reading, session, snapshot
from portal.core.i18n import _l
from portal.core.permissions import Actor
from portal.ledger.models import Account
from portal.ledger.verify import verify
from portal.operations import policy
from portal.operations.models import BookCheck

KIND, LANE = "operations.books", "night"
AT = time(2, 30)
"""When it is night at headquarters."""
MOST = 100
"""How many differences are kept in words."""


def _of_events(now: datetime) -> Iterator[str]:
    yield from seals.differences()
    yield from seals.late(now)


CHECKS: dict[str, tuple[Any, Callable[[datetime], Iterable[str]]]] = {
    "ledger": (_l("The ledger: balances, reservations, documents"), lambda _now: verify()),
    "events": (_l("The histories of all documents"), _of_events),
}
"""What is checked: its label, and what finds differences, in English."""


def _last_night(now: datetime) -> datetime:
    tonight = datetime.combine(now.date(), AT, now.tzinfo)
    return tonight if tonight <= now else tonight - timedelta(days=1)


@jobs.timer(KIND)
def promise_due(clock: Clock) -> None:
    """Promise the checks of the last night, each once; none before there is anything to check."""
    now = clock.now()
    night = _last_night(now)
    with reading():
        if not session.scalar(select(exists().where(Account.created_at < night))):
            return
        done = set(session.scalars(select(BookCheck.name).where(BookCheck.checked_at >= night)))
        due = {
            key: name
            for name in CHECKS
            if name not in done and jobs.state_of(key := f"books/{name}/{night.date()}") is None
        }
    for key, name in due.items():
        in_transaction(partial(jobs.enqueue, KIND, {"check": name}, key=key, now=now))


def check_now(*, by: Actor, now: datetime) -> None:
    """Promise every check at once; one that waits already is kept."""
    by.must(policy.BOOKS_CHECK)
    for name in CHECKS:
        jobs.enqueue(KIND, {"check": name}, key=f"books/{name}/now", now=now)


@jobs.handler(KIND, label=_l("Check of the books"), lane=LANE)
def check(payload: dict[str, Any], clock: Clock) -> None:
    """Look for differences as everything was at one moment, and keep what was found."""
    name, now = payload["check"], clock.now()
    _label, find = CHECKS[name]
    count, kept = 0, []
    with snapshot():
        for sentence in find(now):
            count += 1
            if count <= MOST:
                kept.append(sentence)
    in_transaction(partial(_keep, name, count, kept, now))


def _keep(name: str, count: int, kept: list[str], now: datetime) -> None:
    before = session.get(BookCheck, name)
    since = before.since if before is not None and before.differences else now
    session.merge(
        BookCheck(
            name=name,
            checked_at=now,
            differences=count,
            found={"sentences": kept},
            since=since if count else None,
        )
    )


def results(actor: Actor) -> Sequence[BookCheck]:
    """What the last checks found, as far as somebody may know."""
    if not actor.can(policy.BOOKS_READ):
        return []
    return session.scalars(select(BookCheck).order_by(BookCheck.name.desc())).all()
