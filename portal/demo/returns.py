"""Old parts as they are registered with a photo, reviewed, and sent back or corrected (O1–O5)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from portal.core.permissions import Actor
from portal.demo.deliveries import Arrival
from portal.demo.stage import Script, Stage
from portal.demo.words import OLD_PART_REJECTED, OLD_PART_RETURNED
from portal.files.services import keep
from portal.oldparts import services
from portal.oldparts.commands import RegisterCommand
from portal.oldparts.models import OldPart

UNREGISTERED = "unregistered"
REJECTIONS = {f"rejected:{code}": code for code in OLD_PART_REJECTED}


def photo_names(key: str, fates: tuple[str, ...]) -> list[str]:
    """The photos that the pieces of a warranty line will need; ``key`` is the order's."""
    names = [f"{key}/{piece}" for piece, fate in enumerate(fates, 1) if fate != UNREGISTERED]
    return names + [f"{name}/closer" for name in names[:1] if "corrected" in fates]


@dataclass(frozen=True)
class _Case:
    """One old part: who handles it at which side."""

    stage: Stage
    arrival: Arrival
    rng: Random

    @property
    def clerk(self) -> str:
        return f"{self.arrival.order.company.key}.clerk"

    @property
    def desk(self) -> str:
        return "desk2" if self.arrival.order.company.is_polish else "desk"

    def later(self, who: str, after: datetime, days: int) -> datetime:
        return self.stage.hours[who].later(after, days, self.rng)

    def actor(self, who: str) -> Actor:
        return self.stage.actors[who]

    def words(self, said: tuple[str, str]) -> str:
        return said[self.arrival.order.company.is_polish]

    @property
    def photo(self) -> str:
        return f"{self.arrival.key}/{self.arrival.piece}"


def old_part(stage: Stage, arrival: Arrival) -> Script:
    """Register the old piece that a new one replaced; the desk reviews it."""
    if arrival.fate == UNREGISTERED:
        return
    case = _Case(stage, arrival, stage.rng(f"{arrival.key}/{arrival.piece}"))
    now = case.later(case.clerk, arrival.arrived, case.rng.randint(1, 4))
    yield now
    clerk = case.actor(case.clerk)
    photo = keep(stage.album.take(case.photo), by=clerk, now=now - timedelta(minutes=2))
    made = services.register(
        arrival.line_id, _command(case, now), [photo.public_id], by=clerk, now=now
    )
    if arrival.fate == "registered":
        return
    now = case.later(case.desk, now, case.rng.randint(0, 2))
    yield now
    yield from _reviewed(case, made, now)


def _command(case: _Case, now: datetime) -> RegisterCommand:
    repair, rng = case.arrival.repair, case.rng
    arrived, today = case.arrival.arrived.date(), now.date()
    language = repair.language
    return RegisterCommand(
        customer_name=repair.customer,
        customer_phone=repair.phone,
        product_model=repair.model,
        # Of several pieces on one line, only the first was in this very product.
        product_serial=repair.serial if case.arrival.piece == 1 else _sibling(repair.serial),
        purchase_date=repair.bought,
        failed_on=repair.failed,
        replaced_on=arrived + (today - arrived) * rng.random(),
        fault_code=repair.fault.code,
        complaint=repair.fault.complaint[language],
        cause=repair.fault.cause[language],
        remedy=repair.fault.remedy[language],
        old_serial=f"L{rng.randint(10**6, 10**7 - 1)}" if rng.random() < 0.5 else "",
    )


def _sibling(serial: str) -> str:
    """The serial of the product beside it: a hotel buys a row of them."""
    return f"{serial[:-3]}{(int(serial[-3:]) + 1) % 1000:03d}"


def _reviewed(case: _Case, made: OldPart, now: datetime) -> Script:
    fate, desk = case.arrival.fate, case.actor(case.desk)
    if fate in REJECTIONS:
        code = REJECTIONS[fate]
        reason = case.words(OLD_PART_REJECTED[code])
        services.review(made, "reject", code=code, reason=reason, seen=None, by=desk, now=now)
        return
    if fate in ("returned", "corrected"):
        reason = case.words(OLD_PART_RETURNED)
        services.review(made, "return", reason=reason, seen=None, by=desk, now=now)
        if fate == "returned":
            return
        now = case.later(case.clerk, now, 1)
        yield now
        clerk = case.actor(case.clerk)
        closer = keep(case.stage.album.take(f"{case.photo}/closer"), by=clerk, now=now)
        command = _command(case, now)
        services.correct(made, command, [closer.public_id], seen=None, by=clerk, now=now)
        now = case.later(case.desk, now, 0)
        yield now
    services.review(made, "accept", seen=None, by=desk, now=now)
