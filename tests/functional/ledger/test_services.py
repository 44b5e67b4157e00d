"""Money moves as the rules say (L1–L7)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.core.db import session
from portal.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Stale,
    TooLittleMoney,
)
from portal.core.events import Event
from portal.core.events import verify as events_verify
from portal.core.money import LARGEST
from portal.ledger import services
from portal.ledger.kinds import KINDS
from portal.ledger.models import (
    BANK,
    DEALER,
    FREIGHT,
    HQ_PURPOSES,
    PARTS_SALES,
    Account,
    Reservation,
    ReservationEnd,
    Transfer,
)
from portal.ledger.services import Posting
from tests.functional.ledger.books import again, dealer, deposit, figures, reserve, set_limit
from tests.support.portal import DEPOSIT, Portal


def refused(portal: Portal, what: type[Refusal], act: Callable[[], object]) -> Any:
    """Do something that is refused and changes nothing; gives the refusal."""
    before = counts(portal)
    with pytest.raises(what) as caught, portal.transaction():
        act()
    assert counts(portal) == before
    return caught.value


def counts(portal: Portal) -> tuple[int, ...]:
    with portal.transaction():
        return tuple(
            session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (Transfer, Reservation, ReservationEnd)
        )


def transfer(portal: Portal, **other: Any) -> Transfer:
    values: dict[str, Any] = {
        "dealer_id": portal.dealers["north"],
        "source": DEALER,
        "target": PARTS_SALES,
        "amount": 100,
        "kind": "parts_deduction",
        "cause": "test/deduction",
        "by": portal.finance,
        "now": portal.now,
    }
    return services.transfer(**(values | other))


@pytest.mark.parametrize("amount", [0, -1, LARGEST + 1])
def test_transfer_is_refused_when_its_amount_is_none(portal: Portal, amount: int) -> None:
    """L2: a transfer moves a positive amount."""
    refused(portal, Invalid, lambda: transfer(portal, amount=amount))


def test_books_have_one_account_for_each_purpose(portal: Portal) -> None:
    """L2: each dealer has one account, headquarters one for each purpose, from the beginning."""
    with portal.transaction():
        purposes = session.scalars(select(Account.purpose).where(Account.dealer_id.is_(None)))
        assert sorted(purposes) == sorted(HQ_PURPOSES)
        owners = session.scalars(select(Account.dealer_id).where(Account.dealer_id.is_not(None)))
        assert sorted(owners) == sorted(portal.dealers.values())


def test_transfer_is_refused_when_nobody_knows_its_kind(portal: Portal) -> None:
    """Domain, 3: an entry has one of the kinds."""
    with pytest.raises(ValueError, match="gift"), portal.transaction():
        transfer(portal, kind="gift")


def test_money_moves_between_two_accounts_when_it_is_transferred(portal: Portal) -> None:
    """L2: a transfer names kind, cause and actor; only the one dealer's balance changes."""
    with portal.transaction():
        made = transfer(portal, document=dealer(portal))
    assert figures(portal) == (DEPOSIT - 100, 0, DEPOSIT - 100)
    assert figures(portal, "south") == (DEPOSIT, 0, DEPOSIT)
    with portal.transaction():
        entry = again(made)
        assert (entry.kind, entry.cause) == ("parts_deduction", "test/deduction")
        assert (entry.actor_id, entry.actor_name) == (portal.finance.id, portal.finance.name)
        assert (entry.document_kind, entry.document_id) == ("dealer", portal.dealers["north"])
        assert entry.document_name == dealer(portal).public_id
        assert entry.document_title == dealer(portal).title


def test_cause_is_booked_once_when_it_is_tried_again(portal: Portal) -> None:
    """L4: the same cause cannot be booked twice, whatever else is different."""
    with portal.transaction():
        transfer(portal)
    refused(portal, Conflict, lambda: transfer(portal))
    refused(
        portal,
        Conflict,
        lambda: transfer(portal, dealer_id=portal.dealers["south"], amount=5, kind="freight"),
    )


def test_deposit_is_available_when_finance_books_it(portal: Portal) -> None:
    """L7: a deposit comes from the bank with its reference."""
    made = deposit(portal, " ICBC 77 ", 12_345)
    assert figures(portal) == (DEPOSIT + 12_345, 0, DEPOSIT + 12_345)
    assert (made.kind, made.values) == ("deposit", {"reference": "ICBC 77"})


@pytest.mark.parametrize("reference", ["ICBC 77", "icbc77", "ＩＣＢＣ７７"])
def test_deposit_is_refused_when_its_reference_is_booked(portal: Portal, reference: str) -> None:
    """L7: a bank reference is booked once, for whichever dealer and whatever amount."""
    deposit(portal, "ICBC 77")
    refusal = refused(portal, Invalid, lambda: deposit(portal, reference, 5, "south"))
    assert refusal.field == "reference"


@pytest.mark.parametrize("reference", ["", " \t", "7" * 196, "ﷺ" * 60])
def test_deposit_is_refused_when_its_reference_is_unusable(portal: Portal, reference: str) -> None:
    """L7: a deposit has a bank reference, of a length that the books can hold."""
    assert refused(portal, Invalid, lambda: deposit(portal, reference)).field == "reference"


@pytest.mark.parametrize("who", ["clerk", "manager", "desk", "administrator", "auditor"])
def test_money_is_not_moved_when_somebody_else_than_finance_tries(portal: Portal, who: str) -> None:
    """L7, L3: deposits and reversals come from finance."""
    made = deposit(portal, "ICBC 77")
    someone = portal.cast[who]

    def book() -> None:
        services.deposit(
            dealer_id=portal.dealers["north"], amount=1, reference="X", by=someone, now=portal.now
        )

    def undo() -> None:
        services.reverse(again(made), by=someone, now=portal.now, reason="Wrong")

    refused(portal, Forbidden, book)
    refused(portal, Forbidden, undo)


def test_entry_is_undone_when_it_is_reversed(portal: Portal) -> None:
    """L3: a mistake is put right by one reversal that names the original."""
    made = deposit(portal, "ICBC 77")
    with portal.transaction():
        undone = services.reverse(
            again(made), by=portal.finance, now=portal.now, reason=" Booked twice "
        )
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT)
    assert (undone.reverses_id, undone.amount, undone.kind) == (made.id, made.amount, "reversal")
    assert (undone.from_account_id, undone.to_account_id) == (
        made.to_account_id,
        made.from_account_id,
    )
    assert undone.values == {"reason": "Booked twice"}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"deposit", "reversal"}))
def test_entry_stays_when_a_document_caused_it(portal: Portal, kind: str) -> None:
    """L3, L8: one person of finance undoes no deduction, refund or reimbursement by hand."""
    with portal.transaction():
        made = transfer(portal, kind=kind, document=dealer(portal))

    def undo() -> None:
        services.reverse(again(made), by=portal.finance, now=portal.now, reason="Wrong")

    assert dealer_title(portal) in str(refused(portal, Invalid, undo))
    with portal.transaction():
        loose = transfer(portal, kind=kind, cause="test/loose")
    made = loose
    assert "by hand" in str(refused(portal, Invalid, undo))


def dealer_title(portal: Portal) -> str:
    with portal.transaction():
        return dealer(portal).title


def test_deposit_that_never_came_is_undone_when_it_is_reserved_already(portal: Portal) -> None:
    """L3, L5: the books say what is true; nothing more can be reserved until it is paid."""
    made = deposit(portal, "ICBC 77")
    reserve(portal, DEPOSIT + 10_000)
    with portal.transaction():
        services.reverse(again(made), by=portal.finance, now=portal.now, reason="Bounced")
    assert figures(portal) == (DEPOSIT, DEPOSIT + 10_000, -10_000)
    refusal = refused(portal, TooLittleMoney, lambda: reserve(portal, 1, "test/2"))
    assert refusal.missing == 10_001


def history(portal: Portal, name: str = "north") -> list[Event]:
    with portal.transaction():
        account = services.locked_account(portal.dealers[name])
        mine = Event.document_kind == "account", Event.document_id == account.id
        return list(session.scalars(select(Event).where(*mine).order_by(Event.seq)))


def test_credit_limit_counts_when_finance_sets_it(portal: Portal) -> None:
    """L5, P4: at once, for one dealer; who, from, to and why stay on the account."""
    set_limit(portal, 500)
    set_limit(portal, 200, reason=" Pays late ")
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT + 200)
    assert figures(portal, "south") == (DEPOSIT, 0, DEPOSIT)
    changes = [event for event in history(portal) if event.name == "set_limit"]
    assert [event.values for event in changes] == [
        {"credit_limit": [0, 500]},
        {"credit_limit": [500, 200]},
    ]
    assert changes[1].reason == "Pays late"
    assert {event.actor_id for event in changes} == {portal.finance.id}
    with portal.transaction():
        assert list(events_verify()) == []


def test_reservation_stays_when_the_credit_limit_falls_below_it(portal: Portal) -> None:
    """L5, L6: what is reserved stays reserved, and can be posted; nothing new is."""
    set_limit(portal, 500)
    held = reserve(portal, DEPOSIT + 500)
    set_limit(portal, 0)
    assert figures(portal) == (DEPOSIT, DEPOSIT + 500, -500)
    refused(portal, TooLittleMoney, lambda: reserve(portal, 1, "test/2"))
    with portal.transaction():
        post(portal, held, Posting("parts_deduction", PARTS_SALES, DEPOSIT + 500))
    assert figures(portal) == (-500, 0, -500)


@pytest.mark.parametrize(
    ("limit", "reason", "field"),
    [
        (-1, "Why", "credit_limit"),
        (LARGEST + 1, "Why", "credit_limit"),
        (0, "Why", "credit_limit"),
        (500, " \n", "reason"),
    ],
)
def test_credit_limit_stays_when_the_new_one_is_no_good(
    portal: Portal, limit: int, reason: str, field: str
) -> None:
    """L5, P4: not negative, not too large, another one than before, and with a reason."""
    refusal = refused(portal, Invalid, lambda: set_limit(portal, limit, reason=reason))
    assert field in (refusal.field, *refusal.fields)
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT)


@pytest.mark.parametrize("who", ["desk", "warehouse", "reviewer", "administrator", "auditor"])
def test_credit_limit_stays_when_somebody_else_than_finance_sets_it(
    portal: Portal, who: str
) -> None:
    """Domain, 2: money is finance's; the administrator has none of it."""
    refused(portal, Forbidden, lambda: set_limit(portal, 500, by=portal.cast[who]))


@pytest.mark.parametrize("who", ["manager", "other_manager"])
def test_credit_limit_stays_when_a_dealer_sets_it(portal: Portal, who: str) -> None:
    """P1: not one's own, and another's is not there."""
    what: type[Refusal] = Forbidden if who == "manager" else NotFound
    refused(portal, what, lambda: set_limit(portal, 500, by=portal.cast[who]))


def test_second_of_finance_is_told_when_the_limit_was_just_changed(portal: Portal) -> None:
    """P4: a change is made to what was seen; a deposit in between is no such change."""
    deposit(portal, "ICBC 77")
    set_limit(portal, 500, seen=1)
    refused(portal, Stale, lambda: set_limit(portal, 600, seen=1))
    assert figures(portal)[2] == DEPOSIT + 10_500


def test_entry_is_reversed_once_when_it_is_tried_again(portal: Portal) -> None:
    """L3: a transfer is reversed at most once, a reversal never."""
    made = deposit(portal, "ICBC 77")

    def undo(entry: Transfer) -> Transfer:
        return services.reverse(again(entry), by=portal.finance, now=portal.now, reason="Wrong")

    with portal.transaction():
        reversal = undo(made)
    refused(portal, Conflict, lambda: undo(made))
    refused(portal, Invalid, lambda: undo(reversal))
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT)


def test_reversal_is_refused_when_nobody_says_why(portal: Portal) -> None:
    """L3: a reversal has a reason."""
    made = deposit(portal, "ICBC 77")
    refusal = refused(
        portal,
        Invalid,
        lambda: services.reverse(again(made), by=portal.finance, now=portal.now, reason=" \n"),
    )
    assert refusal.field == "reason"


def test_money_is_set_aside_when_it_is_reserved(portal: Portal) -> None:
    """L5, L6: available is posted plus credit less reserved."""
    held = reserve(portal, 400_000)
    assert figures(portal) == (DEPOSIT, 400_000, DEPOSIT - 400_000)
    assert (held.document_kind, held.document_id) == ("dealer", portal.dealers["north"])


def test_everything_can_be_reserved_when_it_is_available(portal: Portal) -> None:
    """L5: available may come to zero, with the credit limit used."""
    set_limit(portal, 500)
    reserve(portal, DEPOSIT + 500)
    assert figures(portal) == (DEPOSIT, DEPOSIT + 500, 0)
    refusal = refused(portal, TooLittleMoney, lambda: reserve(portal, 1, "test/2"))
    assert refusal.missing == 1


def test_nothing_is_reserved_when_too_little_is_available(portal: Portal) -> None:
    """L5, A5: the refusal says how much is missing."""
    refusal = refused(portal, TooLittleMoney, lambda: reserve(portal, DEPOSIT + 1))
    assert refusal.missing == 1
    refused(portal, Invalid, lambda: reserve(portal, 0))


def test_reservation_is_made_once_when_it_is_tried_again(portal: Portal) -> None:
    """L4, L6: one cause, one reservation, also when nothing would be left for a second."""
    reserve(portal, DEPOSIT)
    refused(portal, Conflict, lambda: reserve(portal, DEPOSIT))


def test_reserved_money_is_free_when_it_is_voided(portal: Portal) -> None:
    """L6: cancelling voids a reservation."""
    held = reserve(portal, 400)
    with portal.transaction():
        services.void(again(held), now=portal.now)
    assert figures(portal) == (DEPOSIT, 0, DEPOSIT)


def post(portal: Portal, held: Reservation, *postings: Posting) -> list[Transfer]:
    return services.post(
        again(held), list(postings), document=dealer(portal), by=portal.finance, now=portal.now
    )


def test_reserved_money_is_deducted_when_it_is_posted(portal: Portal) -> None:
    """L6: releasing posts a reservation, in parts that have its amount together."""
    held = reserve(portal, 400)
    with portal.transaction():
        made = post(
            portal,
            held,
            Posting("parts_deduction", PARTS_SALES, 390),
            Posting("freight", FREIGHT, 10),
        )
    assert figures(portal) == (DEPOSIT - 400, 0, DEPOSIT - 400)
    assert [entry.cause for entry in made] == ["test/1/parts_deduction", "test/1/freight"]


def test_reservation_ends_once_when_it_is_tried_again(portal: Portal) -> None:
    """L6: one of posting and voiding ends every reservation, exactly once."""
    posted, voided = reserve(portal, 400), reserve(portal, 500, "test/2")
    everything = Posting("parts_deduction", PARTS_SALES, 400)
    with portal.transaction():
        post(portal, posted, everything)
        services.void(again(voided), now=portal.now)
    for held in (posted, voided):
        refused(portal, Conflict, lambda held=held: services.void(again(held), now=portal.now))
    refused(portal, Conflict, lambda: post(portal, posted, everything))
    assert figures(portal) == (DEPOSIT - 400, 0, DEPOSIT - 400)


def test_reservation_stays_when_another_amount_is_posted(portal: Portal) -> None:
    """L6: what is posted is what was reserved."""
    held = reserve(portal, 400)
    with pytest.raises(ValueError, match="reserved"), portal.transaction():
        post(portal, held, Posting("parts_deduction", PARTS_SALES, 399))
    assert figures(portal) == (DEPOSIT, 400, DEPOSIT - 400)


def test_headquarters_accounts_balance_the_dealers_when_summed(portal: Portal) -> None:
    """L2: double entry: what all accounts have together is nothing."""
    deposit(portal, "ICBC 77")
    with portal.transaction():
        transfer(portal)
        bank = session.scalars(select(Account.id).where(Account.purpose == BANK)).one()
        came = func.sum(Transfer.amount)
        out = session.scalar(select(came).where(Transfer.from_account_id == bank))
        sales = session.scalar(select(came).where(Transfer.kind == "parts_deduction"))
    balances = figures(portal)[0] + figures(portal, "south")[0]
    assert out is not None
    assert sales is not None
    assert out - sales == balances
