"""Customers' personal data: sealed in the chains, found, and removed without a trace (P4)."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from portal.advances import services as advances
from portal.advances.models import Advance
from portal.claims.models import Claim, ClaimLine, Run
from portal.core import jobs
from portal.core.db import session, snapshot
from portal.core.errors import Conflict, Forbidden, Invalid, Stale
from portal.core.events import Event, verify
from portal.files.storage import storage
from portal.invoices.models import CustomerInvoice
from portal.ledger.verify import verify as verify_ledger
from portal.oldparts import services as oldparts
from portal.oldparts.batch_models import OldPartBatch
from portal.oldparts.models import OldPart
from portal.operations.books import LANE
from portal.people import services as people
from portal.people.models import User
from portal.privacy import retention, services
from portal.terms.models import PolicyValue
from tests.functional.ledger.test_verify import unguarded
from tests.functional.oldparts import many
from tests.functional.oldparts.test_review import found, piece
from tests.functional.owndata.test_archive import taken
from tests.support import advances as asking
from tests.support import appealing, claims, inspecting, invoices, story
from tests.support.portal import START, Portal

NAME, OTHER, PHONE = "Brandt-Kowalska", "Brand Kowalski", "600 700 800"
SAVED = "600+700+800"
WHY = "Asked for it by letter of the 3rd"
YEARS_LATER = timedelta(days=11 * 366)


def corrected(portal: Portal, step: str = "accept", **said_of_it: str) -> OldPart:
    """A piece whose customer was misspelt, then corrected, then accepted."""
    piece = story.registered(portal, customer_name=OTHER, customer_phone="600700801")
    with portal.transaction():
        piece = session.get_one(OldPart, piece.id)
        facts = {"seen": None, "now": portal.now}
        oldparts.review(piece, "return", reason="Who is it?", by=portal.desk, **facts)
        said = story.registration(portal, customer_name=NAME, customer_phone=PHONE)
        oldparts.correct(piece, said, [], by=portal.clerk, **facts)
        oldparts.review(piece, step, by=portal.desk, **facts, **said_of_it)
        return piece


def asked(portal: Portal) -> Advance:
    """A compensation whose customer was corrected; approved."""
    made = asking.requested(portal, replace(asking.ASKED, customer_name=OTHER))
    asking.decide(portal, made, "return")
    with portal.transaction():
        again = session.get_one(Advance, made.id)
        said = replace(asking.ASKED, customer_name=NAME)
        advances.correct(again, said, [], seen=None, by=portal.clerk, now=portal.now)
    return asking.approve(portal, made)


def lived(portal: Portal) -> Claim:
    """All that may name a customer, and a month that is settled."""
    for number, wanted in enumerate((NAME.lower(), PHONE, "Valve")):
        kept = {"path": "/old-parts", "query": urlencode({"q": wanted}), "name": f"View {number}"}
        assert portal.client(portal.desk).post("/views", kept).status_code == 303
    corrected(portal)
    asked(portal)
    invoice = invoices.recorded(portal, invoices.own(), customer=NAME)
    invoices.stepped(portal, invoice, "accept")
    story.received(portal, story.line(portal, quantity=3))
    row = many.row(1, **{"Customer's name": NAME})
    url = many.uploaded(portal, many.table(row), {"1.png": many.photo(1)})
    many.registered(portal, url)
    discarded = many.uploaded(portal, many.table(row), {})
    seen = str(many.latest(portal).version)
    portal.client(portal.clerk).post(f"{discarded}/discard", {"seen": seen})
    with portal.transaction():
        for piece in session.scalars(select(OldPart).where(OldPart.status == "registered")).all():
            oldparts.review(piece, "accept", seen=None, by=portal.desk, now=portal.now)
    claim = claims.submitted(portal)
    portal.clock.advance(days=30)
    run = claims.opened(portal)
    claims.decide_all(portal, claim)
    claims.close(portal, run)
    with portal.transaction():
        assert session.get_one(Run, run.id).status == "closed"
        return session.get_one(Claim, claim.id)


def said_anywhere(portal: Portal) -> str:
    """All that the database and the storage say, as one text in small letters."""
    with portal.transaction():
        return "\n".join(_said()).casefold()


def _said() -> Iterator[str]:
    sqlite = session.get_bind().dialect.name == "sqlite"
    tables = "SELECT name FROM sqlite_master WHERE type = 'table'" if sqlite else (
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    )  # fmt: skip
    for table in session.scalars(text(tables)).all():
        for row in session.execute(text(f'SELECT * FROM "{table}"')):
            yield f"{table} {tuple(row)}"
    for key in storage().all_keys():
        with storage().open(key) as file:
            content = file.read()
        yield content.decode(errors="replace")
        if zipfile.is_zipfile(io.BytesIO(content)):
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                yield from (
                    archive.read(one).decode(errors="replace") for one in archive.namelist()
                )


def names_in(said: str) -> set[str]:
    digits = PHONE.replace(" ", "")
    return {
        one for one in (NAME, OTHER, PHONE, digits, "600700801", SAVED) if one.casefold() in said
    }


def night(portal: Portal) -> None:
    """The coming night, and what follows from it."""
    portal.clock.at = (portal.clock.at + timedelta(days=1)).replace(hour=retention.NIGHT)
    with portal.app.app_context():
        retention.promise(portal.clock)
        retention.promise(portal.clock)
        jobs.drain(portal.clock, lane=LANE)
        jobs.drain(portal.clock)
        session.remove()


def wrong(portal: Portal) -> list[object]:
    with portal.app.app_context(), snapshot():
        return [*verify(), *verify_ledger()]


def statement(portal: Portal, claim: Claim) -> str:
    """What a settled claim's page and file say to its dealer."""
    client = portal.client(portal.manager)
    sheet = client.get(f"/claims/{claim.public_id}/statement/export/csv", buffered=True)
    assert sheet.status_code == 200, sheet.text
    return sheet.text


def test_name_is_nowhere_once_its_time_is_over_and_all_else_is_as_it_was(portal: Portal) -> None:
    """P4, L9, L10: rows, events, sheets and search; sums, chains and statements stay."""
    claim = lived(portal)
    before = said_anywhere(portal)
    assert names_in(before) == {NAME, OTHER, PHONE, "600700800", "600700801", SAVED}
    paper = statement(portal, claim)
    night(portal)
    assert names_in(said_anywhere(portal)) == names_in(before), "its time is not over"
    portal.clock.at += YEARS_LATER
    night(portal)
    assert names_in(said_anywhere(portal)) == set()
    assert wrong(portal) == []
    assert statement(portal, claim) == paper
    with portal.transaction():
        last = session.scalars(
            select(Event).where(Event.name == "anonymise").order_by(Event.id)
        ).all()
        told = {(event.document_kind, event.actor_id) for event in last}
        kinds = ("oldpart", "advance", "invoice", "oldpartbatch")
        assert told == {(kind, None) for kind in kinds}
        assert last[0].values == {"keep_years": 10}
        keys = session.scalars(select(OldPart.customer_key)).all()
        assert set(keys) == {None}, "those without a name are not one customer"
        (views,) = session.get_one(User, portal.desk.id).saved_views.values()
        assert views == {"View 2": "q=Valve"}, "views that look for them are gone as well"
    count = len(last)
    night(portal)
    with portal.transaction():
        again = session.scalars(select(Event.id).where(Event.name == "anonymise")).all()
        assert len(again) == count, "once"


def test_pages_say_that_it_was_removed(portal: Portal) -> None:
    """P4: the document, its history, the file of all events, the upload, and one's own data."""
    lived(portal)
    with portal.transaction():
        piece = session.scalars(select(OldPart).order_by(OldPart.id)).first()
        assert piece is not None
        old_part = f"/old-parts/{piece.public_id}"
        advance = session.scalars(select(Advance)).one()
        request = f"/advances/{advance.public_id}"
        invoice = f"/invoices/{session.scalars(select(CustomerInvoice)).one().public_id}"
        batch = session.scalars(select(OldPartBatch).order_by(OldPartBatch.id)).first()
        assert batch is not None
        upload = f"/old-parts/many/{batch.public_id}"
    pages = (old_part, request, invoice)
    clerk, auditor = portal.client(portal.clerk), portal.client(portal.auditor)
    assert f"{OTHER} → {NAME}" in clerk.get(old_part).text
    assert "removed:" not in clerk.get(old_part).text
    assert NAME in auditor.get("/audit/export/csv", buffered=True).text
    portal.clock.at += YEARS_LATER
    night(portal)
    clerk, auditor = portal.client(portal.clerk), portal.client(portal.auditor)
    for page in pages:
        shown = clerk.get(page).text
        assert NAME not in shown
        assert OTHER not in shown
        assert "removed: personal data is not kept for ever" in shown
        assert "removed the customer’s personal data" in shown
        assert "10 years" in shown
    said = auditor.get("/audit/export/csv", buffered=True).text
    assert NAME not in said
    assert "removed: personal data is not kept for ever" in said
    shown = clerk.get(upload)
    assert shown.status_code == 200
    assert "The file is not kept any more" in shown.text
    assert clerk.get(f"{upload}/errors.xlsx").status_code == 404
    archive = taken(portal)
    for name in archive.namelist():
        if name.endswith(".xlsx"):
            with zipfile.ZipFile(io.BytesIO(archive.read(name))) as sheet:
                assert not any(NAME.encode() in sheet.read(one) for one in sheet.namelist()), name


@pytest.mark.parametrize("years", [0, 1, 12])
def test_policy_value_says_how_long(portal: Portal, years: int) -> None:
    """0 is for ever, and less than two years counts as two: rules look back so far."""
    corrected(portal)
    with portal.transaction():
        session.add(
            PolicyValue(
                name="customer.keep_years", value=years, status="approved", reason="x",
                effective_from=START.date(), proposed_by_id=portal.administrator.id,
                created_at=START,
            )
        )  # fmt: skip
    kept = {0: timedelta(days=366 * 60), 1: timedelta(days=720), 12: timedelta(days=4370)}[years]
    portal.clock.at += kept
    night(portal)
    assert names_in(said_anywhere(portal))
    portal.clock.advance(days=30)
    night(portal)
    assert bool(names_in(said_anywhere(portal))) is (years == 0)


def test_what_is_not_settled_stays(portal: Portal) -> None:
    """Only what is in an ended state, on no open claim and not claimable any more is emptied."""
    waiting = story.registered(portal, customer_name=NAME)
    piece = corrected(portal)
    assert (waiting.status, piece.status) == ("registered", "accepted")
    for document in (waiting, piece):
        with pytest.raises((Conflict, Stale)), portal.transaction():
            anonymise(portal, document)
    claim = claims.in_review(portal)
    with pytest.raises(Conflict, match="not settled yet"), portal.transaction():
        anonymise(portal, piece)
    portal.clock.at += YEARS_LATER
    night(portal)
    assert names_in(said_anywhere(portal)) >= {NAME}
    with portal.transaction():
        run = session.get_one(Run, session.get_one(Claim, claim.id).run_id)
        session.execute(update(ClaimLine).values(alone=False))
    claims.decide_all(portal, claim)
    claims.close(portal, run)
    with portal.transaction():
        assert anonymise(portal, piece) == 1


def anonymise(portal: Portal, *documents: OldPart | Advance | CustomerInvoice, by: str = "") -> int:
    """Remove it at once, as the administrator who looked at the documents as they now are."""
    seen = {}
    for one in documents:
        now = session.get_one(type(one), one.id)
        seen[now.kind, now.public_id] = now.version
    who = portal.cast[by or "administrator"]
    return services.anonymise(seen, WHY, by=who, now=portal.now)


def rejected(portal: Portal, name: str = NAME) -> OldPart:
    piece = story.registered(portal, customer_name=name, customer_phone=PHONE)
    with portal.transaction():
        piece = session.get_one(OldPart, piece.id)
        facts = {"seen": None, "by": portal.desk, "now": portal.now}
        oldparts.review(piece, "reject", code="user_damage", reason="Broken", **facts)
        return piece


def test_customer_who_asks_is_removed_at_once(portal: Portal) -> None:
    """P2, P4: found by name or phone, and emptied with a reason; others stay as they are."""
    mine, other = rejected(portal), rejected(portal, "Nowak")
    client = portal.client(portal.administrator)
    shown = client.get("/customers", query_string={"q": PHONE}).text
    assert mine.number in shown
    assert other.number in shown
    shown = client.get("/customers", query_string={"q": NAME.lower()}).text
    assert mine.number in shown
    assert other.number not in shown
    pick = f"oldpart {mine.public_id}"
    form = {"pick": pick, f"seen-{pick}": str(mine.version), "reason": ""}
    answer = client.post("/customers", form, query_string={"q": NAME})
    assert answer.status_code == 422
    assert mine.number in answer.text
    named = form | {"reason": f"{NAME} wrote to us"}
    answer = client.post("/customers", named, query_string={"q": NAME})
    assert answer.status_code == 422
    assert "leave the customer’s name and phone out" in answer.text
    answer = client.post("/customers", form | {"reason": WHY}, query_string={"q": NAME})
    assert answer.status_code == 303
    with portal.transaction():
        piece = session.get_one(OldPart, mine.id)
        assert (piece.customer_name, piece.customer_phone) == ("–", "")
        assert piece.anonymised_at == portal.now
        assert NAME.lower() not in piece.search_text
        assert piece.number.lower() in piece.search_text
        assert session.get_one(OldPart, other.id).customer_name == "Nowak"
        event = session.scalars(select(Event).order_by(Event.id.desc())).first()
        assert event is not None
        assert (event.name, event.actor_id) == ("anonymise", portal.administrator.id)
        assert event.reason == WHY
    assert "No document found" in client.get("/customers", query_string={"q": NAME}).text
    assert wrong(portal) == []
    with pytest.raises(Conflict, match="is removed"), portal.transaction():
        anonymise(portal, mine)
    with pytest.raises(Forbidden), portal.transaction():
        anonymise(portal, other, by="desk")
    with pytest.raises(Invalid, match="Tick"), portal.transaction():
        anonymise(portal)


FOUND_BY = {
    "13904690096": "139 0469 0096",
    "+86 139-0469-0096": "139 0469 0096",
    "1390469 0096": "+86 13904690096",
    "4690096": "139 0469 0096",
    "Król Małgorzata": "Małgorzata Król",
    "KRÓL  MAŁGORZATA": "Małgorzata Król",
}


@pytest.mark.parametrize("typed", FOUND_BY)
def test_customer_is_found_however_the_name_or_phone_is_written(portal: Portal, typed: str) -> None:
    """P4: the digits of a phone from its end, the words of a name in any order."""
    said = FOUND_BY[typed]
    has_phone = said[-1].isdecimal()
    facts = {"customer_phone" if has_phone else "customer_name": said}
    piece = story.registered(portal, **facts)
    other = story.registered(portal, customer_name="Małgorzata", customer_phone="13904690097")
    if not has_phone:
        invoice = invoices.recorded(portal, invoices.own(), customer=said)
        advance = asking.requested(portal, replace(asking.ASKED, customer_name=said))
    shown = portal.client(portal.administrator).get("/customers", query_string={"q": typed}).text
    assert piece.number in shown
    assert other.number not in shown
    if not has_phone:
        assert invoice.number in shown
        assert advance.number in shown


@pytest.mark.parametrize(
    ("name", "query", "stays"),
    [
        ("Mine", {"tab": "rejected"}, True),
        ("Mine", {"q": "rejected by Edward"}, True),
        ("Edited", {"q": "valve"}, True),
        ("Mine", {"q": "6007008001"}, True),
        ("Mine", {"q": "Jan Ed"}, False),
        ("Mine", {"q": "(ED), Łódź"}, False),
        ("Mine", {"q": "+48 600-700-800"}, False),
        ("Pieces of Ed", {"tab": "rejected"}, False),
        ("张伟的旧件", {"tab": "rejected"}, False),
    ],
)
def test_only_views_that_look_for_the_customer_go(
    portal: Portal, name: str, query: dict[str, str], stays: bool
) -> None:
    """P4: what they look for, or are called, is compared as whole words."""
    views = {"oldparts.index": {name: urlencode(query).replace("+", "%20")}}
    with portal.transaction():
        session.get_one(User, portal.desk.id).saved_views = views
        people.forget_views({"Ed", PHONE, "张伟"})
    with portal.transaction():
        kept = session.get_one(User, portal.desk.id).saved_views
        assert kept == (views if stays else {"oldparts.index": {}})


def test_events_from_before_the_sealing_are_not_read_any_more(portal: Portal) -> None:
    """P4: where the database keeps a name for ever, nobody is shown it, and the page says so."""
    with pytest.MonkeyPatch.context() as old:
        old.setattr("portal.core.events.seal", lambda values, _keys: (dict(values), None))
        piece = corrected(portal, "reject", code="user_damage", reason="Broken")
    client = portal.client(portal.administrator)
    answer = client.get("/customers", query_string={"q": PHONE})
    assert "the database keeps it" in answer.text
    other = rejected(portal, "Nowak")
    shown = client.get("/customers", query_string={"q": other.number}).text
    assert other.number in shown
    assert "the database keeps it" not in shown
    history, file = f"/old-parts/{piece.public_id}", "/audit/export/csv"
    clerk, auditor = portal.client(portal.clerk), portal.client(portal.auditor)
    assert NAME in clerk.get(history).text
    assert NAME in auditor.get(file, buffered=True).text
    with portal.transaction():
        anonymise(portal, piece)
    assert wrong(portal) == []
    said = clerk.get(history).text, auditor.get(file, buffered=True).text
    for text_ in said:
        assert "removed: personal data is not kept for ever" in text_
        assert not names_in(text_.casefold())


def test_what_may_still_be_appealed_against_is_not_settled(portal: Portal) -> None:
    """R6, O8: until its time is over, the customer still counts."""
    claim = appealing.cut(portal)
    claims.close(portal, run_of(portal, claim))
    cut, paid = piece_of(portal, claim, 1), piece_of(portal, claim, 2)
    with portal.transaction():
        assert anonymise(portal, paid) == 1
    with pytest.raises(Conflict, match="not settled yet"), portal.transaction():
        anonymise(portal, cut)
    portal.clock.advance(days=15)
    with portal.transaction():
        assert anonymise(portal, cut) == 1


def test_what_may_still_be_objected_to_is_not_settled(portal: Portal) -> None:
    """O8: a dealer that pays for a piece has its days to object."""
    (name,) = claims.pieces(portal, 1, status="received")
    inspecting.inspect(portal, name)
    with portal.transaction():
        failed = inspecting.piece(name)
    with pytest.raises(Conflict, match="not settled yet"), portal.transaction():
        anonymise(portal, failed)
    portal.clock.advance(days=15)
    with portal.transaction():
        assert anonymise(portal, failed) == 1


def run_of(portal: Portal, claim: Claim) -> Run:
    with portal.transaction():
        return session.get_one(Run, session.get_one(Claim, claim.id).run_id)


def piece_of(portal: Portal, claim: Claim, position: int) -> OldPart:
    with portal.transaction():
        its_line = ClaimLine.claim_id == claim.id, ClaimLine.position == position
        return session.scalars(select(OldPart).join(ClaimLine).where(*its_line)).one()


def test_bulk_sheets_that_registered_a_piece_go_when_a_customer_asks(portal: Portal) -> None:
    """O3: the file that a piece came with names the customer; the dealer's others stay."""
    story.received(portal, story.line(portal, quantity=3))
    url = many.uploaded(
        portal, many.table(many.row(1, **{"Customer's name": NAME})), {"1.png": many.photo(1)}
    )
    many.registered(portal, url)
    other = many.uploaded(portal, many.table(many.row(2)), {"2.png": many.photo(2)})
    many.registered(portal, other)
    with portal.transaction():
        piece = session.scalars(select(OldPart).where(OldPart.customer_name == NAME)).one()
        facts = {"seen": None, "by": portal.desk, "now": portal.now}
        oldparts.review(piece, "reject", code="user_damage", reason="Broken", **facts)
    with portal.transaction():
        anonymise(portal, piece)
    claims.work(portal)
    assert names_in(said_anywhere(portal)) == set()
    clerk = portal.client(portal.clerk)
    assert "The file is not kept any more" in clerk.get(url).text
    assert "The file is not kept any more" not in clerk.get(other).text


def test_customers_without_a_name_are_not_one_customer(portal: Portal) -> None:
    """O5: those who are known are counted as before; those who were removed, by nobody."""
    repairs = [
        piece(portal, failed_on=date(2026, 9, day), customer_name=NAME, customer_phone=PHONE)
        for day in range(1, 6)
    ]
    *others, last = repairs

    def counted(one: OldPart) -> list[str]:
        return [sentence for sentence in found(portal, one) if "This customer" in sentence]

    assert counted(last) == ["This customer had 4 other repairs within a year."]
    with portal.transaction():
        for one in others:
            facts = {"seen": None, "by": portal.desk, "now": portal.now}
            known = session.get_one(OldPart, one.id)
            oldparts.review(known, "reject", code="user_damage", reason="Broken", **facts)
    with portal.transaction():
        anonymise(portal, others[0])
    assert counted(last) == ["This customer had 3 other repairs within a year."]
    with portal.transaction():
        anonymise(portal, *others[1:])
    assert counted(last) == []
    assert counted(others[0]) == []


# --- The seal -----------------------------------------------------------------------------------


def test_events_hold_the_name_beside_their_hash_only(portal: Portal) -> None:
    """P4: what is hashed is a commitment, different for each event."""
    corrected(portal)
    asked(portal)
    with portal.transaction():
        events = session.scalars(select(Event).where(Event.personal.is_not(None))).all()
        assert [one.name for one in events] == ["correct", "correct"]
        sealed = [one.values["customer_name"]["sealed"] for one in events]
        assert len(set(sealed)) == 2, "the same name, another salt"
        assert all(NAME not in repr(one.values) for one in events)
        assert {one.personal["customer_name"]["value"][1] for one in events} == {NAME}  # type: ignore[index]


TAMPERED = {
    "another name": (
        "UPDATE event SET personal = REPLACE(personal{text}, 'Brandt', 'Br'){json}",
        "its personal data is not as it was written",
    ),
    "one of two": (
        "UPDATE event SET personal = '{{}}' WHERE personal IS NOT NULL",
        "its personal data is not as it was written",
    ),
    "something else": (
        "UPDATE event SET personal = '{{\"part\": 1}}' WHERE name = 'accept'",
        "its personal data is not as it was written",
    ),
    "removed in silence": (
        "UPDATE event SET personal = NULL WHERE personal IS NOT NULL",
        "its personal data is missing, and nobody removed it",
    ),
}


@pytest.mark.parametrize("how", TAMPERED)
def test_personal_data_that_was_changed_by_hand_is_found(portal: Portal, how: str) -> None:
    """P4: as long as it is there, it is what was written."""
    corrected(portal)
    statement, problem = TAMPERED[how]
    casts = {"text": "::text", "json": "::jsonb"}
    with portal.transaction():
        sqlite = session.get_bind().dialect.name == "sqlite"
    unguarded(portal, statement.format(**(dict.fromkeys(casts, "") if sqlite else casts)))
    with portal.app.app_context(), snapshot():
        assert [(one.document_kind, one.problem) for one in verify()] == [("oldpart", problem)]


CHANGES = (
    {"reason": "another"},
    {"personal": {"customer_name": {"salt": "", "value": "Braun"}}},
    {"personal": None, "reason": "another"},
    {"personal": None, "dealer_id": None},
    {"personal": None, "values": {}},
)


@pytest.mark.parametrize("change", CHANGES)
def test_database_refuses_every_other_change_of_an_event(
    portal: Portal, change: dict[str, object]
) -> None:
    """P4: on SQLite and on PostgreSQL."""
    corrected(portal)
    with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
        session.execute(update(Event).where(Event.personal.is_not(None)).values(**change))
    with portal.transaction():
        session.execute(update(Event).where(Event.personal.is_not(None)).values(personal=None))
    with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
        session.execute(update(Event).where(Event.name == "correct").values(personal=None))
    with pytest.raises(DBAPIError, match="append-only"), portal.transaction():
        session.execute(update(Event).where(Event.name == "correct").values(personal={"part": "x"}))
