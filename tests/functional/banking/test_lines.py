"""The bank's lines (L7): assigned by hand, set aside, and put right."""

import pytest
from sqlalchemy import select

from portal.banking import queries, services
from portal.banking.models import BankLine
from portal.core.db import session
from portal.core.errors import Forbidden, Invalid, NotFound, WrongState
from portal.ledger import services as ledger
from portal.ledger.models import Account, Transfer
from portal.ledger.verify import verify
from portal.people.models import Dealer
from tests.support import banking, story
from tests.support.banking import row, table
from tests.support.portal import DEPOSIT, Portal
from tests.support.queries import counted, plan_of


def public(portal: Portal, dealer: str) -> str:
    with portal.transaction():
        return session.get_one(Dealer, portal.dealers[dealer]).public_id


def posted(portal: Portal, dealer: str) -> int:
    with portal.transaction():
        account = session.scalars(
            select(Account).where(Account.dealer_id == portal.dealers[dealer])
        ).one()
        return account.posted - DEPOSIT


def differences(portal: Portal) -> list[str]:
    with portal.transaction():
        return list(verify())


def test_line_is_booked_when_finance_says_whose_it_is(portal: Portal) -> None:
    """L7: by hand, on its page; the next line that waits is shown then."""
    first, second = (banking.waiting(portal, number) for number in (1, 2))
    client = portal.client(portal.finance)
    url = f"/accounts/bank/lines/{first.public_id}"
    assert "Neither the purpose nor the remitter" in client.get(url).text
    typed = {"dealer": public(portal, "north"), "seen": str(first.version)}
    answer = client.post(f"{url}/book", typed)
    assert answer.location == f"/accounts/bank/lines/{second.public_id}"
    assert "CN¥100.00 are booked." in client.get(answer.location).text
    assert posted(portal, "north") == 10000
    again = client.post(f"{url}/book", typed | {"seen": "2"})
    assert again.status_code == 409
    assert posted(portal, "north") == 10000
    page = client.get(url).text
    assert "D0001 北方卫浴服务有限公司" in page
    entry = client.get(page.split('href="/entries/')[1].split('"')[0].join(["/entries/", ""]))
    assert f'href="{url}"' in entry.text, "the entry opens into the bank's line"
    assert differences(portal) == []


def test_dealer_reads_the_reference_and_not_the_line(portal: Portal) -> None:
    """P1: the bank's statement is headquarters' own."""
    banking.imported(portal, table(row(1, purpose="D0001 secret words")))
    (line,) = banking.lines(portal)
    client = portal.client(portal.manager)
    page = client.get("/account").text
    assert "REF-1" in page
    assert line.public_id not in page
    assert "secret words" not in page
    assert client.get(f"/accounts/bank/lines/{line.public_id}").status_code == 403
    assert client.get("/accounts/bank").status_code == 403


def test_line_is_set_aside_when_it_is_not_ours(portal: Portal) -> None:
    """L7, P4: with a reason; it can be taken up again."""
    line = banking.waiting(portal)
    client = portal.client(portal.finance)
    url = f"/accounts/bank/lines/{line.public_id}"
    assert client.post(f"{url}/steps/set_aside", {"seen": "1"}).status_code == 422
    typed = {"seen": "1", "reason": "A tax refund"}
    assert client.post(f"{url}/steps/set_aside", typed).status_code == 303
    assert "A tax refund" in client.get(url).text
    refused = client.post(f"{url}/book", {"dealer": public(portal, "north"), "seen": "2"})
    assert refused.status_code == 409
    assert client.post(f"{url}/steps/reopen", {"seen": "2"}).status_code == 303
    typed = {"dealer": public(portal, "north"), "seen": "3"}
    assert client.post(f"{url}/book", typed).status_code == 303
    assert posted(portal, "north") == 10000


def test_line_waits_again_when_its_deposit_is_reversed(portal: Portal) -> None:
    """L3, L4, L7: booked for the wrong dealer, reversed, and booked for the right one, once."""
    banking.imported(portal, table(row(1)))
    with portal.transaction():
        entry = session.scalars(
            select(Transfer).where(Transfer.document_kind == BankLine.kind)
        ).one()
        ledger.reverse(entry, by=portal.finance, now=portal.now, reason="It is D0002's")
    (line,) = banking.lines(portal)
    assert (line.status, line.payer_id) == ("open", None)
    assert differences(portal) == []
    for dealer in ("south", "north"):
        with portal.transaction():
            line = session.get_one(BankLine, line.id)
            if dealer == "south":
                services.assign(
                    line, portal.dealers[dealer], seen=None, by=portal.finance, now=portal.now
                )
            else:
                with pytest.raises(WrongState):
                    services.assign(
                        line, portal.dealers[dealer], seen=None, by=portal.finance, now=portal.now
                    )
    assert (posted(portal, "north"), posted(portal, "south")) == (0, 10000)
    with pytest.raises(Invalid):
        banking.imported(portal, table(row(1)))
    assert differences(portal) == []


def test_deposit_by_hand_is_refused_when_the_line_waits(portal: Portal) -> None:
    """L7: the bank's line would be there twice."""
    banking.waiting(portal)
    client = portal.client(portal.finance)
    typed = {"dealer": public(portal, "north"), "amount": "100.00", "reference": "ref-1"}
    answer = client.post("/deposits/new", typed)
    assert answer.status_code == 422
    assert "among the lines to assign" in answer.text
    assert "This reference is in the books" not in answer.text
    assert posted(portal, "north") == 0


def test_nobody_else_assigns_lines(portal: Portal) -> None:
    """P3: finance books; the auditor reads."""
    line = banking.waiting(portal)
    for who in ("auditor", "administrator", "desk", "manager"):
        north, by = portal.dealers["north"], portal.cast[who]
        with portal.transaction():
            mine = session.get_one(BankLine, line.id)
            with pytest.raises((Forbidden, NotFound)):
                services.assign(mine, north, seen=None, by=by, now=portal.now)
    assert posted(portal, "north") == 0
    assert portal.client(portal.auditor).get("/accounts/bank").status_code == 200


def test_dealer_is_proposed_when_the_remitter_is_known(portal: Portal) -> None:
    """A guess for a person to look at, never booked by itself."""
    banking.imported(portal, table(row(1, purpose="D0002", remitter="Jan")))
    banking.imported(portal, table(row(2, purpose="?", remitter="Jan")))
    line = banking.lines(portal, "open")[0]
    page = portal.client(portal.finance).get(f"/accounts/bank/lines/{line.public_id}").text
    assert f'<option selected value="{public(portal, "south")}"' in page
    assert "because of the remitter" in page


def test_finance_sees_on_the_home_page_what_waits(portal: Portal) -> None:
    """Look: home is the work that waits for me."""
    banking.waiting(portal)
    banking.sent(portal, table(row(2)))
    page = portal.client(portal.finance).get("/").text
    assert "Bank lines to assign" in page
    assert "Bank files to book" in page
    assert "Bank lines to assign" not in portal.client(portal.auditor).get("/").text


def test_list_of_lines_costs_the_same_however_long(portal: Portal) -> None:
    """A fixed number of queries."""
    client, found = portal.client(portal.finance), []
    for start in (0, 40):
        banking.imported(
            portal, table(*(row(one + start, purpose="?") for one in range(5 + start)))
        )
        with counted(portal.app) as statements:
            assert client.get("/accounts/bank").status_code == 200
        found.append(len(statements))
    assert found[0] == found[1] <= 5


def test_verify_finds_a_line_that_says_other_than_the_books(portal: Portal) -> None:
    """L10: booked means one deposit that stands."""
    line = banking.waiting(portal)
    with portal.transaction():
        changed = session.get_one(BankLine, line.id)
        changed.status, changed.payer_id = "booked", portal.dealers["north"]
    assert any(line.key in sentence for sentence in differences(portal))


def test_lines_are_found_by_what_the_bank_says_and_by_their_payer(portal: Portal) -> None:
    """House: by an index; a line whose deposit is reversed is its payer's no more."""
    banking.imported(
        portal, banking.table(banking.row(1), banking.row(2, purpose="Dziękuję", remitter="Żak"))
    )
    client = portal.client(portal.finance)

    def found(words: str) -> list[str]:
        page = client.get("/accounts/bank", query_string={"tab": "all", "q": words}).text
        return [name for name in ("REF-1", "REF-2") if name in page.partition("results")[2]]

    assert found("ref-1") == ["REF-1"]
    assert found("żak") == found("DZIĘK") == found("ref-2") == ["REF-2"]
    assert found("北方") == found("d0001") == ["REF-1"]
    assert found("ref") == ["REF-1", "REF-2"]
    assert found("nobody") == []
    with portal.transaction():
        plan = plan_of(queries.lines(portal.finance, "dzięk"))
        entry = session.scalars(select(Transfer).where(Transfer.document_kind == "bankline")).one()
        ledger.reverse(entry, by=portal.finance, now=portal.now, reason="Not theirs")
    assert "bank_line_search" in plan
    assert found("北方") == []
    assert found("d0001") == ["REF-1"], "its purpose still names the dealer"


def test_lines_are_found_by_what_their_payer_is_called_now(portal: Portal) -> None:
    """House: a dealer may get another name after its money came."""
    banking.imported(
        portal, banking.table(banking.row(1), banking.row(2, purpose="", remitter="Żak"))
    )
    story.renamed(portal, "north", "Jezioro Żabie")
    for text in ("żabie", "D0001"):
        page = portal.client(portal.finance).get(
            "/accounts/bank", query_string={"tab": "all", "q": text}
        )
        assert "REF-1" in page.text.partition("results")[2], text
        assert "REF-2" not in page.text.partition("results")[2], text
