"""Bank files in steps, through the services of the portal (L7)."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from sqlalchemy import select

from portal.banking import services
from portal.banking.columns import merit
from portal.banking.models import BankFile, BankLine
from portal.banking.rows import Money
from portal.catalogue.uploads import Upload
from portal.core import jobs
from portal.core.db import session
from portal.files.storage import new_key, storage
from portal.sheets.table import read_table
from portal.sheets.writing import write_csv
from tests.support.portal import Portal

MONEY = Money("CNY", 2)
HEADINGS = ("Booking date", "Amount", "Bank reference", "Remitter", "Purpose")

CHINESE = """账号:,6222 0000 1111 2222
户名:,名然卫浴有限公司
交易日期,借方发生额,贷方发生额,余额,交易流水号,对方户名,摘要
20261009,0.00,"12,500.00","112,500.00",H2610090001,北方卫浴服务有限公司,D0001 货款
20261009,"3,000.00",0.00,"109,500.00",H2610090002,国家电网,电费
2026-10-10 14:22:31,,800.5,"110,300.50",H2610100003,王小明,还款
""".encode("gb18030")
"""As a Chinese bank gives it: who it is above, debits in a column of their own."""

POLISH = """Data operacji;Opis operacji;Nadawca / Odbiorca;Kwota;Numer referencyjny
09.10.2026;Wpłata na konto dealera d0002;Łazienki Południe Sp. z o.o.;1 250,00;PL/77/001
09.10.2026;Opłata za prowadzenie rachunku;;-15,00;PL/77/002
10.10.2026;Zażółć gęślą jaźń;Jan Śliwiński;99,5;PL/77/003
""".encode("cp1250")
"""As a Polish bank gives it: semicolons, a decimal comma, debits below zero."""


def row(
    number: int = 1,
    purpose: str = "D0001",
    amount: str = "100.00",
    day: str = "2026-10-09",
    reference: str | None = None,
    remitter: str = "A remitter",
) -> tuple[str, ...]:
    """A line by which money came in, with a reference of its own if none is given."""
    return day, amount, f"REF-{number}" if reference is None else reference, remitter, purpose


def table(*rows: Sequence[str], headings: Sequence[str] = HEADINGS) -> bytes:
    """A bank's file of some rows."""
    return write_csv(headings, rows)


def sent(portal: Portal, content: bytes, name: str = "bank.csv") -> BankFile:
    """The preview of a file."""
    key = new_key()
    with portal.app.app_context():
        storage().put(key, content)
    received = Upload(name, key, sha256(content).hexdigest(), read_table(content, name, merit))
    with portal.transaction():
        return services.upload(received, by=portal.finance, now=portal.now)


def work(portal: Portal) -> None:
    """Let the worker do what is due."""
    with portal.app.app_context():
        jobs.drain(portal.clock)


def promised(portal: Portal, file: BankFile) -> None:
    """The booking of a file's lines is promised, in the transaction of the caller."""
    found = services.preview(file, services.table_of(file), MONEY, now=portal.now)
    seen = file.version
    services.import_all(file, found, MONEY, seen=seen, by=portal.finance, now=portal.now)


def imported(portal: Portal, content: bytes, name: str = "bank.csv") -> BankFile:
    """A file whose lines are booked, as far as they name a dealer."""
    made = sent(portal, content, name)
    with portal.transaction():
        file = session.get_one(BankFile, made.id)
        promised(portal, file)
    work(portal)
    with portal.transaction():
        return session.get_one(BankFile, made.id)


def lines(portal: Portal, *status: str) -> list[BankLine]:
    """The lines that are there, of some states if they are named."""
    statement = select(BankLine).order_by(BankLine.id)
    with portal.transaction():
        found: Iterable[BankLine] = session.scalars(
            statement.where(BankLine.status.in_(status)) if status else statement
        )
        return list(found)


def waiting(portal: Portal, number: int = 1) -> BankLine:
    """A line that names no dealer."""
    imported(portal, table(row(number, purpose="Thank you")))
    return lines(portal)[-1]
