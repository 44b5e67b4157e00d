"""Adjustments and penalties: a maker, evidence, a checker, and the dealer's answer (L8, F3)."""

import re
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import select

from portal.core.db import session
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Stale, WrongState
from portal.corrections import services
from portal.corrections.models import Correction
from portal.files.models import Attachment
from portal.ledger.models import Account, Transfer
from portal.ledger.verify import verify
from portal.notices.models import Notice
from portal.people.models import Dealer
from tests.support import correcting
from tests.support.portal import DEPOSIT, Portal


def balance(portal: Portal, dealer: str = "north") -> int:
    """What is posted on a dealer's account."""
    with portal.transaction():
        mine = Account.dealer_id == portal.dealers[dealer]
        return session.scalars(select(Account.posted).where(mine)).one()


def entries(portal: Portal) -> list[tuple[str, int]]:
    """What was booked of corrections, in order."""
    with portal.transaction():
        mine = Transfer.document_kind == "correction"
        rows = session.execute(
            select(Transfer.kind, Transfer.amount).where(mine).order_by(Transfer.id)
        )
        return [(kind, amount) for kind, amount in rows]


@pytest.mark.parametrize("amount", [5000, -5000])
def test_adjustment_is_booked_by_another_one_of_finance(portal: Portal, amount: int) -> None:
    """L8, L2: for the dealer or against it, once; what is kept agrees with the books (L10)."""
    made = correcting.asked(portal, amount=amount)
    assert balance(portal) == DEPOSIT
    with pytest.raises(Forbidden, match="asked for it yourself"):
        correcting.stepped(portal, made, "book", portal.finance)
    other = correcting.checker(portal)
    correcting.stepped(portal, made, "book", other)
    assert balance(portal) == DEPOSIT + amount
    assert entries(portal) == [("adjustment", 5000)]
    with pytest.raises(WrongState):
        correcting.stepped(portal, made, "book", other)
    with portal.transaction():
        assert list(verify()) == []


def test_booked_correction_is_reversed_once(portal: Portal) -> None:
    """L3, P2: with a reason, by who did not ask for it; both entries stay."""
    made, other = correcting.booked(portal), correcting.checker(portal)
    with pytest.raises(Forbidden, match="asked for it yourself"):
        correcting.stepped(portal, made, "reverse", portal.finance, "It was right before")
    with pytest.raises(Invalid):
        correcting.stepped(portal, made, "reverse", other)
    correcting.stepped(portal, made, "reverse", other, "It was right before")
    assert balance(portal) == DEPOSIT
    assert entries(portal) == [("adjustment", 5000), ("reversal", 5000)]
    with pytest.raises(WrongState):
        correcting.stepped(portal, made, "reverse", other, "Again")
    with portal.transaction():
        assert list(verify()) == []


def test_penalty_waits_for_the_dealers_answer(portal: Portal) -> None:
    """F3: until the last second of the day that the policy value gives; answered, it can go on."""
    other = correcting.checker(portal)
    made = correcting.asked(portal, sort="penalty")
    assert (made.status, made.amount) == ("announced", -5000)
    with pytest.raises(Forbidden, match="may still answer"):
        correcting.stepped(portal, made, "book", other)
    assert made.answer_by is not None
    portal.clock.at = made.answer_by
    with pytest.raises(Forbidden):
        correcting.stepped(portal, made, "book", other)
    manager = portal.client(portal.manager)
    url = f"/corrections/{made.public_id}"
    answer = manager.post(f"{url}/answer", {"seen": "2", "reason": "The rates hung there"})
    assert answer.status_code == 303, answer.text
    finance = portal.client(other)
    assert "The rates hung there" in finance.get(url).text
    correcting.stepped(portal, made, "book", other)
    assert entries(portal) == [("penalty", 5000)]
    assert balance(portal) == DEPOSIT - 5000


def test_penalty_is_booked_when_nobody_answered(portal: Portal) -> None:
    """F3: after the time is over the dealer cannot answer any more, and it can be booked."""
    other = correcting.checker(portal)
    made = correcting.asked(portal, sort="penalty")
    assert made.answer_by is not None
    portal.clock.at = made.answer_by + timedelta(seconds=1)
    with portal.transaction():
        late = session.get_one(Correction, made.id)
        with pytest.raises(Conflict):
            services.answer(late, "Too late", [], seen=None, by=portal.manager, now=portal.now)
    correcting.stepped(portal, made, "book", other)
    assert entries(portal) == [("penalty", 5000)]


def test_dropped_penalty_costs_nothing_and_says_why(portal: Portal) -> None:
    """F3: whoever of finance drops it, the dealer reads why."""
    made = correcting.asked(portal, sort="penalty")
    correcting.stepped(portal, made, "drop", portal.finance, "The photo was of another shop")
    page = portal.client(portal.manager).get(f"/corrections/{made.public_id}").text
    assert "The photo was of another shop" in page
    assert entries(portal) == []


def test_dealer_knows_of_an_adjustment_once_it_is_booked(portal: Portal) -> None:
    """P1: neither its page, nor a notice, nor a search before; another dealer never."""
    other = correcting.checker(portal)
    made = correcting.asked(portal)
    url = f"/corrections/{made.public_id}"
    manager, stranger = portal.client(portal.manager), portal.client(portal.other_manager)
    assert manager.get(url).status_code == 404
    assert made.number not in manager.get("/corrections").text
    with portal.transaction():
        told = session.scalars(select(Notice.user_id).where(Notice.title == made.number)).all()
    assert set(told) == {other.id}
    correcting.stepped(portal, made, "book", other)
    assert manager.get(url).status_code == 200
    assert stranger.get(url).status_code == 404
    declined = correcting.asked(portal)
    correcting.stepped(portal, declined, "decline", other, "No evidence of it")
    assert manager.get(f"/corrections/{declined.public_id}").status_code == 404


def test_proposal_needs_evidence_and_keeps_what_was_typed(portal: Portal) -> None:
    """L8: an amount, a reason, evidence; refused, nothing is lost."""
    finance = portal.client(portal.finance)
    with portal.transaction():
        north = session.get_one(Dealer, portal.dealers["north"]).public_id
    typed = {"dealer": north, "what": "debit", "amount": "12.345", "reason": "Twice"}
    answer = finance.post("/corrections/new", typed)
    assert answer.status_code == 422
    assert "12.345" in answer.text
    answer = finance.post("/corrections/new", typed | {"amount": "12.34"})
    assert answer.status_code == 422
    assert "Attach the evidence" in answer.text
    assert "evidence=1" in answer.text, "still called so when a file went up"
    for page in (answer, finance.post("/files?evidence=1", {"files": (BytesIO(b"x"), "x.pdf")})):
        assert re.search(r"<label[^>]*>\s*Evidence", page.text)
    assert "Twice" in answer.text


def test_only_finance_asks_and_only_the_dealers_manager_answers(portal: Portal) -> None:
    """L8, P1, P2: wrong role, foreign dealer, stale; who asked for it withdraws it, nobody else."""
    other = correcting.checker(portal)
    made = correcting.asked(portal, sort="penalty")
    for who, refusal in (
        (portal.clerk, Forbidden),
        (portal.desk, Forbidden),
        (portal.other_manager, NotFound),
    ):
        with portal.transaction():
            penalty = session.get_one(Correction, made.id)
            with pytest.raises(refusal):
                services.answer(penalty, "No", [], seen=None, by=who, now=portal.now)
    with portal.transaction():
        penalty = session.get_one(Correction, made.id)
        with pytest.raises(Stale):
            services.answer(penalty, "No", [], seen=1, by=portal.manager, now=portal.now)
    with pytest.raises(Forbidden):
        correcting.stepped(portal, made, "book", portal.administrator)
    mine = correcting.asked(portal)
    with pytest.raises(Forbidden, match="Only who asked"):
        correcting.stepped(portal, mine, "withdraw", other)
    correcting.stepped(portal, mine, "withdraw", portal.finance)
    with pytest.raises(WrongState):
        correcting.stepped(portal, mine, "book", other)


def test_what_was_said_before_the_dealer_sees_it_stays_at_headquarters(portal: Portal) -> None:
    """P1, L8: of an adjustment that is booked the dealer reads what is said from then on."""
    asked = correcting.asked(portal)
    box, page = f"/comments/correction/{asked.public_id}", f"/corrections/{asked.public_id}"
    finance = portal.client(portal.finance)
    assert "Only headquarters sees it." in finance.get(page).text
    photo = BytesIO()
    Image.new("RGB", (60, 40)).save(photo, "PNG")
    photo.seek(0)
    inside = {"text": "They count badly", "files": (photo, "count.png")}
    assert finance.post(box, inside).status_code == 303
    correcting.stepped(portal, asked, "book", correcting.checker(portal))
    assert finance.post(box, {"text": "Ask us if it is unclear"}).status_code == 303
    read = portal.client(portal.manager).get(page).text
    assert "Ask us if it is unclear" in read
    assert "They count badly" not in read
    assert "count.png" not in read
    for who in (portal.finance, portal.auditor):
        read = portal.client(who).get(page).text
        assert "They count badly" in read
        assert "count.png" in read
    with portal.transaction():
        name = session.scalars(
            select(Attachment.public_id).where(Attachment.name.startswith("count"))
        ).one()
    for url in (f"/files/{name}", f"/files/{name}/thumbnail"):
        assert portal.client(portal.manager).get(url).status_code == 404
        assert portal.client(portal.auditor).get(url, buffered=True).status_code == 200
    archive = portal.client(portal.manager).get("/own-data.zip", buffered=True)
    names = zipfile.ZipFile(BytesIO(archive.data)).namelist()
    theirs = [one for one in names if asked.number in one]
    assert len(theirs) == 1, "its evidence"
    assert "count" not in theirs[0]
