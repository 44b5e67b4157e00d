"""The ledger under whatever order of steps hypothesis thinks of (L1–L7)."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from portal.core.db import session
from portal.core.errors import Conflict, Invalid, Refusal, TooLittleMoney
from portal.ledger import services
from portal.ledger.models import (
    FREIGHT,
    PARTS_SALES,
    Account,
    Reservation,
    ReservationEnd,
    Transfer,
)
from portal.ledger.verify import verify
from portal.people import services as people
from portal.people.models import Dealer
from tests.support.portal import DEALERS, Portal

AMOUNTS = st.integers(1, 1000) | st.integers(10**9, 10**12)
REFERENCES = st.sampled_from(["A 1", "a1", "B 2", "C-3", "D4"])
_numbers = count(1)


class Books(RuleBasedStateMachine):
    """A dealer's account beside a plain account of it."""

    portal: Portal
    entries = Bundle("entries")
    held = Bundle("held")
    ended = Bundle("ended")

    @initialize(credit=st.sampled_from([0, 0, 300]))
    def open(self, credit: int) -> None:
        """A new dealer, with an account of its own."""
        self.number = next(_numbers)
        self.posted, self.reserved, self.credit = 0, 0, credit
        self.entry_count, self.reversals, self.references = 0, set(), set()
        self.reservations: dict[int, int] = {}
        self.ends: dict[int, str] = {}
        with self.portal.transaction():
            facts = replace(DEALERS["north"], code=f"M{self.number:05}")
            made = people.add_dealer(facts, by=self.portal.administrator, now=self.portal.now)
            if credit:
                services.set_credit_limit(
                    services.locked_account(made.id),
                    credit,
                    seen=1,
                    reason="-",
                    by=self.portal.finance,
                    now=self.portal.now,
                )
            self.dealer_id = made.id

    def act(self, step: Callable[[], Any]) -> Any:
        """Do something in a transaction; gives its result, or the refusal that undid it."""
        try:
            with self.portal.transaction():
                return step()
        except Refusal as refusal:
            return refusal

    @property
    def available(self) -> int:
        """What can still be spent (L5)."""
        return self.posted + self.credit - self.reserved

    @rule(target=entries, amount=AMOUNTS, reference=REFERENCES)
    def deposit(self, amount: int, reference: str) -> Any:
        """L7: each bank reference once."""
        result = self.act(
            lambda: services.deposit(
                dealer_id=self.dealer_id,
                amount=amount,
                reference=f"{self.number} {reference}",
                by=self.portal.finance,
                now=self.portal.now,
            )
        )
        key = reference.replace(" ", "").upper()
        if key in self.references:
            assert isinstance(result, Invalid)
            return multiple()
        self.references.add(key)
        self.posted += amount
        self.entry_count += 1
        return (result.id, amount)

    @rule(target=held, amount=AMOUNTS, share=st.sampled_from([None, 0, 1, -1]))
    def reserve(self, amount: int, share: int | None) -> Any:
        """L5: as much as is available and no more; ``share`` aims at the very edge."""
        if share is not None:
            amount = self.available + share
        cause = f"machine/{self.number}/{len(self.reservations)}"
        result = self.act(lambda: self._reserve(amount, cause))
        if amount <= 0:
            assert isinstance(result, Invalid)
            return multiple()
        if amount > self.available:
            assert isinstance(result, TooLittleMoney)
            assert result.missing == amount - self.available
            return multiple()
        self.reserved += amount
        self.reservations[result.id] = amount
        assert self.available >= 0
        return result.id

    def _reserve(self, amount: int, cause: str) -> Reservation:
        dealer = session.get_one(Dealer, self.dealer_id)
        return services.reserve(dealer, amount, cause=cause, now=self.portal.now)

    @rule(key=held, amount=AMOUNTS)
    def reserve_again(self, key: int, amount: int) -> None:
        """L4: the same cause has no second reservation."""
        cause = self.act(lambda: session.get_one(Reservation, key).cause)
        assert isinstance(self.act(lambda: self._reserve(amount, cause)), Conflict)

    @rule(target=ended, key=consumes(held), freight=st.integers(0, 50))
    def release(self, key: int, freight: int) -> int:
        """L6: posting deducts the amount, in one part or two."""
        made = self.act(lambda: self._post(key, freight))
        amount = self.reservations[key]
        assert sum(entry.amount for entry in made) == amount
        self.ends[key] = "posted"
        self.posted -= amount
        self.reserved -= amount
        self.entry_count += len(made)
        return key

    def _post(self, key: int, freight: int) -> list[Transfer]:
        amount = self.reservations[key]
        freight = min(freight, amount - 1)
        return services.post(
            session.get_one(Reservation, key),
            [
                services.Posting("parts_deduction", PARTS_SALES, amount - freight),
                services.Posting("freight", FREIGHT, freight),
            ],
            document=session.get_one(Dealer, self.dealer_id),
            by=self.portal.finance,
            now=self.portal.now,
        )

    def _void(self, key: int) -> None:
        services.void(session.get_one(Reservation, key), now=self.portal.now)

    @rule(target=ended, key=consumes(held))
    def cancel(self, key: int) -> int:
        """L6: voiding gives the money back."""
        assert self.act(lambda: self._void(key)) is None
        self.ends[key] = "voided"
        self.reserved -= self.reservations[key]
        return key

    @rule(key=ended, posting=st.booleans())
    def end_again(self, key: int, posting: bool) -> None:
        """L6: a reservation ends once."""
        again = (lambda: self._post(key, 0)) if posting else (lambda: self._void(key))
        assert isinstance(self.act(again), Conflict)

    @rule(entry=entries)
    def reverse(self, entry: tuple[int, int]) -> None:
        """L3: an entry is reversed once; what is reserved already stays reserved."""
        key, amount = entry
        result = self.act(lambda: self._reverse(key))
        if key in self.reversals:
            assert isinstance(result, Conflict)
            return
        self.reversals.add(key)
        self.posted -= amount
        self.entry_count += 1
        assert isinstance(self.act(lambda: self._reverse(result.id)), Invalid)

    def _reverse(self, key: int) -> Transfer:
        return services.reverse(
            session.get_one(Transfer, key), by=self.portal.finance, now=self.portal.now, reason="-"
        )

    @invariant()
    def balances_are_those_of_plain_arithmetic(self) -> None:
        """L1, L5: posted, reserved and available are integers and right to the last unit."""
        with self.portal.transaction():
            mine = Account.dealer_id == self.dealer_id
            row = session.execute(
                select(Account.posted, Account.reserved, Account.credit_limit).where(mine)
            ).one()
            assert tuple(row) == (self.posted, self.reserved, self.credit)
            rows = select(func.count()).where(Transfer.dealer_id == self.dealer_id)
            assert session.scalar(rows) == self.entry_count

    @invariant()
    def reservations_end_as_they_ended(self) -> None:
        """L6: at most one end for each reservation, and the right one."""
        with self.portal.transaction():
            ends = session.execute(
                select(ReservationEnd.reservation_id, ReservationEnd.outcome)
                .join(Reservation, Reservation.id == ReservationEnd.reservation_id)
                .where(Reservation.dealer_id == self.dealer_id)
            )
            assert sorted(map(tuple, ends)) == sorted(self.ends.items())


def test_books_are_right_when_steps_come_in_any_order(portal: Portal) -> None:
    """L1–L7: balances, ends, causes and reversals, beside plain arithmetic; L10 at the end."""
    machine = type("TheseBooks", (Books,), {"portal": portal})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=50,
            stateful_step_count=20,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    with portal.transaction():
        assert list(verify()) == []
