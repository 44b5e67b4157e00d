"""Sixteen processes at once, each with the real services (L4, L5, L6)."""

from datetime import datetime
from functools import partial
from typing import Any

from portal.applications import quoting
from portal.applications.models import Application
from portal.core.db import session
from portal.core.events import verify as chains
from portal.ledger import services
from portal.ledger.models import PARTS_SALES, Reservation, Transfer
from portal.ledger.verify import verify
from portal.people.models import Dealer
from tests.functional.ledger.books import deposit, figures, reserve, set_limit
from tests.functional.ledger.racing import RUNNERS, Step, Track, race
from tests.support import story
from tests.support.portal import DEPOSIT, Portal


def track(portal: Portal) -> Track:
    """Where the portal under test has its database."""
    settings = portal.app.extensions["settings"]
    return Track(settings.folder, settings.database_url, portal.now)


def differences(portal: Portal) -> list[str]:
    with portal.transaction():
        return list(verify())


def _confirm(key: int, by: Any, now: datetime) -> None:
    application = session.get_one(Application, key)
    quoting.confirm(application, quote_version=application.quote_version, seen=None, by=by, now=now)


def _confirms(number: int, facts: Any) -> list[Step]:
    keys, by = facts
    return [partial(_confirm, keys[number], by), partial(_confirm, keys[0], by)]


def test_account_is_never_overdrawn_when_sixteen_processes_confirm(portal: Portal) -> None:
    """L5, A5: of sixteen quotes at once, as many are confirmed as the account can pay."""
    # Five pieces at 150.00, 12.00 freight, 3.00 packing.
    total = 5 * 15000 + 1200 + 300
    payable = DEPOSIT // total
    assert payable < RUNNERS
    quoted = [
        story.quoted(portal, story.line(portal, "TH-300", 5, serial=f"SN-{number}"))
        for number in range(RUNNERS)
    ]
    keys = [application.id for application in quoted]
    own, same = race(track(portal), _confirms, (keys, portal.manager))
    assert own == ("TooLittleMoney",) * (RUNNERS - payable) + ("done",) * payable
    assert "done" not in same
    assert figures(portal) == (DEPOSIT, payable * total, DEPOSIT - payable * total)
    assert differences(portal) == []


def _end(number: int, key: int, by: Any, now: datetime) -> None:
    held = session.get_one(Reservation, key)
    if number % 2:
        services.void(held, now=now)
        return
    services.post(
        held,
        [services.Posting("parts_deduction", PARTS_SALES, held.amount)],
        document=session.get_one(Dealer, held.document_id),
        by=by,
        now=now,
    )


def _deposit(dealer_id: int, by: Any, now: datetime) -> None:
    services.deposit(dealer_id=dealer_id, amount=700, reference="RACE 1", by=by, now=now)


def _reserve(dealer_id: int, now: datetime) -> None:
    services.reserve(session.get_one(Dealer, dealer_id), 50, cause="test/race", now=now)


def _limit(number: int, facts: Any) -> list[Step]:
    dealer_id, by = facts

    def reserve_or_lower(now: datetime) -> None:
        if number % 4:
            document = session.get_one(Dealer, dealer_id)
            services.reserve(document, 100, cause=f"test/{number}", now=now)
            return
        account = services.locked_account(dealer_id)
        limit = max(0, account.credit_limit - 300)
        services.set_credit_limit(account, limit, seen=None, reason="Less", by=by, now=now)

    return [reserve_or_lower]


def test_nothing_is_reserved_on_a_limit_that_is_gone_when_it_falls_meanwhile(
    portal: Portal,
) -> None:
    """L5: of twelve reservations and four cuts of the limit, each counts with those before it."""
    set_limit(portal, 1200)
    reserve(portal, DEPOSIT, "test/all")
    outcomes = race(track(portal), _limit, (portal.dealers["north"], portal.finance))[0]
    assert set(outcomes) <= {"done", "TooLittleMoney"}
    assert outcomes.count("TooLittleMoney") == RUNNERS - outcomes.count("done")
    posted, reserved, available = figures(portal)
    kept = outcomes.count("done") - 4
    assert (posted, reserved) == (DEPOSIT, DEPOSIT + 100 * kept)
    assert available == -100 * kept
    # Whoever was refused came when the limit at that time was used up, not before.
    assert 0 < kept <= 12
    with portal.transaction():
        account = services.locked_account(portal.dealers["north"])
        assert (account.credit_limit, account.version) == (0, 6)
        assert list(chains()) == []
    assert differences(portal) == []


def _reverse(key: int, by: Any, now: datetime) -> None:
    services.reverse(session.get_one(Transfer, key), by=by, now=now, reason="Wrong")


def _everything(number: int, facts: Any) -> list[Step]:
    dealer_id, held, entry, by = facts
    return [
        partial(_deposit, dealer_id, by),
        partial(_reserve, dealer_id),
        partial(_end, number, held, by),
        partial(_reverse, entry, by),
    ]


def test_each_cause_has_one_effect_when_sixteen_processes_try_it(portal: Portal) -> None:
    """L3, L4, L6, L7: one deposit, one reservation, one end of it, one reversal."""
    held, entry = reserve(portal, 400), deposit(portal, "ICBC 77", 900)
    facts = (portal.dealers["north"], held.id, entry.id, portal.finance)
    for outcomes in race(track(portal), _everything, facts):
        assert outcomes.count("done") == 1
        assert set(outcomes) <= {"done", "Conflict", "Invalid"}
    posted, reserved, available = figures(portal)
    assert reserved == 50
    assert posted in (DEPOSIT + 700, DEPOSIT + 700 - held.amount)
    assert available == posted - reserved
    assert differences(portal) == []
