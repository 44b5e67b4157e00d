"""What customers were charged: by the rates, above them, and the penalties that follow (F2, F3)."""

from datetime import datetime

from sqlalchemy import select

from portal.core.db import session
from portal.corrections import services as corrections
from portal.corrections.models import Correction
from portal.demo.stage import Script, Stage
from portal.fees.models import ServiceItem
from portal.files.services import keep
from portal.invoices import services
from portal.invoices.commands import Asked, Charge
from portal.invoices.models import CustomerInvoice

PAPERS = {
    "armslask": ("Faktura FV/2118", "Wymiana zaworu napełniającego", "Maria Wójcik"),
    "jinguan": ("收据 0045127", "更换进水阀", "赵立新"),
}
"""What two customers sent to headquarters: the paper, what was done, and who they are."""
CHARGED = 36000
BY_THE_RATES = (("V-10", 100, 4000), ("W-20", 100, 6000))
ABOVE = (("W-20", 100, 14000), ("V-20", 1850, 4000))
"""A service, its quantity in hundredths, and what was charged, in minor units."""


def order_papers(stage: Stage) -> None:
    """Have the photos of the customers' papers made."""
    for dealer, (paper, work, _customer) in PAPERS.items():
        amount = f"{stage.currency} {CHARGED / 10**stage.digits}"
        stage.album.order_receipt(f"invoice/{dealer}", (paper, work), amount)


def _record(
    stage: Stage,
    dealer: str,
    paper: str,
    customer: str,
    charges: tuple[tuple[str, int, int], ...],
    by: str,
    now: datetime,
) -> CustomerInvoice:
    actor = stage.actors[by]
    known = {item.code: item for item in session.scalars(select(ServiceItem))}
    photos = [stage.album.take(f"invoice/{dealer}")] if by == "desk" else []
    return services.record(
        Asked(
            dealer_id=stage.dealers[dealer].id,
            paper_number=paper,
            issued_on=now.date(),
            customer_name=customer,
            charges=tuple(
                Charge(row, known[code].id, "", known[code].unit, quantity, amount)
                for row, (code, quantity, amount) in enumerate(charges)
            ),
            files=[keep(photo, by=actor, now=now).public_id for photo in photos],
        ),
        by=actor,
        now=now,
    )


def _penalize(stage: Stage, invoice: CustomerInvoice, reason: str, now: datetime) -> Correction:
    by = stage.actors["finance"]
    return services.penalize(invoice, invoice.above, reason, seen=None, by=by, now=now)


def recorded(stage: Stage) -> Script:
    """A dealer records its own: one by the rates, and one above them that waits for the desk."""
    rng, hours = stage.rng("invoices"), stage.hours["hujing.clerk"]
    for paper, customer, charges, days in (
        ("00231907", "孙悦", BY_THE_RATES, 8),
        ("00231915", "高文博", ABOVE, 3),
    ):
        at = hours.before(stage.end, days, rng)
        yield at
        _record(stage, "hujing", paper, customer, charges, "hujing.clerk", at)


def penalties(stage: Stage) -> Script:
    """Two customers complained of their bills: one dealer has answered, the other one still may."""
    rng = stage.rng("penalties")
    at = stage.hours["desk"].before(stage.end, 7, rng)
    yield at
    flagged = {
        dealer: _record(stage, dealer, paper, customer, (("W-20", 100, CHARGED),), "desk", at)
        for dealer, (paper, _work, customer) in PAPERS.items()
    }
    at = stage.hours["finance"].before(stage.end, 6, rng)
    yield at
    reason = "Klient zapłacił więcej, niż pozwala zatwierdzony cennik."
    answered = _penalize(stage, flagged["armslask"], reason, at)
    at = stage.hours["armslask.manager"].later(at, 1, rng)
    yield at
    corrections.answer(
        answered,
        "Na fakturze jest też dojazd 40 km poza miasto, zgodnie z cennikiem.",
        [],
        seen=None,
        by=stage.actors["armslask.manager"],
        now=at,
    )
    at = stage.hours["finance"].before(stage.end, 2, rng)
    yield at
    _penalize(stage, flagged["jinguan"], "向客户收费高于已批准的收费标准。", at)
