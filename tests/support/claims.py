"""Claims and runs in steps: accepted old parts by the hundred, and each further step with them."""

from datetime import date, datetime, timedelta

from sqlalchemy import insert, select

from portal.applications.models import (
    Application,
    ApplicationLine,
    Quote,
    QuoteLine,
    Shipment,
    ShipmentLine,
)
from portal.catalogue.models import Price
from portal.claims import lapses, run_days, runs, services
from portal.claims.lapse_models import Lapse
from portal.claims.models import Claim, ClaimLine, Run
from portal.core import jobs
from portal.core.clock import Month
from portal.core.db import public_id, session
from portal.oldparts.models import OldPart
from portal.people.models import Dealer
from tests.support.portal import HQ, Portal

OCTOBER = Month(2026, 10)
NOVEMBER = Month(2026, 11)
RUN_DAY = datetime(2026, 11, 3, 0, 0, tzinfo=HQ)
"""When the run for October opens (R4)."""


def _document(status: str, at: datetime) -> dict[str, object]:
    return {"public_id": public_id(), "status": status, "created_at": at}


def _shipped(portal: Portal, dealer: str, part: str, count: int, price: int, at: datetime) -> int:
    """A received shipment line of so many pieces, written straight into the tables."""
    dealer_id, part_id = portal.dealers[dealer], portal.parts[part]
    who = {"dealer_id": dealer_id, "created_by_id": portal.clerk.id}
    mark = public_id()
    head = _document("received", at)
    application = Application(**head, **who, number=f"PA-{mark}", submitted_at=at, typed={})
    session.add(application)
    session.flush()
    asked = ApplicationLine(
        dealer_id=dealer_id, application_id=application.id, revision=1, position=1,
        part_id=part_id, quantity=count, purpose="warranty",
    )  # fmt: skip
    quote = Quote(
        dealer_id=dealer_id, application_id=application.id, version=1, freight=0, packing=0,
        total=price * count, promised_on=at.date(), expires_at=at, made_by_id=portal.desk.id,
        made_at=at,
    )  # fmt: skip
    shipment = Shipment(
        **_document("received", at), dealer_id=dealer_id, application_id=application.id,
        number=f"SH-{mark}", carrier="SF", tracking_number=mark, shipped_on=at.date(),
        received_at=at,
    )  # fmt: skip
    session.add_all([asked, quote, shipment])
    session.flush()
    answer = QuoteLine(
        dealer_id=dealer_id, quote_id=quote.id, application_line_id=asked.id, part_id=part_id,
        quantity=count, unit_price=price, amount=price * count, shipped=count,
    )  # fmt: skip
    session.add(answer)
    session.flush()
    sent = ShipmentLine(
        dealer_id=dealer_id, shipment_id=shipment.id, quote_line_id=answer.id, part_id=part_id,
        purpose="warranty", sent=count, quantity=count, unit_price=price,
    )  # fmt: skip
    session.add(sent)
    session.flush()
    return sent.id


UNDECIDED = ("registered", "returned", "rejected")


def pieces(
    portal: Portal,
    count: int = 1,
    *,
    dealer: str = "north",
    part: str = "FV-100",
    at: datetime | None = None,
    price: int | None = None,
    status: str = "accepted",
) -> list[str]:
    """The public ids of so many old parts, accepted at an instant; written into the tables."""
    at = at or portal.now
    with portal.transaction():
        if price is None:
            price = session.scalars(
                select(Price.cost).where(Price.part_id == portal.parts[part])
            ).one()
        line_id = _shipped(portal, dealer, part, count, price, at)
        rows = [
            {
                **_document(status, at), "version": 1, "event_count": 0, "event_hash": "",
                "dealer_id": portal.dealers[dealer], "number": f"OP-{line_id}-{piece:06d}",
                "part_id": portal.parts[part], "shipment_line_id": line_id,
                "line_quantity": count, "piece": piece, "unit_price": price,
                "customer_name": "李秀英", "customer_phone": "", "product_model": "WC-9",
                "product_serial": "", "failed_on": date(2026, 9, 1) + timedelta(piece % 28),
                "replaced_on": at.date(), "fault_code": "", "complaint": "Leaks",
                "cause": "Torn seal", "remedy": "Replaced", "old_serial": "",
                "registered_by_id": portal.clerk.id,
                "accepted_at": None if status in UNDECIDED else at,
                "search_text": f"op-{line_id}-{piece:06d}",
            }
            for piece in range(1, count + 1)
        ]  # fmt: skip
        session.execute(insert(OldPart), rows)
        return [str(row["public_id"]) for row in rows]


def started(portal: Portal, month: Month = OCTOBER, by: str = "clerk") -> Claim:
    """A draft with every eligible piece."""
    with portal.transaction():
        return services.start(month, by=portal.cast[by], now=portal.now)


def submitted(portal: Portal, month: Month = OCTOBER, by: str = "manager") -> Claim:
    """A claim that waits for its run."""
    claim = started(portal, month, by)
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        services.submit(claim, seen=None, by=portal.cast[by], now=portal.now)
    return claim


def opened(portal: Portal, month: Month = OCTOBER) -> Run:
    """The run for a month, opened by hand now; the one before it first, if it is its turn."""
    with portal.transaction():
        opening = run_days.next_opening(portal.now)
        if opening and opening.month == month.plus(-1):
            runs.open_run(month.plus(-1), by=portal.reviewer, now=portal.now)
        return runs.open_run(month, by=portal.reviewer, now=portal.now)


def in_review(portal: Portal, month: Month = OCTOBER, by: str = "manager") -> Claim:
    """A claim that its run has taken in."""
    claim = submitted(portal, month, by)
    opened(portal, month)
    return claim


def decide_all(portal: Portal, claim: Claim) -> None:
    """Approve what is open and finish the decision."""
    with portal.transaction():
        claim = session.get_one(Claim, claim.id)
        open_line = ClaimLine.claim_id == claim.id, ClaimLine.status == "open"
        if session.scalars(select(ClaimLine.id).where(*open_line).limit(1)).one_or_none():
            services.approve_open(claim, by=portal.reviewer, now=portal.now)
        services.decide(claim, seen=None, by=portal.reviewer, now=portal.now)


def close(portal: Portal, run: Run) -> int:
    """Close a run and let a worker do what was promised; returns how many jobs it did."""
    with portal.transaction():
        runs.close(session.get_one(Run, run.id), seen=None, by=portal.reviewer, now=portal.now)
    return work(portal)


def work(portal: Portal) -> int:
    """Let a worker do every job that is due."""
    with portal.app.app_context():
        return jobs.drain(portal.clock)


def lines(portal: Portal, claim: Claim) -> list[ClaimLine]:
    """The lines of a claim in order."""
    with portal.transaction():
        return list(
            session.scalars(
                select(ClaimLine).where(ClaimLine.claim_id == claim.id).order_by(ClaimLine.position)
            )
        )


def lapsing(portal: Portal, dealer: str = "north") -> Lapse:
    """The announcement that a piece of a dealer lapses with this month."""
    pieces(portal, 1, dealer=dealer, at=Month.of(portal.now).plus(-7).start(HQ))
    with portal.transaction():
        lapses.announce(session.get_one(Dealer, portal.dealers[dealer]), now=portal.now)
        mine = Lapse.dealer_id == portal.dealers[dealer]
        return session.scalars(select(Lapse).where(mine)).one()


def fresh(portal: Portal, document: Claim | Run) -> Claim | Run:
    """A document as the database has it now."""
    with portal.transaction():
        return session.get_one(type(document), document.id)


def decided(portal: Portal, run: Run, count: int, dealer: str = "north") -> list[str]:
    """So many decided claims of a run, written into the tables; each of one approved line.

    Returns their public ids. The n-th is for n × 1.00.
    """
    names = []
    for number in range(1, count + 1):
        (name,) = pieces(portal, 1, dealer=dealer, price=100 * number)
        with portal.transaction():
            piece = session.scalars(select(OldPart).where(OldPart.public_id == name)).one()
            claim = Claim(
                **_document("decided", portal.now), dealer_id=piece.dealer_id, month=run.month,
                ordinal=1000 + piece.id, number=f"RC-{name}", run_id=run.id,
                created_by_id=portal.clerk.id, submitted_by_id=portal.manager.id,
                submitted_at=portal.now, line_count=1, claimed=piece.unit_price,
                approved=piece.unit_price,
            )  # fmt: skip
            session.add(claim)
            session.flush()
            line = ClaimLine(
                dealer_id=piece.dealer_id, claim_id=claim.id, position=1,
                old_part_id=piece.id, part_id=piece.part_id, claimed=piece.unit_price,
                status="approved", approved=piece.unit_price,
                decided_by_id=portal.reviewer.id, decided_at=portal.now,
            )  # fmt: skip
            session.add(line)
            names.append(claim.public_id)
    return names
