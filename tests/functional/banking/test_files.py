"""The bank's files (L7): read as banks write them, each line booked once, ever."""

import os
import signal
from collections import Counter
from datetime import date
from io import BytesIO
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, func, select

from portal.banking import services
from portal.banking.matching import Dealers
from portal.banking.models import BankFile, BankLine
from portal.banking.rows import LineRow
from portal.catalogue.sheet_preview import Preview
from portal.core import events, jobs
from portal.core.db import _reading, db, session
from portal.core.errors import Invalid, Stale, WrongState
from portal.ledger import services as ledger
from portal.ledger.models import Account
from portal.ledger.verify import verify
from portal.sheets.table import read_table
from portal.sheets.writing import write_xlsx
from tests.support import banking
from tests.support.banking import HEADINGS, row, table
from tests.support.portal import DEPOSIT, Client, Portal
from tests.support.queries import counted


def posted(portal: Portal) -> dict[str, int]:
    """What came onto each account since the start, in minor units."""
    with portal.transaction():
        of_dealers = select(Account.code, Account.posted).where(Account.code.is_not(None))
        return {code: amount - DEPOSIT for code, amount in session.execute(of_dealers)}


def differences(portal: Portal) -> list[str]:
    with portal.transaction():
        return list(verify())


def send(client: Client, content: bytes, name: str = "bank.csv") -> str:
    """Send a file on the page; where it leads."""
    answer = client.post("/accounts/bank/files", {"file": (BytesIO(content), name)})
    assert answer.status_code == 303, answer.text
    return answer.location


def previewed(file_id: int) -> Preview[LineRow]:
    file = session.get_one(BankFile, file_id)
    return services.preview(file, services.table_of(file), banking.MONEY, now=file.created_at)


def judged(portal: Portal, content: bytes) -> Preview[LineRow]:
    """What a file would bring."""
    made = banking.sent(portal, content)
    with portal.transaction():
        return previewed(made.id)


def test_chinese_file_is_read_when_it_comes_from_a_bank(portal: Portal) -> None:
    """L7: GB18030, lines above the headings, a column for what went out, its own dates."""
    file = banking.imported(portal, banking.CHINESE)
    booked, waits = banking.lines(portal)
    assert (booked.status, booked.amount, booked.day) == ("booked", 1250000, date(2026, 10, 9))
    assert (booked.reference, booked.remitter) == ("H2610090001", "北方卫浴服务有限公司")
    assert (waits.status, waits.amount, waits.why) == ("open", 80050, "none")
    assert posted(portal) == {"D0001": 1250000, "D0002": 0}
    assert Counter(file.mapping["counts"]) == Counter(
        total=3, new=1, open=1, done=0, out=1, noted=0, wrong=0
    )
    assert differences(portal) == []


def test_polish_file_is_read_when_it_comes_from_a_bank(portal: Portal) -> None:
    """L7: Windows-1250, semicolons, decimal commas, debits below zero; a code in small letters."""
    banking.imported(portal, banking.POLISH)
    booked, waits = banking.lines(portal)
    assert (booked.amount, booked.remitter) == (125000, "Łazienki Południe Sp. z o.o.")
    assert (waits.amount, waits.purpose) == (9950, "Zażółć gęślą jaźń")
    assert posted(portal) == {"D0001": 0, "D0002": 125000}


def test_workbook_is_read_when_the_bank_gives_one(portal: Portal) -> None:
    """L7: an .xlsx file does as well."""
    content = write_xlsx(HEADINGS, [(date(2026, 10, 9), 100.5, "X-1", "A", "For D0001")])  # type: ignore[list-item]
    banking.imported(portal, content, "bank.xlsx")
    assert posted(portal) == {"D0001": 10050, "D0002": 0}


def test_line_is_booked_once_when_files_overlap(portal: Portal) -> None:
    """L4, L7: the same file twice, or one that overlaps, books nothing twice."""
    one, two, three = (row(number, purpose=f"D0001 no. {number}") for number in (1, 2, 3))
    banking.imported(portal, table(one, two))
    with pytest.raises(Invalid):
        banking.imported(portal, table(one, two))
    banking.imported(portal, table(two, three))
    # The bank writes its reference with other blanks, in small letters.
    with pytest.raises(Invalid):
        banking.imported(portal, table(row(reference=" ref-1 ", purpose="D0001 no. 1")))
    assert posted(portal)["D0001"] == 30000
    assert len(banking.lines(portal)) == 3
    assert differences(portal) == []


def test_line_without_reference_is_booked_once_when_files_overlap(portal: Portal) -> None:
    """L7: by its fingerprint and its place among equal lines of that day."""
    same = row(reference="")
    banking.imported(portal, table(same, same))
    assert posted(portal)["D0001"] == 20000
    with pytest.raises(Invalid):
        banking.imported(portal, table(same, same))
    # The next file has one more of the same, and the same of another day.
    banking.imported(portal, table(same, row(reference="", day="2026-10-10"), same, same))
    assert posted(portal)["D0001"] == 40000
    assert len(banking.lines(portal)) == 4


def test_line_is_not_booked_twice_when_its_reference_was_left_out(portal: Portal) -> None:
    """L7: the same file with another choice of columns brings nothing new by itself."""
    banking.imported(portal, table(row(1)))
    with pytest.raises(Invalid):
        banking.imported(portal, table(row(reference="")))
    banking.imported(portal, table(row(reference="", amount="70")))
    banking.imported(portal, table(row(2, amount="70")))
    waits = banking.lines(portal)[-1]
    assert (waits.status, waits.why) == ("open", "twice")
    assert posted(portal)["D0001"] == 17000


def test_line_waits_when_its_reference_is_spelt_differently(portal: Portal) -> None:
    """L7: a spreadsheet program cuts references; each line of before stands for one such row."""
    banking.imported(portal, table(row(reference="00000123"), row(reference="00000124")))
    assert posted(portal)["D0001"] == 20000
    again = [row(reference=reference) for reference in ("123", "00000124", "125")]
    banking.imported(portal, table(*again))
    *_known, cut, new = banking.lines(portal)
    assert (cut.reference, cut.status, cut.why) == ("123", "open", "twice")
    assert (new.reference, new.status) == ("125", "booked")
    assert posted(portal)["D0001"] == 30000


def test_row_is_refused_when_its_reference_is_no_reference(portal: Portal) -> None:
    """L7: a voucher number of noughts swallows nobody's money without a word."""
    other = row(reference="0", purpose="D0002")
    file = banking.imported(portal, table(row(reference="0"), other))
    assert (file.mapping["counts"]["new"], file.mapping["counts"]["wrong"]) == (1, 1)
    assert judged(portal, table(other)).counts["noted"] == 1
    assert judged(portal, table(row(reference="0"))).counts["noted"] == 0
    assert posted(portal) == {"D0001": 10000, "D0002": 0}


def test_row_without_reference_has_a_note_when_it_is_known(portal: Portal) -> None:
    """L7: it may be a second payment, so a person can see it."""
    banking.imported(portal, table(row(reference="")))
    counts = judged(portal, table(row(reference=""))).counts
    assert (counts["done"], counts["noted"]) == (1, 1)


def test_line_waits_when_another_file_brings_it_at_the_same_time(portal: Portal) -> None:
    """L7: two workers have judged the same line, once with and once without its reference."""
    one, other = (banking.sent(portal, table(row(reference=text))) for text in ("X-1", ""))
    with portal.transaction():
        for made in (one, other):
            banking.promised(portal, session.get_one(BankFile, made.id))
        rows = {made.id: previewed(made.id).rows for made in (one, other)}
    for made_id, found in rows.items():
        with portal.transaction():
            services.book_some(made_id, found, by=portal.finance, now=portal.now)
    assert [(line.status, line.why) for line in banking.lines(portal)] == [
        ("booked", ""),
        ("open", "twice"),
    ]
    assert posted(portal)["D0001"] == 10000


def test_title_of_a_line_without_reference_names_no_remitter(portal: Portal) -> None:
    """L7, P1: it stays in the ledger, and is no longer than its column there."""
    banking.imported(portal, table(row(reference="", remitter="R" * 300)))
    (line,) = banking.lines(portal)
    assert (line.status, line.title) == ("booked", "2026-10-09 #2")


@pytest.mark.parametrize("heading", ["收付标志", "发生方向", "收支标志"])
def test_money_that_went_out_is_not_booked_when_a_column_says_so(
    portal: Portal, heading: str
) -> None:
    """L7: amounts without a sign, and a column that tells in from out."""
    headings = ("交易日期", "发生额", heading, "流水号", "摘要")
    rows = [("20261009", "100", side, side, "D0001") for side in ("收", "付")]
    banking.imported(portal, table(*rows, headings=headings))
    assert [line.reference for line in banking.lines(portal)] == ["收"]


def test_row_is_refused_when_money_came_in_and_went_out(portal: Portal) -> None:
    """L7: nobody can tell which of the two amounts is meant."""
    headings = ("Date", "Credit", "Debit", "Reference", "Purpose")
    both = ("2026-10-09", "100.00", "40.00", "X-1", "D0001")
    assert judged(portal, table(both, headings=headings)).counts["wrong"] == 1
    one = ("2026-10-09", "0.00", "40.00", "X-1", "D0001")
    assert judged(portal, table(one, headings=headings)).counts["out"] == 1


@pytest.mark.parametrize(
    ("codes", "text", "named"),
    [
        (("N1-12", "N11-2"), "N112", {"N1-12", "N11-2"}),
        (("N1-12", "N11-2"), "for N1-12", {"N1-12", "N11-2"}),
        (("SH-01", "SH01"), "paid SH01", {"SH-01", "SH01"}),
        (("SH-01",), "paid SH 01", {"SH-01"}),
        (("SH-01", "D0001"), "for D 0001", set()),
        (("SH-01", "D0001"), "for D0001", {"D0001"}),
    ],
)
def test_every_dealer_is_named_when_codes_are_alike(
    codes: tuple[str, ...], text: str, named: set[str]
) -> None:
    """L7: codes that are one when written together name several; only a person decides."""
    rows = [SimpleNamespace(id=at, code=code) for at, code in enumerate(codes)]
    found = Dealers.of(rows).named_in(text)  # type: ignore[arg-type]
    assert {row.code for row in found} == named


def test_line_is_known_when_it_was_booked_by_hand(portal: Portal) -> None:
    """L7: a deposit by form and the bank's line are one."""
    with portal.transaction():
        ledger.deposit(
            dealer_id=portal.dealers["south"], amount=10000, reference="Ref -1",
            by=portal.finance, now=portal.now,
        )  # fmt: skip
    banking.imported(portal, table(row(1), row(2)))
    assert posted(portal) == {"D0001": 10000, "D0002": 10000}
    assert [line.reference for line in banking.lines(portal)] == ["REF-2"]


def test_row_is_handed_back_when_it_cannot_be_read(portal: Portal) -> None:
    """L7: with one more column, the error; the others are booked."""
    rows = [
        row(1),
        row(2, day="soon"),
        row(3, amount="much"),
        row(4, amount="12.345"),
        row(5, amount=""),
        row(6, day="2027-01-01"),
        row(reference="4,20123E+15"),
        row(1, amount="99.00"),
        row(9, amount="€ 5.00"),
    ]
    file = banking.imported(portal, table(*rows))
    assert posted(portal)["D0001"] == 10000
    assert file.mapping["counts"]["wrong"] == 8
    url = f"/accounts/bank/files/{file.public_id}/errors.xlsx"
    answer = portal.client(portal.finance).get(url)
    back = read_table(answer.data, "errors.xlsx")
    assert back.headings == (*HEADINGS, "Error")
    assert [found.cells[:5] for found in back.rows] == [tuple(one) for one in rows[1:]]
    assert all(found.cells[5] for found in back.rows)
    assert "Row 2 has the same bank reference" in back.rows[6].cells[5]


@pytest.mark.parametrize(
    ("purpose", "remitter", "why"),
    [
        ("Payment D0001 PA-2026-D0001-00042", "", ""),
        ("货款D0001北京", "", ""),
        ("d0001", "", ""),
        ("Ｄ０００１", "", ""),
        ("Thank you", "D0001", ""),
        ("D00012", "", "none"),
        ("AD0001", "", "none"),
        ("D 0001", "", "none"),
        ("D0001 and D0002", "", "several"),
        ("D0001", "D0002", "several"),
        ("", "", "none"),
    ],
)
def test_dealer_is_found_when_exactly_one_code_is_named(
    portal: Portal, purpose: str, remitter: str, why: str
) -> None:
    """L7: the dealer's code in the purpose, as the page of a quote asks for it."""
    banking.imported(portal, table(row(1, purpose=purpose, remitter=remitter)))
    (line,) = banking.lines(portal)
    assert (line.why, line.status) == (why, "open" if why else "booked")
    assert line.payer_id == (None if why else portal.dealers["north"])


def test_days_are_read_as_the_file_writes_them(portal: Portal) -> None:
    """One day that can be read one way only tells how the others are meant."""
    banking.imported(portal, table(row(1, day="05/09/2026"), row(2, day="25/09/2026")))
    assert [line.day for line in banking.lines(portal)] == [date(2026, 9, 5), date(2026, 9, 25)]


def test_columns_are_confirmed_once_when_a_bank_sends_many_files(portal: Portal) -> None:
    """The mapping is confirmed on the first file of its headings, and remembered."""
    client = portal.client(portal.finance)
    headings = ("When", "How much", "Their number", "Who", "What for")
    where = send(client, table(row(1), headings=headings))
    assert where.endswith("/columns")
    chosen = {"day": "0", "amount": "1", "reference": "2", "remitter": "3", "purpose": "4"}
    assert client.post(where, chosen | {"seen": "1"}).status_code == 303
    name = where.split("/")[-2]
    page = client.get(f"/accounts/bank/files/{name}").text
    assert "<strong>D0001</strong>" in page
    answer = client.post(f"/accounts/bank/files/{name}/import", {"seen": "2"})
    assert answer.status_code == 303, answer.text
    banking.work(portal)
    assert "What it brought" in client.get(f"/accounts/bank/files/{name}").text
    second = send(client, table(row(2, amount="70"), headings=headings))
    assert not second.endswith("/columns")
    assert "<strong>D0001</strong>" in client.get(second).text
    # Other headings are another bank's.
    other = ("When", "Paid", "Their number", "Who", "What for")
    assert send(client, table(row(3), headings=other)).endswith("/columns")


def test_progress_is_shown_while_the_lines_are_booked(portal: Portal) -> None:
    """Look: long work has a page with progress; the inbox tells when it is done."""
    client = portal.client(portal.finance)
    made = banking.sent(portal, table(row(1), row(2, purpose="?")))
    url = f"/accounts/bank/files/{made.public_id}"
    assert client.post(f"{url}/import", {"seen": "1"}).status_code == 303
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "div#standing"})
    assert "<progress" in part.text
    banking.work(portal)
    part = client.get(url, headers={"HX-Request": "true", "HX-Target": "div#standing"})
    assert part.headers["HX-Redirect"] == url
    assert "bank.csv" in client.get("/inbox").text


def killed(portal: Portal, point: int) -> bool:
    """Whether a worker dies: a process of its own, killed as it sends its statement so far on."""
    with portal.app.app_context():
        session.remove()
        db.engine.dispose()
    worker = os.fork()
    if not worker:
        sent = count(1)

        def die(*_: object) -> None:
            if next(sent) == point:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            with portal.app.app_context():
                event.listen(db.engine, "before_cursor_execute", die)
                event.listen(db.engine, "commit", die)
                jobs.drain(portal.clock)
                session.remove()
                db.engine.dispose()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(worker, 0)[1])


def test_booking_goes_on_when_its_worker_is_killed(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L4, L7: between two transactions, within one and at its commit: each line is booked once."""
    monkeypatch.setattr(services, "SOME", 2)
    monkeypatch.setattr(jobs, "MOST_ATTEMPTS", 1000)
    made = banking.sent(portal, table(*(row(number) for number in range(7))))
    with portal.transaction():
        banking.promised(portal, session.get_one(BankFile, made.id))
    deaths, came = 0, []
    while killed(portal, 9 + 3 * deaths):
        deaths += 1
        came.append(len(banking.lines(portal)))
        portal.clock.advance(minutes=6)
    assert deaths > 6
    assert {0, 2, 4, 6} <= set(came)  # as far as whole transactions reach
    assert [line.status for line in banking.lines(portal)] == ["booked"] * 7
    assert posted(portal)["D0001"] == 70000
    with portal.transaction():
        assert session.get_one(BankFile, made.id).status == "imported"
        assert list(events.verify()) == []
    assert differences(portal) == []


def test_nobody_waits_while_the_rows_of_a_file_are_judged(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """L7: a long file takes its time, and SQLite has one writer: it is judged before it writes."""
    is_writing: list[bool] = []
    judge = services.judge

    def watched(*facts: Any) -> Any:
        is_writing.append(not _reading.get())
        return judge(*facts)

    monkeypatch.setattr(services, "judge", watched)
    client = portal.client(portal.finance)
    made = banking.sent(portal, table(row(1)))
    url = f"/accounts/bank/files/{made.public_id}"
    assert client.get(url).status_code == 200
    assert client.post(f"{url}/import", {"seen": "1"}).status_code == 303
    banking.work(portal)
    assert is_writing == [False] * 3
    assert posted(portal)["D0001"] == 10000


def test_file_is_given_up_when_it_is_discarded(portal: Portal) -> None:
    """Nothing of it is booked, and its steps are over."""
    made = banking.sent(portal, table(row(1)))
    with portal.transaction():
        file = session.get_one(BankFile, made.id)
        with pytest.raises(Stale):
            services.discard(file, seen=9, by=portal.finance, now=portal.now)
        services.discard(file, seen=1, by=portal.finance, now=portal.now)
    with portal.transaction():
        file = session.get_one(BankFile, made.id)
        with pytest.raises(WrongState):
            services.go_on(file, banking.MONEY, by=portal.finance, now=portal.now)
    assert banking.lines(portal) == []


def test_preview_costs_the_same_few_queries_however_long_the_file_is(portal: Portal) -> None:
    """A fixed number of statements, none for each row."""
    client, found = portal.client(portal.finance), []
    for number in (2, 300):
        rows = [row(one, reference="" if one % 2 else f"N{one}") for one in range(number)]
        made = banking.sent(portal, table(*rows))
        with counted(portal.app) as statements:
            assert client.get(f"/accounts/bank/files/{made.public_id}").status_code == 200
        found.append(len(statements))
    assert found[0] == found[1] <= 14


def test_file_of_many_lines_is_booked_when_it_is_long(portal: Portal) -> None:
    """Several transactions; the sums of the lines and of the ledger agree."""
    rows = [row(number, purpose=f"D000{number % 3}") for number in range(230)]
    banking.imported(portal, table(*rows))
    with portal.transaction():
        by_status = select(BankLine.status, func.count()).group_by(BankLine.status)
        count = {one.status: one[1] for one in session.execute(by_status)}
        assert session.scalar(select(func.count()).select_from(jobs.Job)) == 1
    assert count == {"booked": 153, "open": 77}
    assert posted(portal) == {"D0001": 77 * 10000, "D0002": 76 * 10000}
    assert differences(portal) == []
