"""Plays a file of real warranty claims through the portal, from the first order to the money back.

Each row of the file is a repair: the dealer orders the part for it, headquarters sells and ships
it, the dealer registers the old one with a photo and claims it, and the reviewer decides. Every
person does what they would do, through the services, in the order of a month.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from PIL import Image
from sqlalchemy import select

from portal.applications import queries as applications_read
from portal.applications import quoting, receipt, shipment_queries, shipping
from portal.applications import services as applications
from portal.applications.commands import Answer, Consignment, LineAnswer, LineRequest, Request
from portal.applications.models import Application, Shipment
from portal.catalogue import services as catalogue
from portal.catalogue.models import Part
from portal.catalogue.uploads import Upload
from portal.claims import desk, runs
from portal.claims import services as claims
from portal.claims.commands import Decision
from portal.claims.figures import has_finding
from portal.claims.models import Claim, ClaimFinding, ClaimLine, Run
from portal.core import jobs
from portal.core.clock import Month
from portal.core.db import session
from portal.core.errors import Invalid
from portal.core.money import parse_amount, to_major
from portal.core.permissions import Actor, Role
from portal.files import services as files
from portal.files.storage import new_key, storage
from portal.ledger import services as ledger
from portal.oldparts import services as oldparts
from portal.oldparts.commands import RegisterCommand
from portal.oldparts.models import OldPart
from portal.people import services as people
from portal.sheets.table import read_table
from tests.support.portal import HQ, PASSWORD, Portal

PER_APPLICATION = 25
"""How many repairs a dealer collects before it orders their parts."""
LAST_DAY = datetime(2026, 10, 30, 17, 0, tzinfo=HQ)
RUN_DAY = datetime(2026, 11, 3, 9, 0, tzinfo=HQ)
OCTOBER = Month(2026, 10)
REJECTED = Decision("reject", None, "no_evidence", "Nobody there knows of a repair")
APPROVED = Decision("approve")
_ISSUE = re.compile(r"(?P<product>\w+?)_(?P<code>\d+)_Issue")


@dataclass(frozen=True)
class Repair:
    """One row of the file; ``amount`` in minor units."""

    row: int
    dealer: tuple[str, str]
    city: str
    customer: str
    product: str
    months_old: int
    part: str
    amount: int
    is_fraud: bool

    @property
    def serial(self) -> str:
        """A serial of its own for the product that was repaired."""
        return f"{self.product}-{self.row:06d}"


@dataclass
class Company:
    """A dealer of the file: its manager, its repairs, and its documents."""

    id: int
    manager: Actor
    repairs: list[Repair]
    shipments: list[int] = field(default_factory=list)
    claim_id: int = 0


@dataclass(frozen=True)
class Played:
    """What was played: the rows that became warranty lines, and how many were skipped."""

    repairs: list[Repair]
    skipped: int
    companies: dict[tuple[str, str], Company]
    run_id: int


def read(path: Path, exponent: int, every: int) -> tuple[list[Repair], int]:
    """The repairs of every so manieth row of a file, and how many of them have no amount."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(enumerate(csv.DictReader(file)))[::every]
    found = [_repair(number, row, exponent) for number, row in rows]
    repairs = [repair for repair in found if repair is not None]
    return repairs, len(found) - len(repairs)


def _repair(number: int, row: dict[str, str], exponent: int) -> Repair | None:
    try:
        amount = parse_amount(row["Claim_Value"], exponent)
    except Invalid:
        amount = 0
    if amount == 0:
        return None
    product = row["Product_type"]
    return Repair(
        row=number,
        dealer=(row["Service_Centre"], row["State"]),
        city=row["City"],
        customer=f"{row['Consumer_profile']} customer {number}",
        product=product,
        months_old=int(row["Product_Age"] or 0) // 30,
        part=f"{product}-{_first_issue(product, row)}-{row['Claim_Value'].strip()}",
        amount=amount,
        is_fraud=row["Fraud"].strip() == "1",
    )


def _first_issue(product: str, row: dict[str, str]) -> str:
    """The code of the product's first issue above 0, or 0000."""
    for column, value in row.items():
        issue = _ISSUE.fullmatch(column)
        if issue and issue["product"] == product and value.strip() not in ("", "0"):
            return issue["code"]
    return "0000"


def play(portal: Portal, path: Path, every: int = 1) -> Played:
    """Play a file, or every so manieth row, in October 2026; close the month on 3 November."""
    exponent = portal.app.extensions["settings"].exponent
    repairs, skipped = read(path, exponent, every)
    _import_prices(portal, repairs, exponent)
    companies = _found_companies(portal, repairs)
    with portal.transaction():
        parts = dict(session.execute(select(Part.number, Part.id)).all())
    for company in companies.values():
        for some in _batches(company.repairs):
            _order(portal, company, some, parts)
    portal.clock.at = LAST_DAY
    photo = _photo()
    for company in companies.values():
        for shipment_id in company.shipments:
            _register(portal, company, shipment_id, photo)
    _accept_all(portal)
    for company in companies.values():
        _claim(portal, company)
    run_id = _settle(portal, companies)
    return Played(repairs, skipped, companies, run_id)


def _batches(repairs: list[Repair]) -> Iterator[list[Repair]]:
    for first in range(0, len(repairs), PER_APPLICATION):
        yield repairs[first : first + PER_APPLICATION]


# Headquarters prepares: the price list, the dealers, their money


def _import_prices(portal: Portal, repairs: list[Repair], exponent: int) -> None:
    """The administrator sends the price list as a file, agrees to its columns, and imports it."""
    prices = {repair.part: repair for repair in repairs}
    text = io.StringIO()
    write = csv.writer(text)
    write.writerow(["Part number", "Name", "Cost price", "Out-of-warranty price"])
    for number, repair in sorted(prices.items()):
        price = to_major(repair.amount, exponent)
        write.writerow([number, f"{repair.product} part {number.split('-')[1]}", price, price])
    content = text.getvalue().encode()
    table, key = read_table(content, "prices.csv"), new_key()
    by, now = portal.administrator, portal.now
    with portal.transaction():
        storage().put(key, content)
        price_list = catalogue.upload_price_list(
            Upload("prices.csv", key, sha256(content).hexdigest(), table),
            name="Replay",
            effective_from=date(2026, 10, 1),
            by=by,
            now=now,
        )
        catalogue.import_price_list(
            price_list, table, currency="CNY", digits=exponent, seen=None, by=by, now=now
        )


def _found_companies(portal: Portal, repairs: list[Repair]) -> dict[tuple[str, str], Company]:
    """A dealer for each service centre in each state; it pays in what its parts will cost."""
    by_dealer: dict[tuple[str, str], list[Repair]] = {}
    for repair in repairs:
        by_dealer.setdefault(repair.dealer, []).append(repair)
    return {
        dealer: _found(portal, f"R{number:04d}", dealer, theirs)
        for number, (dealer, theirs) in enumerate(sorted(by_dealer.items()), start=1)
    }


def _found(portal: Portal, code: str, dealer: tuple[str, str], repairs: list[Repair]) -> Company:
    centre, state = dealer
    by, now = portal.administrator, portal.now
    facts = people.DealerFacts(
        code, f"Service centre {centre}, {state}", "IN", state, repairs[0].city, "", "Manager", "",
        "Asia/Kolkata",
    )  # fmt: skip
    with portal.transaction():
        made = people.add_dealer(facts, by=by, now=now)
        manager = people.add_user(
            email=f"{code}@example.com",
            name=f"Manager of {code}",
            password=PASSWORD,
            roles=[Role.MANAGER],
            dealer=made,
            by=by,
            now=now,
        )
        ledger.deposit(
            dealer_id=made.id,
            amount=sum(repair.amount for repair in repairs),
            reference=f"Replay {code}",
            by=portal.finance,
            now=now,
        )
        return Company(made.id, manager.actor, repairs)


# The parts: ordered, quoted, confirmed, released, shipped, received


def _order(portal: Portal, company: Company, repairs: list[Repair], parts: dict[str, int]) -> None:
    """One application with a warranty line for each repair, up to its receipt."""
    manager, now = company.manager, portal.now
    with portal.transaction():
        application = applications.start({}, by=manager, now=now)
        applications.submit(
            application, _request(repairs, parts, now), seen=None, by=manager, now=now
        )
    with portal.transaction():
        application = session.get_one(Application, application.id)
        quoting.quote(application, _answer(application, now), seen=None, by=portal.desk, now=now)
    with portal.transaction():
        application = session.get_one(Application, application.id)
        quoting.confirm(application, quote_version=1, seen=None, by=manager, now=now)
        quoting.release(application, seen=None, by=portal.finance, now=now)
    with portal.transaction():
        application = session.get_one(Application, application.id)
        pieces = {
            row.QuoteLine.id: row.QuoteLine.quantity
            for row in applications_read.lines_of(application)
        }
        consignment = Consignment(pieces, "Blue Dart", f"BD {application.number}", now.date())
        shipment = shipping.ship(application, consignment, seen=None, by=portal.warehouse, now=now)
        receipt.receive(shipment, seen=None, by=manager, now=now)
        company.shipments.append(shipment.id)


def _request(repairs: list[Repair], parts: dict[str, int], now: datetime) -> Request:
    lines = tuple(
        LineRequest(
            part_id=parts[repair.part],
            quantity=1,
            purpose="warranty",
            product_model=repair.product,
            serial=repair.serial,
            purchase_date=_bought(repair, now),
            fault=f"Issue {repair.part.split('-')[1]}",
        )
        for repair in repairs
    )
    return Request("Manager", "", repairs[0].city or "–", lines)


def _bought(repair: Repair, now: datetime) -> date:
    return now.date() - timedelta(days=31 * repair.months_old + 7)


def _answer(application: Application, now: datetime) -> Answer:
    """All of it, at the list's prices, without fees."""
    lines = tuple(
        LineAnswer(
            row.ApplicationLine.id, row.ApplicationLine.part_id, row.ApplicationLine.quantity
        )
        for row in applications_read.lines_of(application)
    )
    return Answer(lines, freight=0, packing=0, promised_on=now.date() + timedelta(days=2))


# The old parts: registered with a photo, accepted


def _photo() -> files.Prepared:
    """One photo that passes for all of them: it is checked and re-encoded once."""
    content = io.BytesIO()
    Image.new("RGB", (64, 48), "firebrick").save(content, "JPEG")
    return files.prepare(content.getvalue(), "old part.jpg")


def _of(repair: Repair, photo: files.Prepared) -> files.Prepared:
    """The photo as if it were this repair's own: the same for no other (R5)."""
    digest = sha256(f"{photo.sha256} {repair.row}".encode()).hexdigest()
    return replace(photo, sha256=digest, original_sha256=digest, look=None)


def _register(portal: Portal, company: Company, shipment_id: int, photo: files.Prepared) -> None:
    """The dealer registers what came out of the products that a shipment repaired."""
    now, by_serial = portal.now, {repair.serial: repair for repair in company.repairs}
    with portal.transaction():
        shipment = session.get_one(Shipment, shipment_id)
        application = session.get_one(Application, shipment.application_id)
        asked = applications_read.lines_of(application)
        shipped = shipment_queries.lines_of(shipment)
        for line, piece in zip(asked, shipped, strict=True):
            repair = by_serial[line.ApplicationLine.serial]
            kept = files.keep(_of(repair, photo), by=company.manager, now=now)
            oldparts.register(
                piece.ShipmentLine.id,
                _registration(repair, line.ApplicationLine.purchase_date, now),
                [kept.public_id],
                by=company.manager,
                now=now,
            )


def _registration(repair: Repair, bought: date, now: datetime) -> RegisterCommand:
    return RegisterCommand(
        customer_name=repair.customer,
        product_model=repair.product,
        product_serial=repair.serial,
        purchase_date=bought,
        failed_on=now.date() - timedelta(days=3),
        replaced_on=now.date(),
        complaint=f"Issue {repair.part.split('-')[1]}",
        cause="Worn out",
        remedy="Part replaced",
    )


def _accept_all(portal: Portal) -> None:
    """The desk looks at each, and finds all of them in order."""
    with portal.transaction():
        waiting = session.scalars(select(OldPart).where(OldPart.status == "registered")).all()
        for old_part in waiting:
            oldparts.review(old_part, "accept", seen=None, by=portal.desk, now=portal.now)


# The money back: claimed, decided, settled


def _claim(portal: Portal, company: Company) -> None:
    """The dealer claims the month."""
    with portal.transaction():
        claim = claims.start(OCTOBER, by=company.manager, now=portal.now)
        claims.submit(claim, seen=None, by=company.manager, now=portal.now)
        company.claim_id = claim.id


def _settle(portal: Portal, companies: dict[tuple[str, str], Company]) -> int:
    """The run opens by the clock, the reviewer decides at the desk, the worker settles."""
    portal.clock.at = RUN_DAY
    with portal.app.app_context():
        runs.open_due_run(portal.clock)
        jobs.drain(portal.clock)
    for company in companies.values():
        _decide(portal, company)
    with portal.transaction():
        run = session.scalars(select(Run).where(Run.month == str(OCTOBER))).one()
    _look(portal, run.id)
    with portal.transaction():
        run = session.get_one(Run, run.id)
        runs.close(run, seen=None, by=portal.reviewer, now=portal.now)
    with portal.app.app_context():
        jobs.drain(portal.clock)
    return run.id


def _decide(portal: Portal, company: Company) -> None:
    """Fraud is rejected with its reason; what no rule found anything on is approved together."""
    by, now = portal.reviewer, portal.now
    frauds = {repair.serial for repair in company.repairs if repair.is_fraud}
    with portal.transaction():
        claim = session.get_one(Claim, company.claim_id)
        lines = session.execute(
            select(ClaimLine.position, OldPart.product_serial, has_finding())
            .join(OldPart, OldPart.id == ClaimLine.old_part_id)
            .where(ClaimLine.claim_id == claim.id)
        ).all()
        for position, serial, _is_suspicious in lines:
            if serial in frauds:
                claims.decide_line(claim, position, REJECTED, was="open", by=by, now=now)
        plain = sum(serial not in frauds and not found for _position, serial, found in lines)
        if plain:
            assert claims.approve_open(claim, by=by, now=now).approved == plain


def _look(portal: Portal, run_id: int) -> None:
    """At the desk the reviewer goes from one exception to the next, and finds nothing bad (R5)."""
    by, now = portal.reviewer, portal.now
    with portal.transaction():
        run = session.get_one(Run, run_id)
        while spot := desk.beside(run, by):
            claim = session.scalars(select(Claim).where(Claim.public_id == spot.claim)).one()
            claims.decide_line(claim, spot.position, APPROVED, was="open", by=by, now=now)
        for claim in session.scalars(select(Claim).where(Claim.run_id == run.id)).all():
            claims.decide(claim, seen=None, by=by, now=now)


# What the rules found


def found() -> dict[str, set[str]]:
    """The serials on whose lines each rule found something, and any of them did (R5).

    The rules know nothing of the file's flag.
    """
    by_rule: dict[str, set[str]] = {"any": set()}
    for rule, serial in session.execute(
        select(ClaimFinding.rule, OldPart.product_serial)
        .join(ClaimLine, ClaimLine.id == ClaimFinding.line_id)
        .join(OldPart, OldPart.id == ClaimLine.old_part_id)
        .order_by(ClaimFinding.rule)
    ):
        by_rule.setdefault(rule, set()).add(serial)
        by_rule["any"].add(serial)
    return by_rule
