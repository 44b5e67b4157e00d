"""Money moves as the rules say (L1–L7)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid, Refusal, TooLittleMoney
from portal.core.money import LARGEST
from portal.ledger import services
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
from tests.functional.ledger.books import again, dealer, deposit, figures, reserve
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


def test_books_have_one_account_for_each_purpose_when_opened_again(portal: Portal) -> None:
    """L2: each dealer has one account, headquarters one for each purpose."""
    with portal.transaction():
        services.open_books()
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
    with portal.transaction():
        made = transfer(portal, document=dealer(portal))
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
    assert undone.document_name == made.document_name
    assert undone.values == {"reason": "Booked twice"}


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
    with portal.transaction():
        services.open_account(portal.dealers["north"], credit_limit=500)
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
