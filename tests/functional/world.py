"""One of everything, for each of the two dealers: what the authorisation matrix asks for."""

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256

from PIL import Image
from sqlalchemy import insert, select

from portal.applications import sheets
from portal.applications.models import Application, DeliveryReport, Shipment
from portal.catalogue import fault_code_services, imports, product_services
from portal.catalogue import services as catalogue
from portal.catalogue.models import Part
from portal.catalogue.names import Names
from portal.catalogue.subjects import UNITS
from portal.catalogue.uploads import Upload
from portal.claims.models import Claim
from portal.core import jobs
from portal.core.db import Base, session
from portal.core.events import Event
from portal.core.jobs import Job
from portal.core.permissions import SYSTEM, Actor, Role
from portal.files import services as files
from portal.files.models import Attachment
from portal.files.storage import new_key, storage
from portal.ledger.models import Transfer
from portal.notices.models import Notice
from portal.oldparts import batches
from portal.oldparts import services as oldparts
from portal.oldparts.batch_photos import Taken
from portal.oldparts.models import OldPart
from portal.people import services as people
from portal.people.models import Dealer, LoginSession, Passkey, User
from portal.sheets.table import read_table
from portal.terms import services as terms
from tests.functional.oldparts import many
from tests.support import (
    advances,
    appealing,
    banking,
    claims,
    collecting,
    correcting,
    fees,
    inspecting,
    invoices,
    story,
)
from tests.support.portal import PASSWORD, Portal

SIDES = {"north": ("clerk", "manager"), "south": ("other_clerk", "other_manager")}
"""The two dealers, each with its clerk and its manager."""

HQ = frozenset(role.value for role in Role if role.side == "hq")
NOBODY: frozenset[str] = frozenset()
DOCUMENTS = HQ - {"administrator"}
"""Who at headquarters reads applications and old parts."""
BEFORE_RELEASE = DOCUMENTS - {"warehouse"}
CLAIMS = frozenset({"finance", "reviewer", "auditor"})


@dataclass
class Thing:
    """Something that a URL names, and who may see it: a dealer's people, roles, or one person."""

    name: str
    dealer: str | None = None
    seen_by: frozenset[str] = NOBODY
    person: str | None = None
    managers_only: bool = False

    def exists_for(self, who: str, portal: Portal) -> bool:
        """Whether it exists for one of the cast (P1)."""
        if self.person is not None:
            return who == self.person
        dealer = portal.cast[who].dealer_id
        if dealer is not None:
            if self.managers_only and Role.MANAGER not in portal.cast[who].roles:
                return False
            return self.dealer == "everybody" or portal.dealers.get(self.dealer or "") == dealer
        return who in self.seen_by


@dataclass
class World:
    """The things by their kind."""

    portal: Portal
    things: dict[str, list[Thing]] = field(default_factory=dict)

    def add(self, kind: str, name: object, dealer: str | None, seen_by: frozenset[str]) -> None:
        """Note a thing."""
        self.things.setdefault(kind, []).append(Thing(str(name), dealer, seen_by))

    def own(self, kind: str, who: str) -> Thing | None:
        """A thing of that kind that exists for somebody, if there is one."""
        found = (one for one in self.things[kind] if one.exists_for(who, self.portal))
        return next(found, None)

    def foreign(self, kind: str, who: str) -> Thing | None:
        """A thing of that kind that there is, but not for somebody."""
        found = (one for one in self.things[kind] if not one.exists_for(who, self.portal))
        return next(found, None)

    def names_of(self, dealer: str) -> Iterator[str]:
        """What nobody at the other dealer may ever read."""
        for things in self.things.values():
            yield from (one.name for one in things if one.dealer == dealer and len(one.name) > 9)


def build(portal: Portal) -> World:
    """Make one of everything in a portal."""
    world = World(portal)
    for dealer, (clerk, manager) in SIDES.items():
        _applications(world, dealer, clerk)
        _old_parts(world, dealer, clerk)
        _people(world, dealer, portal.cast[manager])
    _claims(world)
    for dealer in SIDES:
        _advances(world, dealer)
        _collections(world, dealer)
        _inspected(world, dealer)
    _fees(world)
    _invoices(world)
    _corrections(world)
    _banking(world)
    _headquarters(world)
    content = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(content, "PNG")
    picture = files.prepare(content.getvalue(), "seal.png")
    _picture(world, picture)
    for who in portal.cast:
        _personal(world, who, picture)
    return world


def _applications(world: World, dealer: str, clerk: str) -> None:
    portal = world.portal
    table = {"headings": ["Part number"], "rows": [["FV-100"]], "above": []}
    with portal.transaction():
        sheet = sheets.keep(table, "form.csv", by=portal.cast[clerk], now=portal.now)
        world.add("sheet", sheet.public_id, dealer, NOBODY)
    for kind, make, seen_by in (
        ("draft", story.drafted, frozenset({"auditor"})),
        ("submitted", story.submitted, BEFORE_RELEASE),
        ("quoted", story.quoted, BEFORE_RELEASE),
        ("confirmed", story.confirmed, BEFORE_RELEASE),
        ("released", story.released, DOCUMENTS),
        ("sent", story.shipped, DOCUMENTS),
        ("arrived", story.received, DOCUMENTS),
        ("reported", story.reported, DOCUMENTS),
    ):
        made: Application | Shipment | DeliveryReport = make(portal, by=clerk)  # type: ignore[operator]
        world.add(kind, made.public_id, dealer, seen_by)
    world.add("compensation", story.late(portal, by=clerk).public_id, dealer, DOCUMENTS)


def _old_parts(world: World, dealer: str, clerk: str) -> None:
    portal = world.portal
    world.add("charge", story.charged(portal, by=clerk).public_id, dealer, BEFORE_RELEASE)
    arrived = story.received(portal, by=clerk)
    with portal.transaction():
        world.add("owed", story.line_ids(arrived)[0], None, BEFORE_RELEASE)
    more = {"customer_name": f"Customer of {dealer}"}
    accepted = story.accepted(portal, by=clerk, **more)
    registered = story.registered(portal, by=clerk, **more)
    returned = story.registered(portal, by=clerk, **more)
    with portal.transaction():
        old_part = session.get_one(OldPart, returned.id)
        oldparts.review(
            old_part, "return", reason="Blurred", seen=None, by=portal.desk, now=portal.now
        )
    for kind, made in (("accepted", accepted), ("registered", registered), ("returned", returned)):
        world.add(kind, made.public_id, dealer, DOCUMENTS)
    _batch(world, dealer, clerk)
    with portal.transaction():
        photo = select(Attachment.public_id).where(
            Attachment.document_kind == "oldpart", Attachment.document_id == registered.id
        )
        world.add("photo", session.scalars(photo).one(), dealer, DOCUMENTS)


def _batch(world: World, dealer: str, clerk: str) -> None:
    """An upload of which one row can be registered, and one cannot."""
    portal = world.portal
    shipment = story.received(portal, by=clerk)
    sheet = many.table(
        many.row(1, Shipment=shipment.number), many.row(2, **{"Part number": "none"})
    )
    key = new_key()
    storage().put(key, sheet)
    table = read_table(sheet, "pieces.xlsx")
    upload = Upload("pieces.xlsx", key, sha256(sheet).hexdigest(), table)
    raw = new_key()
    storage().put(raw, many.photo(1))
    with portal.transaction():
        facts = {"by": portal.cast[clerk], "now": portal.now}
        taken = [Taken("1.png", sha256(raw.encode()).hexdigest(), raw)]
        batch = batches.upload(upload, taken, **facts)
        world.add("batch", batch.public_id, dealer, NOBODY)
    many.work(portal)


def _inspected(world: World, dealer: str) -> None:
    for kind in ("received", "failed"):
        (name,) = claims.pieces(world.portal, 1, dealer=dealer, status="received")
        if kind == "failed":
            inspecting.inspect(world.portal, name)
        world.add(kind, name, dealer, DOCUMENTS)


def _people(world: World, dealer: str, manager: Actor) -> None:
    portal = world.portal
    with portal.transaction():
        company = session.get_one(Dealer, portal.dealers[dealer])
        colleague = people.add_user(
            email=f"colleague@{dealer}.example",
            name=f"Colleague of {dealer}",
            password=PASSWORD,
            roles=[Role.CLERK],
            dealer=company,
            by=manager,
            now=portal.now,
        )
        entry = session.scalars(
            select(Transfer.public_id).where(
                Transfer.dealer_id == company.id, Transfer.kind == "deposit"
            )
        ).one()
        readers = HQ - {"warehouse", "administrator"}
        world.add("dealer", company.public_id, dealer, HQ)
        world.add("account", company.public_id, dealer, readers)
        world.add("entry", entry, dealer, readers)
        world.add("user", colleague.public_id, dealer, frozenset({"administrator", "auditor"}))
        world.things["user"][-1].managers_only = True


def _claims(world: World) -> None:
    portal = world.portal
    reviewed = {}
    for dealer, (_clerk, manager) in SIDES.items():
        claims.pieces(portal, 2, dealer=dealer)
        reviewed[dealer] = claims.submitted(portal, by=manager)
    run = claims.opened(portal)
    world.add("run", run.public_id, None, CLAIMS)
    for dealer, (_clerk, manager) in SIDES.items():
        world.add("claim_in_review", reviewed[dealer].public_id, dealer, CLAIMS)
        claims.pieces(portal, 1, dealer=dealer)
        draft = claims.started(portal, by=manager)
        world.add("claim_draft", draft.public_id, dealer, NOBODY)
        lapse = claims.lapsing(portal, dealer)
        world.add("lapse", lapse.public_id, dealer, CLAIMS)
        appeal = appealing.filed(portal, run, dealer, portal.cast[manager])
        world.add("appeal", appeal.public_id, dealer, CLAIMS)
        with portal.transaction():
            claim = session.get_one(Claim, appeal.claim_id)
            world.add("claim_decided", claim.public_id, dealer, CLAIMS)


def _fees(world: World) -> None:
    portal, readers = world.portal, HQ - {"warehouse"}
    world.add("service_item", fees.named(portal, "V-10").public_id, "everybody", readers)
    for dealer, (_clerk, manager) in SIDES.items():
        approved = fees.approved(portal, by=manager)
        returned = fees.returned(portal, by=manager)
        world.add("fees_approved", approved.public_id, dealer, readers)
        world.add("fees", returned.public_id, dealer, readers)


def _invoices(world: World) -> None:
    for dealer, (clerk, _manager) in SIDES.items():
        for kind, amount in (("invoice", 1), ("invoice_flagged", 999_999)):
            charge = invoices.own(amount)
            made = invoices.recorded(world.portal, charge, dealer=dealer, by=clerk, paper=kind)
            world.add(kind, made.public_id, dealer, frozenset({"desk", "finance", "auditor"}))


def _corrections(world: World) -> None:
    readers = frozenset({"desk", "finance", "auditor"})
    for dealer in SIDES:
        penalty = correcting.asked(world.portal, dealer, sort="penalty")
        world.add("penalty", penalty.public_id, dealer, readers)
        adjustment = correcting.booked(world.portal, dealer)
        world.add("adjustment", adjustment.public_id, dealer, readers)


def _banking(world: World) -> None:
    """A line that waits for its dealer; and a file of which one row is good, and one is not."""
    portal, readers = world.portal, frozenset({"finance", "auditor"})
    rows = banking.row(8), banking.row(9, day="soon")
    for kind, made in (
        ("bank_line", banking.waiting(portal, 7)),
        ("bank_file", banking.sent(portal, banking.table(*rows))),
    ):
        world.add(kind, made.public_id, None, readers)


def _collections(world: World, dealer: str) -> None:
    # Of a part that nobody else has a piece of: the others stay as they are.
    portal, part = world.portal, "TH-300"
    on_its_way = collecting.sent(portal, 2, dealer=dealer, part=part)
    waiting = collecting.packed(portal, 2, leave=1, dealer=dealer, part=part)
    (piece,) = claims.pieces(portal, 1, dealer=dealer, part=part, status="to_scrap")
    world.add("to_scrap", piece, dealer, DOCUMENTS)
    for kind, made in (("consignment", waiting), ("consignment_sent", on_its_way)):
        world.add(kind, made.public_id, dealer, DOCUMENTS)


def _advances(world: World, dealer: str) -> None:
    portal, (clerk, _manager) = world.portal, SIDES[dealer]
    waiting, returned = (advances.requested(portal, by=clerk) for _time in range(2))
    advances.decide(portal, returned, "return")
    for kind, made in (("advance", waiting), ("advance_returned", returned)):
        world.add(kind, made.public_id, dealer, BEFORE_RELEASE)


def _headquarters(world: World) -> None:
    portal = world.portal
    content = (
        b"Part number,Name,Cost price,Out-of-warranty price\nZZ-1,Clip,1.00,2.00\n,Nothing,1,2\n"
    )
    with portal.transaction():
        change = terms.propose(
            "oldpart.photos",
            2,
            effective_from=date(2027, 1, 1),
            reason="More to see",
            by=SYSTEM,
            now=portal.now,
        )
        key = new_key()
        storage().put(key, content)
        upload = Upload(
            "prices.csv", key, sha256(content).hexdigest(), read_table(content, "prices.csv")
        )
        price_list = catalogue.upload_price_list(
            upload,
            name="Autumn",
            effective_from=date(2026, 11, 1),
            by=portal.administrator,
            now=portal.now,
        )
        model = product_services.create_model(
            "W310", Names("Toilet"), by=portal.administrator, now=portal.now
        )
        sold = b"Model,Serial,Sold on\nW310,SN-1,2026-01-05\nW310,SN-2,never\n"
        key = new_key()
        storage().put(key, sold)
        sheet = imports.upload(
            Upload("sold.csv", key, sha256(sold).hexdigest(), read_table(sold, "sold.csv")),
            UNITS,
            by=portal.administrator,
            now=portal.now,
        )
        code = fault_code_services.create(
            "L-07",
            Names("Runs all the time", "一直上水", "Stale cieknie"),
            by=portal.administrator,
            now=portal.now,
        )
        world.add("model", model.public_id, "everybody", HQ)
        world.add("fault_code", code.public_id, "everybody", HQ)
        world.add("import", sheet.public_id, None, frozenset({"administrator", "auditor"}))
        part = session.get_one(Part, portal.parts["FV-100"])
        world.add("part", part.public_id, "everybody", HQ)
        world.add("term", change.name, None, HQ)
        world.add("change", change.public_id, None, HQ)
        world.add("calendar", "calendar", "everybody", HQ)
        world.add("price_list", price_list.public_id, None, frozenset({"administrator", "auditor"}))
        for kind in ("job", "other_job"):
            jobs.enqueue("files.forget", {"keys": []}, key=kind, now=portal.now)
            failed = session.scalars(select(Job).where(Job.key == kind)).one()
            failed.attempts = jobs.MOST_ATTEMPTS
            world.add(kind, failed.id, None, frozenset({"administrator", "auditor"}))


def _picture(world: World, picture: files.Prepared) -> None:
    """A part's picture, which everybody sees who reads parts."""
    portal = world.portal
    with portal.transaction():
        photo = files.keep(picture, by=portal.administrator, now=portal.now).public_id
        part = session.get_one(Part, portal.parts["FV-100"])
        facts = catalogue.PartFacts(part.name, part.name_zh, part.name_pl, "pcs", "", True, "")
        catalogue.edit_part(
            part, facts, picture=photo, seen=None, by=portal.administrator, now=portal.now
        )
        world.add("picture", photo, "everybody", HQ)


def _personal(world: World, who: str, picture: files.Prepared) -> None:
    """What is one person's only: a notice, a file that no document has, a second sign-in."""
    portal = world.portal
    actor = portal.cast[who]
    portal.client(actor)
    with portal.transaction():
        about = actor.dealer_id or portal.dealers["north"]
        if who == "administrator":
            about = actor.id or 0
        kind = User.kind if who == "administrator" else Dealer.kind
        event = session.scalars(
            select(Event.id).where(Event.document_kind == kind, Event.document_id == about).limit(1)
        ).one()
        notice = session.scalars(
            insert(Notice)
            # A number that stands nowhere else on a page.
            .values(id=900_000 + actor.id, user_id=actor.id, event_id=event, title="Hello")
            .returning(Notice.id)
        ).one()
        session_name = session.scalars(
            select(LoginSession).where(LoginSession.user_id == actor.id)
        ).one()
        passkey = Passkey(
            user_id=actor.id, name="Phone", credential_id=who, public_key="x", sign_count=0,
            transports="", created_at=portal.now,
        )  # fmt: skip
        session.add(passkey)
        session.flush()
        for kind, name in (
            ("notice", notice),
            ("passkey", passkey.public_id),
            ("file", files.keep(picture, by=actor, now=portal.now).public_id),
            ("session", session_name.public_id),
        ):
            world.things.setdefault(kind, []).append(Thing(str(name), person=who))


def fingerprint(portal: Portal) -> dict[str, str]:
    """A digest of every table's whole content."""
    found = {}
    with portal.transaction():
        for table in Base.metadata.sorted_tables:
            rows = session.execute(select(table).order_by(*table.primary_key.columns)).all()
            found[table.name] = hashlib.sha256(repr(rows).encode()).hexdigest()
    return found
