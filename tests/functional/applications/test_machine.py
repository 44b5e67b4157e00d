"""Applications, old parts and claims under whatever order of steps chance thinks of.

A1–A9, O5–O8, R1–R7, L3–L6, L10.
"""

import os
from collections import Counter

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from portal.core import events
from portal.ledger.verify import verify
from tests.functional.applications.trade.always import Always
from tests.functional.applications.trade.claims import Claims
from tests.functional.applications.trade.clock import Clock
from tests.functional.applications.trade.dealers import Dealers
from tests.functional.applications.trade.desk import Desk
from tests.functional.applications.trade.finance import Finance
from tests.functional.applications.trade.pieces import Yard
from tests.functional.applications.trade.warehouse import Warehouse
from tests.support.portal import Portal

STEPS = int(os.environ.get("PARTLOOP_TEST_STEPS", "300"))
"""How many steps are taken on each database."""
AT_ONCE = 100
"""The most steps of one story; the next begins with no application."""
WANTED = ("closed", "charged")
"""What must have been reached at the end; for that, up to four times as many steps are taken."""


class Trade(Dealers, Desk, Finance, Warehouse, Claims, Clock, Always):
    """Two dealers, the desk, finance, the warehouse and the clock, beside plain arithmetic."""


def test_trade_is_right_when_steps_come_in_any_order(portal: Portal) -> None:
    """A1–A9, O5–O8, R1–R7, L3–L6: beside plain arithmetic; P4 and L10 at the end."""
    own = {"portal": portal, "reached": Counter(), "yard": Yard()}
    machine = type("ThisTrade", (Trade,), own)
    while machine.taken < STEPS or (
        machine.taken < 4 * STEPS and not all(map(machine.reached.get, WANTED))
    ):
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=max(1, (STEPS - machine.taken) // AT_ONCE),
                stateful_step_count=1 + AT_ONCE,  # the opening counts as one
                phases=[Phase.generate],  # a story of another past is no smaller example
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert all(map(machine.reached.get, WANTED)), machine.reached
    with portal.transaction():
        assert list(verify()) == []
        assert list(events.verify()) == []
