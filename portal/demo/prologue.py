"""How the story begins: people, dealers, deposits, parts with their prices, policy values."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from hashlib import sha256

from portal.catalogue import queries as catalogue
from portal.catalogue import services as prices
from portal.catalogue.models import Part, PriceList
from portal.catalogue.uploads import Upload
from portal.core.db import session
from portal.core.permissions import SYSTEM, Actor, Role
from portal.demo.assortment import UNPRICED
from portal.demo.cast import BRAND, COMPANIES, HEADQUARTERS, PASSWORD, Company, Person
from portal.demo.price_lists import HEADINGS, Item, first_list, rows, second_list
from portal.demo.stage import Script, Stage
from portal.files.services import keep
from portal.files.storage import new_key, storage
from portal.ledger import services as ledger
from portal.notices import services as notices
from portal.people import services as people
from portal.people.models import Dealer, User
from portal.sheets.table import read_table
from portal.sheets.writing import Cell, write_csv, write_xlsx
from portal.terms import services as terms


def open_house(stage: Stage) -> None:
    """The first morning: everybody gets a way in, finance books what dealers have paid."""
    now = stage.start
    for person in HEADQUARTERS:
        # The first administrator is made by the installation, the others by the administrator.
        _join(stage, person, None, stage.actors.get("administrator", SYSTEM), now)
    administrator = stage.actors["administrator"]
    for number, company in enumerate(COMPANIES, 1):
        at = now + timedelta(minutes=4 * number)
        dealer = people.add_dealer(company.facts, by=administrator, now=at)
        stage.dealers[company.key] = dealer
        for person in company.people():
            _join(stage, person, dealer, administrator, at)
        _first_deposit(stage, company, at + timedelta(hours=1))
    import_first_list(stage, now + timedelta(minutes=70))


def _join(stage: Stage, person: Person, dealer: Dealer | None, by: Actor, now: datetime) -> None:
    user = people.add_user(
        email=person.email,
        name=person.name,
        password=PASSWORD,
        roles=[person.role],
        dealer=dealer,
        by=by,
        now=now,
        language=person.language,
    )
    stage.actors[person.key] = user.actor


def _first_deposit(stage: Stage, company: Company, now: datetime) -> None:
    if company.key in ("qinyue", "armslask"):
        ledger.set_credit_limit(
            ledger.locked_account(stage.dealers[company.key].id),
            100_000,
            seen=None,
            reason="A dealer since 2012 who has always paid in time.",
            by=stage.actors["finance"],
            now=now,
        )
    deposit(stage, company, company.size * 150_000, now)


def deposit(stage: Stage, company: Company, amount: int, now: datetime) -> None:
    """Finance books what a dealer has paid, by the reference of the bank's statement (L7)."""
    rng = stage.rng(f"deposit/{company.key}/{now.isoformat()}")
    bank = "PKO BP" if company.is_polish else rng.choice(("ICBC", "CCB", "BOC"))
    ledger.deposit(
        dealer_id=stage.dealers[company.key].id,
        amount=amount,
        reference=f"{bank} {now:%Y%m%d} {rng.randint(10**7, 10**8 - 1)}",
        by=stage.actors[rng.choice(("finance", "finance2"))],
        now=now,
    )


# --- Parts and prices -----------------------------------------------------------------------


def import_first_list(stage: Stage, now: datetime) -> None:
    """The first list comes as .xlsx and counts from the beginning of the year."""
    listed = first_list(stage.rng("first list"))
    begin = date(now.year, 1, 1)
    content = write_xlsx(HEADINGS, rows(listed), f"{BRAND} {begin.year}")
    name = f"{BRAND} spare parts {begin.year}"
    _import(stage, name, f"mirrane-parts-{begin.year}.xlsx", content, begin, now)
    _remember(stage, listed)


def _remember(stage: Stage, listed: Sequence[Item]) -> None:
    stage.items.update({item.number: item for item in listed})
    found = catalogue.find_parts([item.number for item in listed])
    stage.parts.update({number: part.id for number, part in found.items()})


def _upload(
    stage: Stage, name: str, file_name: str, content: bytes, counts_from: date, now: datetime
) -> PriceList:
    key = new_key()
    storage().put(key, content)
    upload = Upload(file_name, key, sha256(content).hexdigest(), read_table(content, file_name))
    return prices.upload_price_list(
        upload,
        name=name,
        effective_from=counts_from,
        by=stage.actors["administrator"],
        now=now,
    )


def _import(
    stage: Stage, name: str, file_name: str, content: bytes, counts_from: date, now: datetime
) -> None:
    price_list = _upload(stage, name, file_name, content, counts_from, now)
    prices.import_price_list(
        price_list,
        read_table(content, file_name),
        currency=stage.currency,
        digits=stage.digits,
        seen=None,
        by=stage.actors["administrator"],
        now=now + timedelta(minutes=9),
    )


def new_prices(stage: Stage) -> Script:
    """The second list is imported some days before it counts; then improved parts take over."""
    rng, hours = stage.rng("second list"), stage.hours["administrator"]
    begins = datetime.combine(stage.second_list, datetime.min.time(), stage.zone)
    now = hours.before(begins, 4, rng)
    yield now
    listed = second_list(list(stage.items.values()), rng)
    content = write_csv(HEADINGS, rows(listed))
    name = f"{BRAND} spare parts from {stage.second_list.isoformat()}"
    file_name = f"mirrane-parts-{stage.second_list.isoformat()}.csv"
    _import(stage, name, file_name, content, stage.second_list, now)
    now = hours.later(begins, 1, rng)
    yield now
    _remember(stage, listed)
    _supersede(stage, now)


def _supersede(stage: Stage, now: datetime) -> None:
    for number in [number for number in stage.items if f"{number}A" in stage.items]:
        facts = _facts(stage, number, successor=f"{number}A")
        _edit(stage, number, facts, now)
        stage.improved[number] = f"{number}A"


def _facts(stage: Stage, number: str, successor: str = "") -> prices.PartFacts:
    item = asdict(stage.items[number])
    names = {name: item[name] for name in ("name", "name_zh", "name_pl", "unit", "category")}
    return prices.PartFacts(**names, return_required=item["returned"], successor=successor)


def _edit(
    stage: Stage, number: str, facts: prices.PartFacts, now: datetime, picture: str | None = None
) -> None:
    part = session.get_one(Part, stage.parts[number])
    administrator = stage.actors["administrator"]
    prices.edit_part(part, facts, picture=picture, seen=None, by=administrator, now=now)


def pictured(stage: Stage) -> list[str]:
    """The numbers of the parts that get a picture: the first of each kind that we can draw."""
    first: dict[str, str] = {}
    for number, item in stage.items.items():
        first.setdefault(item.fault, number)
    return [number for kind, number in first.items() if kind]


def pictures(stage: Stage) -> Script:
    """On the second day the administrator gives parts their pictures, one after the other."""
    rng = stage.rng("pictures")
    now = stage.hours["administrator"].later(stage.start, 1, rng)
    for number in pictured(stage):
        now += timedelta(minutes=rng.randint(1, 3))
        yield now
        photo = keep(stage.album.take(number), by=stage.actors["administrator"], now=now)
        _edit(stage, number, _facts(stage, number), now, photo.public_id)


def one_is_withdrawn(stage: Stage) -> Script:
    """A part that nobody makes any more is withdrawn."""
    now = stage.hours["administrator"].before(stage.end, 6, stage.rng("withdrawn"))
    yield now
    prices.step_part(
        session.get_one(Part, stage.parts[UNPRICED[-1]]),
        "withdraw",
        seen=None,
        reason="The lamp is not made any more. Please use B810-810, which fits as well.",
        by=stage.actors["administrator"],
        now=now,
    )


def prices_to_come(stage: Stage) -> Script:
    """A third list lies there as a preview: two of its rows have an error."""
    rng = stage.rng("third list")
    now = stage.hours["administrator"].before(stage.end, 1, rng)
    yield now
    chosen = [item for item in stage.items.values() if item.category == "Shower systems"]
    cells: list[list[Cell]] = rows(chosen)
    cells[7][-2] = "12,5O"
    cells[19][0] = cells[18][0]
    counts_from = stage.end.date().replace(day=1) + timedelta(days=62)
    counts_from = counts_from.replace(day=1)
    content = write_csv(HEADINGS, cells)
    name = f"{BRAND} showers from {counts_from.isoformat()}"
    _upload(
        stage, name, f"mirrane-showers-{counts_from.isoformat()}.csv", content, counts_from, now
    )


# --- Money, people, policy ------------------------------------------------------------------


def wrong_deposit(stage: Stage) -> Script:
    """A deposit is booked for the wrong dealer, reversed the next day, and booked again (L3)."""
    rng, hours = stage.rng("wrong deposit"), stage.hours["finance"]
    now = hours.later(stage.start, 6, rng)
    yield now
    wrong, right = stage.dealers["pengcheng"].id, stage.dealers["yuelan"].id
    reference = f"ICBC {now:%Y%m%d} 30661872"
    finance = stage.actors["finance"]
    booked = ledger.deposit(
        dealer_id=wrong, amount=1_200_000, reference=reference, by=finance, now=now
    )
    now = hours.later(now, 1, rng)
    yield now
    reason = "汇款方是 D0103 广州粤澜，误记到 D0104，冲正后重新入账。"
    ledger.reverse(booked, by=stage.actors["finance2"], now=now, reason=reason)
    now += timedelta(minutes=6)
    yield now
    ledger.deposit(
        dealer_id=right,
        amount=1_200_000,
        reference=f"{reference} / 更正",
        by=stage.actors["finance2"],
        now=now,
    )


def somebody_leaves(stage: Stage) -> Script:
    """A clerk leaves a dealer and is deactivated (P5)."""
    rng, hours = stage.rng("leaves"), stage.hours["yuelan.manager"]
    manager, dealer = stage.actors["yuelan.manager"], stage.dealers["yuelan"]
    now = hours.later(stage.start, 3, rng)
    yield now
    user = people.add_user(
        email="clerk2@yuelan.example",
        name="何家豪",
        password=PASSWORD,
        roles=[Role.CLERK],
        dealer=dealer,
        by=manager,
        now=now,
        language="zh-Hans",
    )
    now = hours.later(now, 20, rng)
    yield now
    people.deactivate(user, seen=None, reason="本月离职。", by=manager, now=now)


def somebody_is_invited(stage: Stage) -> Script:
    """A new clerk has no password yet; the first invitation went to a mistyped address."""
    manager = stage.actors["yuelan.manager"]
    now = stage.hours["yuelan.manager"].before(stage.end, 2, stage.rng("invited"))
    yield now
    lost = _invite(stage, "clerk3@yuelan.exmaple", now)
    now += timedelta(minutes=3)
    yield now
    people.withdraw(lost, seen=None, by=manager, now=now)
    _invite(stage, "clerk3@yuelan.example", now)


def _invite(stage: Stage, email: str, now: datetime) -> User:
    user, _token = people.invite(
        email=email,
        name="黎思琪",
        roles=[Role.CLERK],
        dealer=stage.dealers["yuelan"],
        by=stage.actors["yuelan.manager"],
        now=now,
        language="zh-Hans",
    )
    return user


def policy_values(stage: Stage) -> Script:
    """Two changes of policy values are approved, another waits for the second administrator."""
    rng, hours = stage.rng("policy"), stage.hours["administrator"]
    now = hours.later(stage.start, 2, rng)
    yield now
    change = terms.propose(
        "application.ship_days",
        3,
        effective_from=stage.second_list,
        reason="国庆后仓库搬迁，两天内发货做不到。" if now.month == 9 else "仓库盘点，需要多一天。",
        by=stage.actors["administrator"],
        now=now,
    )
    labour = terms.propose(
        "claim.labour",
        1,
        effective_from=stage.end.date().replace(day=1),
        reason="Every dealer has approved rates: labour is reimbursed by them from now on.",
        by=stage.actors["administrator"],
        now=now,
    )
    now = hours.later(now, 1, rng)
    yield now
    for one in (change, labour):
        terms.decide(
            one, "approve", seen=None, reason="OK.", by=stage.actors["administrator2"], now=now
        )
    now = hours.before(stage.end, 2, rng)
    yield now
    terms.propose(
        "oldpart.register_days",
        20,
        effective_from=(stage.end.date().replace(day=1) + timedelta(days=32)).replace(day=1),
        reason="Dealers in Poland receive by air freight: 15 days are short over the holidays.",
        by=stage.actors["administrator"],
        now=now,
    )


def read_notices(stage: Stage) -> Script:
    """Two working days before the end, everybody has read what was in the inbox."""
    now = stage.hours["desk"].before(stage.end, 2, stage.rng("notices"))
    yield now
    for actor in stage.actors.values():
        notices.read_all(by=actor, now=now)
    session.flush()
