"""Services and schedules of fees in steps, through the services of the portal (F1)."""

from datetime import date

from portal.catalogue.names import Names
from portal.core.db import session
from portal.fees import items, services
from portal.fees.commands import Fee, Fees
from portal.fees.models import FeeSchedule, ServiceItem
from tests.support.portal import Portal

SINCE = date(2026, 10, 12)


def named(
    portal: Portal, code: str, name: str = "Visit", unit: str = "visit", **names: str
) -> ServiceItem:
    """A service that headquarters has named."""
    with portal.transaction():
        return items.create(
            code, Names(name, **names), unit, by=portal.administrator, now=portal.now
        )


def own(amount: int | None = 5000, name: str = "Drill", row: int = 0, unit: str = "job") -> Fee:
    """A service in the dealer's own words."""
    return Fee(row, None, name, unit, amount, "")


def of(item: ServiceItem, amount: int | None = 6000, row: int = 0) -> Fee:
    """One of headquarters' services."""
    return Fee(row, item.id, "", item.unit, amount, "")


def submitted(portal: Portal, *lines: Fee, by: str = "manager", since: date = SINCE) -> FeeSchedule:
    """A schedule that waits for the desk; without lines it has one of the dealer's own."""
    facts = {"by": portal.cast[by], "now": portal.now}
    with portal.transaction():
        schedule = services.start(**facts)
        asked = Fees(since, "Wages here", lines or (own(),))
        services.submit(schedule, asked, seen=None, **facts)
        return schedule


def stepped(portal: Portal, schedule: FeeSchedule, step: str, reason: str = "") -> FeeSchedule:
    """A schedule one step further, by the desk."""
    with portal.transaction():
        found = session.get_one(FeeSchedule, schedule.id)
        services.step(found, step, seen=None, reason=reason, by=portal.desk, now=portal.now)
        return found


def approved(portal: Portal, *lines: Fee, by: str = "manager", since: date = SINCE) -> FeeSchedule:
    """A schedule that headquarters has approved."""
    return stepped(portal, submitted(portal, *lines, by=by, since=since), "approve")


def returned(portal: Portal, *lines: Fee, by: str = "manager") -> FeeSchedule:
    """A schedule that came back for correction."""
    return stepped(portal, submitted(portal, *lines, by=by), "return", "Too dear")
