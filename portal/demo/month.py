"""Load the demo: the whole story in one transaction, so that it is there as a whole or not."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, or_, select, update

from portal.applications.models import Application
from portal.claims.models import Claim, Run
from portal.core.db import session, transaction
from portal.core.errors import Conflict
from portal.demo import (
    banked,
    collected,
    compensated,
    corrected,
    fault_codes,
    forgotten,
    holidays,
    invoiced,
    new_dealers,
    products,
    prologue,
    service_fees,
    settlement,
)
from portal.demo.album import Album
from portal.demo.cast import COMPANIES
from portal.demo.deliveries import Arrival
from portal.demo.faults import FAULTS
from portal.demo.orders import order
from portal.demo.plan import orders
from portal.demo.returns import old_part, photo_names
from portal.demo.shortages import DAMAGE
from portal.demo.stage import Stage
from portal.notices.models import Notice
from portal.oldparts.models import OldPart
from portal.people.models import Dealer

SEED = 20_260_922
DRAFTING = ("hujing", "pengcheng", "hydromaz", "yuelan", "jingquan")
"""Who has begun the claim for the present month, if there is something to claim."""


def is_empty() -> bool:
    """Whether nothing has happened yet: the demo is only loaded into such a database.

    A worker opens the run of the month, and the demo's month has that run as well.
    """
    return not session.scalar(select(or_(exists(select(Dealer.id)), exists(select(Run.id)))))


def load(
    now: datetime,
    *,
    currency: str,
    digits: int,
    told: Callable[[str], None] = lambda _line: None,
    seed: int = SEED,
) -> dict[str, int]:
    """Load the story that ends at ``now``, which is in headquarters' zone; returns what it made.

    ``told`` hears how far it is, line by line. Conflict if there are dealers already.
    """
    assert isinstance(now.tzinfo, ZoneInfo)
    if not is_empty():
        raise Conflict("There are dealers already: the demo is only loaded into an empty database.")
    with Album(seed) as album, transaction():
        stage = Stage(seed, now, now.tzinfo, currency, digits, album)
        told("people, dealers and parts")
        prologue.open_house(stage)
        _prepare(stage)
        day = stage.start.date()
        for at in stage.play():
            if at.date() != day and at.date().isocalendar().week != day.isocalendar().week:
                told(f"the week of {at:%d %B %Y}")
            day = at.date()
        session.flush()
        # Nobody is written to of what is invented.
        session.execute(update(Notice).values(mail_at=None))
        return _counted(stage)


def _prepare(stage: Stage) -> None:
    """Order the photos, and set every thread of the story going."""
    for number in prologue.pictured(stage):
        stage.album.order_new(number, stage.items[number].fault)
    planned = orders(stage)
    for one in planned:
        if one.turn == DAMAGE:
            stage.album.order(f"{one.key}/{DAMAGE}", next(iter(FAULTS)))
        for wish in one.wishes:
            if wish.repair is not None:
                for name in photo_names(wish.repair.key, wish.repair.fates):
                    stage.album.order(name, stage.items[wish.number].fault)

    collected.order_photos(stage)
    settlement.order_receipt(stage)
    corrected.order_photos(stage)
    invoiced.order_papers(stage)
    compensated.order_papers(stage)

    def after(arrival: Arrival) -> None:
        stage.add(old_part(stage, arrival))

    for one in planned:
        stage.add(order(stage, one, after))
    for script in (
        prologue.pictures,
        prologue.new_prices,
        fault_codes.fault_codes,
        fault_codes.one_is_withdrawn,
        service_fees.service_items,
        corrected.bank_fee,
        corrected.paid_twice,
        invoiced.recorded,
        invoiced.penalties,
        prologue.one_is_withdrawn,
        prologue.prices_to_come,
        prologue.wrong_deposit,
        banked.bank_file,
        prologue.somebody_leaves,
        prologue.somebody_is_invited,
        prologue.policy_values,
        holidays.holidays,
        new_dealers.new_dealers,
        forgotten.forgotten,
        prologue.read_notices,
    ):
        stage.add(script(stage))
    stage.add(products.products(stage, planned))
    stage.add(collected.collected(stage))
    for paid in (True, False):
        stage.add(compensated.compensated(stage, paid=paid))
    for month in settlement.months(stage):
        stage.add(settlement.run(stage, month))
        stage.add(settlement.appeal(stage, month))
        for company in COMPANIES:
            stage.add(settlement.claim(stage, company, month))
    for company in COMPANIES:
        stage.add(service_fees.rates(stage, company))
        if company.key in DRAFTING:
            stage.add(settlement.draft_claim(stage, company))


def _counted(stage: Stage) -> dict[str, int]:
    tables = {"applications": Application, "old parts": OldPart, "claims": Claim}
    counts = {
        name: session.scalar(select(func.count()).select_from(table)) or 0
        for name, table in tables.items()
    }
    return {
        "dealers": len(stage.dealers),
        "people": len(stage.actors),
        "parts": len(stage.items),
        **counts,
        "photos": len(stage.album.made),
    }
