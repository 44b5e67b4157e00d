"""A9: what is shipped later than promised is compensated by the day; booked once, or excused."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from portal.applications import compensation as services
from portal.applications import queries, quoting, shipping
from portal.applications.commands import Consignment
from portal.applications.compensation_models import Compensation
from portal.applications.models import Application, Shipment
from portal.core import jobs
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, WrongState
from portal.core.permissions import Actor
from portal.ledger.models import Account, Transfer
from portal.ledger.verify import verify
from portal.notices.models import Notice
from portal.terms.models import PolicyValue
from tests.support import story
from tests.support.portal import HQ, Portal
from tests.support.queries import counted

WARSAW = ZoneInfo("Europe/Warsaw")
PROMISED = date(2026, 10, 15)
MIDNIGHT = datetime(2026, 10, 16, tzinfo=HQ)


def late(portal: Portal, days: int = 1, *lines: Any, by: str = "clerk") -> Compensation:
    """The compensation for a shipment so many days after its promise."""
    application = story.released(portal, *lines, by=by, promised_on=PROMISED)
    portal.clock.at = datetime(2026, 10, 15, 11, 0, tzinfo=HQ) + timedelta(days=days)
    story.send(portal, application)
    with portal.transaction():
        return session.scalars(select(Compensation).order_by(Compensation.id.desc())).first()  # type: ignore[return-value]


def count(portal: Portal, model: Any = Compensation, *where: Any) -> int:
    with portal.transaction():
        return session.scalars(select(func.count()).select_from(model).where(*where)).one()


def entries(portal: Portal) -> int:
    return count(portal, Transfer, Transfer.kind == "late_delivery_compensation")


def status(portal: Portal, made: Compensation) -> str:
    with portal.transaction():
        return session.get_one(Compensation, made.id).status


def posted(portal: Portal, dealer: str = "north") -> int:
    with portal.transaction():
        mine = Account.dealer_id == portal.dealers[dealer]
        return session.scalars(select(Account.posted).where(mine)).one()


def decide(portal: Portal, made: Compensation, step: str, by: Actor, reason: str = "") -> None:
    with portal.transaction():
        found = session.get_one(Compensation, made.id)
        services.decide(found, step, seen=None, reason=reason, by=by, now=portal.now)


def in_order(portal: Portal) -> bool:
    with portal.transaction():
        return list(verify()) == []


@pytest.mark.parametrize(
    ("at", "days"),
    [
        (MIDNIGHT - timedelta(seconds=1), 0),
        (MIDNIGHT, 1),
        (MIDNIGHT + timedelta(hours=23, minutes=59, seconds=59), 1),
        (MIDNIGHT + timedelta(days=1), 2),
    ],
)
def test_day_is_late_from_headquarters_midnight_on(portal: Portal, at: datetime, days: int) -> None:
    """A9, T1, T2: on the promised day until 23:59:59 it is in time; then each day counts one.

    For a dealer in Kraków it is still the afternoon of the promised day.
    """
    application = story.released(portal, by="other_clerk", promised_on=PROMISED)
    portal.clock.at = at
    story.send(portal, application)
    with portal.transaction():
        made = session.scalars(select(Compensation)).one_or_none()
        assert (made.late_days if made else 0) == days


@pytest.mark.parametrize(
    ("promised", "last"),
    [
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, 59, 59, tzinfo=WARSAW)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 23, 59, 59, tzinfo=WARSAW)),
    ],
)
def test_day_of_a_changed_clock_ends_at_midnight(
    portal: Portal, promised: date, last: datetime
) -> None:
    """A9, T2: with headquarters in Warsaw, on the days of 25 and of 23 hours."""
    portal.clock.at = datetime(2026, 10, 12, 10, tzinfo=WARSAW)
    application = story.released(portal, by="other_clerk", promised_on=promised)
    portal.clock.at = last
    story.send(portal, application, _one_piece(portal, application))
    assert count(portal) == 0
    portal.clock.at = (last.astimezone(UTC) + timedelta(seconds=1)).astimezone(WARSAW)
    story.send(portal, application)
    with portal.transaction():
        assert session.scalars(select(Compensation.late_days)).one() == 1


def test_day_is_late_when_it_is_the_next_month(portal: Portal) -> None:
    """A9, T2: promised for the last day of October, shipped on the first of November."""
    application = story.released(portal, promised_on=date(2026, 10, 31))
    portal.clock.at = datetime(2026, 10, 31, 23, 59, 59, tzinfo=HQ)
    story.send(portal, application, _one_piece(portal, application))
    assert count(portal) == 0
    portal.clock.advance(seconds=1)
    story.send(portal, application)
    with portal.transaction():
        made = session.scalars(select(Compensation)).one()
        assert (made.late_days, made.late_amount, made.shipped_on) == (1, 1250, date(2026, 11, 1))


def _one_piece(portal: Portal, application: Any) -> dict[int, int]:
    with portal.transaction():
        return dict.fromkeys(story.pieces_left(application), 1)


@pytest.mark.parametrize(
    ("days", "amount"),
    [(1, 13), (2, 25), (3, 38), (19, 238), (20, 250), (21, 250), (100, 250)],
)
def test_compensation_is_days_times_rate_up_to_the_most(
    portal: Portal, days: int, amount: int
) -> None:
    """A9, L1: 0.5 % of 25.00 a day, half-up once at the end, at most 10 %."""
    made = late(portal, days)
    assert (made.late_days, made.late_amount, made.amount) == (days, 2500, amount)
    assert (made.rate, made.most) == (50, 1000)


@given(st.integers(1, 10**11), st.integers(1, 4000), st.integers(1, 1000), st.integers(1, 10000))
def test_compensation_is_rounded_once(late_amount: int, days: int, rate: int, most: int) -> None:
    """L1: never further than half a minor unit from the exact share, a half goes up."""
    exact = Decimal(late_amount) * min(days * rate, most) / 10_000
    found = services.worth(late_amount, days, rate, most)
    assert Decimal("-0.5") < found - exact <= Decimal("0.5")
    assert found <= services.worth(late_amount, days + 1, rate, most)


def test_values_of_the_day_count_and_are_kept(portal: Portal) -> None:
    """A9, P4: what headquarters has set is used, and stays on the document when it changes."""
    _set(portal, "compensation.rate", 100)
    _set(portal, "compensation.most", 150)
    _set(portal, "compensation.book_days", 3)
    made = late(portal, 2)
    assert (made.rate, made.most, made.amount) == (100, 150, 38)
    assert made.due_at == datetime(2026, 10, 20, 23, 59, 59, tzinfo=HQ)
    page = portal.client(portal.manager).get(f"/compensations/{made.public_id}").text
    for shown in ("2 × 1%", "1.5%", "CN¥25.00", "CN¥0.38", "Oct 15, 2026", "Oct 17, 2026"):
        assert shown in page


def _set(portal: Portal, name: str, number: int) -> None:
    with portal.transaction():
        session.add(
            PolicyValue(
                status="approved", created_at=portal.now, name=name, value=number,
                effective_from=date(2026, 1, 1), reason="test",
            )
        )  # fmt: skip


def test_nothing_is_proposed_when_the_rate_is_nothing(portal: Portal) -> None:
    """A9: an amount that rounds to nothing is none."""
    _set(portal, "compensation.rate", 0)
    application = story.released(portal, promised_on=PROMISED)
    portal.clock.at = MIDNIGHT
    story.send(portal, application)
    assert count(portal) == 0


def test_each_late_shipment_has_its_own(portal: Portal) -> None:
    """A9: of two lines, what left in time counts for nothing, what left late from its own day."""
    lines = story.line(portal, quantity=4), story.line(portal, "TH-300", 1)
    application = story.released(portal, *lines, promised_on=PROMISED)
    story.send(portal, application, _one_piece(portal, application))
    assert count(portal) == 0
    portal.clock.at = MIDNIGHT
    first = next(iter(_one_piece(portal, application)))
    story.send(portal, application, {first: 1})
    portal.clock.advance(days=2)
    story.send(portal, application)
    with portal.transaction():
        made = session.scalars(select(Compensation).order_by(Compensation.id)).all()
        assert [(one.late_days, one.late_amount) for one in made] == [(1, 1250), (3, 2500)]


def test_dealer_has_the_money_when_finance_books_it(portal: Portal) -> None:
    """A9, L2, L4: from the compensation account to the dealer's, with one cause per shipment."""
    made = late(portal)
    before = posted(portal)
    client = portal.client(portal.finance)
    assert "Compensations to book" in client.get("/").text
    url = f"/compensations/{made.public_id}"
    answers = [client.post(f"{url}/book", {"seen": "1"}).status_code for _press in range(3)]
    assert answers == [303, 409, 409]
    assert posted(portal) == before + 13
    with portal.transaction():
        entry = session.scalars(
            select(Transfer).where(Transfer.kind == "late_delivery_compensation")
        ).one()
        assert entry.document_kind == "compensation"
        shipment = session.get_one(Shipment, made.shipment_id)
        assert entry.cause == f"shipment/{shipment.public_id}/late-delivery"
    for who in (portal.manager, portal.finance, portal.auditor):
        page = portal.client(who).get(url).text
        assert f"/entries/{entry.public_id}" in page
        assert "booked the compensation" in page
    assert url in portal.client(portal.manager).get(f"/entries/{entry.public_id}").text
    assert "Compensations to book" not in client.get("/").text
    with pytest.raises(WrongState):
        decide(portal, made, "excuse", portal.desk, "Too late")
    assert in_order(portal)


def test_both_sides_find_it_from_application_and_shipment(portal: Portal) -> None:
    """A9: it is linked from both, and its list; those whom it concerns were told."""
    made = late(portal)
    url = f"/compensations/{made.public_id}"
    with portal.transaction():
        shipment = session.get_one(Shipment, made.shipment_id)
        application = session.get_one(Application, made.application_id)
    for who in (portal.clerk, portal.manager, portal.desk, portal.warehouse):
        client = portal.client(who)
        pages = (
            f"/shipments/{shipment.public_id}",
            f"/applications/{application.public_id}",
            "/compensations",
            "/compensations?tab=proposed",
        )
        for page in pages:
            assert url in client.get(page).text, page
        assert "Shipped 1 day later than promised." in client.get(pages[0]).text
        assert client.get(url).status_code == 200
        assert url not in client.get("/compensations?tab=booked").text
        assert url in client.get(f"/search?q={made.number.lower()}").text
    foreign = portal.client(portal.other_manager)
    assert url not in foreign.get(f"/search?q={made.number}").text
    with portal.transaction():
        told = session.scalars(select(Notice.user_id).where(Notice.title == made.number)).all()
    assert sorted(told) == sorted([portal.manager.id, portal.desk.id, portal.finance.id])


def test_list_costs_three_queries_however_long_it_is(portal: Portal) -> None:
    """The session, the rows, and all tabs' counts."""
    client = portal.client(portal.finance)
    for _more in range(3):
        story.late(portal)
        with counted(portal.app) as statements:
            assert client.get("/compensations").status_code == 200
        assert len(statements) == 3


def test_excused_is_never_booked(portal: Portal) -> None:
    """A9: the desk says why, the dealer reads it; neither finance nor the worker books it then."""
    made = late(portal)
    before = posted(portal)
    url = f"/compensations/{made.public_id}"
    desk = portal.client(portal.desk)
    assert desk.post(f"{url}/excuse", {"seen": "1", "reason": " "}).status_code == 422
    reason = {"seen": "1", "reason": "The port of Gdańsk was closed by ice."}
    assert desk.post(f"{url}/excuse", reason).status_code == 303
    assert desk.post(f"{url}/excuse", reason).status_code == 409
    assert "closed by ice" in portal.client(portal.manager).get(url).text
    assert portal.client(portal.finance).post(f"{url}/book", {"seen": "2"}).status_code == 409
    portal.clock.advance(days=60)
    ring(portal)
    assert status(portal, made) == "excused"
    assert (posted(portal), entries(portal)) == (before, 0)
    assert in_order(portal)


@pytest.mark.parametrize(
    ("who", "step", "refusal"),
    [
        ("desk", "book", Forbidden),
        ("finance", "excuse", Forbidden),
        ("warehouse", "excuse", Forbidden),
        ("administrator", "book", Forbidden),
        ("manager", "book", Forbidden),
        ("manager", "excuse", Forbidden),
        ("other_manager", "book", NotFound),
    ],
)
def test_only_finance_books_and_only_the_desk_excuses(
    portal: Portal, who: str, step: str, refusal: type[Exception]
) -> None:
    """P1, P3: by the service as by the address; a foreign dealer finds nothing."""
    made = late(portal)
    with pytest.raises(refusal):
        decide(portal, made, step, portal.cast[who], "Because")
    answer = portal.client(portal.cast[who]).post(
        f"/compensations/{made.public_id}/{step}", {"seen": "1", "reason": "Because"}
    )
    assert answer.status_code == (404 if who == "other_manager" else 403)
    assert status(portal, made) == "proposed"


def ring(portal: Portal) -> None:
    """One round of a worker's timers."""
    with portal.app.app_context():
        jobs.ring(portal.clock)


def test_portal_books_by_itself_when_nobody_decided_in_time(portal: Portal) -> None:
    """A9, T2: seven days on, after the last second of the day; a second round changes nothing."""
    made = late(portal)
    assert made.due_at == datetime(2026, 10, 23, 23, 59, 59, tzinfo=HQ)
    portal.clock.at = made.due_at
    ring(portal)
    assert status(portal, made) == "proposed"
    portal.clock.advance(seconds=1)
    before = posted(portal)
    for _round in range(3):
        ring(portal)
    assert status(portal, made) == "booked"
    assert (posted(portal), entries(portal)) == (before + 13, 1)
    page = portal.client(portal.manager).get(f"/compensations/{made.public_id}").text
    assert "nobody had excused the delay in time" in page
    assert in_order(portal)


def at_once(portal: Portal, *works: Callable[[], Any]) -> list[BaseException]:
    """Do several things at the same moment, each as another process would; what they raised."""
    barrier, raised = Barrier(len(works)), []

    def work(one: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            one()
        except BaseException as error:
            raised.append(error)

    threads = [Thread(target=work, args=(one,)) for one in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_it_is_booked_once_when_workers_and_finance_come_at_once(portal: Portal) -> None:
    """A9, L4: two workers, and finance's press at the same second."""
    made = late(portal)
    before = posted(portal)
    portal.clock.advance(days=8)
    client = portal.client(portal.finance)
    raised = at_once(
        portal,
        lambda: ring(portal),
        lambda: ring(portal),
        lambda: client.post(f"/compensations/{made.public_id}/book", {"seen": "1"}),
    )
    assert raised == []
    assert status(portal, made) == "booked"
    assert (posted(portal), entries(portal)) == (before + 13, 1)


def test_one_of_two_wins_when_it_is_booked_and_excused_at_once(portal: Portal) -> None:
    """A9: whatever comes first, money and state agree."""
    made = late(portal)
    finance, desk = portal.client(portal.finance), portal.client(portal.desk)
    url = f"/compensations/{made.public_id}"
    answers: list[int] = []
    raised = at_once(
        portal,
        lambda: answers.append(finance.post(f"{url}/book", {"seen": "1"}).status_code),
        lambda: answers.append(
            desk.post(f"{url}/excuse", {"seen": "1", "reason": "Ice"}).status_code
        ),
    )
    assert raised == []
    assert sorted(answers) == [303, 409]
    assert entries(portal) == (status(portal, made) == "booked")
    assert in_order(portal)


def test_verify_finds_a_compensation_that_does_not_hold(portal: Portal) -> None:
    """L10: an amount, an entry or late pieces that do not fit are named."""
    made = late(portal)
    for change in ({"amount": 14}, {"late_amount": 2400}, {"status": "booked"}):
        with portal.transaction():
            found = session.get_one(Compensation, made.id)
            for name, value in change.items():
                setattr(found, name, value)
            session.flush()
            assert [line for line in verify() if made.number in line]
            session.rollback()
    assert in_order(portal)


def test_shipment_is_not_made_when_its_compensation_cannot_be(portal: Portal) -> None:
    """A9: both are of one transaction; the number of a refused one is not used up."""
    application = story.released(portal, promised_on=PROMISED)
    portal.clock.at = MIDNIGHT
    with pytest.raises(ZeroDivisionError), portal.transaction():
        _ship_and_fail(portal, application)
    assert (count(portal), count(portal, Shipment)) == (0, 0)
    story.send(portal, application)
    with portal.transaction():
        assert session.scalars(select(Compensation.number)).one() == "LD-2026-D0001-00001"


def _ship_and_fail(portal: Portal, application: Any) -> None:
    found = session.get_one(Application, application.id)
    sending = Consignment(story.pieces_left(found), "SF", "1", portal.now.date())
    shipping.ship(found, sending, seen=None, by=portal.warehouse, now=portal.now)
    assert session.scalars(select(Compensation)).one()
    _ = 1 // 0


def test_who_confirms_late_is_promised_another_day(portal: Portal) -> None:
    """A9, A4: the quote gave itself a day; ten days later, that day counts from then.

    Headquarters is held to the promise of a quote that is confirmed in time, however soon it was.
    """
    application = story.quoted(portal, promised_on=PROMISED)
    portal.clock.advance(days=10)
    with portal.transaction():
        one = session.get_one(Application, application.id)
        quoting.confirm(one, quote_version=1, seen=None, by=portal.manager, now=portal.now)
        assert one.promised_on is not None
        assert one.promised_on == date(2026, 10, 26)  # two working days over a weekend
        quoting.release(one, seen=None, by=portal.finance, now=portal.now)
    shipment = story.send(portal, application)
    with portal.transaction():
        assert services.of_shipment(shipment) is None


def test_a_shipment_cannot_be_dated_before_its_release(portal: Portal) -> None:
    """A9, A7: nothing leaves before finance released it; a day too early would hide a delay."""
    application = story.confirmed(portal, promised_on=PROMISED)
    portal.clock.advance(days=3)
    with portal.transaction():
        one = session.get_one(Application, application.id)
        quoting.release(one, seen=None, by=portal.finance, now=portal.now)
    for days, fits in ((1, False), (0, True)):
        on = portal.now.date() - timedelta(days=days)
        with portal.transaction():
            one = session.get_one(Application, application.id)
            (row,) = queries.lines_of(one)
            sent = Consignment({row.QuoteLine.id: 1}, "SF", "1", on)
            given = {"seen": None, "by": portal.warehouse, "now": portal.now}
            if fits:
                assert shipping.ship(one, sent, **given).shipped_on == on
            else:
                with pytest.raises(Invalid, match="day of release"):
                    shipping.ship(one, sent, **given)
