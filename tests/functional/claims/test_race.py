"""R3 by the database: sixteen processes at once at the same pieces, and one credit for each."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError

from portal.catalogue.uploads import Upload
from portal.claims import eligibility, figures, run_days, runs, services
from portal.claims.commands import Draft
from portal.claims.models import Claim, ClaimLine, Run
from portal.core import errors
from portal.core.clock import FixedClock, Month
from portal.core.db import session
from portal.core.errors import Conflict, WrongState
from portal.core.events import verify as chains
from portal.core.permissions import Actor
from portal.files.storage import new_key, storage
from portal.ledger.models import Transfer
from portal.ledger.verify import verify
from portal.oldparts import batches
from portal.oldparts import services as oldparts
from portal.oldparts.batch_models import OldPartBatch
from portal.oldparts.commands import RegisterCommand
from portal.oldparts.models import OldPart
from portal.sheets.table import read_table
from tests.functional.claims.looking import decree
from tests.functional.ledger.racing import Step, Track, race
from tests.functional.oldparts import many
from tests.support import claims as story
from tests.support import story as whole_story
from tests.support.claims import OCTOBER
from tests.support.portal import HQ, Portal

ROUNDS = 12 if "PARTLOOP_TEST_STEPS" in os.environ else 1
WANTED = 3
"""So many pieces everybody wants on a claim, beside the one that everybody registers."""
REFUSALS = {
    name
    for name, one in vars(errors).items()
    if isinstance(one, type) and issubclass(one, errors.Refusal)
}


@dataclass(frozen=True)
class Facts:
    """Who acts, and on what, in one round."""

    clerk: Actor
    manager: Actor
    desk: Actor
    reviewer: Actor
    month: Month
    line_id: int
    command: RegisterCommand
    batches: tuple[int, ...]
    wanted: frozenset[str]
    forced: int


def _claim(month: Month) -> Claim:
    """The dealer's last claim for a month; WrongState if there is none."""
    latest = select(Claim).where(Claim.month == str(month)).order_by(Claim.ordinal.desc()).limit(1)
    claim = session.scalars(latest).one_or_none()
    if claim is None:
        raise WrongState()
    return claim


def _register(facts: Facts, number: int, now: datetime) -> None:
    """The same piece by form, or by one of two uploads of the same table."""
    if number % 2:
        payload = {"batch": facts.batches[number // 2 % 2], "by": facts.clerk.id}
        batches.register_rows(payload, FixedClock(now))
    else:
        oldparts.register(facts.line_id, facts.command, [], by=facts.clerk, now=now)


def _accept(facts: Facts, _number: int, now: datetime) -> None:
    mine = OldPart.shipment_line_id == facts.line_id
    piece = session.scalars(select(OldPart).where(mine).with_for_update()).one()
    oldparts.review(piece, "accept", seen=None, by=facts.desk, now=now)


def _pieces(facts: Facts) -> frozenset[str]:
    registered = OldPart.shipment_line_id == facts.line_id
    return facts.wanted | set(session.scalars(select(OldPart.public_id).where(registered)))


def _force(facts: Facts, number: int, _now: datetime) -> None:
    """A line past every check: only the database is left to refuse it."""
    claim, piece = _claim(facts.month.plus(number % 2)), session.get_one(OldPart, facts.forced)
    line = ClaimLine(
        dealer_id=claim.dealer_id, claim_id=claim.id, position=100 + number, status="open",
        old_part_id=piece.id, part_id=piece.part_id, claimed=piece.unit_price,
    )  # fmt: skip
    session.add(line)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(str(error)) from error


def _want(facts: Facts, number: int, now: datetime) -> None:
    """Onto the claim of one month or of the other, from a tab that saw its version or did not."""
    claim, pieces = _claim(facts.month.plus(number % 2)), _pieces(facts)
    seen = claim.version if number // 2 % 2 else None
    draft = Draft(offered=pieces, chosen=pieces)
    services.save(claim, draft, seen=seen, page=f"tab-{number}", by=facts.clerk, now=now)


def _move(facts: Facts, number: int, now: datetime) -> None:
    """Off the claim of one month, and onto that of the other: who comes first."""
    claim, pieces = _claim(facts.month.plus(number % 2)), _pieces(facts)
    chosen = pieces if number // 2 % 2 else frozenset()
    services.save(claim, Draft(pieces, chosen), seen=None, by=facts.clerk, now=now)


def _submit(facts: Facts, number: int, now: datetime) -> None:
    claim = _claim(facts.month.plus(number % 2))
    services.submit(claim, seen=None, by=facts.manager, now=now)


def _open_or_void(facts: Facts, number: int, now: datetime) -> None:
    """The run opens while headquarters gives the claims back: to be filed again."""
    if number % 3 == 2:
        runs.open_run(facts.month, by=facts.reviewer, now=now)
        return
    claim = _claim(facts.month.plus(number % 3))
    services.give_back(claim, seen=None, reason="Void", by=facts.reviewer, now=now)


def _start(facts: Facts, number: int, now: datetime) -> None:
    """Another claim with whatever is eligible: for a month that has one, its supplement."""
    services.start(facts.month.plus(number % 2), by=facts.manager, now=now)


def _open(facts: Facts, number: int, now: datetime) -> None:
    runs.open_run(facts.month.plus(number % 2), by=facts.reviewer, now=now)


def _decide(facts: Facts, number: int, now: datetime) -> None:
    claims = session.scalars(select(Claim).where(Claim.status == "in_review").order_by(Claim.id))
    found = claims.all()
    if not found:
        raise WrongState()
    claim = found[number % len(found)]
    services.approve_open(claim, by=facts.reviewer, now=now)
    services.decide(claim, seen=None, by=facts.reviewer, now=now)


def _close(facts: Facts, number: int, now: datetime) -> None:
    run = session.scalars(
        select(Run).where(Run.month == str(facts.month.plus(number % 2)))
    ).one_or_none()
    if run is None:
        raise WrongState()
    if number // 2 % 2:
        runs.close(run, seen=None, by=facts.reviewer, now=now)
    else:
        runs.settle_some(run.public_id, now)


Act = Callable[[Facts, int, datetime], None]
ACTS: tuple[tuple[Act, int], ...] = (
    (_register, -20),
    (_accept, -19),
    (_force, 0),
    (_want, 0),
    (_submit, 0),
    (_open_or_void, 2),
    (_move, 2),
    (_want, 2),
    (_submit, 2),
    (_start, 2),
    (_submit, 2),
    (_open, 2),
    (_decide, 3),
    (_decide, 3),
    (_close, 3),
    (_close, 4),
)
"""What everybody does at the same time, and on which day of the month after."""
SURE = 5
"""In each of so many acts, one at least gets through."""


def _all(number: int, facts: Facts) -> list[Step]:
    morning = facts.month.plus(1).start(HQ) + timedelta(hours=10)

    def step(act: Act, days: int) -> Step:
        return lambda _now: act(facts, number, morning + timedelta(days=days))

    return [step(act, days) for act, days in ACTS]


def _batch(portal: Portal, shipment: str, command: RegisterCommand) -> int:
    """An upload of the round's piece that waits for its worker."""
    own = {
        "Serial of the old part": command.old_serial,
        "Product serial": command.product_serial,
        "Failed on": str(command.failed_on),
        "Replaced on": str(command.replaced_on),
    }
    sheet = many.table(many.row(1, Shipment=shipment, **own))
    key = new_key()
    with portal.app.test_request_context():
        storage().put(key, sheet)
        table = read_table(sheet, "pieces.xlsx")
        upload = Upload("pieces.xlsx", key, command.product_serial, table)
        with portal.transaction():
            batch = batches.upload(upload, [], by=portal.clerk, now=portal.now)
        with portal.transaction():
            batch = session.get_one(OldPartBatch, batch.id)
            batches.register_all(batch, table, seen=None, by=portal.clerk, now=portal.now)
            return batch.id


def _round(portal: Portal, month: Month) -> Facts:
    """A month and the one after it: a claim of each with a line of its own, and what all want."""
    portal.clock.at = month.start(HQ) + timedelta(days=4)
    shipment = whole_story.received(portal, whole_story.line(portal, quantity=1))
    command = whole_story.registration(portal, product_serial=f"RACE-{month}")
    with portal.transaction():
        (line_id,) = whole_story.line_ids(shipment)
    uploads = tuple(_batch(portal, shipment.number, command) for _ in range(2))
    for number in range(2):
        portal.clock.at = month.plus(number).start(HQ) + timedelta(hours=9)
        story.pieces(portal, 1)
        story.started(portal, month.plus(number))
    wanted = story.pieces(portal, WANTED + 1, at=month.start(HQ) + timedelta(days=20))
    with portal.transaction():
        forced = select(OldPart.id).where(OldPart.public_id == wanted.pop())
        return Facts(
            portal.clerk, portal.manager, portal.desk, portal.reviewer, month, line_id, command,
            uploads, frozenset(wanted), session.scalars(forced).one(),
        )  # fmt: skip


def _finish(portal: Portal, month: Month) -> None:
    """What the race left is claimed, decided and closed, in the order of things."""
    last = month.plus(2)
    portal.clock.at = last.start(HQ) + timedelta(days=1)
    with portal.transaction():
        due = run_days.next_opening(portal.now)
        if due is not None and due.month < last:
            runs.open_run(due.month, by=portal.reviewer, now=portal.now)
    with portal.transaction():
        full = Claim.status == "draft", exists().where(ClaimLine.claim_id == Claim.id)
        for claim in session.scalars(select(Claim).where(*full)).all():
            services.submit(claim, seen=None, by=portal.manager, now=portal.now)
        north = portal.dealers["north"]
        has_more = eligibility.to_file(north, last, portal.now).pieces
    if has_more:
        story.submitted(portal, last)
    with portal.transaction():
        runs.open_run(last, by=portal.reviewer, now=portal.now)
    with portal.transaction():
        waiting = session.scalars(select(Claim).where(Claim.status == "in_review")).all()
    for claim in waiting:
        story.decide_all(portal, claim)
    with portal.transaction():
        for run in session.scalars(select(Run).where(Run.status == "open")).all():
            runs.close(run, seen=None, by=portal.reviewer, now=portal.now)
    story.work(portal)


def test_each_piece_is_credited_once_when_sixteen_processes_want_it(portal: Portal) -> None:
    """R3, O4, L4: the same pieces through two claims, two tabs, imports, a void and re-file, past
    every check, decided and closed: whoever comes first, each is on one line and paid once."""
    decree(portal, "oldpart.photos", 0)
    settings = portal.app.extensions["settings"]
    track = Track(settings.folder, settings.database_url, portal.now)
    for turn in range(ROUNDS):
        month = OCTOBER.plus(3 * turn)
        facts = _round(portal, month)
        outcomes = race(track, _all, facts)
        for (act, _days), came in zip(ACTS, outcomes, strict=True):
            assert set(came) <= {"done"} | REFUSALS, f"{act.__name__}: {came}"
        assert all("done" in came for came in outcomes[:SURE]), outcomes
        assert outcomes[2].count("done") == 1, "the database refuses a second line"
        _finish(portal, month)
    with portal.transaction():
        assert set(session.scalars(select(Run.status))) == {"closed"}
        pieces = session.execute(select(func.count(), func.sum(OldPart.unit_price))).one()
        assert pieces[0] == ROUNDS * (WANTED + 4)
        lines = select(func.count(ClaimLine.old_part_id.distinct()), func.sum(ClaimLine.approved))
        assert session.execute(lines).one() == pieces
        paid = select(func.sum(Transfer.amount)).where(Transfer.kind == "reimbursement")
        assert session.scalar(paid) == pieces[1]
        assert all(figures.agreement(run).holds for run in session.scalars(select(Run)).all())
        # The pieces' applications are written into the tables, without their reservations.
        assert [one for one in verify() if not one.startswith("application: ")] == []
        assert list(chains()) == []
