"""The life of an application through its services (A1–A8, L5, L6)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select

from portal.applications import quoting, receipt, services, shipping
from portal.applications.commands import Consignment
from portal.applications.models import Application, ApplicationLine, QuoteLine
from portal.catalogue.models import Part, Price
from portal.core import events
from portal.core.db import session
from portal.core.errors import (
    Forbidden,
    Invalid,
    NotFound,
    Refusal,
    Stale,
    TooLittleMoney,
    WrongState,
)
from portal.core.permissions import Actor
from portal.ledger.models import Account, ReservationEnd, Transfer
from portal.terms.models import PolicyValue
from tests.support import story
from tests.support.portal import DEPOSIT, Portal


def again(document: Any) -> Any:
    """The document as it stands now, in the present transaction."""
    return session.get_one(type(document), document.id)


def status(portal: Portal, document: Any) -> str:
    with portal.transaction():
        return str(again(document).status)


def account(portal: Portal, dealer: str = "north") -> Account:
    with portal.transaction():
        return session.scalars(
            select(Account).where(Account.dealer_id == portal.dealers[dealer])
        ).one()


def kinds(portal: Portal, application: Application) -> dict[str, int]:
    """The money that was moved for an application, by kind."""
    with portal.transaction():
        return dict(
            session.execute(
                select(Transfer.kind, func.sum(Transfer.amount))
                .where(
                    Transfer.document_kind == "application", Transfer.document_id == application.id
                )
                .group_by(Transfer.kind)
            ).all()
        )


def refused(portal: Portal, what: type[Refusal], act: Callable[[], object]) -> Refusal:
    """Do something that is refused, and give the refusal."""
    with pytest.raises(what) as caught, portal.transaction():
        act()
    return caught.value


def test_draft_is_kept_when_incomplete(portal: Portal) -> None:
    """A1: a draft is saved as it is typed, incomplete or not."""
    draft = story.drafted(portal)
    typed = {"contact": "王", "lines-0-part": "FV-", "lines-0-quantity": "many"}
    with portal.transaction():
        services.save(again(draft), typed, by=portal.clerk, now=portal.now)
    with portal.transaction():
        assert again(draft).typed == typed
        assert again(draft).number is None


def test_submission_is_refused_at_the_field_when_a_line_lacks_something(portal: Portal) -> None:
    """A1: a warranty line names model, serial or purchase date, and the fault."""
    draft = story.drafted(portal)
    bad = story.line(portal, product_model="", serial="", purchase_date=None, fault="")
    refusal = refused(
        portal,
        Invalid,
        lambda: services.submit(
            again(draft), story.request(portal, bad), seen=None, by=portal.clerk, now=portal.now
        ),
    )
    assert isinstance(refusal, Invalid)
    assert set(refusal.fields) == {"lines-0-product_model", "lines-0-serial", "lines-0-fault"}
    assert status(portal, draft) == "draft"


@pytest.mark.parametrize("quantity", [0, -1, 10**9])
def test_submission_is_refused_when_the_quantity_is_no_count(portal: Portal, quantity: int) -> None:
    """A1: a whole quantity above zero."""
    draft = story.drafted(portal)
    refusal = refused(
        portal,
        Invalid,
        lambda: services.submit(
            again(draft),
            story.request(portal, story.line(portal, quantity=quantity)),
            seen=None,
            by=portal.clerk,
            now=portal.now,
        ),
    )
    assert isinstance(refusal, Invalid)
    assert set(refusal.fields) == {"lines-0-quantity"}


def test_part_cannot_be_ordered_when_it_has_no_price(portal: Portal) -> None:
    """C3: a part with price 0 is kept but cannot be ordered until it has a price."""
    draft = story.drafted(portal)
    refusal = refused(
        portal,
        Invalid,
        lambda: services.submit(
            again(draft),
            story.request(portal, story.line(portal, part="NP-400")),
            seen=None,
            by=portal.clerk,
            now=portal.now,
        ),
    )
    assert isinstance(refusal, Invalid)
    assert "price" in str(refusal.fields["lines-0-part"])


def test_numbers_have_no_holes_when_a_submission_fails_between(portal: Portal) -> None:
    """A2: the number is given on submission, per year, without holes within a dealer."""
    first = story.submitted(portal)

    def fail() -> None:
        draft = services.start({}, by=portal.clerk, now=portal.now)
        services.submit(draft, story.request(portal), seen=None, by=portal.clerk, now=portal.now)
        raise Refusal("the power fails")

    refused(portal, Refusal, fail)
    second = story.submitted(portal)
    foreign = story.submitted(portal, by="other_clerk")
    assert first.number == "PA-2026-D0001-00001"
    assert second.number == "PA-2026-D0001-00002"
    assert foreign.number == "PA-2026-D0002-00001"


def test_number_stays_when_a_returned_application_comes_again(portal: Portal) -> None:
    """A2, A3: returned for correction with a reason, corrected, submitted under its number."""
    application = story.submitted(portal)
    refused(
        portal,
        Invalid,
        lambda: services.step(
            again(application), "return", seen=None, by=portal.desk, now=portal.now
        ),
    )
    with portal.transaction():
        services.step(
            again(application),
            "return",
            seen=None,
            by=portal.desk,
            now=portal.now,
            reason="Which colour?",
            code="evidence",
        )
    with portal.transaction():
        corrected = story.request(portal, story.line(portal, quantity=5))
        services.submit(again(application), corrected, seen=None, by=portal.clerk, now=portal.now)
    with portal.transaction():
        assert again(application).number == application.number
        quantities = session.scalars(
            select(ApplicationLine.quantity)
            .where(ApplicationLine.application_id == application.id)
            .order_by(ApplicationLine.revision)
        ).all()
        assert quantities == [2, 5]


def test_quote_takes_the_price_in_force_when_a_list_follows_later(portal: Portal) -> None:
    """A3, C2: the price of the list in force; a later list never changes what was quoted."""
    application = story.quoted(portal)
    with portal.transaction():
        known = session.scalars(select(Price).where(Price.part_id == portal.parts["FV-100"])).one()
        session.add(
            Price(
                part_id=known.part_id,
                price_list_id=known.price_list_id,
                effective_from=portal.now.date(),
                cost=9999,
                retail=19999,
            )
        )
    with portal.transaction():
        made = quoting.current_quote(again(application))
        assert made.total == 2 * 1250 + 1200 + 300
        line = session.scalars(select(QuoteLine).where(QuoteLine.quote_id == made.id)).one()
        assert (line.unit_price, line.amount) == (1250, 2500)


def test_quote_is_refused_when_a_stranger_replaces_the_part(portal: Portal) -> None:
    """A3: only a successor may replace a part."""
    application = story.submitted(portal)

    def answer(part: str) -> None:
        whole = story.answer(portal, again(application))
        lines = tuple(replace(line, part_id=portal.parts[part]) for line in whole.lines)
        quoting.quote(
            again(application),
            replace(whole, lines=lines),
            seen=None,
            by=portal.desk,
            now=portal.now,
        )

    refused(portal, Invalid, lambda: answer("TH-300"))
    with portal.transaction():
        session.get_one(Part, portal.parts["FV-100"]).successor_id = portal.parts["TH-300"]
    with portal.transaction():
        answer("TH-300")
    assert status(portal, application) == "quoted"


def test_quote_is_refused_when_it_sends_nothing_or_too_much(portal: Portal) -> None:
    """A3: something is sent, and never more than was asked."""
    application = story.submitted(portal)
    for quantity in (0, 3):

        def act(quantity: int = quantity) -> None:
            whole = story.answer(portal, again(application))
            lines = tuple(replace(line, quantity=quantity) for line in whole.lines)
            quoting.quote(
                again(application),
                replace(whole, lines=lines),
                seen=None,
                by=portal.desk,
                now=portal.now,
            )

        refused(portal, Invalid, act)
    assert status(portal, application) == "submitted"


def test_confirmation_is_refused_when_the_quote_is_a_newer_one(portal: Portal) -> None:
    """A4: a confirmation names the quote's version; a stale one is refused."""
    application = story.quoted(portal)
    with portal.transaction():
        services.step(
            again(application),
            "requote",
            seen=None,
            by=portal.manager,
            now=portal.now,
            reason="Too expensive",
        )
    with portal.transaction():
        quoting.quote(
            again(application),
            story.answer(portal, again(application), freight=0),
            seen=None,
            by=portal.desk,
            now=portal.now,
        )
    refused(
        portal,
        Stale,
        lambda: quoting.confirm(
            again(application), quote_version=1, seen=None, by=portal.manager, now=portal.now
        ),
    )
    assert account(portal).reserved == 0
    with portal.transaction():
        quoting.confirm(
            again(application), quote_version=2, seen=None, by=portal.manager, now=portal.now
        )
    assert account(portal).reserved == 2 * 1250 + 300


def test_confirmation_changes_nothing_when_too_little_is_available(portal: Portal) -> None:
    """A5, L5: nothing changes, and the refusal says how much is missing."""
    application = story.quoted(portal, story.line(portal, "TH-300", 100), freight=0, packing=0)
    refusal = refused(
        portal,
        TooLittleMoney,
        lambda: quoting.confirm(
            again(application), quote_version=1, seen=None, by=portal.manager, now=portal.now
        ),
    )
    assert isinstance(refusal, TooLittleMoney)
    assert refusal.missing == 100 * 15000 - DEPOSIT
    assert status(portal, application) == "quoted"
    assert account(portal).available == DEPOSIT


def test_money_is_reserved_then_posted_when_confirmed_and_released(portal: Portal) -> None:
    """A5, A6, L6: confirming reserves the total, releasing posts it."""
    application = story.confirmed(portal)
    total = 2 * 1250 + 1500
    held = account(portal)
    assert (held.posted, held.reserved, held.available) == (DEPOSIT, total, DEPOSIT - total)
    with portal.transaction():
        quoting.release(again(application), seen=None, by=portal.finance, now=portal.now)
    posted = account(portal)
    assert (posted.posted, posted.reserved) == (DEPOSIT - total, 0)
    assert kinds(portal, application) == {"parts_deduction": 2500, "freight": 1500}


def test_reservation_is_voided_when_a_confirmed_application_is_cancelled(portal: Portal) -> None:
    """L6: cancelling voids the reservation; it ends exactly once."""
    application = story.confirmed(portal)
    with portal.transaction():
        services.step(
            again(application),
            "cancel",
            seen=None,
            by=portal.desk,
            now=portal.now,
            reason="Ordered twice",
        )
    assert account(portal).available == DEPOSIT
    refused(
        portal,
        WrongState,
        lambda: quoting.release(again(application), seen=None, by=portal.finance, now=portal.now),
    )
    with portal.transaction():
        ends = session.scalars(select(ReservationEnd.outcome)).all()
        assert list(ends) == ["voided"]


def test_release_is_automatic_when_the_policy_value_says_so(portal: Portal) -> None:
    """A6: a policy value makes the release automatic."""
    with portal.transaction():
        session.add(
            PolicyValue(
                status="approved",
                created_at=portal.now,
                reason="",
                name="application.release_automatically",
                value=1,
                effective_from=portal.now.date(),
            )
        )
    assert status(portal, story.confirmed(portal)) == "released"
    assert account(portal).reserved == 0


def test_warehouse_sees_only_what_is_released(portal: Portal) -> None:
    """A6: the warehouse sees only released applications."""
    application = story.confirmed(portal)
    warehouse = portal.client(portal.warehouse)
    assert warehouse.get(f"/applications/{application.public_id}").status_code == 404
    with portal.transaction():
        quoting.release(again(application), seen=None, by=portal.finance, now=portal.now)
    assert warehouse.get(f"/applications/{application.public_id}").status_code == 200


def test_never_more_is_shipped_than_confirmed(portal: Portal) -> None:
    """A7: one or several shipments, never more than confirmed."""
    application = story.released(portal, story.line(portal, quantity=3))
    with portal.transaction():
        (line_id,) = story.pieces_left(again(application))
    story.send(portal, application, {line_id: 2})
    assert status(portal, application) == "part_shipped"
    with pytest.raises(Invalid):
        story.send(portal, application, {line_id: 2})
    story.send(portal, application, {line_id: 1})
    assert status(portal, application) == "shipped"
    with pytest.raises(WrongState):
        story.send(portal, application, {line_id: 1})


def test_database_refuses_when_more_is_counted_as_shipped_than_confirmed(portal: Portal) -> None:
    """A7: the check stands in the database as well."""
    from sqlalchemy.exc import IntegrityError

    story.released(portal)
    with pytest.raises(IntegrityError), portal.transaction():
        session.scalars(select(QuoteLine)).one().shipped = 3


def test_refund_is_exact_when_a_rest_cannot_be_sent(portal: Portal) -> None:
    """A7: what cannot be sent is refunded exactly; the freight stays, as something was sent."""
    application = story.released(portal, story.line(portal, quantity=3))
    with portal.transaction():
        (line_id,) = story.pieces_left(again(application))
    shipment = story.send(portal, application, {line_id: 1})
    with portal.transaction():
        shipping.cancel_lines(
            again(application),
            {line_id: 2},
            reason="Sold out",
            seen=None,
            by=portal.warehouse,
            now=portal.now,
        )
    assert status(portal, application) == "shipped"
    assert kinds(portal, application)["refund"] == 2 * 1250
    with portal.transaction():
        receipt.receive(again(shipment), seen=None, by=portal.clerk, now=portal.now)
    assert status(portal, application) == "closed"


def test_fees_are_refunded_too_when_nothing_was_sent(portal: Portal) -> None:
    """A7: and of freight, if nothing of it was sent; bit by bit or at once."""
    application = story.released(portal, story.line(portal, quantity=3))
    with portal.transaction():
        (line_id,) = story.pieces_left(again(application))
    for count in (1, 2):
        with portal.transaction():
            shipping.cancel_lines(
                again(application),
                {line_id: count},
                reason="Sold out",
                seen=None,
                by=portal.warehouse,
                now=portal.now,
            )
    assert status(portal, application) == "cancelled"
    assert account(portal).posted == DEPOSIT


def test_application_closes_when_the_last_shipment_arrived(portal: Portal) -> None:
    """A8: the dealer confirms receipt per shipment; with the last one the application is closed."""
    application = story.released(portal, story.line(portal, quantity=2))
    with portal.transaction():
        (line_id,) = story.pieces_left(again(application))
    first = story.send(portal, application, {line_id: 1})
    second = story.send(portal, application, {line_id: 1})
    for shipment, expected in ((first, "shipped"), (second, "closed")):
        with portal.transaction():
            receipt.receive(again(shipment), seen=None, by=portal.clerk, now=portal.now)
        assert status(portal, application) == expected
    refused(
        portal,
        WrongState,
        lambda: receipt.receive(again(first), seen=None, by=portal.clerk, now=portal.now),
    )


def test_quote_expires_when_its_last_second_has_passed(portal: Portal) -> None:
    """A: a quote that is not confirmed in time expires, at the end of HQ's day (T1)."""
    application = story.quoted(portal)
    with portal.transaction():
        last = quoting.current_quote(again(application)).expires_at
    portal.clock.at = last.astimezone(portal.now.tzinfo)
    assert (portal.now.hour, portal.now.minute, portal.now.second) == (23, 59, 59)
    with portal.transaction():
        quoting.expire(again(application), now=portal.now)
    assert status(portal, application) == "quoted"
    portal.clock.advance(seconds=1)
    refused(
        portal,
        Invalid,
        lambda: quoting.confirm(
            again(application), quote_version=1, seen=None, by=portal.manager, now=portal.now
        ),
    )
    with portal.transaction():
        quoting.expire(again(application), now=portal.now)
    assert status(portal, application) == "expired"


Step = Callable[[Portal, Any, Actor], None]


def _confirm(portal: Portal, document: Any, by: Actor) -> None:
    quoting.confirm(document, quote_version=1, seen=1_000, by=by, now=portal.now)


STEPS: dict[str, tuple[Callable[[Portal], Any], str, Step]] = {
    "submit": (
        story.drafted,
        "clerk",
        lambda portal, doc, by: services.submit(
            doc, story.request(portal), seen=doc.version, by=by, now=portal.now
        ),
    ),
    "quote": (
        story.submitted,
        "desk",
        lambda portal, doc, by: (
            quoting.quote(doc, story.answer(portal, doc), seen=doc.version, by=by, now=portal.now)
            and None
        ),
    ),
    "reject": (
        story.submitted,
        "desk",
        lambda portal, doc, by: services.step(
            doc, "reject", seen=doc.version, by=by, now=portal.now, reason="No", code="other"
        ),
    ),
    "requote": (
        story.quoted,
        "clerk",
        lambda portal, doc, by: services.step(
            doc, "requote", seen=doc.version, by=by, now=portal.now, reason="Less freight"
        ),
    ),
    "withdraw": (
        story.quoted,
        "clerk",
        lambda portal, doc, by: services.step(
            doc, "withdraw", seen=doc.version, by=by, now=portal.now
        ),
    ),
    "confirm": (
        story.quoted,
        "manager",
        lambda portal, doc, by: quoting.confirm(
            doc, quote_version=1, seen=doc.version, by=by, now=portal.now
        ),
    ),
    "cancel": (
        story.confirmed,
        "finance",
        lambda portal, doc, by: services.step(
            doc, "cancel", seen=doc.version, by=by, now=portal.now, reason="No", code="other"
        ),
    ),
    "release": (
        story.confirmed,
        "finance",
        lambda portal, doc, by: quoting.release(doc, seen=doc.version, by=by, now=portal.now),
    ),
    "ship": (
        story.released,
        "warehouse",
        lambda portal, doc, by: (
            shipping.ship(
                doc,
                Consignment(story.pieces_left(doc), "SF", "1", portal.now.date()),
                seen=doc.version,
                by=by,
                now=portal.now,
            )
            and None
        ),
    ),
    "cancel_lines": (
        story.released,
        "warehouse",
        lambda portal, doc, by: shipping.cancel_lines(
            doc, story.pieces_left(doc), reason="No", seen=doc.version, by=by, now=portal.now
        ),
    ),
    "receive": (
        story.shipped,
        "clerk",
        lambda portal, doc, by: receipt.receive(doc, seen=doc.version, by=by, now=portal.now),
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_step_has_one_effect_and_one_event_when_done_twice(portal: Portal, name: str) -> None:
    """P4, A4: a step writes its event; the same page answered again is refused, nothing changes."""
    make, who, act = STEPS[name]
    document = make(portal)
    with portal.transaction():
        seen = again(document)
        stale = seen.version
        act(portal, seen, portal.cast[who])
    with portal.transaction():
        once = (again(document).status, again(document).event_count)
        again(document).version = stale + 50  # a page that shows another version
    refused(
        portal,
        (Stale, WrongState, Invalid, NotFound),  # type: ignore[arg-type]
        lambda: act(portal, again(document), portal.cast[who]),
    )
    with portal.transaction():
        assert (again(document).status, again(document).event_count) == once
        assert list(events.verify()) == []


@pytest.mark.parametrize("name", STEPS)
def test_step_is_refused_when_the_role_or_the_dealer_is_wrong(portal: Portal, name: str) -> None:
    """P1, P3: wrong roles are refused; another dealer's people find nothing."""
    make, _who, act = STEPS[name]
    document = make(portal)
    step = document.workflow.named({"cancel_lines": "cancel_some"}.get(name, name))
    before = status(portal, document)
    for actor in portal.cast.values():
        own = not actor.is_dealer or actor.dealer_id == document.dealer_id
        if own and actor.can(step.capability):
            continue
        refused(
            portal,
            (Forbidden, NotFound),  # type: ignore[arg-type]
            lambda actor=actor: act(portal, again(document), actor),
        )
    assert status(portal, document) == before


def test_seen_version_is_refused_when_somebody_was_faster(portal: Portal) -> None:
    """A4: the page that was answered shows an older version: Stale."""
    application = story.submitted(portal)
    with portal.transaction():
        seen = again(application).version
        services.step(
            again(application),
            "return",
            seen=seen,
            by=portal.desk,
            now=portal.now,
            reason="?",
            code="other",
        )
    refused(
        portal,
        Stale,
        lambda: services.step(
            again(application),
            "reject",
            seen=seen,
            by=portal.desk,
            now=portal.now,
            reason="No",
            code="other",
        ),
    )
