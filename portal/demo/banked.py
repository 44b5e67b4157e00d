"""A file of the bank: most lines name their dealer, one does not, and one is a fee (L7)."""

from datetime import datetime, timedelta
from hashlib import sha256

from portal.banking import services
from portal.banking.columns import merit
from portal.banking.models import BankFile
from portal.banking.rows import Money
from portal.catalogue.uploads import Upload
from portal.demo.stage import Script, Stage
from portal.files.storage import new_key, storage
from portal.sheets.table import read_table

HEADINGS = "交易日期,借方发生额,贷方发生额,交易流水号,对方户名,摘要"
PAID = {"hujing": 680_000, "pengcheng": 450_000, "jinguan": 320_000}
"""Who has written its code into the purpose, and how much came, in minor units."""
UNNAMED = ("广州粤澜卫浴售后服务有限公司", "货款", 500_000)


def _file(stage: Stage, now: datetime) -> bytes:
    """The bank's text, as it comes: in the encoding of a Chinese bank."""
    day, rng = f"{now:%Y%m%d}", stage.rng("bank file")
    lines = [HEADINGS]

    def line(out: str, came: int | None, remitter: str, purpose: str) -> None:
        amount = "" if came is None else f"{came / 10**stage.digits:.{stage.digits}f}"
        reference = f"ICBC{day}{rng.randint(10**7, 10**8 - 1)}"
        lines.append(f"{day},{out},{amount},{reference},{remitter},{purpose}")

    for key, amount in PAID.items():
        facts = stage.dealers[key]
        line("", amount, facts.name, f"{facts.code} 配件预付款")
    line("", UNNAMED[2], *UNNAMED[:2])
    line("25.00", None, "", "手续费")
    return "\n".join(lines).encode("gb18030")


def _sent(stage: Stage, now: datetime) -> BankFile:
    name, content = f"ICBC-{now:%Y%m%d}.csv", _file(stage, now)
    key = new_key()
    storage().put(key, content)
    received = Upload(name, key, sha256(content).hexdigest(), read_table(content, name, merit))
    return services.upload(received, by=stage.actors["finance"], now=now)


def bank_file(stage: Stage) -> Script:
    """On one of the last days finance sends what the bank has; one line waits for its dealer."""
    rng, finance = stage.rng("bank file's day"), stage.actors["finance"]
    now = stage.hours["finance"].before(stage.end, 1, rng)
    yield now
    money = Money(stage.currency, stage.digits)
    file = _sent(stage, now)
    table = services.table_of(file)
    found = services.preview(file, table, money, now=now)
    now += timedelta(minutes=4)
    yield now
    services.import_all(file, found, money, seen=None, by=finance, now=now)
    new = [row for row in found.rows if row.kind in ("new", "open")]
    services.book_some(file.id, new, by=finance, now=now)
    services.finish(file.id, now=now)
