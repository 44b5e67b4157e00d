"""Claims and the monthly runs: drafted, submitted, decided line by line, settled (R1–R8)."""

from collections.abc import Generator
from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select

from portal.claims import (
    appeals,
    discarding,
    eligibility,
    labour,
    labour_queries,
    outlay_queries,
    outlays,
    runs,
    services,
)
from portal.claims.appeals import LESS
from portal.claims.commands import Decision, Draft, Paid, Ruling, Work
from portal.claims.models import ADVANCE, FREIGHT, Claim, ClaimLine, Run
from portal.claims.workflow import DECIDED
from portal.core.clock import Month
from portal.core.db import session
from portal.core.permissions import SYSTEM, Actor
from portal.demo import compensated
from portal.demo.cast import COMPANIES, Company
from portal.demo.course import write
from portal.demo.stage import Script, Stage
from portal.demo.words import (
    APPEAL_GRANTED,
    APPEALED,
    CLAIM_REMARK,
    CLAIM_RETURNED,
    LINE_REJECTED,
    LINE_REMARK,
    REDUCED,
    Said,
)
from portal.files.services import keep
from portal.oldparts.models import OldPart

RECEIPT, PAID = "collection/receipt", 8650
"""What proves that a dealer paid for sending old parts in, and how much, in minor units."""
LATE, RETURNED, UNDECIDED = "jinguan", "pengcheng", ("jingquan", "baltsan", "hujing")
"""Who submits too late for the run under review, whose claim is returned, whose is not decided."""
TOO_EARLY = "pengcheng"
"""Who began the claim for the present month and discarded it."""


def run_day(stage: Stage, month: Month) -> datetime:
    """When the run for a month opens, to the second (R4)."""
    return month.plus(1).start(stage.zone) + timedelta(days=2, seconds=2)


def months(stage: Stage) -> list[Month]:
    """The months of the story that have a run by its end."""
    month, found = stage.first, []
    while run_day(stage, month) <= stage.end:
        found.append(month)
        month = month.plus(1)
    return found


# --- The dealers ----------------------------------------------------------------------------


def claim(stage: Stage, company: Company, month: Month) -> Script:
    """The clerk drafts the month's claim, the manager submits it in time, or a bit too late."""
    rng = stage.rng(f"claim/{company.key}/{month}")
    clerk, manager = f"{company.key}.clerk", f"{company.key}.manager"
    hours, cutoff = stage.hours[clerk], run_day(stage, month)
    late = month == stage.reviewed and company.key == LATE
    now = hours.later(cutoff, 1, rng) if late else hours.before(cutoff, 1, rng)
    yield now
    if not eligibility.to_file(stage.dealers[company.key].id, month, now).pieces:
        return
    made = services.start(month, by=stage.actors[clerk], now=now)
    now += timedelta(minutes=rng.randint(4, 12))
    yield now
    _leave_remarks(stage, made, company, rng, now)
    now = max(hours.later(now, 0, rng), now) if late else now + timedelta(minutes=25)
    yield now
    services.submit(made, seen=None, by=stage.actors[manager], now=now)


def _leave_remarks(stage: Stage, made: Claim, company: Company, rng: Random, now: datetime) -> None:
    """Now and then a remark on a line, which then is decided by itself."""
    names = session.scalars(
        select(OldPart.public_id)
        .join(ClaimLine, ClaimLine.old_part_id == OldPart.id)
        .where(ClaimLine.claim_id == made.id)
        .order_by(ClaimLine.position)
    ).all()
    remarks = {names[-1]: LINE_REMARK[company.is_polish]} if len(names) > 2 else {}
    remark = CLAIM_REMARK[company.is_polish] if rng.random() < 0.4 else ""
    all_of_them = frozenset(names)
    draft = Draft(all_of_them, all_of_them, remarks, remark)
    clerk = stage.actors[f"{company.key}.clerk"]
    services.save(made, draft, seen=None, by=clerk, now=now)


def draft_claim(stage: Stage, company: Company) -> Script:
    """Some dealers have begun the claim for the present month."""
    rng = stage.rng(f"draft/{company.key}")
    clerk = f"{company.key}.clerk"
    now = stage.hours[clerk].before(stage.end, 1, rng)
    yield now
    proposed, *_before = eligibility.proposals(stage.dealers[company.key].id, now)
    if proposed.is_empty:
        return
    made = services.start(proposed.month, by=stage.actors[clerk], now=now)
    arrived = [
        row
        for row in outlay_queries.claimable(made, FREIGHT, now)
        if row.consignment_status == "received"
    ]
    found = [(FREIGHT, row, RECEIPT, PAID) for row in arrived[:1]]
    allowed = outlay_queries.claimable(made, ADVANCE, now)
    found += [(ADVANCE, row, compensated.SIGNED, row.most) for row in allowed]
    for kind, row, proof, amount in found:
        paper = keep(stage.album.take(proof), by=stage.actors[clerk], now=now).public_id
        paid = Paid(kind, row.outlay, amount, [paper])
        outlays.add(made, paid, by=stage.actors[clerk], now=now)
    _add_labour(made, by=stage.actors[clerk], now=now)
    if company.key == TOO_EARLY:
        now += timedelta(minutes=3)
        yield now
        discarding.discard(made, seen=None, by=stage.actors[clerk], now=now)


def _add_labour(made: Claim, *, by: Actor, now: datetime) -> None:
    """The labour of the first of its old parts, by the job."""
    pieces = session.execute(labour_queries.pieces_of(made)).all()
    rates = labour_queries.rates_for(made, pieces, "en")
    jobs = {
        name: [rate.position for rate in known.values() if rate.unit == "job"]
        for name, known in rates.items()
    }
    works = [Work(name, known[0], 1) for name, known in jobs.items() if known]
    if works and labour_queries.is_reimbursed(now):
        labour.add(made, works[:1], by=by, now=now)


def order_receipt(stage: Stage) -> None:
    """Have the photo made of what a dealer paid for sending old parts in."""
    rest = ("Waybill SF1482203319071", "To Partloop HQ, dock 4", "Old parts, 2 boxes, 11 kg")
    stage.album.order_receipt(
        RECEIPT, ("SF Express", *rest), f"{stage.currency} {PAID / 10**stage.digits}"
    )


# --- Headquarters ---------------------------------------------------------------------------


def run(stage: Stage, month: Month) -> Script:
    """Open a month's run on its day; review it; the first one is closed."""
    rng, hours = stage.rng(f"run/{month}"), stage.hours["reviewer"]
    now = run_day(stage, month)
    yield now
    made = runs.open_run(month, by=SYSTEM, now=now)
    if month > stage.reviewed:
        return
    now = hours.later(now, 1, rng)
    yield now
    runs.start_review(made, seen=None, by=stage.actors["reviewer"], now=now)
    for found in _claims_of(made):
        company = next(one for one in COMPANIES if stage.dealers[one.key].id == found.dealer_id)
        now = yield from _reviewed(stage, company, month, found, now, rng)
    if month == stage.first:
        yield from _closed(stage, made, now, rng)


def _claims_of(made: Run) -> list[Claim]:
    return list(
        session.scalars(select(Claim).where(Claim.run_id == made.id).order_by(Claim.number))
    )


def _reviewed(
    stage: Stage, company: Company, month: Month, found: Claim, now: datetime, rng: Random
) -> Generator[datetime, None, datetime]:
    """Decide a claim line by line, or send it back, or leave it; returns when that was done."""
    reviewer = stage.actors["reviewer2" if company.is_polish else "reviewer"]
    is_open = month == stage.reviewed
    if is_open and company.key in UNDECIDED[:2]:
        return now
    now += timedelta(minutes=rng.randint(4, 11))
    if is_open and company.key == RETURNED:
        yield now
        reason = CLAIM_RETURNED[company.is_polish]
        services.give_back(found, seen=None, reason=reason, by=reviewer, now=now)
        return now
    for position in range(1, found.line_count + 1):
        now += timedelta(seconds=rng.randint(40, 150))
        yield now
        line = session.scalars(
            select(ClaimLine).where(ClaimLine.claim_id == found.id, ClaimLine.position == position)
        ).one()
        decision = _decision(line, company, position, rng)
        services.decide_line(found, position, decision, was=line.status, by=reviewer, now=now)
        if is_open and company.key == UNDECIDED[2]:
            question: Said = ("请补充一张旧件装箱的照片。", "Proszę o zdjęcie zapakowanej części.")
            write(found, question[company.is_polish], reviewer, now)
            return now
    now += timedelta(seconds=30)
    yield now
    services.decide(found, seen=None, by=reviewer, now=now)
    return now


def _decision(line: ClaimLine, company: Company, position: int, rng: Random) -> Decision:
    """Most are approved; here and there a share is paid, or nothing."""
    chance = rng.random()
    if position > 1 and chance < 0.25:
        return Decision("reject", None, "no_evidence", LINE_REJECTED[company.is_polish])
    if chance < 0.2 and line.claimed > 1000:
        amount = line.claimed * 7 // 10
        return Decision("reduce", amount, "goodwill_share", REDUCED[company.is_polish])
    return Decision("approve")


def _closed(stage: Stage, made: Run, now: datetime, rng: Random) -> Script:
    # By then an appeal is granted, which is paid with it.
    now = stage.hours["reviewer"].later(now, 8, rng)
    yield now
    runs.propose(made, seen=None, by=stage.actors["reviewer"], now=now)
    now += timedelta(minutes=20)
    yield now
    runs.close(made, seen=None, by=stage.actors["reviewer2"], now=now)
    now += timedelta(seconds=2)
    yield now
    while runs.settle_some(made.public_id, now):
        pass


# --- Appeals --------------------------------------------------------------------------------


def appeal(stage: Stage, month: Month) -> Script:
    """A week after a run opened, two dealers appeal against a line that was cut.

    In the first month one of them is granted, and paid as the run closes; the others wait for a
    reviewer.
    """
    now = stage.hours["reviewer"].later(run_day(stage, month), 6, stage.rng(f"appeal/{month}"))
    yield now
    for line in _cut_lines(month):
        company = next(one for one in COMPANIES if stage.dealers[one.key].id == line.dealer_id)
        made = appeals.file(
            session.get_one(Claim, line.claim_id),
            line.position,
            APPEALED[company.is_polish],
            [],
            by=stage.actors[f"{company.key}.manager"],
            now=now,
        )
        now += timedelta(minutes=50)
        yield now
        if month == stage.first and not company.is_polish:
            ruling = Ruling("grant", made.gap, None, APPEAL_GRANTED[company.is_polish])
            appeals.decide(made, ruling, seen=None, by=stage.actors["reviewer2"], now=now)


def _cut_lines(month: Month) -> list[ClaimLine]:
    """The first cut line of the first claim of each country of a month."""
    lines = session.scalars(
        select(ClaimLine)
        .join(Claim, Claim.id == ClaimLine.claim_id)
        .where(Claim.month == str(month), Claim.status.in_(DECIDED), ClaimLine.status.in_(LESS))
        .order_by(Claim.number, ClaimLine.position)
    ).all()
    return [*lines[:1], *lines[-1:]] if len(lines) > 1 else list(lines)
