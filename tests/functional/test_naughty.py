"""Naughty strings through every text field, and read back on every page: shown, never run.

Dealers, people, comments and signing in have theirs beside their own tests.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, stream_encode_multipart

from portal.applications import quoting, receipt
from portal.applications.models import Application, Quote, QuoteLine, Shipment
from portal.collections.models import Consignment
from portal.core import events
from portal.core.clock import Month
from portal.core.db import session
from portal.core.permissions import SYSTEM
from portal.files.services import clean_name
from portal.ledger.models import Transfer
from portal.oldparts import services as oldparts
from portal.oldparts.models import OldPart
from portal.terms import services as terms
from portal.web.forms import clean
from portal.web.routes import routes
from tests.functional.claims.looking import decree
from tests.support import appealing, banking, claims, collecting, correcting, fees, story
from tests.support.portal import Client, Portal

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "awkward" / "strings"
BETWEEN = " ¦ "
TEXT, LINE = 4000, 200

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the awkward strings are not here")


def strings() -> list[str]:
    """The Big List of Naughty Strings, and formulas as spreadsheets take them."""
    naughty: list[str] = json.loads((FOLDER / "blns_A.json").read_text(encoding="utf-8"))
    formulas = (FOLDER / "csv_injection_A.txt").read_text(encoding="utf-8").splitlines()
    return [*naughty, *formulas]


def packed(most: int) -> list[str]:
    """All the strings that a field of that length takes, as few texts as hold them."""
    packs, pack = [], ""
    for text in map(clean, strings()):
        if not text or len(text) > most:
            continue
        if pack and len(pack) + len(BETWEEN) + len(text) > most:
            packs.append(pack)
            pack = ""
        pack = f"{pack}{BETWEEN}{text}" if pack else text
    return [*packs, pack]


def rotated(most: int, by: int, count: int) -> list[str]:
    """So many packs, beginning with another one: each field gets each of them in its turn."""
    packs = packed(most)
    return list(islice(cycle(packs), by, by + count))


def shows(page: str, text: str) -> bool:
    """Whether a page shows a text; lines may be told apart by any white space."""
    return " ".join(text.split()) in " ".join(unescape(page).split())


class _Inside(HTMLParser):
    """Collects whatever could run."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.runs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            address = name in ("src", "href", "action", "formaction") and value
            if (
                name.startswith("on")
                or name in ("style", "srcdoc")
                or (address and not re.match(r"/(?!/)|[?#]|\Z", address))
            ):
                self.runs.append(f"<{tag} {name}={value}>")
        if tag == "script" and not dict(attrs).get("src"):
            self.runs.append(f"<{tag}>")
        if tag in ("iframe", "object", "embed", "base", "marquee", "video", "audio"):
            self.runs.append(f"<{tag}>")


def harmless(answer: TestResponse) -> str:
    """The text of a page on which nothing of a stranger's can run."""
    inside = _Inside()
    inside.feed(answer.text)
    assert inside.runs == [], f"{answer.request.path} runs {inside.runs[:3]}"
    return answer.text


def read(client: Client, url: str, texts: Iterable[str] = (), **options: Any) -> str:
    """A page that opens, is harmless, and shows all of some texts."""
    answer = client.get(url, **options)
    assert answer.status_code == 200, url
    page = harmless(answer)
    squeezed = " ".join(unescape(page).split())
    for text in texts:
        assert " ".join(text.split()) in squeezed, f"{url} does not show {text!r}"
    return page


def send(client: Client, url: str, typed: dict[str, Any]) -> str:
    """Send a form that is taken; where it leads to."""
    answer = client.post(url, typed)
    assert answer.status_code == 303, f"{url}: {answer.status_code} {typed}"
    return answer.location.partition("#")[0]


def versions(client: Client, url: str) -> str:
    """The version that a page names."""
    found = re.search(r'name="seen"[^>]*value="(\d+)"', client.get(url).text)
    assert found, url
    return found[1]


@pytest.fixture
def quiet() -> Iterator[None]:
    """What many requests log is not written."""
    with capture_logs():
        yield


sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
several = pytest.mark.usefixtures("quiet")


# --- Applications, shipments, old parts, claims: the loop, in naughty words ------------------


def _submitted(client: Client, count: int) -> list[tuple[str, dict[str, str]]]:
    """Applications of one line each, every field with another text."""
    fields = {
        "contact": LINE, "phone": 60, "delivery_address": 1000, "remark": TEXT,
        "reference": LINE, "lines-0-product_model": LINE, "lines-0-serial": LINE,
        "lines-0-fault": 1000, "lines-0-remark": TEXT,
    }  # fmt: skip
    columns = {name: rotated(most, at, count) for at, (name, most) in enumerate(fields.items())}
    plain = {"do": "submit", "seen": "1", "lines-0-part": "FV-100", "lines-0-quantity": "1",
             "lines-0-purpose": "warranty"}  # fmt: skip
    made = []
    for number in range(count):
        typed = {name: texts[number] for name, texts in columns.items()}
        draft = send(client, "/applications/new", {}).removesuffix("/edit")
        assert send(client, f"{draft}/edit", plain | typed) == draft
        made.append((draft, typed))
    return made


@several
def test_applications_are_shown_as_typed(portal: Portal) -> None:
    """Every field of the form, the reasons of every step, the list, the search, the home page."""
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    made = _submitted(clerk, len(packed(LINE)))
    contacts = [typed["contact"] for _url, typed in made]
    read(clerk, "/applications", contacts[-50:])
    read(desk, "/applications")
    for number, (url, typed) in enumerate(made):
        read((clerk, desk)[number % 2], url, typed.values())
    wanted = clean(strings()[-1])
    found = read(desk, f"/search?q={quote(wanted)}", [wanted])
    holding = [url for url, typed in made if wanted in typed["contact"]]
    assert holding[0] in found
    assert holding[0] in read(desk, f"/applications?q={quote(wanted)}")
    reasons = packed(TEXT)
    for step, client, urls in zip(
        ("return", "reject", "withdraw"), (desk, desk, clerk), _thirds(made), strict=True
    ):
        for (url, _typed), reason in zip(urls, reasons, strict=False):
            why = {"seen": versions(client, url), "reason": reason, "code": "other"}
            send(client, f"{url}/steps/{step}", why)
            read(clerk, url, [reason])
    read(clerk, "/inbox")
    read(clerk, "/")
    _check_chains(portal)


def _check_chains(portal: Portal) -> None:
    """P4: what was said comes back from the database as it was chained."""
    with portal.transaction():
        assert list(events.verify()) == []


def _thirds(made: list[Any]) -> list[list[Any]]:
    return [made[0:10], made[10:20], made[20:30]]


@several
@sqlite_only
def test_delivery_reports_are_shown_as_typed(portal: Portal) -> None:
    """A8: what the dealer remarks, what the desk answers, and counts that are none."""
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    for text in packed(TEXT):
        shipment = story.shipped(portal)
        form = f"/shipments/{shipment.public_id}/report"
        with portal.transaction():
            (line,) = story.line_ids(shipment)
        counts = {"seen": "1", f"short-{line}": text, f"damaged-{line}": text}
        assert shows(harmless(clerk.post(form, counts | {"remark": text})), text)
        report = send(clerk, form, {"seen": "1", f"short-{line}": "1", "remark": text})
        read(desk, report, [text])
        settled = {"seen": "1", f"line-{line}": "again", "reason": text}
        assert desk.post(f"{report}/settle", settled | {f"line-{line}": text}).status_code == 422
        send(desk, f"{report}/settle", settled)
        read(clerk, report, [text])
    read(clerk, "/shipments")
    _check_chains(portal)


@several
@sqlite_only
def test_draft_is_kept_as_typed(portal: Portal) -> None:
    """A1: what stands in a field that wants a number or a day comes back as well."""
    clerk = portal.client(portal.clerk)
    draft = send(clerk, "/applications/new", {})
    names = ("part", "quantity", "product_model", "serial", "purchase_date", "fault")
    for seen, text in enumerate(packed(TEXT), start=1):
        typed = {"contact": text, "phone": text, "delivery_address": text, "remark": text}
        typed |= {f"lines-0-{name}": text for name in names}
        send(clerk, draft, {"do": "save", "seen": seen, **typed})
        page = read(clerk, draft, [text])
        assert " ".join(unescape(page).split()).count(" ".join(text.split())) >= len(typed)
        answer = clerk.post(draft, {"do": "submit", **typed})
        assert answer.status_code in (409, 422)
        assert shows(harmless(answer), text)
    for text in strings()[::4]:
        row = {"lines-0-part": "FV-100", "lines-0-quantity": text, "lines-0-purpose": text}
        for wish in (text, "add", "remove-0"):
            assert clerk.post(draft, {"do": wish, "seen": text, **row}).status_code in (
                303,
                409,
                422,
            )


@several
@sqlite_only
def test_loop_is_shown_as_typed(portal: Portal) -> None:
    """Quotes, shipments, old parts with their review, claims with their decisions."""
    with portal.transaction():
        change = terms.propose(
            "oldpart.photos", 0, effective_from=portal.now.date(), reason="Words are enough here",
            by=SYSTEM, now=portal.now,
        )  # fmt: skip
        terms.decide(change, "approve", seen=None, by=portal.administrator, now=portal.now)
    count = len(packed(LINE))
    shipments = _shipped(portal, count)
    old_parts = _registered(portal, shipments)
    _reviewed(portal, old_parts)
    _claimed(portal)
    _check_chains(portal)


def _shipped(portal: Portal, count: int) -> list[str]:
    """A quote with a remark on each of many lines, and a shipment for each of them."""
    desk, warehouse = portal.client(portal.desk), portal.client(portal.warehouse)
    made = story.submitted(portal, *(story.line(portal, quantity=1) for _ in range(count)))
    url = f"/applications/{made.public_id}"
    remarks = packed(LINE)
    fields = dict(
        re.findall(r'name="([\w-]+line_id)"[^>]*value="(\d+)"', read(desk, f"{url}/quote"))
    )
    typed = {"seen": versions(desk, f"{url}/quote"), "promised_on": "2026-10-20", **fields}
    for row, remark in enumerate(remarks):
        typed |= {f"lines-{row}-part": portal.parts["FV-100"], f"lines-{row}-quantity": 1,
                  f"lines-{row}-remark": remark}  # fmt: skip
    texts = packed(TEXT)
    for text in (*texts[1:], texts[0]):
        send(desk, f"{url}/quote", typed | {"remark": text})
        read(portal.client(portal.manager), url, [text, *remarks])
        if text is not texts[0]:
            manager = portal.client(portal.manager)
            again = {"seen": versions(manager, url), "reason": text}
            send(manager, f"{url}/steps/requote", again)
            typed["seen"] = versions(desk, f"{url}/quote")
    with portal.transaction():
        application = session.get_one(Application, made.id)
        quoting.confirm(
            application, quote_version=application.quote_version, seen=None, by=portal.manager,
            now=portal.now,
        )  # fmt: skip
        quoting.release(application, seen=None, by=portal.finance, now=portal.now)
        lines = session.scalars(
            select(QuoteLine.id)
            .join(Quote, Quote.id == QuoteLine.quote_id)
            .where(Quote.version == application.quote_version)
        ).all()
    carriers, trackings = rotated(LINE, 0, count), rotated(LINE, 7, count)
    sent = []
    with portal.transaction():
        version = session.get_one(Application, made.id).version
    for seen, (line_id, carrier, tracking) in enumerate(
        zip(lines, carriers, trackings, strict=True), start=version
    ):
        typed = {f"pieces-{line_id}": 1, "carrier": carrier, "tracking_number": tracking,
                 "shipped_on": "2026-10-12", "seen": seen}  # fmt: skip
        sent.append(send(warehouse, f"{url}/ship", typed))
    clerk = portal.client(portal.clerk)
    read(clerk, url, [*carriers, *trackings])
    read(clerk, "/shipments", [*carriers[-50:], *trackings[-50:]])
    for address, carrier, tracking in zip(sent[::5], carriers[::5], trackings[::5], strict=True):
        read(clerk, address, [carrier, tracking])
    with portal.transaction():
        for shipment in session.scalars(select(Shipment)):
            receipt.receive(shipment, seen=None, by=portal.clerk, now=portal.now)
    return sent


REGISTRATION = ("customer_name", "customer_phone", "product_model", "product_serial",
                "fault_code", "old_serial", "complaint", "cause", "remedy")  # fmt: skip


def _registered(portal: Portal, shipments: list[str]) -> list[tuple[str, dict[str, str]]]:
    """An old part of each shipment, every field with another text."""
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    columns = {
        name: rotated(
            TEXT if name in ("complaint", "cause", "remedy") else LINE, at, len(shipments)
        )
        for at, name in enumerate(REGISTRATION)
    }
    made = []
    for number, shipment in enumerate(shipments):
        typed = {name: texts[number] for name, texts in columns.items()}
        day = (portal.now - timedelta(days=number)).date().isoformat()
        form = f"/old-parts/register/{shipment.rpartition('/')[2]}/1"
        plain = {"seen": "1", "failed_on": day, "replaced_on": "2026-10-12"}
        made.append((send(clerk, form, plain | typed), typed))
    names = [typed["customer_name"] for _url, typed in made]
    read(desk, "/old-parts", names[-50:])
    read(clerk, "/old-parts/to-register?tab=voluntary")
    for url, typed in made:
        read(desk, url, typed.values())
    read(desk, f"{made[0][0]}/label")
    read(desk, f"/search?q={quote(names[3][:90])}", [names[3]])
    return made


def _reviewed(portal: Portal, made: list[tuple[str, dict[str, str]]]) -> None:
    """Returned and rejected in naughty words, corrected, and the rest accepted."""
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    for at, reason in enumerate(packed(TEXT)):
        returned, rejected = made[2 * at], made[2 * at + 1]
        send(desk, f"{returned[0]}/steps/return", {"seen": "1", "reason": reason})
        read(clerk, returned[0], [reason])
        read(clerk, f"{returned[0]}/correct", [reason, *returned[1].values()])
        typed = returned[1] | {"cause": reason, "failed_on": f"2026-09-{20 + at}",
                               "replaced_on": "2026-10-12", "seen": "2"}  # fmt: skip
        send(clerk, f"{returned[0]}/correct", typed)
        read(desk, returned[0], [reason])
        refused = desk.post(
            f"{rejected[0]}/steps/reject", {"seen": "1", "reason": reason, "code": reason}
        )
        assert refused.status_code == 422
        assert shows(harmless(refused), reason)
        send(desk, f"{rejected[0]}/steps/reject", {"seen": "1", "reason": reason, "code": "other"})
        read(clerk, rejected[0], [reason])
    with portal.transaction():
        for old_part in session.scalars(select(OldPart).where(OldPart.status == "registered")):
            oldparts.review(old_part, "accept", seen=None, by=portal.desk, now=portal.now)


def _claimed(portal: Portal) -> None:
    """A claim with a remark on each line, returned in words, and decided with a note on each."""
    manager, reviewer = portal.client(portal.manager), portal.client(portal.reviewer)
    with portal.transaction():
        names = session.scalars(
            select(OldPart.public_id).where(OldPart.status == "accepted").order_by(OldPart.id)
        ).all()
    url = send(manager, "/claims/new", {"month": "2026-10"})
    remarks = rotated(LINE, 3, len(names))
    typed = {"offered": names, "chosen": names}
    typed |= {f"remark-{name}": remark for name, remark in zip(names, remarks, strict=True)}
    for text in packed(TEXT):
        send(manager, f"{url}/save", {**typed, "seen": versions(manager, url), "remark": text})
        read(manager, url, [text, *remarks])
    send(manager, f"{url}/submit", {**typed, "seen": versions(manager, url), "remark": text})
    reason = packed(TEXT)[1]
    claims.opened(portal, Month(2026, 10))
    seen = versions(reviewer, url)
    send(reviewer, f"{url}/return", {"seen": seen, "reason": reason})
    read(manager, url, [reason])
    send(manager, f"{url}/submit", {"seen": versions(manager, url)})
    portal.clock.advance(days=31)
    claims.opened(portal, Month(2026, 11))
    manager, reviewer = portal.client(portal.manager), portal.client(portal.reviewer)
    _decided(portal, reviewer, url, rotated(LINE, 5, len(names)))
    read(manager, url, remarks)
    for address in ("/claims", "/runs", "/", "/inbox"):
        read(reviewer, address)


def _decided(portal: Portal, reviewer: Client, url: str, notes: list[str]) -> None:
    for position, note in enumerate(notes, start=1):
        line = {"was": "open", "note": note, "reason": "other", "step": "reject"}
        send(reviewer, f"{url}/lines/{position}", line)
    read(reviewer, url, notes)
    for text in strings()[::10]:
        odd = {"was": text, "note": text, "reason": text, "step": text, "amount": text}
        answer = reviewer.post(f"{url}/lines/1", odd)
        assert answer.status_code in (409, 422), text
        harmless(answer)


@several
@sqlite_only
def test_freight_is_shown_as_typed(portal: Portal) -> None:
    """R1: the remark on a freight, to both sides; what is no amount, or no consignment."""
    sent = collecting.sent(portal, 1, part="TH-300").public_id
    claims.pieces(portal, 1)
    url = f"/claims/{claims.started(portal).public_id}"
    clerk = portal.client(portal.clerk)
    for text in strings()[::20]:
        odd = dict.fromkeys(("document", "amount", "remark", "files_kept"), text)
        answer = clerk.post(f"{url}/freight", odd)
        assert answer.status_code == 422, text
        harmless(answer)
    typed = {"document": sent, "amount": "86.50"}
    for remark in packed(LINE):
        receipt = {"files_kept": story.photo(portal)}
        send(clerk, f"{url}/freight", typed | receipt | {"remark": remark})
        read(clerk, url, [remark])
        send(clerk, f"{url}/freight/{sent}/remove", {})


def test_labour_that_is_none_is_refused(portal: Portal) -> None:
    """R1: a service or a quantity that is none."""
    decree(portal, "claim.labour", 1)
    fees.approved(portal)
    (name,) = claims.pieces(portal, 1)
    url = f"/claims/{claims.started(portal).public_id}/labour"
    clerk = portal.client(portal.clerk)
    for text in strings()[::20]:
        for odd in ({"service": text, "quantity": "1"}, {"service": "1", "quantity": text}):
            answer = clerk.post(url, {f"{field}-{name}": typed for field, typed in odd.items()})
            assert answer.status_code in (303, 422), odd
            harmless(answer)
        clerk.post(f"{url}/{name}/remove")


# --- Money, catalogue, files -----------------------------------------------------------------


@several
@sqlite_only
def test_money_is_shown_as_typed(portal: Portal) -> None:
    """L3, L7: references in the list of entries, in the entry and in the search; reasons."""
    finance = portal.client(portal.finance)
    dealer = dealer_name(portal)
    references = packed(100)
    kept = []
    for reference in references:
        typed = {"dealer": dealer, "amount": "1", "reference": reference}
        answer = finance.post("/deposits/new", typed)
        assert answer.status_code in (303, 422), reference
        if answer.status_code == 303:
            kept.append(reference)
        else:
            assert shows(harmless(answer), reference)
    assert len(kept) > 0.9 * len(references)
    read(finance, f"/accounts/{dealer}", kept[-49:])
    with portal.transaction():
        entries = session.scalars(
            select(Transfer.public_id)
            .where(Transfer.kind == "deposit")
            .order_by(Transfer.id.desc())
        ).all()
    for entry, reason in zip(entries, packed(TEXT), strict=False):
        undone = send(finance, f"/entries/{entry}/reverse", {"reason": reason})
        read(portal.client(portal.auditor), undone, [reason])
        read(finance, f"/entries/{entry}")
    for seen, reason in enumerate(packed(TEXT)[:9], start=1):
        typed = {"seen": str(seen), "credit_limit": str(seen), "reason": reason}
        send(finance, f"/accounts/{dealer}/credit-limit", typed)
        read(portal.client(portal.clerk), "/account?tab=history", [reason])
    read(finance, f"/search?q={quote(kept[0])}", [kept[0]], follow_redirects=True)
    for text in strings()[::6]:
        typed = {"dealer": text, "amount": text, "reference": text}
        refused = finance.post("/deposits/new", typed)
        assert refused.status_code == 422
        harmless(refused)


def dealer_name(portal: Portal) -> str:
    """The public id of the northern dealer."""
    page = portal.client(portal.finance).get("/deposits/new").text
    found = re.search(r'<option value="([\w-]{16})">D0001', page)
    assert found
    return found[1]


@several
@sqlite_only
def test_parts_are_shown_as_typed(portal: Portal) -> None:
    """C1, C3: a part's number, names, picture and reasons, and a price list that is all naughty."""
    administrator = portal.client(portal.administrator)
    part = re.search(r'href="(/parts/[\w-]{16})"', administrator.get("/parts").text)
    assert part
    url = part[1]
    fields = ("name", "name_zh", "name_pl", "category")
    columns = [rotated(LINE, at, len(packed(LINE))) for at in range(len(fields))]
    for number, texts in enumerate(zip(*columns, strict=True)):
        typed = dict(zip(fields, texts, strict=True)) | {"unit": "pcs"}
        send(administrator, f"{url}/edit", typed | {"seen": versions(administrator, f"{url}/edit")})
        if number % 5 == 0:
            read(administrator, url, typed.values())
            read(administrator, "/parts", [typed["name"]])
    _add_naughty(portal, administrator)
    for reason in packed(TEXT):
        for step in ("withdraw", "restore"):
            step_seen = {"seen": versions(administrator, url), "reason": reason}
            send(administrator, f"{url}/steps/{step}", step_seen)
            if step == "withdraw":
                read(portal.client(portal.clerk), url, [reason])
    read(portal.client(portal.desk), url)
    _import_naughty(portal, administrator)
    _check_chains(portal)
    for text in strings()[::6]:
        typed = dict.fromkeys((*fields, "unit", "successor", "seen"), text)
        assert administrator.post(f"{url}/edit", typed).status_code in (409, 422)


@several
@sqlite_only
def test_collections_are_shown_as_typed(portal: Portal) -> None:
    """O7: where to, remarks, carriers, labels, storage places, and why a consignment is ended."""
    desk, clerk = portal.client(portal.desk), portal.client(portal.clerk)
    warehouse = portal.client(portal.warehouse)
    places, carriers = packed(LINE), rotated(LINE, 3, 6)
    for more, (text, carrier) in enumerate(zip(packed(TEXT)[:6], carriers, strict=False)):
        claims.pieces(portal, 2)
        page = desk.get("/collections/call").text
        found = re.search(r'name="dealer" value="([\w-]{16})"', page)
        assert found
        pieces = str(2 + more)  # what was left is called again
        asked = {"dealer": found[1], f"pieces-{found[1]}": pieces, "until": "2026-10-30"}
        send(desk, "/collections/call", asked | {"deliver_to": text, "remark": text})
        with portal.transaction():
            made = session.scalars(select(Consignment).order_by(Consignment.id.desc())).first()
            assert made
            mine = OldPart.status == "called"
            number = session.scalars(select(OldPart.number).where(mine)).first()
        url = f"/collections/{made.public_id}"
        read(clerk, url, [text])
        send(clerk, f"{url}/pack", {"code": number, "box": "1"})
        typed = {"seen": "1", "packed": "1", "carrier": carrier, "tracking_number": carrier}
        send(clerk, f"{url}/send", typed)
        read(warehouse, url, [text, carrier])
        for label in strings()[::40]:
            answer = warehouse.post(f"{url}/receive", {"code": label, "place": label})
            assert answer.status_code in (303, 422), label
            harmless(warehouse.get(f"{url}/receive"))
        place = places.pop()
        send(warehouse, f"{url}/receive", {"code": number, "place": place})
        read(warehouse, url, [place])
        with portal.transaction():
            left = session.scalars(
                select(Consignment.public_id).where(Consignment.status == "called")
            ).one()
        ended = f"/collections/{left}"
        send(desk, f"{ended}/steps/release", {"seen": versions(desk, ended), "reason": text})
        read(clerk, ended, [text])
    read(desk, "/collections", [carrier])


@several
@sqlite_only
def test_inspections_and_charges_are_shown_as_typed(portal: Portal) -> None:
    """O6, O8: why a piece failed or is charged, what the dealer says, and what is decided."""
    warehouse, clerk = portal.client(portal.warehouse), portal.client(portal.clerk)
    desk, finance = portal.client(portal.desk), portal.client(portal.finance)
    for text in packed(TEXT):
        (name,) = claims.pieces(portal, 1, status="received")
        url = f"/old-parts/{name}"
        odd = {"seen": text, "result": text, "code": text, "pays": text, "reason": text}
        assert shows(harmless(warehouse.post(f"{url}/inspect", odd)), text)
        failed = {"seen": "1", "result": "fail", "code": "other", "pays": "dealer", "reason": text}
        photo = {"photos_kept": story.photo(portal, "warehouse")}
        send(warehouse, f"{url}/inspect", failed | photo)
        read(clerk, url, [text])
        send(clerk, f"{url}/object", {"seen": versions(clerk, f"{url}/object"), "reason": text})
        read(desk, url, [text])
        send(desk, f"{url}/steps/uphold", {"seen": versions(desk, url), "reason": text})
        read(clerk, url, [text])
        charge = f"/old-parts/charges/{story.charged(portal).public_id}"
        seen = {"seen": versions(clerk, f"{charge}/dispute")}
        send(clerk, f"{charge}/dispute", seen | {"reason": text})
        read(finance, charge, [text])
        send(finance, f"{charge}/steps/uphold", {"seen": versions(finance, charge), "reason": text})
        read(clerk, charge, [text])
    _check_chains(portal)


@several
@sqlite_only
def test_appeals_are_shown_as_typed(portal: Portal) -> None:
    """R6: what a dealer says against a decision, and what another reviewer answers."""
    clerk, reviewer = portal.client(portal.clerk), portal.client(appealing.colleague(portal))
    texts = packed(TEXT)[:6]
    cut = {at + 1: appealing.REJECTED[1] for at in range(len(texts))}
    claim = appealing.cut(portal, cut, len(texts))
    for at, text in enumerate(texts, start=1):
        line = f"/claims/{claim.public_id}/lines/{at}/appeal"
        url = send(clerk, line, {"grounds": text})
        read(reviewer, url, [text])
        odd = {"seen": "1", "step": text, "amount": text, "reason": text, "note": text}
        assert shows(harmless(reviewer.post(f"{url}/decide", odd)), text)
        refused = {"seen": "1", "step": "refuse", "reason": "other", "note": text}
        send(reviewer, f"{url}/decide", refused)
        read(clerk, url, [text, text])
    read(reviewer, "/appeals")
    _check_chains(portal)


@several
@sqlite_only
def test_corrections_are_shown_as_typed(portal: Portal) -> None:
    """L8, F3: what finance says of a penalty, what the dealer answers, and why it is dropped."""
    finance, manager = portal.client(portal.finance), portal.client(portal.manager)
    for text in packed(TEXT)[:6]:
        asked = {"what": text, "dealer": text, "amount": text, "reason": text}
        assert shows(harmless(finance.post("/corrections/new", asked)), text)
        made = correcting.asked(portal, sort="penalty", reason=text)
        url = f"/corrections/{made.public_id}"
        read(manager, url, [text])
        answer = {"seen": versions(manager, f"{url}/answer"), "reason": text}
        send(manager, f"{url}/answer", answer)
        send(finance, f"{url}/steps/drop", {"seen": versions(finance, url), "reason": text})
        read(manager, url, [text, text])
        read(finance, f"/corrections?q={quote(text[:60])}")
    read(finance, "/corrections")
    _check_chains(portal)


@several
@sqlite_only
def test_bank_lines_are_shown_as_typed(portal: Portal) -> None:
    """L7: what a stranger wrote into the bank's file, and why a line is set aside."""
    finance = portal.client(portal.finance)
    for number, text in enumerate(packed(LINE)[:6]):
        one = banking.row(number, purpose=f"{text} !", remitter=text)
        url = f"/accounts/bank/files/{banking.sent(portal, banking.table(one)).public_id}"
        read(finance, url)
        line = banking.lines(portal)[-1] if number else banking.waiting(portal, 99)
        url = f"/accounts/bank/lines/{line.public_id}"
        banking.imported(portal, banking.table(one))
        read(finance, f"/accounts/bank/lines/{banking.lines(portal)[-1].public_id}", [text])
        odd = {"seen": "1", "dealer": text}
        harmless(finance.post(f"{url}/book", odd))
        send(finance, f"{url}/steps/set_aside", {"seen": "1", "reason": text})
        read(finance, url, [text])
        read(finance, f"/accounts/bank?tab=all&q={quote(text[:60])}")
    read(finance, "/accounts/bank?tab=all")
    _check_chains(portal)


@several
@sqlite_only
def test_service_fees_are_shown_as_typed(portal: Portal) -> None:
    """F1: services, grounds and reasons, on the form, for the desk, on paper and for anybody."""
    administrator, manager = portal.client(portal.administrator), portal.client(portal.manager)
    desk, texts = portal.client(portal.desk), packed(LINE)[:30]
    item = {"code": "V-10", "unit": "visit"} | dict.fromkeys(("name", "name_zh"), texts[0])
    read(manager, send(administrator, "/fees/services/new", item), [texts[0]])
    url = send(manager, "/fees/new", {})
    lines = {
        f"lines-{at}-{name}": text
        for at, text in enumerate(texts)
        for name in ("service", "grounds", "amount", "item")
    }
    odd = {"effective_on": texts[1], "grounds": texts[2], "seen": "1"}
    refused = manager.post(f"{url}/submit", odd | lines)
    assert refused.status_code == 422
    assert all(shows(harmless(refused), text) for text in texts)
    fine = {f"lines-{at}-amount": "1" for at in range(len(texts))}
    fine |= {f"lines-{at}-{name}": value for at in range(len(texts))
             for name, value in (("item", ""), ("unit", "job"))}  # fmt: skip
    for text in packed(TEXT)[:4]:
        whole = {"effective_on": "2026-10-12", "grounds": text, "seen": versions(manager, url)}
        send(manager, f"{url}/submit", lines | fine | whole)
        read(desk, url, [*texts, text])
        back = {"seen": versions(desk, url), "reason": text}
        send(desk, f"{url}/steps/return", back)
        read(manager, url, [*texts, text])
    send(manager, f"{url}/submit", lines | fine | whole | {"seen": versions(manager, url)})
    send(desk, f"{url}/steps/approve", {"seen": versions(desk, url)})
    assert manager.get(f"{url}/board.pdf", buffered=True).status_code == 200
    public = re.search(r"/rates/[^\"]+", manager.get(url).text)
    assert public
    read(portal.client(), public[0], texts)
    read(desk, "/fees")
    _check_chains(portal)


@several
@sqlite_only
def test_invoices_are_shown_as_typed(portal: Portal) -> None:
    """F2: what stands on a customer's invoice, and what headquarters says of it."""
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    fields = ("service", "own", "unit", "quantity", "amount")
    names = ("paper_number", "issued_on", "customer_name", "old_part", "remark", "files_kept")
    for text in strings()[::20]:
        rows = {f"lines-0-{name}": text for name in fields}
        answer = clerk.post("/invoices/new", dict.fromkeys(names, text) | rows)
        assert answer.status_code == 422, text
        harmless(answer)
    for line, text in zip(packed(60)[:8], packed(TEXT)[:8], strict=False):
        typed = {
            "paper_number": line, "issued_on": "2026-10-12", "customer_name": line, "remark": text,
            "lines-0-own": line, "lines-0-unit": "job", "lines-0-quantity": "1",
            "lines-0-amount": "5",
        }  # fmt: skip
        url = send(clerk, "/invoices/new", typed)
        read(desk, url, [line, line, line, text])
        odd = {"seen": "2", "amount": text, "reason": text}
        penalty = portal.client(portal.finance).post(f"{url}/penalty", odd)
        assert shows(harmless(penalty), text)
        send(desk, f"{url}/steps/accept", {"seen": "2", "reason": text})
        read(clerk, url, [text])
        read(clerk, f"/invoices?q={quote(line[:60])}")
    read(desk, "/invoices")
    _check_chains(portal)


@several
@sqlite_only
def test_compensations_are_shown_as_typed(portal: Portal) -> None:
    """S4: what a dealer asks for and corrects, and what headquarters answers."""
    clerk, desk = portal.client(portal.clerk), portal.client(portal.desk)
    names = ("customer_name", "product_model", "product_serial", "what_happened")
    for text in strings()[::20]:
        answer = clerk.post("/advances/new", dict.fromkeys((*names, "old_part", "asked"), text))
        assert answer.status_code == 422, text
        harmless(answer)
    for line, text in zip(packed(LINE)[:8], packed(TEXT)[:8], strict=False):
        typed = dict.fromkeys(names[:3], line) | {"what_happened": text, "asked": "5"}
        url = send(clerk, "/advances/new", typed | {"files_kept": story.photo(portal)})
        read(desk, url, [line, line, line, text])
        send(desk, f"{url}/steps/return", {"seen": "1", "reason": text})
        read(clerk, f"{url}/correct", [text, line])
        send(clerk, f"{url}/correct", typed | {"seen": "2", "asked": "6"})
        odd = {"seen": "3", "amount": text, "reason": text}
        assert shows(harmless(desk.post(f"{url}/approve", odd)), text)
        send(desk, f"{url}/approve", {"seen": "3", "amount": "5", "reason": text})
        read(clerk, url, [text, text])
    read(desk, "/advances")
    _check_chains(portal)


@several
@sqlite_only
def test_calendar_is_shown_as_typed(portal: Portal) -> None:
    """A10: the names of holidays, typed and pasted; what is no day is refused with its line."""
    administrator = portal.client(portal.administrator)
    for number, name in enumerate(packed(60)[::4]):
        day = f"2027-{number % 12 + 1:02}-{number // 12 + 1:02}"
        typed = {"first": day, "name": name, "kind": "closed"}
        send(administrator, "/calendar", typed | {"seen": versions(administrator, "/calendar")})
        if number % 10 == 0:
            read(portal.client(portal.clerk), "/calendar?year=2027", [name])
    read(portal.client(portal.desk), "/calendar?year=2027")
    for text in strings()[::20]:
        typed = dict.fromkeys(("first", "last", "name", "kind", "rows", "pasted_kind"), text)
        for url in ("/calendar", "/calendar/paste", "/calendar/clear"):
            answer = administrator.post(url, typed | {"seen": text})
            assert answer.status_code in (409, 422)
            harmless(answer)
    _check_chains(portal)


@several
@sqlite_only
def test_excuse_is_shown_as_typed(portal: Portal) -> None:
    """A9: why a delay is excused, to both sides."""
    desk, manager = portal.client(portal.desk), portal.client(portal.manager)
    for reason in packed(TEXT):
        url = f"/compensations/{story.late(portal).public_id}"
        send(desk, f"{url}/excuse", {"seen": "1", "reason": reason})
        read(manager, url, [reason])
    read(desk, "/compensations")
    _check_chains(portal)


@several
@sqlite_only
def test_customers_are_found_as_typed_and_removed_for_any_reason(portal: Portal) -> None:
    """P4: names and phones are looked for, and reasons stay in the history."""
    administrator, auditor = portal.client(portal.administrator), portal.client(portal.auditor)
    for text, reason in zip(packed(LINE - 10)[::2], packed(TEXT), strict=False):
        name = f"Customer {text}"
        piece = story.registered(portal, customer_name=name)
        with portal.transaction():
            piece = session.get_one(OldPart, piece.id)
            why = {"code": "other", "reason": "No", "seen": None}
            oldparts.review(piece, "reject", **why, by=portal.desk, now=portal.now)
        url, pick = f"/customers?q={quote(piece.number)}", f"oldpart {piece.public_id}"
        read(administrator, url, [name])
        typed = {"pick": pick, f"seen-{pick}": str(piece.version), "reason": name}
        refused = administrator.post(url, typed)
        assert refused.status_code == 422
        assert shows(harmless(refused), name)
        send(administrator, url, typed | {"reason": reason})
        read(auditor, f"/old-parts/{piece.public_id}", [reason])
    for text in strings()[::6]:
        read(administrator, f"/customers?q={quote(text)}")
        odd = administrator.post("/customers", {"pick": text, "reason": text})
        assert odd.status_code in (409, 422)
        harmless(odd)
    _check_chains(portal)


@several
@sqlite_only
def test_models_are_shown_as_typed(portal: Portal) -> None:
    """C4: numbers and names of models, reasons, serials; what is no number is refused."""
    administrator, clerk = portal.client(portal.administrator), portal.client(portal.clerk)
    taken = []
    for number in packed(60)[::3]:
        answer = administrator.post("/products/new", {"number": number, "name": number})
        assert answer.status_code in (303, 422), number
        assert shows(harmless(answer), number) or answer.status_code == 303
        if answer.status_code == 303:
            taken.append(answer.location)
            read(clerk, answer.location, [number])
    url = taken[0]
    for reason in packed(TEXT)[::2]:
        for step in ("withdraw", "restore"):
            typed = {"seen": versions(administrator, url), "reason": reason}
            send(administrator, f"{url}/steps/{step}", typed)
        read(portal.client(portal.auditor), url, [reason])
    read(administrator, "/products")
    for text in strings()[::6]:
        read(clerk, f"/sold-units?q={quote(text)}&model={quote(text)}")
        read(clerk, f"/products?q={quote(text)}")
        typed = dict.fromkeys(("number", "months", "category", "effective_from", "name"), text)
        for end in ("warranty", "parts", "parts/remove", "edit"):
            answer = administrator.post(f"{url}/{end}", typed | {"seen": "-1"})
            assert answer.status_code in (409, 422), (end, text)
            harmless(answer)
    _check_chains(portal)


@several
@sqlite_only
def test_fault_codes_are_shown_as_typed(portal: Portal) -> None:
    """O2: codes and names, reasons, and the codes where a piece is registered."""
    administrator, clerk = portal.client(portal.administrator), portal.client(portal.clerk)
    taken = []
    for code in packed(60):
        answer = administrator.post("/products/fault-codes/new", {"code": code, "name": code})
        assert answer.status_code in (303, 422), code
        assert shows(harmless(answer), code) or answer.status_code == 303
        if answer.status_code == 303:
            taken.append(code)
            url = answer.location
            read(clerk, url, [code])
    assert len(taken) > 50
    shipment = story.received(portal)
    read(clerk, f"/old-parts/register/{shipment.public_id}/1", taken)
    names = ("name", "name_zh", "name_pl")
    for at, name in enumerate(packed(LINE)):
        typed = dict.fromkeys(names, name) | {"seen": versions(administrator, url)}
        send(administrator, f"{url}/edit", typed)
        if at % 5 == 0:
            read(administrator, url, [name])
    for reason in packed(TEXT)[::2]:
        for step in ("withdraw", "restore"):
            typed = {"seen": versions(administrator, url), "reason": reason}
            send(administrator, f"{url}/steps/{step}", typed)
        read(portal.client(portal.auditor), url, [reason])
    read(administrator, "/products/fault-codes")
    for text in strings()[::6]:
        read(clerk, f"/products/fault-codes?q={quote(text)}")
        odd = administrator.post(f"{url}/edit", {"name": text, "seen": "-1"})
        assert odd.status_code in (409, 422)
        harmless(odd)
    _check_chains(portal)


def _add_naughty(portal: Portal, administrator: Client) -> None:
    """Every text that is short enough as a number: taken and shown, or refused at its field."""
    taken = []
    for number in packed(60):
        answer = administrator.post("/parts/new", {"number": number, "name": number})
        assert answer.status_code in (303, 422), number
        page = harmless(answer)
        if answer.status_code == 303:
            taken.append(number)
            read(portal.client(portal.clerk), answer.location, [number])
        else:
            assert 'id="number-error"' in page
            assert shows(page, number)
    assert len(taken) > 50
    read(administrator, "/parts")


def _import_naughty(portal: Portal, administrator: Client) -> None:
    names = packed(LINE)
    cells = [text.replace('"', '""').replace("\n", " ") for text in names]
    rows = [f'N-{number},"{text}",1,2' for number, text in enumerate(cells)]
    content = "\n".join(["number,name,cost price,out-of-warranty price", *rows]).encode()
    file_name = "«<script>alert(1)</script> ' onload=x»\u202e.csv"
    fields = {"file": (BytesIO(content), file_name), "effective_from": "2026-10-12",
              "name": names[0]}  # fmt: skip
    sent = administrator.post("/price-lists/new", fields, content_type="multipart/form-data")
    assert sent.status_code == 303, sent.text
    read(administrator, sent.location)
    url = sent.location.removesuffix("/columns")
    read(administrator, url, [" ".join(names[0].split())])
    headings = {"seen": versions(administrator, sent.location), "number": "0", "name": "1",
                "cost": "2", "retail": "3"}  # fmt: skip
    for text in strings()[::20]:
        odd = dict.fromkeys(headings, text)
        answer = administrator.post(sent.location, odd)
        assert answer.status_code in (409, 422)
        harmless(answer)
    send(administrator, f"{url}/import", {"seen": versions(administrator, url)})
    first = [name for _number, name in sorted((f"N-{at}", name) for at, name in enumerate(names))]
    read(administrator, url, first[:50])
    read(administrator, "/parts?after=TQ", first[:49])
    read(portal.client(portal.clerk), f"/parts/suggest?q={quote(names[3][:90])}", [names[3]])


@several
@sqlite_only
def test_files_are_shown_under_the_names_that_they_came_with(portal: Portal) -> None:
    """A name says nothing of what is in it: cleaned, escaped, and never part of a path."""
    made = story.submitted(portal)
    clerk = portal.client(portal.clerk)
    # As a browser sends it: a name cannot hold quotes or lines in the form's own encoding.
    # A name that is but the beginning of a path on Windows is none.
    named = [" ".join(text.split()) for text in strings() if text.strip().strip("\\")]
    for first in range(0, len(named), 20):
        fields = MultiDict([("csrf_token", clerk.token), ("text", "Look")])
        for name in named[first : first + 20]:
            fields.add(
                "files", FileStorage(BytesIO(b"%PDF-1.7\n"), name.replace('"', "%22"), "files")
            )
        stream, length, boundary = stream_encode_multipart(fields)
        answer = clerk.http.post(
            f"/comments/application/{made.public_id}",
            data=stream.read(length),
            content_type=f'multipart/form-data; boundary="{boundary}"',
        )
        assert answer.status_code == 303, answer.text
    page = read(clerk, f"/applications/{made.public_id}")
    squeezed = " ".join(unescape(page).split())
    missing = [name for name in named if " ".join(clean_name(name).split()) not in squeezed]
    assert not missing
    links = re.findall(r'href="(/files/[\w-]{16})"', page)
    assert len(links) == len(named)
    for link in links[::4]:
        answer = clerk.get(link, buffered=True)
        assert answer.status_code == 200
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert "\n" not in answer.headers["Content-Disposition"]


# --- Addresses, headers ----------------------------------------------------------------------

PARAMETERS = ("q", "tab", "after", "kind", "lines", "show", "page", "dealer", "next", "month")


@several
def test_address_is_answered_when_its_question_is_naughty(portal: Portal) -> None:
    """Every page that reads: any parameter may hold anything; the page opens and is harmless."""
    released = story.released(portal)
    clients = [portal.client(portal.cast[who]) for who in ("manager", "reviewer", "administrator")]
    pages = [
        route["rule"]
        for route in routes(portal.app)
        if route["methods"] == ["GET"] and "<" not in route["rule"]
    ]
    pages += [f"/applications/{released.public_id}", f"/accounts/{dealer_name(portal)}"]
    asked = [*strings(), "9" * 30, "-1", "1e9", "2026-13", "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwx"]
    for number, (text, url) in enumerate(zip(asked, cycle(pages), strict=False)):
        query = "&".join(f"{name}={quote(text)}" for name in PARAMETERS)
        answer = clients[number % len(clients)].get(f"{url}?{query}", buffered=True)
        assert answer.status_code in (200, 303, 403, 404), f"{url} for {text!r}"
        if answer.mimetype == "text/html":
            harmless(answer)
    for client, url in zip(cycle(clients), pages, strict=False):
        answer = client.get(f"{url}?after={'9' * 30}&page={'9' * 30}", buffered=True)
        assert answer.status_code in (200, 303, 403, 404), url


@several
def test_address_is_not_found_when_its_name_is_naughty(portal: Portal) -> None:
    """Names in URLs: whatever stands there is not found, in words."""
    manager, reviewer = portal.client(portal.manager), portal.client(portal.reviewer)
    rules = [route for route in routes(portal.app) if "<" in route["rule"]]
    named = [(text, route) for text, route in zip(strings()[::2], cycle(rules), strict=False)]
    numbers = ["0", "-1", "9" * 30, "2147483648", "9223372036854775808", "1" * 400]
    named += [(text, route) for route in rules if "<int" in route["rule"] for text in numbers]
    for text, route in named:
        name = quote(text, safe="") or "x"
        url = re.sub(r"<[^>]+>", lambda _found, name=name: name, route["rule"])
        client = reviewer if route["rule"].startswith(("/claims", "/runs")) else manager
        ask = client.post if "POST" in route["methods"] else client.get
        answer = ask(url, buffered=True)
        assert answer.status_code in (303, 308, 400, 403, 404, 405), f"{url}: {answer.status_code}"
        if answer.mimetype == "text/html" and answer.status_code != 308:
            harmless(answer)


@several
@sqlite_only
def test_page_is_answered_when_a_header_is_naughty(portal: Portal) -> None:
    """What a browser says of itself, of its language and of htmx is not believed."""
    clerk, visitor = portal.client(portal.clerk), portal.client()
    for text in strings()[::2]:
        sent = " ".join(text.split()).encode().decode("latin-1")
        sent = "".join(sign for sign in sent if sign.isprintable())
        names = ("Accept-Language", "HX-Target", "HX-Request", "HX-Current-URL", "Referer",
                 "User-Agent", "X-Request-Id", "X-Forwarded-For", "If-None-Match")  # fmt: skip
        headers = dict.fromkeys(names, sent) | {"HX-Request": "true"}
        for client in (clerk, visitor):
            assert client.get("/applications", headers=headers).status_code in (200, 303, 401)
        visitor.http.set_cookie("partloop", quote(text))
        assert visitor.get("/sign-in", headers=headers).status_code == 200
        refused = visitor.http.post("/sign-in", data={"csrf_token": text}, headers=headers)
        assert refused.status_code == 400
        token = {"X-CSRFToken": sent}
        assert clerk.http.post("/inbox", headers=token).status_code == 400
