"""What customers see of a dealer's rates: the board in the shop, and the page of its code (F1)."""

from datetime import date

from sqlalchemy import update

from portal.core.db import session
from portal.people.models import Dealer
from tests.support import fees
from tests.support.pdf import Paper
from tests.support.portal import Portal


def _page_of(portal: Portal, dealer: str = "north") -> str:
    with portal.transaction():
        return f"/rates/{session.get_one(Dealer, portal.dealers[dealer]).public_id}"


def test_anybody_reads_the_rates_in_force_and_nothing_else(portal: Portal) -> None:
    """F1: no login, no cookie, no other data; the page may be kept for some minutes."""
    item = fees.named(portal, "V-10", "Visit", name_zh="上门", name_pl="Wizyta")
    url = _page_of(portal)
    anybody = portal.app.test_client()
    assert anybody.get(url).status_code == 404
    schedule = fees.submitted(portal, fees.of(item, 9900), since=date(2026, 10, 12))
    assert anybody.get(url).status_code == 404
    fees.stepped(portal, schedule, "approve")
    answer = anybody.get(url, headers={"Accept-Language": "zh-CN"})
    assert answer.status_code == 200
    assert "上门" in answer.text
    assert "99.00" in answer.text
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert "Accept-Language" in answer.headers["Vary"]
    known = {"If-None-Match": answer.headers["ETag"], "Accept-Language": "zh-CN"}
    again = anybody.get(url, headers=known)
    assert again.status_code == 304
    for secret in ("Wages here", "manager", "csrf"):
        assert secret not in answer.text, secret
    assert anybody.get("/rates/AAAAAAAAAAAAAAAA").status_code == 404


def test_page_is_gone_when_the_dealer_is_not_active(portal: Portal) -> None:
    """F1, P5: who has left has no rates."""
    fees.approved(portal, since=date(2026, 10, 12))
    url = _page_of(portal)
    anybody = portal.app.test_client()
    assert anybody.get(url).status_code == 200
    with portal.transaction():
        session.execute(update(Dealer).values(status="deactivated"))
    assert anybody.get(url).status_code == 404


def test_board_is_printed_of_approved_rates_only(portal: Portal) -> None:
    """F1: one sheet, A4 or A3, with the amounts and the code."""
    item = fees.named(portal, "V-10", "Visit", name_zh="上门")
    lines = [fees.of(item, 6050), *(fees.own(100 * n, f"Work {n}", n) for n in range(1, 30))]
    schedule = fees.submitted(portal, *lines)
    manager = portal.client(portal.manager)
    url = f"/fees/{schedule.public_id}/board.pdf"
    assert manager.get(url, buffered=True).status_code == 404
    fees.stepped(portal, schedule, "approve")
    for name, size in (("a4", (595, 842)), ("a3", (842, 1191))):
        answer = manager.get(f"{url}?size={name}", buffered=True)
        assert answer.status_code == 200
        board = Paper(answer)
        assert board.sizes == {size}
        assert len(board) == 1
        assert "60.50" in board.text
        assert "SF-2026-D0001-00001" in board.text
        assert board.codes == [f"http://localhost{_page_of(portal)}"]
