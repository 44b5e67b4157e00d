"""Every unsafe action, posted twice, has one effect: in one page's form, and without its key."""

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from portal.advances.models import Advance
from portal.applications.models import (
    Application,
    ApplicationLine,
    DeliveryReport,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.applications.sheet_models import ApplicationSheet
from portal.banking.models import BankFile
from portal.catalogue import product_services
from portal.catalogue.models import FaultCode, Part, PriceList, ProductModel, SheetImport
from portal.catalogue.names import Names
from portal.claims import opening
from portal.claims.appeal_models import Appeal
from portal.claims.models import Claim, ClaimLine, Run
from portal.collections.models import Consignment
from portal.core import jobs
from portal.core.db import db, session
from portal.core.events import Event
from portal.corrections.models import Correction
from portal.fees.models import FeeSchedule, ServiceItem
from portal.files.models import Attachment
from portal.invoices.models import CustomerInvoice
from portal.ledger.models import Account, Transfer
from portal.notices.models import Notice
from portal.oldparts import services as oldparts
from portal.oldparts.batch_models import OldPartBatch
from portal.oldparts.models import OldPart
from portal.people.models import Dealer, LoginSession, User
from portal.sheets.writing import write_csv
from portal.terms.models import PolicyValue
from portal.web.presses import KEPT_FOR, Press
from portal.web.routes import routes
from tests.functional.catalogue import products
from tests.functional.claims.looking import decree
from tests.functional.oldparts import many
from tests.functional.world import fingerprint
from tests.support import advances, appealing, banking, claims, collecting, correcting, fees, story
from tests.support.portal import PASSWORD, Client, Portal, meet, new

sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

EXCEPTED = {
    "signin.enter": "each is a session of its own",
    "access.choose": "nobody is signed in; the second one is told that the link works no more",
    "access.ask": "nobody is signed in; the second one asks for the same letter",
    "signin.enter_code": "nobody is signed in; a code is taken once",
    "signin.enter_passkey": "nobody is signed in; a challenge is spent once",
    "factor.confirm": "it changes nothing but the browser that it is typed in",
    "factor.add_passkey": "a challenge is spent once",
    "factor.remove_passkey": "the second one finds none",
    "factor.turn_on": "the second one is told that it is on; its browser has the secret",
    "factor.renew_codes": "a code is taken once",
    "factor.turn_off": "a code is taken once",
    "signin.leave": "the second one is nobody's any more",
    "quotes.reckon": "it changes nothing",
    "files.upload": "a script sends it as the file is chosen; what no form claims is swept away",
}
"""Unsafe routes that are not tried here, and why."""
MANY = 6
KEY = "a-key-of-one-page"
PRICES = b"Part number,Name,Cost price,Out-of-warranty price\nZZ-1,Clip,1.00,2.00\n"
SOLD = b"Model,Serial,Sold,Day\nB810,SN-9,x,2026-01-05\n"
LINE = {
    "lines-0-part": "FV-100", "lines-0-quantity": "1", "lines-0-purpose": "warranty",
    "lines-0-product_model": "WC-9", "lines-0-serial": "SN-2", "lines-0-fault": "Leaks",
    "contact": "王坤", "delivery_address": "朝阳路 1 号",
}  # fmt: skip
FACTS = {"name": "New", "country": "PL", "city": "Łódź", "contact": "X", "zone": "Europe/Warsaw"}
REGISTRATION = {
    "customer_name": "李秀英", "product_model": "WC-9", "product_serial": "SN-2",
    "failed_on": "2026-10-02", "replaced_on": "2026-10-12", "complaint": "Leaks",
    "cause": "Torn", "remedy": "Replaced",
}  # fmt: skip

Sent = tuple[str, str, dict[str, Any]]
"""Who sends what to where; bytes are a file."""


def _send(client: Client, url: str, typed: dict[str, Any], key: str = "") -> TestResponse:
    files = {
        name: (BytesIO(value), f"{name}.csv" if name == "file" else f"{name}.png")
        for name, value in typed.items()
        if isinstance(value, bytes)
    }
    more = {"press": key} if key else {}
    return client.post(url, typed | files | more)


def _one(portal: Portal, statement: Any) -> Any:
    with portal.transaction():
        return session.scalars(statement).one()


def _loop(portal: Portal) -> Iterator[Sent]:
    """The loop press by press."""
    draft = story.drafted(portal)
    url = f"/applications/{draft.public_id}"
    yield "clerk", f"{url}/edit", LINE | {"do": "submit", "seen": "1"}
    asked = _one(portal, select(ApplicationLine))
    answer = {
        "promised_on": "2026-10-20", "lines-0-line_id": asked.id, "lines-0-part": asked.part_id,
        "lines-0-quantity": "1", "freight": "1",
    }  # fmt: skip
    yield "desk", f"{url}/quote", answer | {"seen": "2"}
    yield "manager", f"{url}/confirm", {"seen": "3", "quote_version": "1"}
    yield "finance", f"{url}/steps/release", {"seen": "4"}
    quoted = _one(portal, select(QuoteLine.id))
    sending = {"carrier": "SF", "tracking_number": "7", "shipped_on": "2026-10-12"}
    yield "warehouse", f"{url}/ship", sending | {"seen": "5", f"pieces-{quoted}": "1"}
    shipment = _one(portal, select(Shipment))
    yield "clerk", f"/shipments/{shipment.public_id}/receive", {"seen": "1"}
    yield "clerk", f"/old-parts/register/{shipment.public_id}/1", REGISTRATION | {
        "seen": "1", "photos_kept": story.photo(portal),
    }  # fmt: skip
    old_part = _one(portal, select(OldPart))
    yield "desk", f"/old-parts/review/{old_part.public_id}/accept", {"seen": "1"}
    yield "manager", "/claims/new", {"month": "2026-10"}
    claim = _one(portal, select(Claim))
    yield "manager", f"/claims/{claim.public_id}/submit", {"seen": "1"}
    yield "reviewer", "/runs/open", {"month": "2026-09"}
    yield "reviewer", "/runs/open", {"month": "2026-10"}
    decision = {"was": "open", "step": "reduce", "amount": "3.00", "reason": "goodwill_share"}
    yield "reviewer", f"/claims/{claim.public_id}/lines/1", decision
    yield "reviewer", f"/claims/{claim.public_id}/decide", {"seen": "3"}
    run = _one(portal, select(Run).where(Run.month == "2026-10"))
    yield "reviewer", f"/runs/{run.public_id}/start", {"seen": "1"}
    yield "reviewer", f"/runs/{run.public_id}/propose", {"seen": "2"}
    yield "reviewer", f"/runs/{run.public_id}/resume", {"seen": "3"}
    yield "reviewer", f"/runs/{run.public_id}/close", {"seen": "4"}


def _beside(portal: Portal) -> Iterator[Sent]:
    """What is pressed beside the loop."""
    yield from _reported(portal)
    yield from _charged(portal)
    yield from _inspected(portal)
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"])
        user = session.get_one(User, portal.clerk.id)
    of_south = select(Transfer.public_id).where(Transfer.dealer_id == portal.dealers["south"])
    entry = _one(portal, of_south)
    booked = {"dealer": dealer.public_id, "amount": "1.00", "reference": "Line 7"}
    yield "finance", "/deposits/new", booked
    yield "finance", f"/entries/{entry}/reverse", {"reason": "Wrong dealer"}
    limit = {"seen": "1", "credit_limit": "500", "reason": "Pays in time"}
    yield "finance", f"/accounts/{dealer.public_id}/credit-limit", limit
    person = {"name": "New", "email": "new@example.com"}
    yield "manager", "/users/new", person | {"roles": "clerk", "language": "en"}
    url = f"/users/{user.public_id}"
    yield "manager", f"{url}/edit", {"name": "Other", "roles": "clerk", "seen": "1"}
    yield "manager", f"{url}/steps/deactivate", {"seen": "2", "reason": "Left"}
    seen = _one(portal, select(Account.version).where(Account.dealer_id == dealer.id))
    limit = {"credit_limit": "700.00", "reason": "Known for years", "seen": str(seen)}
    yield "finance", f"/accounts/{dealer.public_id}/credit-limit", limit
    part = {"name": "Float", "unit": "pcs", "category": "Valves"}
    yield "administrator", "/parts/new", part | {"number": "FL-1"}
    made = _one(portal, select(Part.public_id).where(Part.number == "FL-1"))
    yield "administrator", f"/parts/{made}/edit", part | {"name": "Ball float", "seen": "1"}
    gone = {"reason": "No more made", "seen": "2"}
    yield "administrator", f"/parts/{made}/steps/withdraw", gone
    yield "administrator", "/products/new", {"number": "W310", "name": "Toilet"}
    model = f"/products/{_one(portal, select(ProductModel.public_id))}"
    yield "administrator", f"{model}/edit", {"name": "Other toilet", "seen": "1"}
    months = {"months": "24", "effective_from": "2020-01-01", "category": ""}
    yield "administrator", f"{model}/warranty", months | {"seen": "2"}
    yield "administrator", f"{model}/parts", {"number": "FV-100", "seen": "3"}
    yield "administrator", f"{model}/parts/remove", {"number": "FV-100", "seen": "4"}
    yield "administrator", f"{model}/steps/withdraw", {"reason": "No more sold", "seen": "5"}
    yield "administrator", "/products/fault-codes/new", {"code": "L-07", "name": "Leaks"}
    code = f"/products/fault-codes/{_one(portal, select(FaultCode.public_id))}"
    yield "administrator", f"{code}/edit", {"name": "Leaks a little", "seen": "1"}
    yield "administrator", f"{code}/steps/withdraw", {"reason": "Too vague", "seen": "2"}
    yield "administrator", "/dealers/new", FACTS | {"code": "D0009"}
    yield "administrator", f"/dealers/{dealer.public_id}/edit", FACTS | {"seen": "1"}
    yield "administrator", f"/dealers/{dealer.public_id}/steps/freeze", {"seen": "2", "reason": "-"}
    yield "administrator", f"/dealers/{dealer.public_id}/steps/unfreeze", {"seen": "3"}


def _reported(portal: Portal) -> Iterator[Sent]:
    """A shipment of which one piece is damaged, and is sent again."""
    shipment, line = story.shipped(portal), _one(portal, select(ShipmentLine.id))
    yield "clerk", f"/shipments/{shipment.public_id}/report", {
        "seen": "1", f"damaged-{line}": "1", "photos_kept": story.photo(portal),
    }  # fmt: skip
    report = _one(portal, select(DeliveryReport))
    settled = {"seen": "1", f"line-{line}": "again"}
    yield "desk", f"/delivery-reports/{report.public_id}/settle", settled


def _charged(portal: Portal) -> Iterator[Sent]:
    """A charge for old parts that is disputed and upheld, and reversed after all."""
    url = f"/old-parts/charges/{story.charged(portal).public_id}"
    yield "clerk", f"{url}/dispute", {
        "seen": "2", "reason": "We sent it", "photos_kept": story.photo(portal),
    }  # fmt: skip
    yield "finance", f"{url}/steps/uphold", {"seen": "3", "reason": "It never arrived"}
    yield "finance", f"{url}/steps/reverse", {"seen": "4", "reason": "It was found"}
    arrived = story.received(portal)
    with portal.transaction():
        line = story.line_ids(arrived)[0]
    waived = {"seen": "2", "reason": "Scrapped here"}
    yield "desk", f"/old-parts/owed/{line}/waive", waived


def _inspected(portal: Portal) -> Iterator[Sent]:
    """A piece that fails, and after an objection passes and is disposed of."""
    (name,) = claims.pieces(portal, 1, status="received")
    url = f"/old-parts/{name}"
    yield "warehouse", f"{url}/inspect", {
        "seen": "1", "result": "fail", "code": "user_damage", "pays": "dealer",
        "photos_kept": story.photo(portal, "warehouse"),
    }  # fmt: skip
    yield "clerk", f"{url}/object", {"seen": "2", "reason": "It was whole"}
    yield "desk", f"{url}/steps/overturn", {"seen": "3", "reason": "It was the carrier"}
    yield "warehouse", "/old-parts/inspect", {"pick": name, f"seen-{name}": "4"}


def _returned(portal: Portal) -> str:
    made = story.registered(portal)
    with portal.transaction():
        old_part = session.get_one(OldPart, made.id)
        oldparts.review(
            old_part, "return", reason="Blurred", seen=None, by=portal.desk, now=portal.now
        )
    return made.public_id


def _closing(portal: Portal) -> str:
    claims.pieces(portal, 1, dealer="south")
    claim = claims.in_review(portal, by="other_manager")
    claims.decide_all(portal, claim)
    run = _one(portal, select(Run).where(Run.month == "2026-10"))
    for step, seen in (("start", "1"), ("close", "2")):
        portal.client(portal.reviewer).post(f"/runs/{run.public_id}/{step}", {"seen": seen})
    return str(run.public_id)


def _traceless(portal: Portal) -> Iterator[Sent]:
    """What could be done again and again, but for the key; and what leads elsewhere."""
    yield "clerk", "/applications/new", {}
    name = _one(portal, select(Application.public_id))
    yield "clerk", f"/applications/{name}/edit", LINE | {"do": "add", "seen": "1"}
    yield "clerk", f"/comments/application/{name}", {"text": "Soon, please"}
    yield "clerk", f"/comments/application/{name}", {"text": "", "files": _png()}
    change = {"effective_from": "2026-12-01", "reason": "Longer", "value": "20"}
    yield "administrator", "/policy/oldpart.register_days", change
    proposed = _one(portal, select(PolicyValue.public_id))
    yield "administrator", f"/policy/changes/{proposed}/withdraw", {"seen": "1", "reason": "No"}
    holiday = {"first": "2027-02-05", "name": "Holiday", "kind": "closed", "seen": "1"}
    yield "administrator", "/calendar", holiday
    pasted = {"rows": "2027-05-01 Labour Day", "pasted_kind": "closed", "seen": "2"}
    yield "administrator", "/calendar/paste", pasted
    cleared = {"first": "2027-02-05", "last": "2027-02-05", "seen": "3"}
    yield "administrator", "/calendar/clear", cleared
    labour = {"country": "PL", "year": "2028", "pick": "2028-05-01", "seen": "4"}
    yield "administrator", "/calendar/holidays", labour
    yield "administrator", "/price-lists/new", {"effective_from": "2026-10-20", "file": PRICES}
    in_preview = select(PriceList.public_id).where(PriceList.status == "preview")
    prices = f"/price-lists/{_one(portal, in_preview)}"
    columns = {"number": "0", "name": "1", "cost": "2", "retail": "3"}
    yield "administrator", f"{prices}/columns", columns | {"seen": "1"}
    yield "administrator", f"{prices}/import", {"seen": "1"}
    again = {"effective_from": "2026-10-20", "file": PRICES, "name": "Again"}
    yield "administrator", "/price-lists/new", again
    second = _one(portal, in_preview)
    yield "administrator", f"/price-lists/{second}/discard", {"seen": "1"}
    yield from _sold(portal)
    released = story.released(portal)
    with portal.transaction():
        pieces = session.scalars(select(QuoteLine.id)).one()
    yield "warehouse", f"/applications/{released.public_id}/cancel-lines", {
        "seen": str(released.version), f"pieces-{pieces}": "1", "reason": "None left",
        "agreed": "1250",
    }  # fmt: skip
    returned = _returned(portal)
    yield "clerk", f"/old-parts/{returned}/correct", REGISTRATION | {"seen": "2"}
    yield "clerk", f"/old-parts/{returned}/photos", {"photos_kept": story.photo(portal)}
    yield "clerk", f"/old-parts/{returned}/photos", {"photos": _png()}
    yield "clerk", "/old-parts/scan", {"scan": _png()}
    yield "desk", f"/old-parts/{returned}/steps/return", {"seen": "3", "reason": "Blurred"}
    for who, step in (("finance", "book"), ("desk", "excuse")):
        late = f"/compensations/{story.late(portal).public_id}"
        yield who, f"{late}/{step}", {"seen": "1", "reason": "Ice on the road"}
    to_reject = story.registered(portal).public_id
    why = {"code": "user_damage", "reason": "Broken", "seen": "1"}
    yield "desk", f"/old-parts/{to_reject}/steps/reject", why
    waits, held = story.submitted(portal), story.confirmed(portal)
    products.policy(portal, products.model(portal, "WC-9"), 24)
    piece = story.registered(portal).public_id
    yield "desk", "/old-parts/review", {"pick": piece, f"seen-{piece}": "1"}
    many = {"pick": waits.public_id, "promised_on": "2026-10-20", f"seen-{waits.public_id}": "2"}
    yield "desk", "/applications/many/quote", many
    yield "finance", "/applications/many/release", {"pick": held.public_id}


def _sold(portal: Portal) -> Iterator[Sent]:
    """Spreadsheets of master data."""
    with portal.transaction():
        facts = Names("Basin")
        product_services.create_model("B810", facts, by=portal.administrator, now=portal.now)
    in_preview = select(SheetImport.public_id).where(SheetImport.status == "preview")
    yield "administrator", "/imports/new/units", {"file": SOLD}
    sold = f"/imports/{_one(portal, in_preview)}"
    yield "administrator", f"{sold}/columns", {
        "model": "0", "serial": "1", "sold_on": "3", "dealer": "", "seen": "1",
    }  # fmt: skip
    yield "administrator", f"{sold}/import", {"seen": "2"}
    yield "administrator", "/imports/new/fits", {"file": b"Model,Part\nB810,FV-100\n"}
    yield "administrator", f"/imports/{_one(portal, in_preview)}/discard", {"seen": "1"}


def _collected(portal: Portal) -> Iterator[Sent]:
    """Old parts that are called in, packed, sent and received."""
    claims.pieces(portal, 2)
    with portal.transaction():
        dealer = session.get_one(Dealer, portal.dealers["north"]).public_id
        numbers = session.scalars(select(OldPart.number).order_by(OldPart.id)).all()
        piece = session.scalars(select(OldPart.public_id).order_by(OldPart.id)).first()
    asked = {"dealer": dealer, f"pieces-{dealer}": "2", "until": "2026-10-30"}
    yield "desk", "/collections/call?part=FV-100", asked | {"deliver_to": "Dock 4"}
    url = f"/collections/{_one(portal, select(Consignment.public_id))}"
    yield "clerk", f"{url}/pack", {"code": numbers[0], "box": "1"}
    yield "clerk", f"{url}/unpack", {"piece": piece}
    yield "clerk", f"{url}/pack", {"code": numbers[0], "box": "2"}
    carrier = {"carrier": "SF", "tracking_number": "7", "packed": "1", "seen": "1"}
    yield "clerk", f"{url}/send", carrier
    yield "warehouse", f"{url}/receive", {"code": numbers[0], "place": "A-1"}
    yield "warehouse", f"{url}/finish", {"seen": "2", "missing": "0"}
    rest = _one(portal, select(Consignment.public_id).where(Consignment.status == "called"))
    ended = {"seen": "1", "reason": "Closed down"}
    yield "desk", f"/collections/{rest}/steps/release", ended
    piece = _one(portal, select(OldPart).where(OldPart.status == "accepted"))
    may_go = {"pick": piece.public_id, f"seen-{piece.public_id}": str(piece.version)}
    yield "desk", "/old-parts/scrapping", may_go
    proof = {"seen": str(piece.version + 1), "photos_kept": story.photo(portal)}
    yield "clerk", f"/old-parts/{piece.public_id}/scrap", proof


def _bulk(portal: Portal) -> Iterator[Sent]:
    """Old parts registered in bulk."""
    story.received(portal)
    sheet = write_csv(many.HEADINGS, [many.row(1, Photos="photos.png")])
    yield "clerk", "/old-parts/many", {"file": sheet, "photos": many.photo(1)}
    batch = _one(portal, select(OldPartBatch))
    url = f"/old-parts/many/{batch.public_id}"
    chosen = {key: "" if at is None else str(at) for key, at in batch.mapping["columns"].items()}
    yield "clerk", f"{url}/columns", chosen | {"fault_code": "0", "number": "", "seen": "1"}
    yield "clerk", f"{url}/photos", {"photos": many.photo(2)}
    many.work(portal)
    yield "clerk", f"{url}/import", {"seen": "2"}
    yield "clerk", f"{url}/go-on", {}
    many.work(portal)
    yield "clerk", "/old-parts/many", {"file": sheet}
    waits = select(OldPartBatch.public_id).where(OldPartBatch.status == "preview")
    yield "clerk", f"/old-parts/many/{_one(portal, waits)}/discard", {"seen": "1"}


def _version(portal: Portal, claim: Claim) -> str:
    return str(_one(portal, select(Claim.version).where(Claim.id == claim.id)))


def _with_rates(portal: Portal, claim: Claim) -> str:
    """An old part on a claim, replaced while its dealer's service fees are in force."""
    decree(portal, "claim.labour", 1)
    fees.approved(portal)
    piece = select(OldPart).join(ClaimLine, ClaimLine.old_part_id == OldPart.id)
    with portal.transaction():
        found = session.scalars(piece.where(ClaimLine.claim_id == claim.id).limit(1)).one()
        found.replaced_on = fees.SINCE
        return found.public_id


def _month(portal: Portal) -> Iterator[Sent]:
    """What the reviewer presses beside the loop, and a draft that is kept."""
    sent = collecting.sent(portal, 1, part="TH-300").public_id
    claims.pieces(portal, 2)
    claim = claims.started(portal)
    url = f"/claims/{claim.public_id}"
    allowed = advances.approved(portal).public_id
    for kind, document in (("freight", sent), ("advance", allowed)):
        paid = {"document": document, "amount": "86.50", "files_kept": story.photo(portal)}
        yield "clerk", f"{url}/{kind}", paid
        yield "clerk", f"{url}/{kind}/{document}/remove", {}
    piece = _with_rates(portal, claim)
    yield "clerk", f"{url}/labour", {f"service-{piece}": "1", f"quantity-{piece}": "2"}
    yield "clerk", f"{url}/labour/{piece}/remove", {}
    yield "clerk", f"{url}/save", {"seen": _version(portal, claim), "remark": "All of it"}
    yield "clerk", f"{url}/discard", {"seen": _version(portal, claim)}
    yield "clerk", "/claims/new", {"month": claim.month}
    yield "manager", f"{url}/submit", {"seen": _version(portal, claim)}
    yield "manager", f"{url}/take-back", {"seen": _version(portal, claim)}
    yield "manager", f"{url}/submit", {"seen": _version(portal, claim)}
    run = claims.opened(portal)
    board = f"/runs/{run.public_id}"
    reviewer = _one(portal, select(User.public_id).where(User.id == portal.reviewer.id))
    yield "reviewer", f"{board}/share-out", {"among": reviewer}
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    yield "reviewer", f"{board}/board", {"pick": north, f"was-{north}": reviewer, "reviewer": ""}
    rejected = {"was": "open", "step": "reject", "reason": "user_damage"}
    yield "reviewer", f"{url}/review/1/note", {"text": "Ask the warehouse"}
    yield "reviewer", f"{url}/review/1/decide", rejected
    yield "reviewer", f"{url}/approve-open", {"seen": _version(portal, claim)}
    yield "reviewer", f"{url}/return", {"seen": _version(portal, claim), "reason": "Wrong"}
    url = f"/runs/{run.public_id}"
    reviewer = portal.client(portal.reviewer)
    for step, seen in (("start", "1"), ("close", "2")):
        assert reviewer.post(f"{url}/{step}", {"seen": seen}).status_code == 303
    yield "reviewer", f"{url}/close-again", {"seen": "3"}


def _appealed(portal: Portal) -> Iterator[Sent]:
    """An appeal that another reviewer grants, and one that is withdrawn."""
    claim = appealing.cut(portal, {**appealing.REJECTED, 2: appealing.REJECTED[1]})
    appealing.colleague(portal)
    url = f"/claims/{claim.public_id}/lines"
    yield "clerk", f"{url}/1/appeal", {"grounds": appealing.GROUNDS, "files": _png()}
    first = f"/appeals/{_one(portal, select(Appeal.public_id))}"
    yield "reviewer2", f"{first}/decide", {"seen": "1", "step": "grant", "amount": "12.50"}
    yield "manager", f"{url}/2/appeal", {"grounds": appealing.GROUNDS}
    second = _one(portal, select(Appeal.public_id).where(Appeal.position == 2))
    yield "clerk", f"/appeals/{second}/steps/withdraw", {"seen": "1"}


def _corrected(portal: Portal) -> Iterator[Sent]:
    """A penalty that is answered, and an adjustment that another one of finance books."""
    portal.cast["finance2"] = correcting.checker(portal)
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    asked = {"dealer": north, "amount": "50.00", "reason": "Above the rates", "files": _png()}
    yield "finance", "/corrections/new", asked | {"what": "penalty"}
    penalty = f"/corrections/{_one(portal, select(Correction.public_id))}"
    yield "manager", f"{penalty}/answer", {"seen": "2", "reason": "We were right"}
    yield "finance2", f"{penalty}/steps/book", {"seen": "3"}


def _banking(portal: Portal) -> Iterator[Sent]:
    """A bank's file whose lines are booked, and one that is discarded."""
    content = banking.table(banking.row(1, "?"), banking.row(2, "?"), banking.row(3))
    yield "finance", "/accounts/bank/files", {"file": content}
    file = _one(portal, select(BankFile))
    url = f"/accounts/bank/files/{file.public_id}"
    chosen = {key: "" if at is None else str(at) for key, at in file.mapping["columns"].items()}
    yield "finance", f"{url}/columns", chosen | {"remitter": "", "seen": "1"}
    yield "finance", f"{url}/import", {"seen": "2"}
    yield "finance", f"{url}/go-on", {}
    banking.work(portal)
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    first, second, _third = (
        f"/accounts/bank/lines/{one.public_id}" for one in banking.lines(portal)
    )
    yield "finance", f"{first}/book", {"dealer": north, "seen": "1"}
    yield "finance", f"{second}/steps/set_aside", {"seen": "1", "reason": "A tax refund"}
    yield "finance", "/accounts/bank/files", {"file": banking.table(banking.row(4))}
    waits = select(BankFile.public_id).where(BankFile.status == "preview")
    yield "finance", f"/accounts/bank/files/{_one(portal, waits)}/discard", {"seen": "1"}


def _fees(portal: Portal) -> Iterator[Sent]:
    """Services that headquarters names, and what a dealer charges for them."""
    named = {"code": "V-10", "name": "Visit", "unit": "visit"}
    yield "administrator", "/fees/services/new", named
    item = f"/fees/services/{_one(portal, select(ServiceItem.public_id))}"
    yield "administrator", f"{item}/edit", {"name": "Trip", "unit": "visit", "seen": "1"}
    yield "clerk", "/fees/new", {}
    url = f"/fees/{_one(portal, select(FeeSchedule.public_id))}"
    yield "clerk", f"{url}/save", {"grounds": "Wages", "seen": "1"}
    yield "clerk", f"{url}/sheet", {"file": b"Code,Amount\nV-10,60\n"}
    line = {
        "lines-0-service": "Drill", "lines-0-unit": "job", "lines-0-amount": "5",
        "effective_on": "2026-11-01", "grounds": "Wages",
    }  # fmt: skip
    yield "manager", f"{url}/submit", line | {"seen": "3"}
    yield "desk", f"{url}/steps/approve", {"seen": "4"}
    yield "administrator", f"{item}/steps/withdraw", {"reason": "Never asked for", "seen": "2"}


def _invoiced(portal: Portal) -> Iterator[Sent]:
    """Customer invoices that are recorded, taken back, accepted, and penalized."""
    fees.approved(portal)
    for paper, amount in (("F-0", "1"), ("F-1", "60"), ("F-2", "70")):
        line = {"lines-0-service": "own:job:Drill", "lines-0-unit": "job", "lines-0-quantity": "1"}
        typed = {"paper_number": paper, "issued_on": "2026-10-12", "customer_name": "Anna"}
        yield "clerk", "/invoices/new", typed | line | {"lines-0-amount": amount, "files": _png()}
        made = select(CustomerInvoice.public_id).where(CustomerInvoice.paper_number == paper)
        url = f"/invoices/{_one(portal, made)}"
        if paper == "F-0":
            yield "clerk", f"{url}/steps/void", {"seen": "1", "reason": "Not ours"}
        elif paper == "F-1":
            yield "desk", f"{url}/steps/accept", {"seen": "2", "reason": "Far away"}
        else:
            yield "finance", f"{url}/penalty", {"seen": "2", "amount": "20", "reason": "Too much"}
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    sent = typed | line | {"paper_number": "F-3", "lines-0-amount": "1"}
    yield "desk", f"/invoices/of/{north}", sent


def _compensated(portal: Portal) -> Iterator[Sent]:
    """Compensations that are asked for, returned, corrected, approved, and withdrawn."""
    asked = {"customer_name": "李秀英", "what_happened": "Water on the floor", "asked": "480"}
    yield "clerk", "/advances/new", asked | {"files": _png()}
    url = f"/advances/{_one(portal, select(Advance.public_id))}"
    yield "desk", f"{url}/steps/return", {"seen": "1", "reason": "No bill"}
    yield "clerk", f"{url}/correct", asked | {"seen": "2", "files": _png("red")}
    yield "desk", f"{url}/approve", {"seen": "3", "amount": "480"}
    other = advances.requested(portal).public_id
    yield "manager", f"/advances/{other}/steps/withdraw", {"seen": "1"}


def _together(portal: Portal) -> Iterator[Sent]:
    """An opening that is tried again, and what is approved of a whole run."""
    claims.pieces(portal, 2)
    claims.submitted(portal)
    with pytest.MonkeyPatch.context() as large:
        large.setattr(opening, "AT_ONCE", 1)
        run = claims.opened(portal)
    yield "reviewer", f"/runs/{run.public_id}/take-in-again", {}
    claims.work(portal)
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    yield "reviewer", f"/runs/{run.public_id}/approve", {f"was-{north}": "", "of": "shown"}


def _png(colour: str = "teal") -> bytes:
    content = BytesIO()
    Image.new("RGB", (60, 40), colour).save(content, "PNG")
    return content.getvalue()


def _own(portal: Portal) -> Iterator[Sent]:
    """What is one person's own."""
    yield "clerk", "/preferences", {"language": "pl", "next": "/"}
    view = {"path": "/applications", "query": "tab=submitted", "name": "To quote"}
    yield "clerk", "/views", view
    yield "clerk", "/views/remove", view
    yield "manager", f"/files/{story.photo(portal, 'manager')}/remove", {}
    story.submitted(portal)
    notices = select(Notice.id).where(Notice.user_id == portal.desk.id)
    yield "desk", f"/inbox/{_one(portal, notices)}", {}
    yield "desk", "/inbox", {}
    yield "desk", "/profile/password", {"old": PASSWORD, "new": "quite another one"}
    portal.client(portal.desk)
    sessions = select(LoginSession).where(LoginSession.user_id == portal.desk.id)
    with portal.transaction():
        last = session.scalars(sessions.order_by(LoginSession.id)).all()[-1].public_id
    yield "desk", f"/profile/sessions/{last}", {}
    yield "desk", "/profile/sessions", {}


def _jobs(portal: Portal) -> Iterator[Sent]:
    """Jobs that failed: tried again one by one and all together, and dropped."""
    keys = ("one", "two", "three")
    with portal.transaction():
        jobs.enqueue_many("files.forget", {key: {"keys": []} for key in keys}, now=portal.now)
        session.execute(update(jobs.Job).values(attempts=jobs.MOST_ATTEMPTS))
    one, two = (_one(portal, select(jobs.Job.id).where(jobs.Job.key == key)) for key in keys[:2])
    yield "administrator", f"/jobs/{one}/retry", {}
    yield "administrator", f"/jobs/{two}/drop", {}
    yield "administrator", "/jobs", {}
    yield "finance", "/books", {}


def _asked_for(portal: Portal) -> Iterator[Sent]:
    """A customer who asks for their data to be removed."""
    piece = story.registered(portal)
    with portal.transaction():
        piece = session.get_one(OldPart, piece.id)
        why = {"code": "user_damage", "reason": "Broken", "seen": None}
        oldparts.review(piece, "reject", **why, by=portal.desk, now=portal.now)
    pick = f"oldpart {piece.public_id}"
    typed = {"pick": pick, f"seen-{pick}": str(piece.version), "reason": "By letter"}
    yield "administrator", "/customers", typed


def _writing(portal: Portal) -> Iterator[Sent]:
    """Ways to write an application besides typing it."""
    table = b"Wanted,How many\nFV-100,2\n"
    yield "clerk", "/applications/upload", {"file": table}
    sheet = _one(portal, select(ApplicationSheet.public_id))
    yield "clerk", f"/applications/upload/{sheet}", {"part": "0", "quantity": "1"}
    yield "clerk", "/applications/upload", {"file": table + b"FP-200,1\n"}
    draft = story.drafted(portal).public_id
    yield "clerk", f"/applications/{draft}/lines/row0/photos", {"photos-row0": _png()}
    earlier = story.submitted(portal).public_id
    yield "clerk", f"/applications/{earlier}/again", {}


WALKS = (
    _writing, _loop, _beside, _collected, _traceless, _bulk, _month, _together, _appealed, _own,
    _compensated, _corrected, _banking, _fees, _invoiced, _jobs,
    _asked_for,
)  # fmt: skip


def _clients(portal: Portal) -> Callable[[str], Client]:
    made: dict[str, Client] = {}

    def client(who: str) -> Client:
        if who not in made:
            made[who] = portal.client(portal.cast[who])
        return made[who]

    return client


def _business(portal: Portal) -> dict[str, str]:
    """A digest of every table, but for when a session was last seen."""
    found = fingerprint(portal)
    del found["login_session"]
    return found


@pytest.mark.parametrize("walk", WALKS)
def test_form_has_one_effect_when_it_is_posted_twice(
    portal: Portal, walk: Callable[[Portal], Iterator[Sent]]
) -> None:
    """The second of two equal posts is led to where the first one was, and changes nothing."""
    client = _clients(portal)
    for number, (who, url, typed) in enumerate(walk(portal)):
        key = f"{KEY}-{number}"
        first = _send(client(who), url, typed, key)
        assert first.status_code == 303, (url, first.text)
        before = _business(portal)
        second = _send(client(who), url, typed, key)
        assert (second.status_code, second.location) == (303, first.location), url
        assert _business(portal) == before, url


def test_every_unsafe_route_is_tried_when_forms_are_posted_twice(
    sqlite_template: Path, tmp_path: Path
) -> None:
    """Who adds an unsafe route says here how its form is sent twice."""
    tried: set[str] = set()
    for walk in WALKS:
        folder = tmp_path / walk.__name__
        folder.mkdir()
        shutil.copy(sqlite_template, folder / "portal.sqlite")
        portal = meet(new(folder, ""))
        client, addresses = _clients(portal), portal.app.url_map.bind("")
        for who, url, typed in walk(portal):
            assert _send(client(who), url, typed).status_code == 303, url
            tried.add(addresses.match(url.partition("?")[0], method="POST")[0])
        with portal.app.app_context():
            db.engine.dispose()
    known = {one["endpoint"] for one in routes(portal.app) if "POST" in one["methods"]}
    assert known - tried == set(EXCEPTED)


@sqlite_only
@pytest.mark.parametrize("walk", [_loop, _beside])
def test_step_is_refused_when_it_is_posted_twice_without_a_key(
    portal: Portal, walk: Callable[[Portal], Iterator[Sent]]
) -> None:
    """Each step of the loop: also by hand, the second of two equal posts changes nothing."""
    client = _clients(portal)
    for who, url, typed in walk(portal):
        assert _send(client(who), url, typed).status_code == 303, url
        before = _business(portal)
        assert _send(client(who), url, typed).status_code in (404, 409, 422), url
        assert _business(portal) == before, url


CREATING: dict[str, tuple[str, str, dict[str, Any], Any]] = {
    "application": ("clerk", "/applications/new", {}, Application),
    "comment": ("clerk", "/comments/dealer/{north}", {"text": "Soon"}, Event),
    "proposal": (
        "administrator",
        "/policy/oldpart.register_days",
        {"effective_from": "2026-12-01", "reason": "Longer", "value": "20"},
        PolicyValue,
    ),
    "prices": (
        "administrator",
        "/price-lists/new",
        {"effective_from": "2026-10-20", "file": PRICES},
        PriceList,
    ),
    "deposit": (
        "finance",
        "/deposits/new",
        {"dealer": "{north}", "amount": "1.00", "reference": "Line 7"},
        Transfer,
    ),
    "dealer": ("administrator", "/dealers/new", FACTS | {"code": "D0009"}, Dealer),
    "part": ("administrator", "/parts/new", {"number": "FL-1", "name": "Float"}, Part),
}


@pytest.mark.parametrize("what", CREATING)
def test_form_has_one_effect_when_it_is_posted_many_times_at_once(
    portal: Portal, what: str
) -> None:
    """Impatient presses that arrive together make one thing, and all lead to it."""
    who, url, typed, model = CREATING[what]
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    url = url.replace("{north}", north)
    typed = {name: north if value == "{north}" else value for name, value in typed.items()}

    def count() -> int:
        made: int = _one(portal, select(func.count()).select_from(model))
        return made

    before, start = count(), Barrier(MANY)
    clients = [portal.client(portal.cast[who]) for _ in range(MANY)]

    def press(client: Client) -> TestResponse:
        start.wait(60)
        try:
            return _send(client, url, typed, KEY)
        finally:
            with portal.app.app_context():
                session.remove()

    with ThreadPoolExecutor(MANY) as pool:
        answers = list(pool.map(press, clients))
    assert [answer.status_code for answer in answers] == [303] * MANY
    assert len({answer.location for answer in answers}) == 1
    assert count() == before + 1


def test_form_is_another_press_when_it_was_changed(portal: Portal) -> None:
    """Who goes back, writes something else and sends it means it."""
    clerk = portal.client(portal.clerk)
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    url = f"/comments/dealer/{north}"
    for words in ("One", "Two", "One", "Two"):
        assert _send(clerk, url, {"text": words}, KEY).status_code == 303
    said = select(Event.reason).where(Event.name == "comment").order_by(Event.id)
    with portal.transaction():
        assert session.scalars(said).all() == ["One", "Two"]


def test_form_is_another_press_when_its_file_is_another_of_the_same_name(portal: Portal) -> None:
    """A phone calls every photo by the same name."""
    clerk = portal.client(portal.clerk)
    north = _one(portal, select(Dealer.public_id).where(Dealer.id == portal.dealers["north"]))
    for colour in ("teal", "coral", "teal"):
        typed = {"text": "", "files": _png(colour)}
        assert _send(clerk, f"/comments/dealer/{north}", typed, KEY).status_code == 303
    assert _one(portal, select(func.count()).select_from(Attachment)) == 2


def test_form_takes_effect_when_an_equal_one_was_refused_before(portal: Portal) -> None:
    """What had no effect is no press: put right elsewhere, the same form goes through."""
    finance = portal.client(portal.finance)
    with portal.transaction():
        north = session.get_one(Dealer, portal.dealers["north"]).public_id
    booked = {"dealer": north, "amount": "1.00", "reference": "START D0001"}
    assert _send(finance, "/deposits/new", booked, KEY).status_code == 422
    assert _one(portal, select(func.count()).select_from(Press)) == 0


def test_press_of_somebody_else_is_not_answered_when_the_key_is_known(portal: Portal) -> None:
    """P1: a key answers only to who pressed."""
    first = _send(portal.client(portal.clerk), "/applications/new", {}, KEY)
    second = _send(portal.client(portal.other_clerk), "/applications/new", {}, KEY)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location != second.location


@sqlite_only
@pytest.mark.parametrize(
    "key", ["", "short", "x" * 65, "a key with blanks!", "ключ-ключ-ключ-ключ"]
)
def test_form_is_taken_as_it_comes_when_its_key_is_none(portal: Portal, key: str) -> None:
    """A form that no page of ours made works, too."""
    clerk = portal.client(portal.clerk)
    for _ in range(2):
        assert _send(clerk, "/applications/new", {}, key).status_code == 303
    assert _one(portal, select(func.count()).select_from(Application)) == 2


@sqlite_only
def test_form_keeps_its_key_when_it_is_shown_again(portal: Portal) -> None:
    """Two presses, of which one was refused, are still two presses of one page."""
    finance = portal.client(portal.finance)
    assert f'name="press" value="{KEY}"' in _send(finance, "/deposits/new", {}, KEY).text
    fresh = {finance.get("/deposits/new").text.split('name="press" value="')[1][:16] for _ in "ab"}
    assert len(fresh) == 2


def test_presses_are_forgotten_when_they_are_old(portal: Portal) -> None:
    """The worker throws away what nobody repeats any more."""
    clerk = portal.client(portal.clerk)
    for age, left in ((timedelta(0), 1), (KEPT_FOR, 1), (timedelta(seconds=1), 0)):
        portal.clock.at += age
        if not age:
            _send(clerk, "/applications/new", {}, KEY)
        with portal.app.app_context():
            jobs.ring(portal.clock)
        assert _one(portal, select(func.count()).select_from(Press)) == left
