"""Registering, correcting and reviewing old parts, on both databases."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal.applications import quoting, receipt
from portal.applications.models import Shipment, ShipmentLine
from portal.catalogue.models import Part
from portal.core import events
from portal.core.db import in_transaction, session
from portal.core.errors import Conflict, Forbidden, Invalid, NotFound, Refusal, Stale, WrongState
from portal.core.permissions import SYSTEM, Actor
from portal.core.personal import in_clear
from portal.files.models import Attachment
from portal.files.queries import of_document
from portal.oldparts import queries, services
from portal.oldparts.commands import RegisterCommand
from portal.oldparts.models import OldPart
from portal.terms import services as terms
from tests.support import story
from tests.support.portal import Portal

OTHERS = ("desk", "finance", "warehouse", "reviewer", "administrator", "auditor")
NOT_DESK = ("clerk", "manager", "finance", "warehouse", "reviewer", "administrator", "auditor")


def first_line(portal: Portal, shipment: Shipment) -> int:
    """The first line of a shipment."""
    with portal.transaction():
        return story.line_ids(shipment)[0]


def register(
    portal: Portal,
    line_id: int,
    command: RegisterCommand | None = None,
    photos: list[str] | None = None,
    by: str = "clerk",
    piece: int | None = None,
) -> OldPart:
    """Register a piece, with a photo unless told otherwise."""
    photos = [story.photo(portal, by)] if photos is None else photos
    with portal.transaction():
        return services.register(
            line_id,
            command or story.registration(portal),
            photos,
            by=portal.cast[by],
            now=portal.now,
            piece=piece,
        )


def reread(portal: Portal, old_part: OldPart) -> OldPart:
    """The old part as the database has it."""
    with portal.transaction():
        return session.get_one(OldPart, old_part.id, populate_existing=True)


def count(portal: Portal) -> int:
    """How many old parts there are."""
    with portal.transaction():
        return len(session.scalars(select(OldPart.id)).all())


def sentences(refused: pytest.ExceptionInfo[Invalid]) -> dict[str, str]:
    """The sentences of a refusal by field."""
    return {name: str(sentence) for name, sentence in refused.value.fields.items()}


def act(portal: Portal, old_part: OldPart, step: str, by: Actor, **options: Any) -> None:
    """Take a step of the review or the correction, as somebody."""
    given: dict[str, Any] = {"seen": None, "by": by, "now": portal.now}
    if step == "return":
        given["reason"] = "The photo shows another part"
    if step == "reject":
        given |= {"code": "user_damage", "reason": "Hit with a hammer"}
    with portal.transaction():
        old_part = session.get_one(OldPart, old_part.id)
        if step == "correct":
            services.correct(old_part, story.registration(portal), [], **(given | options))
        else:
            services.review(old_part, step, **(given | options))


def in_state(portal: Portal, status: str) -> OldPart:
    """An old part in a state."""
    if status == "registered":
        return story.registered(portal)
    old_part = story.registered(portal)
    step = {"returned": "return", "accepted": "accept", "rejected": "reject"}[status]
    act(portal, old_part, step, portal.desk)
    return reread(portal, old_part)


def test_pieces_are_numbered_in_turn_when_registered(portal: Portal) -> None:
    """O1: one registration is one piece with its own number, without holes."""
    line_id = first_line(portal, story.received(portal, story.line(portal, quantity=3)))
    made = [register(portal, line_id) for _ in range(3)]
    assert [one.number for one in made] == [f"OP-2026-D0001-{n:06d}" for n in (1, 2, 3)]
    assert [one.piece for one in made] == [1, 2, 3]
    assert {one.status for one in made} == {"registered"}


def test_piece_names_where_it_came_from_when_registered(portal: Portal) -> None:
    """O2, R1: the shipped line, the part, and the price that was deducted for that very piece."""
    shipment = story.received(portal, story.line(portal, "TH-300", quantity=1))
    old_part = story.registered(portal, shipment, customer_name="Zażółć Gęś", old_serial="ａｂ 12")
    assert old_part.part_id == portal.parts["TH-300"]
    assert old_part.unit_price == 15000
    assert old_part.shipment_line_id == first_line(portal, shipment)
    assert old_part.old_serial == "ａｂ 12"
    assert old_part.old_serial_key == "AB12"
    with portal.transaction():
        photos = of_document(old_part)
        timeline = session.scalars(
            select(events.Event).where(events.Event.document_kind == "oldpart")
        ).all()
        assert [event.name for event in timeline] == ["create"]
        assert timeline[0].values["piece"] == "1 / 1"
        assert list(events.verify()) == []
    assert [row.purpose for row in photos] == ["photo"]
    for words in ("op-2026-d0001-000001", "th-300", "zażółć gęś", "ab12", "恒温阀芯"):
        assert words in old_part.search_text


def test_no_more_pieces_when_all_shipped_ones_are_registered(portal: Portal) -> None:
    """O2: never more registrations than pieces shipped."""
    line_id = first_line(portal, story.received(portal, story.line(portal, quantity=1)))
    register(portal, line_id)
    with pytest.raises(Conflict, match="registered already"):
        register(portal, line_id)
    assert count(portal) == 1


@pytest.mark.parametrize(
    "change",
    [{"piece": 3}, {"piece": 1}, {"piece": 3, "line_quantity": 3}, {"piece": 0}],
    ids=["above", "taken", "another quantity", "zero"],
)
def test_database_refuses_a_piece_that_was_not_shipped(
    portal: Portal, change: dict[str, int]
) -> None:
    """O2: a row that the services would never write is impossible in the database itself."""
    shipment = story.received(portal, story.line(portal, quantity=2))
    old_part = story.registered(portal, shipment)
    columns = {
        column.name: getattr(old_part, column.name)
        for column in OldPart.__table__.columns
        if column.name != "id"
    }
    other = {"public_id": "x" * 16, "number": "OP-X", "piece": 2}
    with pytest.raises(IntegrityError), portal.transaction():
        session.add(OldPart(**(columns | other | change)))
    with portal.transaction():
        session.add(OldPart(**(columns | other)))
    assert count(portal) == 2


def test_shipped_quantity_cannot_shrink_below_its_registered_pieces(portal: Portal) -> None:
    """O2: the line's quantity is tied to its pieces."""
    old_part = story.registered(portal)
    with pytest.raises(IntegrityError), portal.transaction():
        session.execute(
            update(ShipmentLine)
            .where(ShipmentLine.id == old_part.shipment_line_id)
            .values(quantity=1)
        )


def test_second_sending_of_the_same_form_is_refused(portal: Portal) -> None:
    """O2: a form that is sent twice registers one piece; the second is told."""
    line_id = first_line(portal, story.received(portal))
    register(portal, line_id, piece=1)
    with pytest.raises(Stale, match="piece 2"):
        register(portal, line_id, piece=1)
    assert count(portal) == 1
    assert register(portal, line_id, piece=2).piece == 2


@pytest.mark.parametrize("by", OTHERS)
def test_registering_is_forbidden_when_not_at_a_dealer(portal: Portal, by: str) -> None:
    """P1: headquarters registers nothing."""
    line_id = first_line(portal, story.received(portal))
    with pytest.raises(Forbidden):
        register(portal, line_id, photos=[], by=by)
    assert count(portal) == 0


def test_line_is_not_found_when_it_is_another_dealers(portal: Portal) -> None:
    """P1: a foreign line and a missing one are the same."""
    line_id = first_line(portal, story.received(portal))
    for wanted in (line_id, 10**9):
        with pytest.raises(NotFound):
            register(portal, wanted, by="other_clerk")
    assert count(portal) == 0


def test_registering_is_refused_when_not_received_or_not_warranty(portal: Portal) -> None:
    """O2: pieces are drawn from what arrived for a warranty repair."""
    on_its_way = first_line(portal, story.shipped(portal))
    with pytest.raises(Conflict, match="SH-2026-D0001-00001"):
        register(portal, on_its_way)
    stock = first_line(portal, story.received(portal, story.line(portal, purpose="stock")))
    with pytest.raises(Invalid, match="warranty"):
        register(portal, stock)
    assert count(portal) == 0


TODAY = date(2026, 10, 12)


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"failed_on": date(1901, 1, 1)}, "failed_on", "before 1990"),
        ({"failed_on": date(1989, 12, 31)}, "failed_on", "before 1990"),
        ({"replaced_on": date(2099, 1, 1)}, "replaced_on", "future"),
        ({"replaced_on": TODAY + timedelta(days=1)}, "replaced_on", "future"),
        ({"failed_on": date(2099, 1, 1)}, "failed_on", "future"),
        ({"purchase_date": date(2099, 1, 1)}, "purchase_date", "future"),
        ({"purchase_date": date(1901, 1, 1)}, "purchase_date", "before 1990"),
        ({"replaced_on": date(2026, 10, 1)}, "replaced_on", "on or after"),
        ({"purchase_date": date(2026, 10, 3)}, "purchase_date", "on or before"),
        ({"failed_on": None}, "failed_on", "Enter the day"),
        ({"replaced_on": None}, "replaced_on", "Enter the day"),
        ({"customer_name": ""}, "customer_name", "Enter the customer"),
        ({"product_model": ""}, "product_model", "Enter the product"),
        ({"purchase_date": None}, "product_serial", "or its purchase date"),
        ({"purchase_date": None, "product_serial": "　 "}, "product_serial", "or its purchase"),
        ({"complaint": ""}, "complaint", "complained"),
        ({"cause": ""}, "cause", "caused"),
        ({"remedy": ""}, "remedy", "done about it"),
        ({"old_serial": "ﷺ" * 60}, "old_serial", "too long"),
    ],
)  # fmt: skip
def test_sentence_stands_at_the_field_when_something_is_wrong(
    portal: Portal, change: dict[str, Any], field: str, words: str
) -> None:
    """O2: purchase ≤ failure ≤ replacement ≤ today (HQ's), none before 1990; the rest complete."""
    line_id = first_line(portal, story.received(portal))
    with pytest.raises(Invalid) as refused:
        register(portal, line_id, replace(story.registration(portal), **change), photos=["x"])
    assert words in sentences(refused)[field]
    assert count(portal) == 0


def test_days_may_be_the_same_and_today(portal: Portal) -> None:
    """O2, T1: bought, failed and replaced on HQ's today is possible; at 23:59 there as well."""
    portal.clock.at = portal.now.replace(hour=23, minute=59, second=59)
    line_id = first_line(portal, story.received(portal))
    days = dict.fromkeys(("purchase_date", "failed_on", "replaced_on"), TODAY)
    assert register(portal, line_id, story.registration(portal, **days)).failed_on == TODAY


def test_photos_are_needed_as_the_policy_says(portal: Portal) -> None:
    """O2: at least so many photos as the policy value of the day says; each counted once."""
    line_id = first_line(portal, story.received(portal))
    with pytest.raises(Invalid) as refused:
        register(portal, line_id, photos=[])
    assert sentences(refused) == {"photos": "Add a photo of the old part."}
    with portal.transaction():
        change = terms.propose(
            "oldpart.photos",
            2,
            effective_from=portal.now.date(),
            reason="The part and its plate",
            by=portal.administrator,
            now=portal.now,
        )
        terms.decide(change, "approve", seen=None, by=SYSTEM, now=portal.now)
    one = story.photo(portal)
    with pytest.raises(Invalid) as refused:
        register(portal, line_id, photos=[one, one])
    assert "at least 2 photos" in sentences(refused)["photos"]
    assert register(portal, line_id, photos=[one, story.photo(portal)]).piece == 1


def test_photo_is_refused_when_it_is_not_ones_own_or_used(portal: Portal) -> None:
    """O2, P1: nobody registers with a photo of somebody else, or with one that was used."""
    line_id = first_line(portal, story.received(portal))
    foreign = story.photo(portal, "other_clerk")
    with pytest.raises(Invalid, match="no longer there"):
        register(portal, line_id, photos=[foreign])
    used = story.photo(portal)
    register(portal, line_id, photos=[used])
    with pytest.raises(Invalid, match="no longer there"):
        register(portal, line_id, photos=[used])
    assert count(portal) == 1
    assert register(portal, line_id).number.endswith("-000002"), "a refusal leaves no hole (O1)"


@pytest.mark.parametrize("again", ["ab-12 34", "ＡＢ－１２３４", "A b\u3000-1\u00a02 3\t4"])
def test_old_serial_is_refused_when_registered_before(portal: Portal, again: str) -> None:
    """O4: the same old serial in any case, width or spacing; the same dealer learns the number."""
    line_id = first_line(portal, story.received(portal))
    first = register(portal, line_id, story.registration(portal, old_serial="AB-1234"))
    with pytest.raises(Invalid) as refused:
        register(portal, line_id, story.registration(portal, old_serial=again))
    assert first.number in sentences(refused)["old_serial"]
    assert count(portal) == 1


def test_number_is_not_told_when_another_dealer_registered_it(portal: Portal) -> None:
    """O4, P1: another dealer's try is refused too, and learns neither number nor dealer."""
    mine = first_line(portal, story.received(portal))
    named = {"old_serial": "AB-1234", "product_serial": "SN 77"}
    first = register(portal, mine, story.registration(portal, **named))
    foreign = first_line(portal, story.received(portal, by="other_clerk"))
    with pytest.raises(Invalid) as refused:
        register(
            portal,
            foreign,
            story.registration(portal, old_serial="ａｂ－１２３４", product_serial="ｓｎ７７"),
            by="other_clerk",
        )
    said = sentences(refused)
    assert set(said) == {"old_serial", "product_serial"}
    for sentence in said.values():
        assert "somebody else" in sentence
        assert first.number not in sentence
        assert "D0001" not in sentence
    assert count(portal) == 1


def test_product_is_refused_when_its_part_failed_that_day_before(portal: Portal) -> None:
    """O4: the same product serial, part and day of failure are one event; any other is not."""
    both = story.received(
        portal, story.line(portal, quantity=3), story.line(portal, "FP-200", quantity=1)
    )
    with portal.transaction():
        valve, seal = story.line_ids(both)
    command = story.registration(portal, product_serial="sn 77")
    first = register(portal, valve, command)
    with pytest.raises(Invalid) as refused:
        register(portal, valve, replace(command, product_serial="ＳＮ７７"))
    assert first.number in sentences(refused)["product_serial"]
    register(portal, valve, replace(command, failed_on=portal.now.date()))
    register(portal, seal, command)
    register(portal, valve, replace(command, product_serial="SN 78"))
    assert count(portal) == 4


def test_no_serial_is_no_duplicate(portal: Portal) -> None:
    """O4: pieces without serials do not stand in each other's way."""
    line_id = first_line(portal, story.received(portal))
    blank = story.registration(portal, old_serial=" ", product_serial="　")
    assert [register(portal, line_id, blank).piece for _ in range(2)] == [1, 2]


def test_database_refuses_the_same_serial_when_two_write_at_once(portal: Portal) -> None:
    """O4: where a check before it would come too early, the unique key decides."""
    shipment = story.received(portal)
    old_part = story.registered(portal, shipment, old_serial="AB-1234", product_serial="SN 77")
    columns = {
        column.name: getattr(old_part, column.name)
        for column in OldPart.__table__.columns
        if column.name != "id"
    }
    other = {"public_id": "x" * 16, "number": "OP-X", "piece": 2}
    for key in ("old_serial_key", "product_serial_key"):
        with pytest.raises(IntegrityError), portal.transaction():
            session.add(OldPart(**(columns | other | {key: None})))


def test_loser_of_a_race_gets_the_sentence(portal: Portal) -> None:
    """O4: who was slower by a moment is told the same as who came a day later."""
    shipment = story.received(portal)
    line_id = first_line(portal, shipment)
    photos = [story.photo(portal), story.photo(portal)]
    command = story.registration(portal, old_serial="AB-1234")
    tries = []

    def work() -> None:
        tries.append(1)
        if len(tries) == 1:
            # As if the other one's row became visible only now.
            services.register(line_id, command, photos[:1], by=portal.clerk, now=portal.now)
            session.commit()
            clash = OldPart(old_serial_key="AB-1234", number="OP-X")
            raise IntegrityError("unique", clash, ValueError())
        services.register(line_id, command, photos[1:], by=portal.clerk, now=portal.now)

    with portal.app.app_context(), pytest.raises(Invalid) as refused:
        in_transaction(work)
    assert "OP-2026-D0001-000001" in sentences(refused)["old_serial"]
    assert count(portal) == 1


def test_old_part_may_be_the_shipped_or_the_asked_part(portal: Portal) -> None:
    """A3, O2: where a successor was sent, the dealer says which of the two was taken out."""
    with portal.transaction():
        part = session.get_one(Part, portal.parts["FV-100"])
        part.successor_id = portal.parts["TH-300"]
    application = story.submitted(portal, story.line(portal, quantity=3))
    with portal.transaction():
        application = session.merge(application)
        usual = story.answer(portal, application)
        quoting.quote(
            application,
            replace(usual, lines=(replace(usual.lines[0], part_id=portal.parts["TH-300"]),)),
            seen=None,
            by=portal.desk,
            now=portal.now,
        )
        quoting.confirm(application, quote_version=1, seen=None, by=portal.manager, now=portal.now)
        quoting.release(application, seen=None, by=portal.finance, now=portal.now)
    shipment = story.send(portal, application)
    with portal.transaction():
        receipt.receive(
            session.get_one(Shipment, shipment.id), seen=None, by=portal.clerk, now=portal.now
        )
    line_id = first_line(portal, shipment)
    assert register(portal, line_id).part_id == portal.parts["FV-100"]
    shipped = story.registration(portal, part_id=portal.parts["TH-300"])
    made = register(portal, line_id, shipped)
    assert (made.part_id, made.unit_price) == (portal.parts["TH-300"], 15000)
    with pytest.raises(Invalid) as refused:
        register(portal, line_id, story.registration(portal, part_id=portal.parts["FP-200"]))
    assert refused.value.field == "part"


def test_accepting_sets_when_and_who(portal: Portal) -> None:
    """O5, P4: the desk accepts; the event tells who and when."""
    old_part = story.accepted(portal)
    assert (old_part.status, old_part.accepted_at) == ("accepted", portal.now)
    with portal.transaction():
        last = session.scalars(
            select(events.Event)
            .where(events.Event.document_kind == "oldpart")
            .order_by(events.Event.id.desc())
        ).first()
        assert last is not None
        assert (last.name, last.actor_id) == ("accept", portal.desk.id)
        assert (last.from_status, last.to_status) == ("registered", "accepted")


def test_rejecting_keeps_code_and_words(portal: Portal) -> None:
    """O5: a rejection has a code of the list; words may follow, and must if it says nothing."""
    old_part = story.registered(portal)
    with pytest.raises(Invalid) as refused:
        act(portal, old_part, "reject", portal.desk, code="bad luck")
    assert "code" in refused.value.fields
    with pytest.raises(Invalid) as refused:
        act(portal, old_part, "reject", portal.desk, code="other", reason="  ")
    assert "reason" in refused.value.fields
    assert reread(portal, old_part).status == "registered"
    act(portal, old_part, "reject", portal.desk)
    after = reread(portal, old_part)
    assert (after.status, after.rejection_code) == ("rejected", "user_damage")
    assert after.accepted_at is None


def test_returning_needs_a_reason(portal: Portal) -> None:
    """O5: the dealer reads why."""
    old_part = story.registered(portal)
    for code, field in (("", "code"), ("other", "reason"), ("made up", "code")):
        with pytest.raises(Invalid) as refused:
            act(portal, old_part, "return", portal.desk, code=code, reason=" ")
        assert field in refused.value.fields
    act(portal, old_part, "return", portal.desk, code="photo", reason="")
    assert reread(portal, old_part).status == "returned"


def test_correction_waits_for_review_again_with_its_changes_told(portal: Portal) -> None:
    """O5, P4: what was corrected is on the timeline, from and to."""
    old_part = in_state(portal, "returned")
    more = story.photo(portal, "manager")
    with portal.transaction():
        services.correct(
            session.get_one(OldPart, old_part.id),
            story.registration(portal, customer_name="Grażyna", old_serial="x 1"),
            [more],
            seen=old_part.version,
            by=portal.manager,
            now=portal.now,
        )
    after = reread(portal, old_part)
    assert (after.status, after.customer_name, after.old_serial_key) == (
        "registered",
        "Grażyna",
        "X1",
    )
    assert "grażyna" in after.search_text
    assert (after.number, after.piece) == (old_part.number, old_part.piece)
    with portal.transaction():
        assert len(of_document(after)) == 2
        event = session.scalars(select(events.Event).where(events.Event.name == "correct")).one()
        assert in_clear(event.values, event.personal, ()) == {
            "customer_name": ["李秀英", "Grażyna"],
            "old_serial": ["–", "x 1"],
            "photos": 1,
        }
        assert list(events.verify()) == []


def test_correction_is_checked_like_a_registration(portal: Portal) -> None:
    """O2, O4: its own serial is no duplicate, another's is; wrong days are refused."""
    shipment = story.received(portal, story.line(portal, quantity=2))
    story.registered(portal, shipment, old_serial="FIRST")
    second = story.registered(portal, shipment, old_serial="SECOND")
    act(portal, second, "return", portal.desk)

    def correct(**change: Any) -> None:
        with portal.transaction():
            services.correct(
                session.get_one(OldPart, second.id),
                story.registration(portal, **change),
                [],
                seen=None,
                by=portal.clerk,
                now=portal.now,
            )

    with pytest.raises(Invalid) as refused:
        correct(old_serial="first")
    assert "OP-2026-D0001-000001" in sentences(refused)["old_serial"]
    with pytest.raises(Invalid) as refused:
        correct(old_serial="SECOND", failed_on=date(1901, 1, 1))
    assert "1990" in sentences(refused)["failed_on"]
    correct(old_serial="SECOND")
    assert reread(portal, second).status == "registered"


STEPS = ("accept", "return", "reject", "correct")
RIGHT = {"accept": "registered", "return": "registered", "reject": "registered"} | {
    "correct": "returned"
}


@pytest.mark.parametrize("step", STEPS)
def test_step_is_refused_when_the_person_may_not(portal: Portal, step: str) -> None:
    """O5, P1: only the desk reviews, only the piece's own dealer corrects; nothing changes."""
    old_part = in_state(portal, RIGHT[step])
    wrong = OTHERS if step == "correct" else NOT_DESK
    for name in wrong:
        with pytest.raises(Forbidden):
            act(portal, old_part, step, portal.cast[name])
    for name in ("other_clerk", "other_manager"):
        with pytest.raises(NotFound):
            act(portal, old_part, step, portal.cast[name])
    assert reread(portal, old_part).version == old_part.version


@pytest.mark.parametrize("step", STEPS)
def test_step_is_refused_from_another_state_and_twice(portal: Portal, step: str) -> None:
    """O5: a step is taken once, and only where the table has it."""
    who = portal.clerk if step == "correct" else portal.desk
    old_part = in_state(portal, RIGHT[step])
    act(portal, old_part, step, who)
    with pytest.raises(WrongState):
        act(portal, old_part, step, who)
    for status in ("registered", "returned", "accepted", "rejected"):
        if status != RIGHT[step]:
            other = in_state(portal, status)
            with pytest.raises(WrongState):
                act(portal, other, step, who)
            assert reread(portal, other).status == status


@pytest.mark.parametrize("step", STEPS)
def test_step_is_stale_when_the_page_was_older(portal: Portal, step: str) -> None:
    """O5: who decides on an older version is told, and nothing changes."""
    old_part = in_state(portal, RIGHT[step])
    who = portal.clerk if step == "correct" else portal.desk
    with pytest.raises(Stale):
        act(portal, old_part, step, who, seen=old_part.version - 1)
    assert reread(portal, old_part).version == old_part.version


def test_photos_are_added_until_it_is_decided(portal: Portal) -> None:
    """O2: the dealer adds photos while it is registered or returned, nobody afterwards."""

    def add(old_part: OldPart, by: str = "clerk", ids: list[str] | None = None) -> None:
        ids = [story.photo(portal, by)] if ids is None else ids
        with portal.transaction():
            services.add_photos(
                session.get_one(OldPart, old_part.id), ids, by=portal.cast[by], now=portal.now
            )

    def photos_of(old_part: OldPart) -> int:
        with portal.transaction():
            wanted = Attachment.document_id == old_part.id
            return len(session.scalars(select(Attachment.id).where(wanted)).all())

    old_part = in_state(portal, "registered")
    add(old_part)
    add(old_part, "manager")
    assert photos_of(old_part) == 3
    refusals: list[tuple[str, type[Refusal], list[str] | None]] = [
        ("desk", Forbidden, None),
        ("auditor", Forbidden, []),
        ("other_clerk", NotFound, None),
        ("clerk", Invalid, []),
    ]
    for by, refusal, ids in refusals:
        with pytest.raises(refusal):
            add(old_part, by, ids)
    assert photos_of(old_part) == 3
    add(in_state(portal, "returned"))
    for status in ("accepted", "rejected"):
        with pytest.raises(WrongState):
            add(in_state(portal, status))


def test_work_is_counted_in_pieces_with_the_first_deadline(portal: Portal) -> None:
    """O6: pieces, not lines; overdue from the second after the deadline; only one's own."""
    assert_nothing = (0, None, 0)
    with portal.transaction():
        assert queries.to_register(portal.clerk, portal.now) == assert_nothing
    shipment = story.received(portal, story.line(portal, quantity=3))
    first_due = portal.now.replace(hour=23, minute=59, second=59) + timedelta(days=15)
    portal.clock.advance(days=2)
    story.received(portal, story.line(portal, "FP-200", quantity=2))
    story.received(portal, story.line(portal, purpose="stock"))
    story.shipped(portal)
    story.received(portal, by="other_clerk")
    with portal.transaction():
        assert queries.to_register(portal.clerk, portal.now) == (5, first_due, 0)
        late = first_due + timedelta(seconds=1)
        assert queries.to_register(portal.clerk, first_due) == (5, first_due, 0)
        assert queries.to_register(portal.clerk, late) == (5, first_due, 3)
    for _ in range(3):
        story.registered(portal, shipment)
    with portal.transaction():
        assert queries.to_register(portal.clerk, late)[0] == 2
    story.want_back(portal, "FP-200", False)
    with portal.transaction():
        assert queries.to_register(portal.clerk, late) == assert_nothing
