"""O6: what was never registered is charged once, or waived, and disputed; on both databases."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from threading import Barrier
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal.applications.models import Shipment
from portal.catalogue.models import Part, Price, PriceList
from portal.core.db import session
from portal.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Stale,
    TooLittleMoney,
    WrongState,
)
from portal.core.events import Event, verify
from portal.core.permissions import Role
from portal.ledger import services as ledger
from portal.ledger.models import Account, Transfer
from portal.ledger.verify import verify as verify_ledger
from portal.notices.models import Notice
from portal.oldparts import charges, queries, registering, services, timers
from portal.oldparts.batch_lines import Wanted, open_lines_of
from portal.oldparts.charge_models import OldPartCharge, OwedLine
from portal.oldparts.models import OldPart
from portal.terms.models import PolicyValue
from tests.support import story
from tests.support.portal import DEPOSIT, Portal

FREIGHT = 1500
"""What the quotes of the story charge for freight and packing."""


def late(portal: Portal, *lines: Any, by: str = "clerk") -> Shipment:
    """A shipment whose old parts are overdue since a second; by default two pieces of FV-100."""
    shipment = story.received(portal, *lines, by=by)
    portal.clock.at = datetime.combine(
        portal.now.date() + timedelta(days=16), datetime.min.time(), portal.now.tzinfo
    )
    return shipment


def charged(portal: Portal, *lines: Any, by: str = "clerk") -> OldPartCharge:
    """The charge that the worker makes for such a shipment."""
    late(portal, *lines, by=by)
    return the_charge(portal)


def work(portal: Portal) -> None:
    """A round of the worker's."""
    with portal.app.app_context():
        timers.charge(portal.clock)


def the_charge(portal: Portal) -> OldPartCharge:
    """The newest charge, after a round of the worker's."""
    work(portal)
    return all_charges(portal)[-1]


def all_charges(portal: Portal) -> list[OldPartCharge]:
    """Every charge as the database has it."""
    with portal.transaction():
        return list(
            session.scalars(
                select(OldPartCharge)
                .order_by(OldPartCharge.id)
                .execution_options(populate_existing=True)
            )
        )


def entries(portal: Portal, kind: str = "old_part_charge") -> list[Transfer]:
    """The ledger's entries of a kind."""
    with portal.transaction():
        return list(
            session.scalars(select(Transfer).where(Transfer.kind == kind).order_by(Transfer.id))
        )


def account(portal: Portal, dealer: str = "north") -> Account:
    """A dealer's account."""
    with portal.transaction():
        return session.scalars(
            select(Account)
            .where(Account.dealer_id == portal.dealers[dealer])
            .execution_options(populate_existing=True)
        ).one()


def act(
    portal: Portal, charge: OldPartCharge, step: str, by: str = "finance", **other: Any
) -> None:
    """Take a step of a charge."""
    facts: dict[str, Any] = {"seen": None, "by": portal.cast[by], "now": portal.now}
    facts |= {"reason": "The parcel is here"}
    with portal.transaction():
        charges.act(session.get_one(OldPartCharge, charge.id), step, **(facts | other))


def dispute(portal: Portal, charge: OldPartCharge, by: str = "clerk", **other: Any) -> None:
    """Dispute a charge with a photo."""
    said = {"reason": "We sent it in March", "photos": [story.photo(portal, by)]} | other
    seen = said.get("seen")
    with portal.transaction():
        mine, who = session.get_one(OldPartCharge, charge.id), portal.cast[by]
        charges.dispute(mine, said["reason"], said["photos"], seen=seen, by=who, now=portal.now)


def waive(portal: Portal, shipment: Shipment, by: str = "desk", **other: Any) -> OldPartCharge:
    """Waive what is owed of a shipment's first line."""
    facts: dict[str, Any] = {"seen": None, "by": portal.cast[by], "now": portal.now}
    facts |= {"reason": "Scrapped by us"}
    with portal.transaction():
        line = session.get_one(OwedLine, story.line_ids(shipment)[0])
        return charges.waive_owed(line, **(facts | other))


def price(portal: Portal, part: str, cost: int, retail: int, on: date) -> None:
    """A price of a part from a day on."""
    with portal.transaction():
        facts = {"part_id": portal.parts[part], "cost": cost, "retail": retail}
        named = session.scalars(select(PriceList.id)).first()
        session.execute(insert(Price).values(price_list_id=named, effective_from=on, **facts))


def policy_value(portal: Portal, name: str, number: int) -> None:
    """A policy value that is in force from today on."""
    with portal.transaction():
        session.add(
            PolicyValue(
                name=name,
                value=number,
                effective_from=portal.now.date(),
                reason="test",
                status="approved",
                created_at=portal.now,
            )
        )


def assert_books_agree(portal: Portal) -> None:
    """L10, P4: balances, charges, what is owed, and every chain of events."""
    with portal.transaction():
        assert list(verify_ledger()) == []
        assert list(verify()) == []


# Worked out and booked


def test_what_is_not_registered_in_time_is_charged_with_its_computation(portal: Portal) -> None:
    """O6, P4: pieces × (out-of-warranty price − what was deducted), booked and kept."""
    before = account(portal).posted
    charge = charged(portal)
    assert charge.number == "OC-2026-D0001-00001"
    assert (charge.status, charge.pieces) == ("charged", 2)
    assert (charge.retail, charge.cost, charge.in_full) == (2500, 1250, False)
    assert charge.amount == 2 * (2500 - 1250)
    (entry,) = entries(portal)
    assert (entry.amount, entry.document_title) == (2500, charge.number)
    assert account(portal).posted == before - 2 * 1250 - FREIGHT - 2500
    with portal.transaction():
        first, second = session.scalars(
            select(Event).where(Event.document_kind == "oldpartcharge").order_by(Event.seq)
        )
    assert first.values["register_days"] == 15
    assert second.actor_id is None
    assert second.values == {
        "pieces": 2,
        "retail": 2500,
        "priced_from": second.values["priced_from"],
        "cost": 1250,
        "charge_in_full": False,
        "amount": 2500,
        "dispute_days": 14,
    }
    assert_books_agree(portal)


def test_charge_is_the_full_price_when_the_policy_says_so(portal: Portal) -> None:
    """O6: the difference, or the full price."""
    policy_value(portal, "oldpart.charge_in_full", 1)
    charge = charged(portal)
    assert charge.in_full
    assert charge.amount == 2 * 2500


def test_price_is_that_of_the_day_of_charge(portal: Portal) -> None:
    """O6, C2: the list in force on the day of charge, less what was deducted then."""
    price(portal, "FV-100", 2000, 4000, portal.now.date() + timedelta(days=16))
    price(portal, "FV-100", 9000, 9900, portal.now.date() + timedelta(days=17))
    charge = charged(portal)
    assert (charge.retail, charge.cost, charge.amount) == (4000, 1250, 2 * (4000 - 1250))


def test_only_what_is_left_is_charged_when_some_is_registered(portal: Portal) -> None:
    """O6: pieces that are registered, in whatever state, are not charged."""
    shipment = story.received(portal, story.line(portal, quantity=3))
    story.registered(portal, shipment)
    rejected = story.registered(portal, shipment)
    with portal.transaction():
        services.review(
            session.get_one(OldPart, rejected.id),
            "reject",
            code="other",
            reason="No",
            seen=None,
            by=portal.desk,
            now=portal.now,
        )
    portal.clock.advance(days=16)
    assert the_charge(portal).pieces == 1
    assert_books_agree(portal)


def test_nothing_is_charged_of_what_need_not_be_returned(portal: Portal) -> None:
    """O6, C1: stock, what did not arrive, and parts that headquarters does not want back."""
    with portal.transaction():
        session.get_one(Part, portal.parts["FP-200"]).return_required = False
    story.received(portal, story.line(portal, "FP-200"))
    story.received(portal, story.line(portal, purpose="stock"))
    story.shipped(portal)
    done = story.received(portal, story.line(portal, quantity=1))
    story.registered(portal, done)
    wanted_no_more = story.received(portal, story.line(portal, "TH-300"))
    portal.clock.advance(days=30)
    story.want_back(portal, "FP-200", True)
    story.want_back(portal, "TH-300", False)
    work(portal)
    assert all_charges(portal) == []
    assert wanted_no_more


def test_line_is_charged_once_however_often_the_worker_looks(portal: Portal) -> None:
    """O6, L4: once, ever; a later registration does not undo it."""
    charge = charged(portal)
    with portal.transaction():
        shipment_id = session.get_one(OwedLine, charge.shipment_line_id).shipment_id
        shipment = session.get_one(Shipment, shipment_id)
    for _ in range(3):
        work(portal)
        portal.clock.advance(days=40)
    story.registered(portal, shipment)
    work(portal)
    assert len(all_charges(portal)) == len(entries(portal)) == 1
    assert_books_agree(portal)


def test_database_refuses_a_second_charge(portal: Portal) -> None:
    """O6: unique per shipped line, whatever the code does."""
    charge = charged(portal)
    columns = OldPartCharge.__table__.columns.keys()
    again = {name: getattr(charge, name) for name in columns if name != "id"}
    again |= {"public_id": "B" * 16, "number": "OC-2026-D0001-00002"}
    with pytest.raises(IntegrityError), portal.transaction():
        session.execute(insert(OldPartCharge).values(**again))
    assert len(all_charges(portal)) == 1


def test_worker_that_is_killed_in_the_middle_charges_all_the_others_later(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """O6: each in a transaction of its own: what was not booked was not begun."""
    for _ in range(3):
        story.received(portal)
    portal.clock.advance(days=20)
    booked = ledger.transfer
    calls = []

    def break_down(**facts: Any) -> Transfer:
        entry = booked(**facts)
        calls.append(entry)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return entry

    monkeypatch.setattr(charges.ledger, "transfer", break_down)
    with pytest.raises(KeyboardInterrupt):
        work(portal)
    assert len(all_charges(portal)) == len(entries(portal)) == 1
    monkeypatch.undo()
    work(portal)
    assert len(all_charges(portal)) == len(entries(portal)) == 3
    assert [one.number[-5:] for one in all_charges(portal)] == ["00001", "00002", "00003"]
    assert_books_agree(portal)


def test_workers_at_the_same_time_charge_each_line_once(portal: Portal) -> None:
    """O6, L4: several workers, the same lines, one charge and one entry each."""
    for _ in range(4):
        story.received(portal)
    portal.clock.advance(days=20)
    begin = Barrier(3)

    def one_worker() -> None:
        begin.wait()
        work(portal)

    with ThreadPoolExecutor(3) as workers:
        for done in [workers.submit(one_worker) for _ in range(3)]:
            done.result()
    assert len(all_charges(portal)) == len(entries(portal)) == 4
    assert sorted(one.number[-1] for one in all_charges(portal)) == ["1", "2", "3", "4"]
    assert_books_agree(portal)


def test_account_comes_below_zero_by_a_charge_and_no_confirmation_goes_further(
    portal: Portal,
) -> None:
    """L5: a charge is booked whatever there is; a confirmation never overspends."""
    policy_value(portal, "oldpart.charge_in_full", 1)
    quantity = (DEPOSIT - FREIGHT) // 15000
    charge = charged(portal, story.line(portal, "TH-300", quantity=quantity))
    assert account(portal).available < 0
    with pytest.raises(TooLittleMoney):
        story.confirmed(portal, story.line(portal, quantity=1))
    assert charge.amount == quantity * 28000
    assert_books_agree(portal)


# Time


@pytest.mark.parametrize("dealer", ["clerk", "other_clerk"])
def test_line_is_overdue_from_the_first_second_of_the_next_day(portal: Portal, dealer: str) -> None:
    """O6, T1, T2: the last day counts whole in headquarters' zone, through Warsaw's winter time."""
    portal.clock.at = datetime(2026, 10, 14, 0, 0, 1, tzinfo=portal.now.tzinfo)
    story.received(portal, by=dealer)
    with portal.transaction():
        line = session.scalars(select(OwedLine)).one()
    last = datetime(2026, 10, 29, 23, 59, 59, tzinfo=portal.now.tzinfo)
    assert line.register_by == last
    assert last.astimezone(ZoneInfo("Europe/Warsaw")).hour == 16
    portal.clock.at = last
    work(portal)
    assert all_charges(portal) == []
    portal.clock.at = last + timedelta(seconds=1)
    work(portal)
    assert len(all_charges(portal)) == 1


@pytest.mark.parametrize(("day", "hours"), [((2026, 10, 20), 25), ((2027, 3, 20), 23)])
def test_day_that_the_clock_is_changed_counts_whole(
    portal: Portal, day: tuple[int, int, int], hours: int
) -> None:
    """T2: where headquarters itself changes its clock, a day is as long as it is."""
    warsaw = ZoneInfo("Europe/Warsaw")
    portal.clock.at = datetime(*day, 12, 0, tzinfo=warsaw)
    story.received(portal)
    with portal.transaction():
        by = session.scalars(select(OwedLine)).one().register_by.astimezone(warsaw)
    days = 15
    assert (by.date() - date(*day)).days == days
    assert (by.hour, by.minute, by.second) == (23, 59, 59)
    begun = datetime(*day, 23, 59, 59, tzinfo=warsaw).timestamp()
    assert by.timestamp() - begun == (days - 1) * 86400 + hours * 3600


def test_days_are_those_in_force_on_receipt(portal: Portal) -> None:
    """O6, P4: a shorter time that comes later makes nothing overdue."""
    story.received(portal)
    portal.clock.advance(days=10)
    policy_value(portal, "oldpart.register_days", 5)
    work(portal)
    assert all_charges(portal) == []
    portal.clock.advance(days=6)
    assert len([the_charge(portal)]) == 1


# Reminders


def remind(portal: Portal) -> None:
    """A round of the worker's, as it reminds."""
    with portal.app.app_context():
        timers.remind(portal.clock)


def reminders(portal: Portal) -> list[dict[str, Any]]:
    """What the reminders so far said."""
    with portal.transaction():
        mine = select(Event.values).where(Event.name == "remind_of_old_parts").order_by(Event.id)
        return list(session.scalars(mine))


def test_dealer_is_reminded_seven_three_and_one_days_before(portal: Portal) -> None:
    """O6: each once, however often the worker looks, and one for all pieces of a shipment."""
    lines = (story.line(portal, quantity=3), story.line(portal, "TH-300"))
    shipment = story.received(portal, *lines)
    begun = portal.now
    days = []
    for day in range(20):
        portal.clock.at = begun + timedelta(days=day)
        before = len(reminders(portal))
        remind(portal)
        remind(portal)
        if len(reminders(portal)) > before:
            assert len(reminders(portal)) == before + 1
            days.append(15 - day)
        if day == 9:
            story.registered(portal, shipment)
    assert days == [7, 3, 1]
    assert [said["pieces"] for said in reminders(portal)] == [5, 4, 4]
    with portal.transaction():
        told = select(Notice.user_id).join(Event, Event.id == Notice.event_id)
        people = session.scalars(told.where(Event.name == "remind_of_old_parts")).all()
    assert set(people) == {portal.clerk.id, portal.manager.id}
    assert_books_agree(portal)


def test_nobody_is_reminded_of_what_is_settled(portal: Portal) -> None:
    """O6: registered, waived, not wanted back any more, or stock."""
    done = story.received(portal, story.line(portal, quantity=1))
    story.registered(portal, done)
    waive(portal, story.received(portal))
    story.received(portal, story.line(portal, "TH-300"))
    story.want_back(portal, "TH-300", False)
    story.received(portal, story.line(portal, purpose="stock"))
    for _day in range(20):
        portal.clock.advance(days=1)
        remind(portal)
    assert reminders(portal) == []


def test_reminder_that_the_worker_missed_is_made_up_for_once(portal: Portal) -> None:
    """O6: a worker that stood still reminds of the nearest deadline, and not three times."""
    story.received(portal)
    portal.clock.advance(days=13)
    remind(portal)
    assert len(reminders(portal)) == 1
    portal.clock.advance(days=1)
    remind(portal)
    assert len(reminders(portal)) == 2
    portal.clock.advance(days=10)
    remind(portal)
    assert len(reminders(portal)) == 2


def test_first_reminder_is_later_than_the_receipt(portal: Portal) -> None:
    """O6: where the time is shorter than the first reminder's, the next one is the first."""
    policy_value(portal, "oldpart.register_days", 2)
    story.received(portal)
    remind(portal)
    assert reminders(portal) == []
    portal.clock.advance(days=1)
    remind(portal)
    assert len(reminders(portal)) == 1


# Without a price, or with nothing to charge


def test_charge_waits_for_headquarters_when_a_price_is_missing(portal: Portal) -> None:
    """O6: it stands in headquarters' list, and no worker tries it again."""
    price(portal, "FV-100", 1250, 0, portal.now.date() + timedelta(days=1))
    charge = charged(portal)
    assert (charge.status, charge.amount, charge.retail) == ("unpriced", 0, None)
    price(portal, "FV-100", 1250, 3000, portal.now.date() + timedelta(days=1))
    portal.clock.advance(days=3)
    work(portal)
    assert [one.status for one in all_charges(portal)] == ["unpriced"]
    act(portal, charge, "charge", by="desk")
    (charge,) = all_charges(portal)
    assert (charge.status, charge.amount) == ("charged", 2 * (3000 - 1250))
    assert_books_agree(portal)


def test_charge_without_a_price_stays_when_there_is_none_still(portal: Portal) -> None:
    """O6: the desk is told, and may waive it."""
    price(portal, "FV-100", 1250, 0, portal.now.date() + timedelta(days=1))
    charge = charged(portal)
    with pytest.raises(Conflict, match="no out-of-warranty price"):
        act(portal, charge, "charge", by="desk")
    act(portal, charge, "waive", by="desk")
    assert [one.status for one in all_charges(portal)] == ["waived"]
    assert entries(portal) == []
    assert_books_agree(portal)


@pytest.mark.parametrize("retail", [1250, 900])
def test_there_is_nothing_to_charge_when_the_price_is_not_above_the_deduction(
    portal: Portal, retail: int
) -> None:
    """O6: a difference of nothing, or less, is told, and is no entry."""
    price(portal, "FV-100", 1250, retail, portal.now.date() + timedelta(days=1))
    charge = charged(portal)
    assert (charge.status, charge.amount, charge.retail) == ("nothing", 0, retail)
    work(portal)
    assert len(all_charges(portal)) == 1
    assert entries(portal) == []
    assert_books_agree(portal)


# Waived


def test_waived_line_is_never_charged(portal: Portal) -> None:
    """O6: headquarters lets a dealer off with a reason, before it is charged."""
    shipment = story.received(portal)
    waived = waive(portal, shipment)
    assert waived.status == "waived"
    portal.clock.advance(days=40)
    work(portal)
    assert [one.status for one in all_charges(portal)] == ["waived"]
    assert entries(portal) == []
    with portal.transaction():
        assert queries.to_register(portal.clerk, portal.now)[0] == 0
    story.registered(portal, shipment)
    assert_books_agree(portal)


@pytest.mark.parametrize(
    ("by", "other", "refusal"),
    [
        ("desk", {"reason": " "}, Invalid),
        ("desk", {"seen": 1}, Stale),
        ("finance", {}, Forbidden),
        ("clerk", {}, Forbidden),
        ("auditor", {}, Forbidden),
    ],
)
def test_waiver_is_refused(
    portal: Portal, by: str, other: dict[str, Any], refusal: type[Refusal]
) -> None:
    """O6, P3: without a reason, for others than were shown, by another role."""
    shipment = story.received(portal)
    with pytest.raises(refusal):
        waive(portal, shipment, by, **other)
    assert all_charges(portal) == []
    with portal.transaction():
        assert session.scalars(select(OwedLine.state)).all() == ["owed"]


def test_waiver_is_refused_when_it_is_settled_already(portal: Portal) -> None:
    """O6: what was charged is reversed by finance; what was registered is not owed."""
    shipment = late(portal)
    work(portal)
    with pytest.raises(Conflict):
        waive(portal, shipment)
    done = story.received(portal, story.line(portal, quantity=1))
    story.registered(portal, done)
    with pytest.raises(Conflict):
        waive(portal, done)


# Disputed and decided


def test_disputed_charge_goes_to_finance_who_reverses_it(portal: Portal) -> None:
    """O6, L3: with words and evidence; the whole amount comes back by one reversal."""
    before = account(portal).posted - 2 * 1250 - FREIGHT
    charge = charged(portal)
    dispute(portal, charge)
    act(portal, charge, "reverse")
    (charge,) = all_charges(portal)
    assert charge.status == "reversed"
    (entry,), (back,) = entries(portal), entries(portal, "reversal")
    assert (back.reverses_id, back.amount) == (entry.id, charge.amount)
    assert account(portal).posted == before
    work(portal)
    assert len(all_charges(portal)) == 1
    with pytest.raises(WrongState):
        act(portal, charge, "reverse")
    assert_books_agree(portal)


def test_charge_is_upheld_with_a_reason_and_may_be_reversed_still(portal: Portal) -> None:
    """O6: finance may reverse it by itself at any time."""
    charge = charged(portal)
    dispute(portal, charge)
    with pytest.raises(Invalid):
        act(portal, charge, "uphold", reason="")
    act(portal, charge, "uphold")
    assert all_charges(portal)[0].status == "upheld"
    act(portal, charge, "reverse")
    assert all_charges(portal)[0].status == "reversed"
    assert_books_agree(portal)


def test_entry_of_a_charge_is_not_reversed_by_hand(portal: Portal) -> None:
    """L3: the charge's own step reverses it, and nothing beside it."""
    charged(portal)
    (entry,) = entries(portal)
    with portal.transaction():
        entry = session.get_one(Transfer, entry.id)
        assert "OC-2026-D0001-00001" in str(ledger.irreversible(entry))
        with pytest.raises(Invalid):
            ledger.reverse(entry, by=portal.finance, now=portal.now, reason="By hand")


def test_dispute_is_possible_until_its_last_second(portal: Portal) -> None:
    """O6, T2: within so many days, of which the last counts whole."""
    charge = charged(portal)
    assert charge.answer_by is not None
    portal.clock.at = charge.answer_by.astimezone(portal.now.tzinfo) + timedelta(seconds=1)
    with pytest.raises(Conflict, match="over"):
        dispute(portal, charge)
    portal.clock.at -= timedelta(seconds=1)
    dispute(portal, charge)
    assert all_charges(portal)[0].status == "disputed"


@pytest.mark.parametrize(
    ("by", "other", "refusal"),
    [
        ("clerk", {"reason": " "}, Invalid),
        ("clerk", {"seen": 99}, Stale),
        ("clerk", {"photos": ["A" * 16]}, Invalid),
        ("other_clerk", {}, NotFound),
        ("desk", {}, Forbidden),
        ("finance", {}, Forbidden),
    ],
)
def test_dispute_is_refused(
    portal: Portal, by: str, other: dict[str, Any], refusal: type[Refusal]
) -> None:
    """O6, P1, P3: without words, of a stale page, of another dealer, by headquarters."""
    charge = charged(portal)
    with pytest.raises(refusal):
        dispute(portal, charge, by, **other)
    assert all_charges(portal)[0].status == "charged"


def test_who_charged_by_hand_does_not_decide_on_it(portal: Portal) -> None:
    """P2: four eyes, where somebody is both desk and finance."""
    price(portal, "FV-100", 1250, 0, portal.now.date() + timedelta(days=1))
    charge = charged(portal)
    price(portal, "FV-100", 1250, 3000, portal.now.date())
    act(portal, charge, "charge", by="desk")
    both = replace(portal.desk, roles=frozenset({Role.DESK, Role.FINANCE}))
    portal.cast["both"] = both
    with pytest.raises(Forbidden, match="yourself"):
        act(portal, charge, "reverse", by="both")
    del portal.cast["both"]
    act(portal, charge, "reverse")


# One piece that went missing (O7)


def missing(portal: Portal, old_part: OldPart) -> OldPartCharge | None:
    """The charge of a piece that did not arrive, after a round of the worker's; None without."""
    with portal.transaction():
        lost = session.get_one(OldPart, old_part.id)
        charges.charge_missing([lost], by=portal.warehouse, now=portal.now)
    before = len(entries(portal))
    with portal.app.app_context():
        timers.charge_missing(portal.clock)
    if len(entries(portal)) == before:
        return None
    with portal.transaction():
        own = OldPartCharge.old_part_id == old_part.id
        return session.scalars(select(OldPartCharge).where(own)).one()


def test_missing_piece_is_charged_once(portal: Portal) -> None:
    """O6, O7: the same computation, for that very piece."""
    old_part = story.accepted(portal)
    made = missing(portal, old_part)
    assert made is not None
    assert (made.status, made.pieces, made.amount) == ("charged", 1, 2500 - 1250)
    assert missing(portal, old_part) is None
    assert len(entries(portal)) == 1
    portal.clock.advance(days=20)
    work(portal)  # the other piece of the line was never registered
    assert [one.pieces for one in all_charges(portal)] == [1, 1]
    assert_books_agree(portal)


def test_missing_piece_is_not_charged_when_its_line_was_before_it_was_registered(
    portal: Portal,
) -> None:
    """O6: a piece is charged once, ever; where the charge was reversed it was not."""
    shipment = late(portal)
    charge = the_charge(portal)
    old_part = story.accepted(portal, shipment)
    assert missing(portal, old_part) is None
    act(portal, charge, "reverse")
    assert missing(portal, old_part) is not None
    assert_books_agree(portal)


def test_missing_piece_is_not_charged_beside_its_line_when_that_waits_for_a_price(
    portal: Portal,
) -> None:
    """O6, O7: the line's charge will be for every piece of it, once there is a price."""
    price(portal, "FV-100", 1250, 0, portal.now.date() + timedelta(days=1))
    shipment = late(portal)
    charge = the_charge(portal)
    assert (charge.status, charge.pieces) == ("unpriced", 2)
    portal.clock.advance(days=1)
    assert missing(portal, story.accepted(portal, shipment)) is None
    price(portal, "FV-100", 1250, 3000, portal.now.date())
    act(portal, charge, "charge", by="desk")
    assert [one.pieces for one in all_charges(portal)] == [2]
    assert_books_agree(portal)


def test_books_are_checked_for_a_piece_that_is_charged_twice(portal: Portal) -> None:
    """L10, O6: with its line, and by itself."""
    shipment = late(portal)
    the_charge(portal)
    old_part = story.accepted(portal, shipment)
    with portal.transaction():
        session.get_one(OldPart, old_part.id).created_at -= timedelta(days=30)
    assert missing(portal, old_part) is not None
    with portal.transaction():
        assert [one for one in verify_ledger() if "are charged" in str(one)]


def test_piece_is_drawn_from_what_is_owed_before_what_was_charged(portal: Portal) -> None:
    """O3, O6: a piece that is registered in time is never lost on a line that is settled."""
    late(portal)
    the_charge(portal)
    new = story.received(portal)
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
        drawn, _said = open_lines_of(portal.clerk, [], []).draw(Wanted(part))
        scanned = registering.open_line_of([part], portal.clerk, "en")
        offered = queries.open_pieces(portal.clerk, "en", 10)
    assert drawn is not None
    assert scanned is not None
    numbers = [drawn.row.shipment_number, scanned.shipment_number, offered[0].shipment_number]
    assert numbers == [new.number] * 3


def test_voluntary_line_stays_so_when_its_last_piece_is_registered(portal: Portal) -> None:
    """O6: it counts neither as owed nor as returned."""
    story.want_back(portal, "FV-100", wanted=False)
    shipment = story.received(portal)
    for _piece in range(2):
        story.registered(portal, shipment)
    with portal.transaction():
        (line_id, *_others) = story.line_ids(shipment)
        owed = session.get_one(OwedLine, line_id)
        assert (owed.state, owed.pieces) == ("voluntary", 0)
